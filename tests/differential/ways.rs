//! Connections: which of them stay, which are used again, versions, bodies, limits.

use crate::case::{Case, http, sections};

const POST: &str = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKS: &str =
    "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

pub fn cases() -> Vec<Case> {
    vec![
        http("keep-alive on both sides", "", "").get("/1").get("/2").says(POST).get("/3"),
        http("http-keep-alive", "option http-keep-alive", "option http-keep-alive").get("/1").get("/2"),
        http("http-server-close", "option http-server-close", "").get("/1").get("/2").servers_end(),
        http("httpclose", "option httpclose", "").ask("/1").ends().servers_end(),
        http("httpclose in the backend", "", "option httpclose").get("/1").servers_end().get("/2"),
        http("a client that asks to close", "", "").send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").ends(),
        http("a client of HTTP/1.0", "", "").send("GET / HTTP/1.0\r\nHost: h\r\n\r\n").ends().chosen("each side is spoken to in its own version (RFC 9110, section 2.5)", &["s1#1 GET / HTTP/1.1 [host: h]"]),
        http("a client of HTTP/1.0 that stays", "", "").says("GET /1 HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n").send("GET /2 HTTP/1.0\r\nHost: h\r\n\r\n").ends().chosen("each side is spoken to in its own version (RFC 9110, section 2.5)", &["s1#1 GET /1 HTTP/1.1 [host: h]"]),
        http("a server of HTTP/1.0", "", "").origin("/o", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi<fin>").get("/o").get("/a").chosen("each side is spoken to in its own version (RFC 9110, section 2.5)", &["HTTP/1.1 200 OK [content-length: 2] \"hi\""]),
        http("a server that asks to close", "", "").origin("/c", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi<fin>").get("/c").get("/a"),
        http("a body until the end", "", "").origin("/e", "HTTP/1.1 200 OK\r\n\r\nuntil the end<fin>").get("/e").get("/a").chosen("chunks say where a body ends, and the client stays", &["200 OK [transfer-encoding: chunked] \"until the end\"", "200 OK [content-length: 9 | x-server: s1] \"s1 GET /a\""]),
        http("a body until the end for HTTP/1.0", "", "").origin("/e", "HTTP/1.1 200 OK\r\n\r\nuntil the end<fin>").send("GET /e HTTP/1.0\r\n\r\n").ends().chosen("each side is spoken to in its own version (RFC 9110, section 2.5)", &["200 OK [connection: close] \"until the end\", then FIN", "s1#1 GET /e HTTP/1.1"]),
        http("chunks of a client", "", "").says(CHUNKS).get("/a"),
        http("chunks of a server", "", "").origin("/c", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").get("/c").get("/a"),
        http("chunks of a server for HTTP/1.0", "", "").origin("/c", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").send("GET /c HTTP/1.0\r\nHost: h\r\n\r\n").ends().chosen("HTTP/1.0 knows no chunks", &["200 OK [connection: close] \"abc\", then FIN"]),
        http("pipelined requests", "", "").send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n").answer().answer(),
        http("HEAD and OPTIONS", "", "").send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n").head().says("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").says("DELETE /d HTTP/1.1\r\nHost: h\r\n\r\n"),
        http("an expectation", "", "").send("POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").hear(25).says("hello"),
        http("http-reuse never", "", "http-reuse never").get("/1").get("/2").anew().get("/3"),
        http("http-reuse always", "", "http-reuse always").get("/1").anew().get("/2").anew().get("/3"),
        http("http-reuse safe", "", "http-reuse safe").get("/1").get("/2").anew().get("/3"),
        http("a WebSocket", "", "").origin("/ws", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\nhello<fin>").send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").ends(),
        http("an interim response", "", "").origin("/i", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").get("/i").get("/a"),
        http("a FIN behind a request", "", "").ask("/1").fin().ends(),
        sections("the PROXY protocol comes in", "listen web\n bind <bind> accept-proxy\n acl far src 192.0.2.0/24\nhttp-request set-header x-src %[src]:%[src_port]\nhttp-request set-header x-dst %[dst]:%[dst_port]\nhttp-request set-header x-far 1 if far\n server s1 <s1>\n")
            .send("PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").answer().get("/a"),
        sections("accept-proxy", "listen web\n bind <bind> accept-proxy\n option forwardfor\n option originalto\n server s1 <s1>\n").send("PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\r\n").get("/"),
        sections("accept-proxy without a header", "listen web\n bind <bind> accept-proxy\n server s1 <s1>\n").ask("/").ends(),
        sections("send-proxy", "listen web\n bind <bind>\n server s1 <s1> send-proxy\n").get("/1").get("/2"),
        sections("send-proxy-v2", "listen web\n bind <bind>\n server s1 <s1> send-proxy-v2\n").get("/1").get("/2"),
        sections("accept-proxy and send-proxy", "listen web\n bind <bind> accept-proxy\n server s1 <s1> send-proxy\n").send("PROXY TCP6 2001:db8::1 2001:db8::2 1111 2222\r\n").get("/1"),
        sections("maxconn of a frontend", "frontend web\n bind <bind>\n maxconn 1\n default_backend app\nbackend app\n server s1 <s1>\n").get("/1").client(1).ask("/2").quiet(200).client(0).anew().client(1).answer(),
        http("set-src", "http-request set-src hdr(x-from)\nhttp-request set-header x-src %[src]\noption forwardfor", "").says("GET / HTTP/1.1\r\nHost: h\r\nX-From: 192.0.2.7\r\n\r\n"),
    ]
}

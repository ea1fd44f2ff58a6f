//! Requests that are refused, servers that fail, time-outs, pages of errors, retries.

use crate::case::{Case, http, sections};

/// A `listen` with these lines and servers.
fn listen(name: &'static str, lines: &str) -> Case {
    sections(name, &format!("listen web\n bind <bind>\n{lines}"))
}

pub fn cases() -> Vec<Case> {
    vec![
        http("400 for what is no request", "", "").send("NONSENSE\r\n\r\n").ends(),
        http("400 for a bad name of a header", "", "").send("GET / HTTP/1.1\r\nHost: h\r\nA B: c\r\n\r\n").ends(),
        http("400 for a bad length", "", "").send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: a\r\n\r\n").ends(),
        http("408 behind a part of a request", "timeout http-request 200ms", "").send("GET / HTTP/1.1\r\n").ends(),
        http("408 on a body that does not come", "timeout client 300ms", "").send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab").ends().chosen("a client that stops in the middle of its body learns it in time", &["HTTP/1.1 408 ["]),
        http("an idle client is closed", "timeout http-keep-alive 200ms", "").get("/").ends(),
        http("502 for a server that closes", "", "").origin("/c", "<fin>").send("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").answer().get("/a"),
        http("502 for a server that resets", "", "").origin("/c", "<rst>").send("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").answer().get("/a"),
        http("502 for nonsense", "", "").origin("/c", "NONSENSE\r\n\r\n<fin>").get("/c").get("/a"),
        http("502 for half a head", "", "").origin("/c", "HTTP/1.1 200 OK\r\nContent-Le<fin>").get("/c"),
        listen("503 without a server", " server s1 <s1> disabled\n").get("/").get("/"),
        listen("503 for a server that refuses", " retries 0\n server s1 <refused>\n").get("/").get("/"),
        http("504 for a server that is silent", "", "timeout server 200ms").origin("/h", "<hold>").get("/h").get("/a"),
        http("a body that breaks off", "", "").origin("/c", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc<fin>").ask("/c").ends(),
        http("chunks that break off", "", "").origin("/c", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n<fin>").ask("/c").ends(),
        http("errorfile", "errorfile 403 403.http\nhttp-request deny if { path /d }", "")
            .file("403.http", "HTTP/1.1 403 No\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nX-File: 1\r\n\r\nnone")
            .get("/d").get("/a"),
        http("errorfile of a backend", "", "errorfile 503 503.http\nhttp-request deny deny_status 503 if { path /d }")
            .file("503.http", "HTTP/1.1 503 Gone\r\nContent-Length: 4\r\n\r\ngone")
            .get("/d").get("/a"),
        sections("http-errors sections", "http-errors site\n errorfile 403 403.http\n errorfile 404 404.http\nfrontend web\n bind <bind>\n errorfiles site\n http-request deny if { path /d }\n http-request deny deny_status 404 errorfiles site if { path /e }\n default_backend app\nbackend app\n server s1 <s1>\n")
            .file("403.http", "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\n403!").file("404.http", "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\n404!")
            .get("/d").get("/e").get("/a"),
        http("errorloc", "errorloc 403 /403\nerrorloc303 429 /429\nhttp-request deny if { path /d }\nhttp-request deny deny_status 429 if { path /e }", "").get("/d").get("/e").get("/a"),
        http("http-error", "http-error status 403 content-type text/plain string \"no entry\" hdr x-a b\nhttp-error status 429 content-type text/plain lf-string \"%[path]\"\nhttp-request deny if { path /d }\nhttp-request deny deny_status 429 if { path /e }", "").get("/d").get("/e").get("/a"),
        http("http-error for a bad request", "http-error status 400 content-type text/plain string \"what?\"", "").send("NONSENSE\r\n\r\n").ends().chosen("the page is the one for this status; 2.6 takes only those of files here", &["400 Bad Request [connection: close | content-length: 5 | content-type: text/plain] \"what?\", then FIN"]),
        listen("redispatch to another server", " option redispatch 1\n retries 2\n balance roundrobin\n server s1 <refused>\n server s2 <s2>\n").get("/1").get("/2").get("/3").chosen("a repeated request goes over a fresh connection: the server may have closed all its old ones at once", &["s2#2 GET /2", "s2#3 GET /3"]),
        listen("no redispatch", " retries 0\n balance roundrobin\n server s1 <refused>\n server s2 <s2>\n").get("/1").get("/2"),
        http("a status without a body", "", "").origin("/n", "HTTP/1.1 204 No Content\r\n\r\n").origin("/m", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n").get("/n").get("/m").get("/a"),
        http("a client that leaves", "", "option abortonclose").origin("/h", "<hold>").ask("/h").served(1).reset().servers_end().chosen("nobody will read the answer", &["s1#1 ends: RST"]),
        http("504 with a page of one's own", "errorfile 504 504.http", "timeout server 200ms").file("504.http", "HTTP/1.1 504 Late\r\nContent-Length: 4\r\n\r\nlate").origin("/h", "<hold>").get("/h").get("/a"),
    ]
}

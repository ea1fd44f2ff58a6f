//! Heads rewritten, addresses of clients told, captures, unique ids, variables.

use crate::case::{Case, http, sections, whole};

pub fn cases() -> Vec<Case> {
    vec![
        http("headers of requests", "http-request set-header x-set one\nhttp-request add-header x-add two\nhttp-request del-header x-del\nhttp-request replace-header x-rep (.*)-(.*) \\2+\\1\nhttp-request replace-value x-val a b", "")
            .says("GET / HTTP/1.1\r\nHost: h\r\nX-Set: old\r\nX-Set: older\r\nX-Add: old\r\nX-Del: 1\r\nX-Rep: l-r, c-d\r\nX-Val: aa, ba\r\n\r\n"),
        http("headers of responses", "http-response set-header x-front 1", "http-response set-header x-set one\nhttp-response add-header set-cookie b=2\nhttp-response del-header x-server\nhttp-response replace-value x-val a b\nhttp-response replace-header set-cookie (.*)path=/ \\1path=/app")
            .origin("/", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Server: s\r\nSet-Cookie: a=1; path=/\r\nX-Val: a, ca\r\n\r\nhi")
            .get("/"),
        http("del-header by patterns", "http-request del-header x- -m beg\nhttp-request del-header ^y[0-9]$ -m reg", "")
            .says("GET / HTTP/1.1\r\nHost: h\r\nx-a: 1\r\nx-b: 2\r\ny1: 1\r\ny12: 1\r\n\r\n"),
        http("the path", "http-request set-path /app%[path]", "").get("/a?b=c"),
        http("replace-path and replace-uri", "http-request replace-path /v[0-9]/(.*) /\\1 if { path_beg /v }\nhttp-request replace-uri ^/u/(.*)\\?(.*)$ /\\1;\\2", "").get("/v1/a?b=c").get("/u/x?y"),
        http("query, uri and method", "http-request set-query %[query,lower] if { path /q }\nhttp-request set-uri /there?%[path] if { path /u }\nhttp-request set-method PUT if { path /m }", "")
            .get("/q?A=B").get("/u?x").get("/m"),
        http("set-pathq and replace-pathq", "http-request set-pathq /p?x=1 if { path /s }\nhttp-request replace-pathq /r/(.*)\\?(.*) /\\2?\\1 if { path_beg /r }", "").get("/s?y").get("/r/a?b"),
        http("set-status", "", "http-response set-status 503 reason \"Slow down\" if { status 500 }\nhttp-response set-status 201")
            .origin("/e", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nhi").get("/e").get("/a"),
        http("variables", "http-request set-var(txn.p) path,upper\nhttp-request set-var(req.n) int(3),add(4)\nhttp-request set-header x-n %[var(req.n)]\nhttp-response set-header x-p %[var(txn.p)]\nhttp-request set-var-fmt(sess.f) \"%[method]:%[path]\"\nhttp-request set-header x-f %[var(sess.f)]", "")
            .get("/abc").get("/d"),
        http("converters in headers", "http-request set-header x-a %[path,field(2,/),upper,base64]\nhttp-request set-header x-b \"%[str(a b),url_enc]\"\nhttp-request set-header x-c %[url_param(q),url_dec]\nhttp-request set-header x-d %[path,sha1,hex,lower]\nhttp-request set-header x-e %[req.hdr(host),regsub(e,E,g)]\nhttp-request set-header x-f \"%[path,crc32(1)] %[path,djb2(1)] %[path,length]\"", "")
            .get("/abc/d?q=a%20b%2Bc"),
        http("forwardfor", "option forwardfor", "").get("/").says("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"),
        http("forwardfor except and header", "option forwardfor except 127.0.0.0/8 header X-Client", "").get("/"),
        http("forwardfor if-none", "option forwardfor header X-Client if-none", "").get("/").says("GET / HTTP/1.1\r\nHost: h\r\nX-Client: 10.0.0.1\r\n\r\n"),
        http("forwardfor in both", "option forwardfor header X-Front", "option forwardfor header X-Back").get("/"),
        http("originalto", "option originalto", "").get("/"),
        http("originalto except and header", "option originalto except 10.0.0.0/8 header X-To", "").get("/"),
        http("captures of headers by rules", "declare capture request len 10\nhttp-request capture req.hdr(x-c) id 0\nhttp-response set-header x-got %[capture.req.hdr(0)]\ncapture request header Host len 4\nhttp-response set-header x-host %[capture.req.hdr(1)]", "")
            .says("GET / HTTP/1.1\r\nHost: host.example\r\nX-C: 0123456789abc\r\n\r\n"),
        http("capture.req.method and its likes", "http-response set-header x-m \"%[capture.req.method] %[capture.req.uri] %[capture.req.ver] %[capture.res.ver]\"", "").get("/a?b=c"),
        http("unique ids", "unique-id-format %[path]-%rt\nunique-id-header X-Id\nhttp-response set-header x-id %[unique-id]", "").get("/a").get("/b"),
        http("aliases in headers", "http-request set-header x-a \"%ci %HM %HP %HQ %HV %f %ft\"\nhttp-response set-header x-b \"%b %s %ST\"", "").get("/a?b=c"),
        sections("variables of the environment", "frontend web\n bind <bind>\n http-request set-header x-a \"$NAME-${OTHER-none}-${NAME}\"\n http-request set-header x-b '$NAME'\n http-request set-header x-c $NAME\n default_backend app\nbackend app\n server s1 <s1>\n")
            .variable("NAME", "a value").get("/"),
        http("quotes and escapes", "http-request set-header x-a a\\ b\\#c\nhttp-request set-header x-b 'single \"double\" \\ inside' # a comment\nhttp-request set-header x-c \"double 'single' \\\" \\\\ inside\"\nhttp-request set-header x-d \"%[str('quoted, text')]\"\nhttp-request set-header x-e %[str(\"a\\ b\")]", "").get("/"),
        sections("blocks with conditions", "frontend web\n bind <bind>\n.if defined(NAME)\n http-request set-header x-a defined\n.else\n http-request set-header x-a none\n.endif\n.if streq(\"$NAME\",other)\n http-request set-header x-b other\n.elif feature(NONE) || !defined(OTHER)\n http-request set-header x-b elif\n.endif\n.if version_atleast(2.4)\n http-request set-header x-c new\n.endif\n default_backend app\nbackend app\n server s1 <s1>\n")
            .variable("NAME", "value").get("/"),
        sections("named defaults", "defaults one\n mode http\n timeout client 20s\n timeout connect 5s\n timeout server 20s\n option forwardfor header X-One\ndefaults two from one\n option forwardfor header X-Two\nfrontend web from two\n bind <bind>\n default_backend app\nbackend app from one\n server s1 <s1>\n").get("/"),
        sections("setenv and presetenv", "frontend web\n bind <bind>\n http-request set-header x-a \"$SET $PRESET $KEPT\"\n default_backend app\nbackend app\n server s1 <s1>\nglobal\n setenv LATE 1\n").variable("KEPT", "kept").variable("SET", "s").variable("PRESET", "p").get("/"),
        http("http-send-name-header", "", "http-send-name-header X-Server-Name").get("/"),
        http("names of headers are restricted", "", "option http-restrict-req-hdr-names delete").says("GET / HTTP/1.1\r\nHost: h\r\nX_A: 1\r\nX-B: 2\r\n\r\n"),
        http("names of headers are refused", "", "option http-restrict-req-hdr-names reject").says("GET / HTTP/1.1\r\nHost: h\r\nX_A: 1\r\n\r\n").get("/"),
        http("early hints", "http-request early-hint Link \"</a.css>; rel=preload\"", "").get("/"),
        whole("normalize-uri", "global\n nbthread 1\n expose-experimental-directives\ndefaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\nlisten web\n bind <bind>\n server s1 <s1>\n http-request normalize-uri path-merge-slashes\nhttp-request normalize-uri path-strip-dot\nhttp-request normalize-uri path-strip-dotdot\nhttp-request normalize-uri query-sort-by-name\n").get("//a/./b/../c?z=1&a=2"),
    ]
}

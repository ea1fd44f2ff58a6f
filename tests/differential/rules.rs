//! Redirects, ACLs, choices of backends and servers, answers of rules, who may pass.

use crate::case::{Case, http, sections};

pub fn cases() -> Vec<Case> {
    [redirects(), acls(), choices(), answers()].concat()
}

fn redirects() -> Vec<Case> {
    vec![
        http("redirect location", "redirect location /x if { path /y }", "").get("/y").get("/z"),
        http("redirect prefix", "redirect prefix https://www.example if { path_beg /old }", "").get("/old/a?b=c").get("/z"),
        http("redirect prefix drop-query", "redirect prefix /new drop-query if { path_beg /old }", "").get("/old/a?b=c"),
        http("redirect prefix append-slash", "redirect prefix /new drop-query append-slash unless { path_end / }", "")
            .get("/old?b=c")
            .get("/old/"),
        http("redirect scheme", "redirect scheme https code 301 unless { hdr(x-tls) 1 }", "").get("/a?b=c"),
        http("redirect with codes", "redirect location /a code 303 if { path /3 }\nredirect location /a code 307 if { path /7 }\nredirect location /a code 308 if { path /8 }", "")
            .get("/3")
            .get("/7")
            .get("/8"),
        http("redirect set-cookie", "redirect location /in set-cookie SEEN=1 if { path /a }\nredirect location /out clear-cookie USER= if { path /b }", "")
            .get("/a")
            .get("/b"),
        http("http-request redirect with a format", "http-request redirect location https://%[hdr(host)]%[path]?from=%[src] code 302 if { path_beg /f }", "")
            .get("/f/x")
            .get("/g"),
        http("redirect in a backend", "", "redirect location /there if { path /here }").get("/here").get("/a"),
        http("redirect of HEAD and POST", "redirect location /x if { path /y }", "")
            .send("HEAD /y HTTP/1.1\r\nHost: h\r\n\r\n")
            .head()
            .says("POST /y HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
            .get("/again"),
        http("redirect of an HTTP/1.0 client", "redirect location /x", "").send("GET /y HTTP/1.0\r\n\r\n").ends(),
    ]
}

fn acls() -> Vec<Case> {
    vec![
        http("acl kinds", "acl beg path_beg /beg /also\nacl end path_end .gif\nacl sub path_sub mid\nacl dir path_dir dir\nacl reg path_reg ^/r[0-9]+$\nacl dom hdr_dom(host) example\nacl len path_len gt 40\nhttp-request set-header x-beg 1 if beg\nhttp-request set-header x-end 1 if end\nhttp-request set-header x-sub 1 if sub\nhttp-request set-header x-dir 1 if dir\nhttp-request set-header x-reg 1 if reg\nhttp-request set-header x-dom 1 if dom\nhttp-request set-header x-len 1 if len", "")
            .get("/beg")
            .get("/also/a.gif")
            .get("/amidst")
            .get("/a/dir/b")
            .get("/r123")
            .get("/r12x")
            .get("/0123456789012345678901234567890123456789"),
        http("acl flags -i -m -f", "acl hosts hdr(host) -i -f hosts.lst\nacl any path -m beg -i /ABC\nhttp-request deny deny_status 404 unless hosts\nhttp-request set-header x-abc 1 if any", "")
            .file("hosts.lst", "# names\nOne.Example\n\ntwo.example\n")
            .says("GET /abc/d HTTP/1.1\r\nHost: one.example\r\n\r\n")
            .says("GET /abx HTTP/1.1\r\nHost: TWO.example\r\n\r\n")
            .says("GET /abx HTTP/1.1\r\nHost: three.example\r\n\r\n"),
        http("acl of one name is any of its lines", "acl good path /a\nacl good path /b\nacl good hdr(x-good) -m found\nhttp-request deny unless good", "")
            .get("/a")
            .get("/b")
            .says("GET /c HTTP/1.1\r\nHost: h\r\nX-Good:\r\n\r\n")
            .get("/c"),
        http("conditions with or, negation and unless", "acl a path_beg /a\nacl b path_end b\nhttp-request deny deny_status 429 if a !b or b !a\nhttp-request return status 200 content-type text/plain string both if a b", "")
            .get("/a")
            .get("/b")
            .get("/ab")
            .get("/c"),
        http("acl of addresses and numbers", "acl local src 127.0.0.0/8 ::1\nacl other src 10.0.0.0/8\nacl many req.hdr_cnt(x-a) ge 2\nacl size req.hdr(content-length) -m int 3:5\nhttp-request set-header x-is local if local\nhttp-request set-header x-is other if other\nhttp-request set-header x-many 1 if many\nhttp-request set-header x-size 1 if size", "")
            .says("GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-A: 2\r\n\r\n")
            .says("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nX-A: 1\r\n\r\nabcd")
            .says("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabcdef"),
        http("acl with parameters and cookies", "acl p url_param(a) -m str 1\nacl c cook(id) -m beg x\nhttp-request set-header x-p %[url_param(a)] if p\nhttp-request set-header x-c %[req.cook(id)] if c", "")
            .says("GET /?b=2&a=1 HTTP/1.1\r\nHost: h\r\nCookie: other=1; id=xyz\r\n\r\n")
            .says("GET /?a=12 HTTP/1.1\r\nHost: h\r\nCookie: id=ayz\r\n\r\n"),
        http("maps", "http-request set-header x-to %[path,map_beg(to.map,none)]\nuse_backend %[hdr(host),lower,map(hosts.map,app)]", "http-response set-header x-backend app")
            .file("to.map", "/a first\n/b second word\n")
            .file("hosts.map", "app.example app\n")
            .says("GET /a/b HTTP/1.1\r\nHost: APP.example\r\n\r\n")
            .says("GET /b/c HTTP/1.1\r\nHost: h\r\n\r\n")
            .says("GET /c HTTP/1.1\r\nHost: h\r\n\r\n"),
    ]
}

fn choices() -> Vec<Case> {
    let two = |name, rules: &str| {
        sections(
            name,
            &format!(
                "frontend web\n bind <bind>\n{rules} default_backend one\nbackend one\n server s1 <s1>\nbackend two\n server s2 <s2>\n"
            ),
        )
    };
    vec![
        two("use_backend with conditions", " use_backend two if { path_beg /two }\n").get("/two/a").get("/one").get("/two"),
        two("use_backend by a name that is computed", " use_backend %[hdr(x-to)] if { hdr(x-to) -m found }\n")
            .says("GET / HTTP/1.1\r\nHost: h\r\nX-To: two\r\n\r\n")
            .says("GET / HTTP/1.1\r\nHost: h\r\nX-To: none\r\n\r\n"),
        two("the first use_backend that holds", " use_backend one if { path /a }\n use_backend two if { path_beg / }\n").get("/a").get("/b"),
        sections("use-server", "frontend web\n bind <bind>\n default_backend app\nbackend app\n use-server s2 if { path_beg /two }\n use-server s1 if { path_beg /one }\n server s1 <s1>\n server s2 <s2>\n")
            .get("/two")
            .get("/two")
            .get("/one")
            .get("/one"),
        sections("listen", "listen web\n bind <bind>\n http-request set-header x-a b\n server s1 <s1>\n").get("/"),
        sections("balance roundrobin with weights", "listen web\n bind <bind>\n balance roundrobin\n server s1 <s1> weight 2\n server s2 <s2> weight 1\n")
            .get("/1").get("/2").get("/3").get("/4").get("/5").get("/6"),
        sections("servers that are disabled or weigh nothing", "listen web\n bind <bind>\n server s1 <s1> disabled\n server s2 <s2>\n server s3 <s3> weight 0\n").get("/1").get("/2").get("/3"),
        sections("a backup server serves when nobody else can", "listen web\n bind <bind>\n server s1 <s1> disabled\n server s2 <s2> backup\n server s3 <s3> backup\n").get("/1").get("/2"),
        sections("all backup servers", "listen web\n bind <bind>\n option allbackups\n balance roundrobin\n server s1 <s1> disabled\n server s2 <s2> backup\n server s3 <s3> backup\n").get("/1").get("/2"),
        sections("default-server", "listen web\n bind <bind>\n default-server send-proxy\n server s1 <s1>\n").get("/1"),
        sections("server-template", "listen web\n bind <bind>\n server-template s 2 <s1>\n http-response set-header x-s %s\n").get("/1").get("/2"),
    ]
}

fn answers() -> Vec<Case> {
    vec![
        http("http-request deny", "http-request deny if { path /a }\nhttp-request deny deny_status 429 if { path /b }\nhttp-request deny status 503 content-type text/plain string sorry hdr x-why a if { path /c }", "")
            .get("/a").get("/b").get("/c").get("/d"),
        http("http-request return", "http-request return status 200 content-type text/plain lf-string \"%[method] %[path]\" hdr x-a %[src] if { path_beg /r }\nhttp-request return status 204 if { path /n }\nhttp-request return status 200 content-type text/html file page.html if { path /f }", "")
            .file("page.html", "<p>A page.</p>\n")
            .get("/r/x").get("/n").get("/f").get("/d"),
        http("http-request tarpit", "timeout tarpit 100ms\nhttp-request tarpit deny_status 429 if { path /t }", "").get("/t").get("/a"),
        sections("auth by userlist", "userlist people\n user ann insecure-password secret groups staff\n user bob insecure-password word\n group staff\nfrontend web\n bind <bind>\n http-request auth realm Home unless { http_auth(people) }\n http-request deny if { path /staff } !{ http_auth_group(people) staff }\n default_backend app\nbackend app\n server s1 <s1>\n")
            .get("/a")
            .says("GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n\r\n")
            .says("GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YW5uOndyb25n\r\n\r\n")
            .says("GET /staff HTTP/1.1\r\nHost: h\r\nAuthorization: Basic Ym9iOndvcmQ=\r\n\r\n")
            .says("GET /staff HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n\r\n"),
        http("monitor-uri", "monitor-uri /alive", "").get("/alive").get("/alive?x").get("/a"),
        http("monitor fail", "monitor-uri /alive\nmonitor fail if { hdr(x-fail) 1 }", "")
            .get("/alive")
            .says("GET /alive HTTP/1.1\r\nHost: h\r\nX-Fail: 1\r\n\r\n")
            .get("/alive"),
        http("http-request reject and silent-drop", "http-request reject if { path /r }\nhttp-request silent-drop if { path /s }", "").ask("/r").ends().anew().ask("/s").quiet(200),
        http("http-after-response", "http-request deny if { path /d }\nhttp-after-response set-header x-after %[status]\nhttp-after-response del-header x-server", "").get("/d").get("/a"),
    ]
}

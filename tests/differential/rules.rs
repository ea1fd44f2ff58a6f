//! Redirects, ACLs, choices of backends and servers, answers of rules, who may pass.

use crate::case::{Case, http, sections};

pub fn cases() -> Vec<Case> {
    [redirects(), acls(), choices(), answers(), more()].concat()
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
        http("http-response redirect", "", "http-response redirect location /login if { status 401 }")
            .origin("/secret", "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno<fin>")
            .get("/secret")
            .get("/a"),
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
        http("acls that are there already", "http-request deny deny_status 405 if METH_POST\nhttp-request set-header x-1 1 if HTTP_1.1\nhttp-request set-header x-local 1 if LOCALHOST\nhttp-request set-header x-content 1 if HTTP_CONTENT\nhttp-request set-header x-slash 1 if HTTP_URL_SLASH", "")
            .says("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
            .says("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na")
            .says("GET /x HTTP/1.1\r\nHost: h\r\n\r\n"),
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
        sections("no backend", "frontend web\n bind <bind>\n use_backend app if { path /a }\nbackend app\n server s1 <s1>\n").get("/a").get("/b").get("/a"),
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
        http("http-response deny", "", "http-response deny if { res.hdr(x-secret) -m found }")
            .origin("/s", "HTTP/1.1 200 OK\r\nX-Secret: 1\r\nContent-Length: 2\r\n\r\nhi")
            .get("/s").get("/a").chosen("what is not sent on is not read: its connection ends", &["s1#1 GET /s", "s1#2 GET /a"]),
        http("http-response return", "", "http-response return status 404 content-type text/plain string none if { status 500 }")
            .origin("/s", "HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi<fin>")
            .get("/s").get("/a"),
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

fn more() -> Vec<Case> {
    vec![
        http("http-request return with pages of sets", "http-request return status 404 errorfile 404.http if { path /f }\nhttp-request return status 200 content-type text/plain lf-file page.txt if { path /l }", "")
            .file("404.http", "HTTP/1.1 404 Nowhere\r\nContent-Length: 3\r\nX-A: b\r\n\r\n404")
            .file("page.txt", "You are %[src] at %[path].\n")
            .get("/f").get("/l").get("/a"),
        http("default-errorfiles", "http-error status 403 content-type text/plain string mine\nhttp-request deny default-errorfiles if { path /d }\nhttp-request deny if { path /e }", "").get("/d").get("/e").get("/a"),
        http("variables of the process", "http-request set-var(proc.n) int(5) if { path /set }\nhttp-request set-header x-n %[var(proc.n)]", "").get("/a").get("/set").anew().get("/b"),
        http("unset-var and conditions on variables", "http-request set-var(txn.a) str(x)\nhttp-request unset-var(txn.a) if { path /u }\nhttp-request set-header x-a 1 if { var(txn.a) -m found }", "").get("/a").get("/u"),
        http("rules change a list", "http-request add-acl(seen.lst) %[path] if { hdr(x-add) 1 }\nhttp-request del-acl(seen.lst) %[path] if { hdr(x-del) 1 }\nhttp-request set-header x-seen 1 if { path -f seen.lst }", "")
            .file("seen.lst", "/first\n")
            .get("/first").get("/a").says("GET /a HTTP/1.1\r\nHost: h\r\nX-Add: 1\r\n\r\n").get("/a").says("GET /a HTTP/1.1\r\nHost: h\r\nX-Del: 1\r\n\r\n").get("/a"),
        http("rules change a map", "http-request set-map(to.map) %[path] %[hdr(x-to)] if { hdr(x-to) -m found }\nhttp-request del-map(to.map) %[path] if { hdr(x-del) 1 }\nhttp-request set-header x-found %[path,map(to.map,none)]", "")
            .file("to.map", "/a one\n")
            .get("/a").says("GET /a HTTP/1.1\r\nHost: h\r\nX-To: two\r\n\r\n").get("/a").says("GET /a HTTP/1.1\r\nHost: h\r\nX-Del: 1\r\n\r\n").get("/a"),
        http("allow ends the rules", "http-request set-header x-1 1\nhttp-request allow if { path /a }\nhttp-request deny", "http-request set-header x-2 2").get("/a").get("/b"),
        http("strict-mode", "http-request strict-mode off\nhttp-request set-header x-a %[path]\nhttp-request strict-mode on", "").get("/a"),
        http("set-header of Host", "http-request set-header host other.example", "").get("/a"),
        http("methods and versions", "http-request deny deny_status 405 if { method TRACE DELETE }\nhttp-request set-header x-v %[req.ver]\nhttp-request set-header x-m %[method]", "").says("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n").says("PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na"),
        http("acl with spaces and quotes in patterns", "acl one hdr(x-a) \"two words\" 'single # quote' back\\ slash\nhttp-request set-header x-is 1 if one\nhttp-request set-header x-anon 1 if { hdr(x-a) -m str \"two words\" }", "")
            .says("GET / HTTP/1.1\r\nHost: h\r\nX-A: two words\r\n\r\n").says("GET / HTTP/1.1\r\nHost: h\r\nX-A: single # quote\r\n\r\n").says("GET / HTTP/1.1\r\nHost: h\r\nX-A: back slash\r\n\r\n").says("GET / HTTP/1.1\r\nHost: h\r\nX-A: back\r\n\r\n"),
        http("hdr, its occurrences and its forms", "http-request set-header x-1 %[hdr(x-l,1)]\nhttp-request set-header x-last %[hdr(x-l,-1)]\nhttp-request set-header x-all %[req.fhdr(x-l)]\nhttp-request set-header x-c \"%[hdr_cnt(x-l)] %[req.fhdr_cnt(x-l)]\"\nhttp-request set-header x-names %[req.hdr_names(:)]", "")
            .says("GET / HTTP/1.1\r\nHost: h\r\nX-L: a, b\r\nX-L: c\r\n\r\n"),
        http("url, base and their parts", "http-request set-header x-u %[url]\nhttp-request set-header x-b %[base]\nhttp-request set-header x-p %[pathq]\nhttp-request set-header x-q %[query]\nhttp-request set-header x-param %[urlp(b)]", "").get("/a/b?a=1&b=2;c=3"),
        http("addresses and proxies", "http-request set-header x-a \"%[src] %[dst] %[fe_name] %[dst_port] %[src_is_local]\"", "http-request set-header x-b \"%[be_name] %[fe_name]\"\nhttp-response set-header x-s \"%[srv_name] %[be_name]\"").get("/"),
        http("cookies of both sides", "http-request set-header x-c %[req.cook(a)]\nhttp-request set-header x-n %[req.cook_cnt(a)]\nhttp-response set-header x-s %[res.cook(s)]", "").origin("/", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: s=1; path=/\r\nSet-Cookie: t=2\r\n\r\nhi").says("GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; b=2; a=3\r\n\r\n"),
        http("statistics of a proxy are no secret to rules", "http-request set-header x-conn %[fe_conn]\nhttp-request set-header x-srv %[nbsrv(app)]", "").get("/"),
        http("rules in the order of the file", "http-request set-header x-a 1\nhttp-request set-header x-a %[hdr(x-a)]2\nredirect location /%[hdr(x-a)] if { path /r }\nhttp-request set-header x-a %[hdr(x-a)]3", "http-request set-header x-a %[hdr(x-a)]4").get("/a").get("/r"),
        sections("rules in named defaults", "defaults site\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n http-request set-header x-d defaults\n http-response set-header x-r defaults\nfrontend web from site\n bind <bind>\n http-request set-header x-f %[hdr(x-d)]\n default_backend app\ndefaults\n mode http\n timeout connect 5s\n timeout server 20s\nbackend app\n server s1 <s1>\n").get("/"),
        sections("options that are taken back", "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n option forwardfor\n option httpclose\nfrontend web\n bind <bind>\n no option httpclose\n default_backend app\nbackend app\n no option httpclose\n server s1 <s1>\n").get("/1").get("/2"),
        sections("defaults follow each other", "frontend web\n bind <bind>\n default_backend app\ndefaults\n mode http\n timeout connect 5s\n timeout server 20s\n errorfile 503 503.http\nbackend app\n http-request deny deny_status 503 if { path /d }\n server s1 <s1>\n").file("503.http", "HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\naway").get("/d").get("/a"),
        sections("a long line and tabs", "frontend\tweb\n\tbind\t<bind>\n\tacl\ta\tpath\t/a\n\thttp-request\tset-header\tx-a\t1\tif\ta\t# a comment\n\n  # another\n default_backend app\nbackend app\n server s1 <s1>\n").get("/a").get("/b"),
        sections("variables in global", "listen web\n bind <bind>\n http-request set-header x-g %[var(proc.g)]\n server s1 <s1>\nglobal\n set-var proc.g str(value)\n").get("/"),
        sections("two backends of one server", "frontend web\n bind <bind>\n use_backend b if { path_beg /b }\n default_backend a\nbackend a\n http-request set-path /a%[path]\n server s1 <s1>\nbackend b\n http-request set-path %[path,regsub(^/b,/)]\n server s1 <s1>\n").get("/x").get("/b/y"),
    ]
}

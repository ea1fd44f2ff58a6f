//! Answers that rules give: statuses, fields, bodies, states in the log, and whether the connection stays.

use crate::pair::{Pair, Scene, get};

const FRONTEND: &[(&str, &str)] = &[
    ("http-request", "deny if { path /deny }"),
    ("http-request", "deny deny_status 429 if { path /deny429 }"),
    ("http-request", "deny status 418 if { path /deny418 }"),
    ("http-request", "deny status 404 content-type text/plain string \"no\" hdr X-A b if { path /denys }"),
    ("http-request", "deny status 404 hdr X-A b if { path /denyh }"),
    ("http-request", "tarpit if { path /tarpit }"),
    ("http-request", "tarpit deny_status 429 if { path /tarpit429 }"),
    ("http-request", "return if { path /ret }"),
    ("http-request", "return status 200 content-type text/plain string \"hello\" hdr X-B \"%[src]\" if { path /rets }"),
    ("http-request", "return status 200 content-type text/plain lf-string \"%[src] %[path]\" if { path /retlf }"),
    ("http-request", "return status 204 if { path /ret204 }"),
    ("http-request", "return status 503 default-errorfiles if { path /ret503 }"),
    ("http-request", "return status 302 hdr Location /x if { path /ret302 }"),
    ("http-request", "redirect location /new if { path /r1 }"),
    ("http-request", "redirect location /new code 301 if { path /r301 }"),
    ("http-request", "redirect location /new code 303 if { path /r303 }"),
    ("http-request", "redirect location /new code 307 if { path /r307 }"),
    ("http-request", "redirect location /new code 308 if { path /r308 }"),
    ("http-request", "redirect location https://%[req.hdr(host)]/to if { path /rlf }"),
    ("http-request", "redirect prefix https://o.example if { path_beg /p1 }"),
    ("http-request", "redirect prefix https://o.example drop-query if { path_beg /p2 }"),
    ("http-request", "redirect prefix / if { path_beg /p4 }"),
    ("http-request", "redirect prefix https://o.example drop-query append-slash if { path_beg /p5 }"),
    ("http-request", "redirect scheme https if { path_beg /s1 }"),
    ("http-request", "redirect location /n set-cookie A=1 if { path_beg /c1 }"),
    ("http-request", "redirect location /n clear-cookie A= if { path_beg /c2 }"),
    ("http-request", "redirect location /n set-cookie A if { path_beg /c3 }"),
    ("http-request", "redirect location %[req.hdr(x-none)] ignore-empty if { path_beg /e1 }"),
    ("http-request", "auth realm \"my realm\" if { path /auth }"),
    ("http-request", "auth if { path /auth2 }"),
    ("http-request", "reject if { path /reject }"),
    ("http-request", "early-hint Link \"</a.css>; rel=preload\" if { path /hint }"),
    ("http-request", "early-hint Link \"</b.css>; rel=preload\" if { path /hint }"),
    ("http-request", "return status 200 content-type text/plain string hinted if { path /hint }"),
    ("http-request", "allow if { path /allowed }"),
    ("http-request", "deny if { path /allowed }"),
];

const BACKEND: &[(&str, &str)] = &[
    ("http-response", "deny if { capture.req.uri /hdeny }"),
    ("http-response", "deny status 410 if { capture.req.uri /hdeny410 }"),
    ("http-response", "return status 200 content-type text/plain string answered if { capture.req.uri /hret }"),
    ("http-response", "redirect location /zz if { capture.req.uri /hredir }"),
    ("http-response", "allow if { capture.req.uri /hallow }"),
    ("http-response", "deny if { capture.req.uri /hallow }"),
    ("http-after-response", "set-header X-After yes"),
];

#[test]
fn every_answer_is_the_one_of_haproxy_and_its_connection_stays_as_long() {
    let pair = Pair::start(&Scene { frontend: FRONTEND, backend: BACKEND, ..Scene::default() });
    for path in [
        "/deny",
        "/deny429",
        "/deny418",
        "/denys",
        "/denyh",
        "/tarpit",
        "/tarpit429",
        "/ret",
        "/rets",
        "/retlf",
        "/ret204",
        "/ret503",
        "/ret302",
        "/r1",
        "/r301",
        "/r303",
        "/r307",
        "/r308",
        "/rlf",
        "/p1/x?a=b",
        "/p2/x?a=b",
        "/p4/x?a=b",
        "/p5/x?a=b",
        "/s1/x?a=b",
        "/c1",
        "/c2",
        "/c3",
        "/e1",
        "/auth",
        "/auth2",
        "/reject",
        "/hint",
        "/allowed",
        "/hdeny",
        "/hdeny410",
        "/hret",
        "/hredir",
        "/hallow",
        "/plain",
    ] {
        pair.same(path);
        let [ours, theirs] = pair.states(path);
        assert_eq!(ours, theirs, "{path}: status and state in the log");
    }
    let hinted = pair.same("/hint");
    assert_eq!(hinted.early, ["link: </a.css>; rel=preload", "link: </b.css>; rel=preload"]);
}

#[test]
fn answers_to_head_have_no_body() {
    let pair = Pair::start(&Scene { frontend: FRONTEND, ..Scene::default() });
    for path in ["/rets", "/deny", "/r1", "/tarpit"] {
        let [ours, theirs] = pair.see("HEAD", &get(path).replacen("GET", "HEAD", 1));
        let without = |lines: &[String]| -> Vec<String> {
            lines.iter().filter(|line| !line.starts_with("content-length")).cloned().collect()
        };
        assert_eq!(
            (ours.status, without(&ours.fields), &*ours.body),
            (theirs.status, without(&theirs.fields), ""),
            "{path}"
        );
    }
}

#[test]
fn a_client_that_is_dropped_hears_nothing() {
    let rules = [("http-request", "silent-drop if { path /drop }")];
    let pair = Pair::start(&Scene { frontend: &rules, ..Scene::default() });
    for program in [&pair.lb, &pair.haproxy] {
        let mut client = plimsoll_testkit::Client::connect(program.addr("web"));
        client.send(get("/drop"));
        assert!(client.silent_for(std::time::Duration::from_millis(200)), "nothing comes");
    }
    let [ours, theirs] = pair.states("/drop");
    assert_eq!(ours, theirs);
}

#[test]
fn the_slash_follows_the_path() {
    let rules = [("http-request", "redirect prefix https://o.example append-slash")];
    let pair = Pair::start(&Scene { frontend: &rules, ..Scene::default() });
    let [ours, theirs] = pair.see("GET", &get("/x?a=b"));
    assert!(ours.fields.contains(&"location: https://o.example/x/?a=b".to_owned()), "{:?}", ours.fields);
    assert!(theirs.fields.contains(&"location: https://o.example/x?a=b/".to_owned()), "{:?}", theirs.fields);
}

#[test]
fn a_wrong_escape_is_answered_400_where_the_normalizer_is_strict() {
    let rules = [
        ("http-request", "set-path /a%%zz if { path /made }"),
        ("http-request", "set-query b=%%2 if { path /cut }"),
        ("http-request", "normalize-uri percent-to-uppercase if { path_beg /loose }"),
        ("http-request", "normalize-uri percent-decode-unreserved strict if { path /cut }"),
        ("http-request", "normalize-uri percent-to-uppercase strict if !{ path_beg /loose }"),
        ("http-response", "set-header X-Passed 1"),
        ("http-after-response", "set-header X-After 1"),
    ];
    let sections = ["", " expose-experimental-directives"];
    let pair = Pair::start(&Scene { frontend: &rules, sections, ..Scene::default() });
    for (path, status) in [("/made", 400), ("/cut", 400), ("/ok%2f%7e?c=%3d", 200)] {
        let seen = pair.same(path);
        assert_eq!((seen.status, seen.fields.contains(&"x-after: 1".to_owned())), (status, true), "{path}");
        let [ours, theirs] = pair.states(path);
        assert_eq!(ours, theirs, "{path}: status and state in the log");
    }
    // HAProxy 2.6 passes over a normalizer without `strict` that has a condition.
    let seen = pair.see("GET", &get("/loose%2f")).map(|seen| seen.body);
    assert_eq!(seen, ["GET /loose%2F\n", "GET /loose%2f\n"].map(str::to_owned));
    // What a client writes wrong is refused before any rule: the same status.
    let [ours, theirs] = pair.see("GET", &get("/b%zz"));
    assert_eq!((ours.status, theirs.status), (400, 400));
}

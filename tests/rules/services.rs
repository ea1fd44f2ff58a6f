//! Services inside a proxy: metrics by a rule, and the page of `stats`.

use std::collections::BTreeSet;

use plimsoll_testkit::{Client, Lb, eventually};

use crate::pair::{Pair, SOON, Scene, get};

/// Rules that let metrics be seen, and rules that see the answer.
const RULES: &[(&str, &str)] = &[
    ("http-request", "use-service prometheus-exporter if { path /metrics }"),
    ("http-request", "deny if { path /metrics }"),
    ("http-response", "set-header X-Seen %[status]"),
    ("http-response", "deny status 418 if { capture.req.uri -m end deny }"),
    ("http-after-response", "set-header X-After yes"),
];
const BEHIND: &[(&str, &str)] = &[
    ("http-request", "use-service prometheus-exporter if { path /behind }"),
    ("http-response", "set-header X-Behind yes"),
];

/// The names of the metrics in a scrape.
fn names(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
}

fn first(text: &str) -> Vec<&str> {
    let sorts = ["haproxy_process_", "haproxy_frontend_", "haproxy_backend_", "haproxy_server_"];
    sorts.into_iter().filter(|sort| text.contains(*sort)).collect()
}

#[test]
fn a_service_answers_as_haproxys_does() {
    let pair = Pair::start(&Scene { frontend: RULES, backend: BEHIND, ..Scene::default() });
    for (path, status, seen) in [
        ("/metrics", 200, &["x-after: yes", "x-seen: 200"][..]),
        ("/behind", 200, &["x-after: yes", "x-behind: yes", "x-seen: 200"]),
        ("/metrics?scope=frontend", 200, &["x-after: yes", "x-seen: 200"]),
        ("/metrics?scope=wrong", 400, &["x-after: yes"]),
        ("/metrics?scope=server&deny", 418, &["x-after: yes"]),
    ] {
        let [ours, theirs] = pair.see("GET", &get(path));
        assert_eq!((ours.status, theirs.status), (status, status), "{path}");
        let of_rules = |fields: &[String]| -> Vec<String> {
            fields.iter().filter(|field| field.starts_with("x-")).cloned().collect()
        };
        assert!(seen.iter().all(|field| ours.fields.contains(&(*field).to_owned())), "{path}: {:?}", ours.fields);
        if status == 200 {
            assert_eq!(of_rules(&ours.fields), of_rules(&theirs.fields), "{path}: ours, and haproxy's");
            for field in
                ["cache-control: no-cache", "content-type: text/plain; version=0.0.4", "transfer-encoding: chunked"]
            {
                for fields in [&ours.fields, &theirs.fields] {
                    assert!(fields.contains(&field.to_owned()), "{path}: {field} in {fields:?}");
                }
            }
            assert!(ours.stays && theirs.stays, "{path}: the connection");
        }
        if status != 418 {
            let [ours, theirs] = pair.states(path);
            assert_eq!(ours, theirs, "{path}: status and state in the log");
        }
        let named = |program: &Lb| {
            let line = || {
                let log = program.stdout();
                log.lines().find(|line| line.contains(&format!(" {path} HTTP/"))).map(str::to_owned)
            };
            eventually("its line", SOON, || line().is_some());
            line().unwrap_or_default().split_whitespace().find(|word| word.contains("/<")).map(str::to_owned)
        };
        assert_eq!(named(&pair.lb), named(&pair.haproxy), "{path}: what stands in the place of a server");
    }
}

#[test]
fn metrics_have_the_names_that_haproxys_have_and_the_parts_that_are_asked_for() {
    let pair = Pair::start(&Scene { frontend: RULES, ..Scene::default() });
    let [ours, theirs] = pair.see("GET", &get("/metrics"));
    let (ours, theirs) = (names(&ours.body), names(&theirs.body));
    for name in [
        "haproxy_process_nbthread",
        "haproxy_process_requests_total",
        "haproxy_frontend_http_requests_total",
        "haproxy_frontend_bytes_in_total",
        "haproxy_backend_status",
        "haproxy_server_status",
        "haproxy_server_weight",
    ] {
        assert!(ours.contains(name) && theirs.contains(name), "{name}");
    }
    assert!(ours.intersection(&theirs).count() >= 60, "{} in both", ours.intersection(&theirs).count());
    for (query, wanted) in [
        ("scope=frontend", &["haproxy_frontend_"][..]),
        ("scope=global&scope=server", &["haproxy_process_", "haproxy_server_"]),
        ("scope=server&scope=&scope=backend", &["haproxy_backend_"]),
        ("scope=global&scope=*", &["haproxy_process_", "haproxy_frontend_", "haproxy_backend_", "haproxy_server_"]),
        ("other=1", &["haproxy_process_", "haproxy_frontend_", "haproxy_backend_", "haproxy_server_"]),
    ] {
        let seen = pair.see("GET", &get(&format!("/metrics?{query}")));
        assert_eq!(seen.each_ref().map(|seen| first(&seen.body)), [wanted, wanted], "{query}: ours, and haproxy's");
    }
}

#[test]
fn a_service_says_no_body_to_head_and_ends_with_the_connection_of_an_old_client() {
    let pair = Pair::start(&Scene { frontend: RULES, ..Scene::default() });
    let [ours, theirs] = pair.see("HEAD", &get("/metrics").replacen("GET", "HEAD", 1));
    assert_eq!((ours.status, &*ours.body, ours.stays), (theirs.status, "", theirs.stays));
    let mut old = Client::connect(pair.lb.addr("web"));
    old.send("GET /metrics HTTP/1.0\r\n\r\n");
    let answer = old.response().expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(answer.fields.get("transfer-encoding").is_none() && answer.text().ends_with('\n'));
    assert_eq!(first(&answer.text()).len(), 4);
    // A body that nobody reads ends the connection.
    let mut sender = Client::connect(pair.lb.addr("web"));
    sender.send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    let answer = sender.response_to("POST").expect("an answer");
    assert_eq!((answer.status, answer.fields.get("connection").as_deref()), (200, Some("close")));
}

/// The same page on both, with the users of each.
fn with_stats(ours: &'static str, theirs: &'static str) -> Pair {
    let frontend = &[
        ("http-request", "allow"),
        ("http-response", "set-header X-Seen 1"),
        ("http-after-response", "set-header X-After 1"),
    ];
    let sections = [
        "userlists: { staff: { users: { anna: { insecure-password: secret } } } }",
        "userlist staff\n user anna insecure-password secret\n",
    ];
    Pair::start(&Scene { frontend, sections, more: [ours, theirs], ..Scene::default() })
}

fn with_user(path: &str, user: &str) -> String {
    get(path).replacen("\r\n\r\n", &format!("\r\nAuthorization: Basic {user}\r\n\r\n"), 1)
}

/// `anna:secret`
const ANNA: &str = "YW5uYTpzZWNyZXQ=";
/// `anna:wrong`
const WRONG: &str = "YW5uYTp3cm9uZw==";

#[test]
fn the_page_of_figures_is_shown_to_who_may_see_it() {
    for (ours, theirs) in [
        (
            "stats: { uri: /st, realm: Staff, auth: \"anna:secret\", refresh: 7s }",
            "stats uri /st\n stats realm Staff\n stats auth anna:secret\n stats refresh 7s",
        ),
        (
            "stats: { uri: /st, userlist: staff, realm: Staff, refresh: 7s }",
            "stats uri /st\n stats refresh 7s\n stats http-request auth realm Staff unless { http_auth(staff) }",
        ),
        (
            "stats: { uri: /st, refresh: 7s, http-request: [\"auth realm Staff unless { http_auth(staff) }\", allow, deny] }",
            "stats uri /st\n stats refresh 7s\n stats http-request auth realm Staff unless { http_auth(staff) }\n stats http-request allow\n stats http-request deny",
        ),
    ] {
        let pair = with_stats(ours, theirs);
        for (path, kind) in [
            ("/st", "text/html"),
            ("/st?x", "text/html"),
            ("/st;norefresh", "text/html"),
            ("/stuff;csv", "text/plain"),
            ("/st;json", "application/json"),
        ] {
            let [ours, theirs] = pair.see("GET", &get(path));
            assert_eq!((ours.status, theirs.status), (401, 401), "{path}");
            let asks = "www-authenticate: Basic realm=\\\"Staff\\\"".to_owned();
            assert!(ours.fields.contains(&asks) && theirs.fields.contains(&asks), "{:?}", ours.fields);
            let refused = pair.see("GET", &with_user(path, WRONG));
            assert_eq!(refused.map(|seen| seen.status), [401, 401], "{path}");
            let [ours, theirs] = pair.see("GET", &with_user(path, ANNA));
            let shown = |fields: &[String]| -> Vec<String> {
                let wanted = ["refresh", "cache-control", "transfer-encoding", "x-seen", "x-after"];
                fields.iter().filter(|field| wanted.iter().any(|name| field.starts_with(name))).cloned().collect()
            };
            assert_eq!((ours.status, shown(&ours.fields)), (200, shown(&theirs.fields)), "{path}");
            for fields in [&ours.fields, &theirs.fields] {
                assert!(
                    fields.iter().any(|field| field.starts_with(&format!("content-type: {kind}"))),
                    "{path}: {fields:?}"
                );
            }
        }
        let [ours, theirs] = pair.see("GET", &with_user("/other", ANNA));
        assert_eq!((ours.status, ours.body), (200, theirs.body), "what is not the page's goes to the server");
        let post =
            with_user("/st", ANNA).replacen("GET", "POST", 1).replacen("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n", 1);
        for seen in pair.see("POST", &post) {
            assert_eq!(seen.status, 303);
            assert!(seen.fields.contains(&"location: /st;st=DENY".to_owned()), "{:?}", seen.fields);
        }
    }
}

#[test]
fn the_page_says_what_it_is_told_to_say_and_no_more() {
    let more = "stats: { uri: /st, hide-version: true, show-node: edge-<1>, show-desc: the edge, scope: [app] }";
    let haproxys =
        "stats uri /st\n stats hide-version\n stats show-node edge-1\n stats show-desc the edge\n stats scope app";
    let pair = with_stats(more, haproxys);
    let [ours, theirs] = pair.see("GET", &get("/st"));
    for text in ["the edge", "edge-"] {
        assert!(ours.body.contains(text) && theirs.body.contains(text), "{text}");
    }
    assert!(ours.body.contains("edge-&lt;1&gt;") && !ours.body.contains(env!("CARGO_PKG_VERSION")));
    assert!(!ours.body.contains("<script") && !ours.body.contains("Last failures"));
    let rows = |text: &str| -> Vec<String> {
        text.lines()
            .skip(1)
            .map(|line| line.split(',').take(2).collect::<Vec<_>>().join("/"))
            .filter(|row| row.len() > 1)
            .collect()
    };
    let [ours, theirs] = pair.see("GET", &get("/st;csv")).map(|seen| rows(&seen.body));
    assert_eq!((&ours, &*ours.join(" ")), (&theirs, "app/s1 app/BACKEND"));
    let all = with_stats("stats: /st", "stats uri /st").see("GET", &get("/st;csv")).map(|seen| rows(&seen.body));
    assert_eq!(
        all,
        [["web/FRONTEND", "app/s1", "app/BACKEND"], ["web/FRONTEND", "app/s1", "app/BACKEND"]]
            .map(|rows| rows.map(str::to_owned).to_vec())
    );
}

#[test]
fn the_address_of_the_page_is_haproxys_unless_another_is_given() {
    let pair = with_stats("stats: {}", "stats enable");
    let seen = pair.see("GET", &get("/haproxy?stats;csv"));
    assert_eq!(
        seen.each_ref().map(|seen| (seen.status, seen.body.starts_with("# pxname,svname,"))),
        [(200, true), (200, true)]
    );
    let seen = pair.see("GET", &get("/haproxy"));
    assert_eq!(seen.map(|seen| seen.body), ["GET /haproxy\n", "GET /haproxy\n"].map(str::to_owned));
}

#[test]
fn ours_alone_the_page_and_the_health_of_the_process_by_rules() {
    let lb = Lb::start(
        "frontends:\n  web:\n    bind: 127.0.0.1:0\n    http-request:\n      - \"use-service health if { path /health }\"\n      \
         - \"use-service stats if { path_beg /page }\"\n",
    );
    let ask = |path: &str| {
        let answer = Client::connect(lb.addr("web")).get(path).expect("an answer");
        (answer.status, answer.text())
    };
    assert_eq!(ask("/health"), (200, "ready\n".to_owned()));
    let (status, page) = ask("/page");
    assert!(status == 200 && page.contains("<a href=\"/page;csv\">csv</a>"), "{page}");
    assert!(ask("/page;csv").1.contains("\nweb,FRONTEND,"));
    assert_eq!(ask("/other").0, 503);
}

//! Error pages: files, addresses, sets, answers that are made.

use plimsoll_testkit::Client;

use crate::pair::{Pair, Scene, get};

#[test]
fn pages_take_the_place_of_our_own_answers_as_in_haproxy() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let forbidden = file(
        "403.http",
        "HTTP/1.1 403 Go Away\r\nContent-Type: text/plain\r\nX-Page: one\r\nContent-Length: 3\r\n\r\nno\n",
    );
    let teapot =
        file("500.http", "HTTP/1.1 500 Broken\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nbroken\n");
    let nothing = file("empty.http", "");
    let set = file(
        "429.http",
        "HTTP/1.1 429 Slow Down\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nfrom a set\n",
    );
    let own = file(
        "own.http",
        "HTTP/1.1 410 Gone\r\nX-Own: yes\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\ngone\n",
    );
    let frontend = [
        ("http-request", "deny if { path /403 }"),
        ("http-request", "deny deny_status 500 if { path /500 }"),
        ("http-request", "deny deny_status 404 if { path /empty }"),
        ("http-request", "deny deny_status 401 if { path /302 }"),
        ("http-request", "deny deny_status 405 if { path /303 }"),
        ("http-request", "deny deny_status 503 if { path /made }"),
        ("http-request", "deny status 429 errorfiles more if { path /set }"),
        ("http-request", &*format!("return errorfile {own} if {{ path /own }}")),
    ];
    let scene = Scene {
        frontend: &frontend,
        sections: [
            &format!("http-errors: {{ more: {{ 429: '{set}' }} }}"),
            &format!("http-errors more\n errorfile 429 {set}"),
        ],
        more: [
            &format!(
                "errorfiles: {{ 403: '{forbidden}', 500: '{teapot}', 404: '{nothing}' }}\nerrorloc: {{ 401: '/login' }}\nerrorloc303: {{ 405: 'https://x.example/' }}\n\
                 http-error: 'status 503 content-type text/plain lf-string \"sorry %[src]\" hdr Retry-After 5'"
            ),
            &format!(
                "errorfile 403 {forbidden}\n errorfile 500 {teapot}\n errorfile 404 {nothing}\n errorloc 401 /login\n errorloc303 405 https://x.example/\n \
                 http-error status 503 content-type text/plain lf-string \"sorry %[src]\" hdr Retry-After 5"
            ),
        ],
        ..Scene::default()
    };
    let pair = Pair::start(&scene);
    for (path, status) in [
        ("/403", 403),
        ("/500", 500),
        ("/empty", 0),
        ("/302", 302),
        ("/303", 303),
        ("/made", 503),
        ("/set", 429),
        ("/own", 410),
    ] {
        assert_eq!(pair.same(path).status, status, "{path}");
    }
    assert_eq!(pair.same("/made").body, "sorry 127.0.0.1");
}

#[test]
fn what_is_no_request_and_what_no_server_answers_get_the_pages_too() {
    let lb = plimsoll_testkit::Lb::start(
        "defaults: { timeouts: { connect: 1s, client: 20s, server: 20s }, http-error: 'status 400 content-type text/plain string \"what?\"' }\n\
         frontends:\n  web:\n    bind: '127.0.0.1:0'\n    default-backend: app\n    errorloc302: { 503: '/front' }\n\
         backends:\n  app:\n    retries: 0\n    errorloc303: { 503: '/back' }\n    servers: { a: '127.0.0.1:1' }\n",
    );
    let mut client = Client::connect(lb.addr("web"));
    client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    let answer = client.response().unwrap();
    assert_eq!((answer.status, &*answer.text()), (400, "what?"));
    let answer = Client::connect(lb.addr("web")).get("/").unwrap();
    assert_eq!(
        (answer.status, answer.get("location").as_deref()),
        (303, Some("/back")),
        "the backend's page comes first"
    );
    let mut client = Client::connect(lb.addr("web"));
    client.send(get("/"));
    assert_eq!(client.response().unwrap().status, 303);
}

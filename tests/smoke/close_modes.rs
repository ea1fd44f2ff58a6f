//! `httpclose`, `http-server-close`, `http-keep-alive`: what each means on either side, and how they replace each other.
//!
//! The table is HAProxy's matrix of modes (configuration manual, section 4), and for the client's side what 2.6 does: only the frontend's word counts.

use plimsoll_testkit::{Client, Lb, RecordingOrigin};

const CLOSE: &str = "httpclose: true";
const SERVER: &str = "http-server-close: true";
const KEEP: &str = "http-keep-alive: true";

/// Two requests: (did the client's connection end with the first, did each use a server connection of its own).
fn two_requests(defaults: &str, frontend: &str, backend: &str) -> (bool, bool) {
    let origin = RecordingOrigin::start();
    let lb = Lb::start(&format!(
        "global: {{ threads: 1 }}\n\
         defaults: {{ timeouts: {{ connect: 2s, client: 20s, server: 20s }}, http-reuse: always, {defaults} }}\n\
         frontends:\n  web: {{ bind: \"127.0.0.1:0\", default-backend: app, {frontend} }}\n\
         backends:\n  app: {{ servers: {{ o: \"{}\" }}, {backend} }}\n",
        origin.addr()
    ));
    let mut client = Client::connect(lb.addr("web"));
    let first = client.get("/").unwrap();
    assert_eq!(first.status, 200);
    if first.closes() {
        client.closed().unwrap();
        client = Client::connect(lb.addr("web"));
    }
    assert_eq!(client.get("/").unwrap().status, 200);
    let own = origin.origin().accepted() == 2;
    for recorded in origin.take().requests {
        let told = recorded.request.fields.members("connection").iter().any(|word| word == "close");
        assert_eq!(told, own, "the server is told so");
    }
    (first.closes(), own)
}

#[test]
fn the_mode_that_closes_more_wins_between_frontend_and_backend() {
    for (frontend, backend, client_closes, server_closes) in [
        ("", "", false, false),
        ("", SERVER, false, true),
        ("", CLOSE, false, true),
        (SERVER, "", false, true),
        (SERVER, SERVER, false, true),
        (SERVER, CLOSE, false, true),
        (CLOSE, "", true, true),
        (CLOSE, SERVER, true, true),
        (CLOSE, CLOSE, true, true),
        (KEEP, SERVER, false, true),
    ] {
        let modes = two_requests("", frontend, backend);
        assert_eq!(modes, (client_closes, server_closes), "frontend {frontend:?}, backend {backend:?}");
    }
}

#[test]
fn the_mode_of_a_proxy_replaces_that_of_the_defaults() {
    for (defaults, own, client_closes, server_closes) in [
        (CLOSE, "", true, true),
        (CLOSE, KEEP, false, false),
        (CLOSE, SERVER, false, true),
        (SERVER, KEEP, false, false),
        (SERVER, CLOSE, true, true),
        (SERVER, "http-server-close: false", false, false),
        (KEEP, SERVER, false, true),
    ] {
        let modes = two_requests(defaults, own, own);
        assert_eq!(modes, (client_closes, server_closes), "defaults {defaults:?}, proxies {own:?}");
    }
}

#[test]
fn an_answer_of_the_balancers_own_closes_too() {
    let lb = Lb::start(
        "defaults: { timeouts: { connect: 2s, client: 20s, server: 20s } }\n\
         frontends:\n  web: { bind: \"127.0.0.1:0\", default-backend: app, httpclose: true }\n\
         backends:\n  app: { servers: { } }\n",
    );
    let mut client = Client::connect(lb.addr("web"));
    let response = client.get("/").unwrap();
    assert_eq!((response.status, response.closes()), (503, true));
    client.closed().unwrap();
}

//! Requests and responses: keep-alive, pipelining, versions, responses without bodies, interim ones, upgrades, UNIX sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_testkit::{Client, End, Exchange, Nginx, Origin, RecordingOrigin, Then, client, origin};
use plimsoll_tests::{Site, Timeouts, front};

/// An origin that answers the same bytes to everything, then goes on or closes.
fn saying(bytes: &'static str, then: Then) -> Origin {
    Origin::serving(move |exchange: &mut Exchange<'_>| {
        exchange.send(bytes);
        then
    })
}

#[test]
fn get_and_post_are_balanced_over_two_real_servers() {
    let (one, two) = (Nginx::start("one"), Nginx::start("two"));
    let lb = front(&[one.addr, two.addr], Timeouts::default());
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..5 {
        let got = client::get(lb.addr("web"), "/").unwrap();
        assert_eq!(got.status, 200);
        *seen.entry(got.text()).or_default() += 1;
        let mut client = Client::connect(lb.addr("web"));
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        let got = client.response().unwrap();
        assert_eq!(got.status, 200);
        *seen.entry(got.text()).or_default() += 1;
    }
    assert_eq!(seen, BTreeMap::from([("one".into(), 5), ("two".into(), 5)]), "round robin");
}

#[test]
fn one_connection_serves_many_requests_over_one_server_connection() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    for number in 0..50 {
        let target = format!("/{number}");
        assert_eq!(client.get(&target).unwrap().text(), origin::expected("GET", &target, b""));
    }
    assert_eq!(origin.origin().accepted(), 1);
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    let all: String = (0..50)
        .map(|number| format!("POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n{number:04}"))
        .collect();
    client.send(all);
    for number in 0..50 {
        let body = format!("{number:04}");
        assert_eq!(client.response().unwrap().text(), origin::expected("POST", &format!("/{number}"), body.as_bytes()));
    }
}

#[test]
fn http_1_0_clients_are_closed_unless_they_ask_to_stay() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    client.send("GET /old HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    let response = client.response().unwrap();
    assert_eq!(response.text(), origin::expected("GET", "/old", b""));
    assert!(response.fields.members("connection").contains(&"keep-alive".to_owned()), "{response:?}");
    client.send("GET /older HTTP/1.0\r\n\r\n");
    assert_eq!(client.response().unwrap().text(), origin::expected("GET", "/older", b""));
    client.closed().unwrap();
}

#[test]
fn http_1_0_servers_are_understood() {
    let origin = saying("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", Then::Close);
    let lb = front(&[origin.addr], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    for _ in 0..3 {
        let response = client.get("/").unwrap();
        assert_eq!((response.status, response.text().as_str(), response.version.as_str()), (200, "old", "HTTP/1.1"));
    }
}

#[test]
fn responses_without_a_body_leave_the_connection_usable() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        match exchange.request.target.as_str() {
            "/204" => exchange.send("HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"),
            "/304" => exchange.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: \"e\"\r\n\r\n"),
            _ => return exchange.answer(),
        };
        Then::Keep
    });
    let lb = front(&[origin.addr], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    assert_eq!(client.get("/204").unwrap().status, 204);
    let unchanged = client.get("/304").unwrap();
    assert_eq!((unchanged.status, unchanged.get("etag").as_deref()), (304, Some("\"e\"")));
    client.send("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.response_to("HEAD").unwrap();
    assert_eq!((head.status, head.get("content-length").as_deref()), (200, Some("16")));
    assert_eq!(client.get("/after").unwrap().text(), origin::expected("GET", "/after", b""));
    assert_eq!(origin.accepted(), 1);
}

#[test]
fn interim_responses_come_before_the_final_one() {
    let origin = saying(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Keep,
    );
    let lb = front(&[origin.addr], Timeouts::default());
    let response = Client::connect(lb.addr("web")).get("/").unwrap();
    assert_eq!(response.text(), "ok");
    assert_eq!(response.interim.len(), 1);
    assert_eq!((response.interim[0].status, response.interim[0].get("link").as_deref()), (103, Some("</a>")));
}

#[test]
fn a_client_that_expects_100_continue_is_told_before_it_sends() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    client.send("POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    client.wire().begin();
    assert_eq!(client.wire().line().unwrap(), b"HTTP/1.1 100 Continue");
    while !client.wire().line().unwrap().is_empty() {}
    client.send("abc");
    assert_eq!(client.response().unwrap().text(), origin::expected("POST", "/e", b"abc"));
}

#[test]
fn an_upgrade_becomes_a_tunnel() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        assert_eq!(exchange.request.fields.get("upgrade").as_deref(), Some("websocket"));
        exchange.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n>",
        );
        while exchange.wire.peek().is_ok() {
            let count = exchange.wire.rest().len();
            let bytes = exchange.wire.take(count).unwrap().to_ascii_uppercase();
            exchange.send(bytes);
        }
        Then::Close
    });
    let lb = front(&[origin.addr], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    // The bytes behind the request wait for the 101.
    client.send(
        "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly ",
    );
    let response = client.response().unwrap();
    assert_eq!((response.status, response.get("upgrade").as_deref()), (101, Some("websocket")));
    assert!(response.fields.members("connection").contains(&"upgrade".to_owned()));
    assert_eq!(client.wire().take(7).unwrap(), b">EARLY ");
    for round in 0..20 {
        client.send(format!("ping {round:03}"));
        assert_eq!(client.wire().take(8).unwrap(), format!("PING {round:03}").as_bytes());
    }
    client.half_close();
    assert!(matches!(client.everything(), (rest, End::Fin { .. } | End::Reset) if rest.is_empty()));
}

#[test]
fn unix_sockets_serve_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let (front_path, back_path) = (folder.path().join("front.sock"), folder.path().join("back.sock"));
    let _origin = Origin::serving_unix(&back_path, |exchange: &mut Exchange<'_>| exchange.answer());
    let site = Site::http().bind(&format!("unix@{}", front_path.display()));
    let _lb = site.server("u", format!("unix@{}", back_path.display())).start();
    let mut client = Client::connect_unix(&front_path);
    for target in ["/1", "/2"] {
        assert_eq!(client.get(target).unwrap().text(), origin::expected("GET", target, b""));
    }
}

#[test]
fn forwardfor_tells_the_origin_who_asked() {
    let origin = RecordingOrigin::start();
    let lb = Site::http().frontend("forwardfor: true").server("o", origin.addr()).start();
    let mut client = Client::connect(lb.addr("web"));
    client.get("/").unwrap();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
    client.response().unwrap();
    let requests = origin.take().requests;
    assert_eq!(requests[0].request.fields.members("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(requests[1].request.fields.members("x-forwarded-for"), ["192.0.2.7", "127.0.0.1"]);
}

#[test]
fn http_server_close_uses_each_server_connection_once() {
    let origin = RecordingOrigin::start();
    let lb = Site::http().backend("http-server-close: true").server("o", origin.addr()).start();
    let mut client = Client::connect(lb.addr("web"));
    for number in 0..5 {
        let target = format!("/{number}");
        assert_eq!(client.get(&target).unwrap().text(), origin::expected("GET", &target, b""));
    }
    assert_eq!(origin.origin().accepted(), 5);
}

#[test]
fn an_idle_client_is_closed_quietly() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts { keep_alive: 300, ..Timeouts::default() });
    let mut client = Client::connect(lb.addr("web")).patient(Duration::from_secs(5));
    client.get("/").unwrap();
    assert!(matches!(client.closed(), Ok(End::Fin { .. })), "no 408 between requests");
}

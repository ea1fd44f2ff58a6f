//! HTTP mode: how a server connection ends. By RST when `lb` closes first (document 001), as the server likes when it was first (document 000).

use std::io::Write;
use std::time::Duration;

use plimsoll_testkit::{Lb, Origin, Wire, eventually, holds_for};
use plimsoll_tests::Timeouts;
use rustix::process::Signal;

use crate::stage::{KEPT, SOON, Stage, answer_and_close, head, hold, http, into_the_void, patient};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Long after its request, so that the packets in between are seen.
fn pass(time: u64) {
    holds_for(Duration::from_millis(time), || true);
}

/// The server's connection is used once.
fn once(script: impl Fn(Wire) + Send + Sync + 'static) -> (Lb, Origin, Stage) {
    let stage = Stage::new();
    let server = stage.server(script);
    let lb = stage.start(&http().backend("http-server-close: true"));
    (lb, server, stage)
}

/// "As soon as the last byte of payload is received, haproxy sends an RST to the server to release the connection" (document 001).
#[test]
fn http_server_close_is_a_reset_at_the_last_byte_and_the_client_stays() {
    let (_lb, _server, stage) = once(|mut wire| {
        head(&mut wire);
        wire.send(KEPT);
        hold(wire);
    });
    let mut client = stage.client();
    assert_eq!(client.get("/").unwrap().text(), "ok");
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: DATA
         lb > server: RST",
    );
    stage.wire.shows(
        "client",
        "client > lb: SYN
         lb > client: SYN ACK
         client > lb: DATA
         lb > client: DATA",
    );
    stage.no_time_wait();
}

/// "Don't want to see an RST emitted […] when the server has already sent the FIN" (document 000).
#[test]
fn a_server_that_closes_with_its_answer_sees_no_rst() {
    let (_lb, _server, stage) = once(|mut wire| {
        head(&mut wire);
        answer_and_close(wire, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    });
    assert_eq!(stage.client().get("/").unwrap().text(), "ok");
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: DATA FIN
         lb > server: FIN",
    );
    stage.no_time_wait();
}

/// A request ends without SHUT_WR: it "leaves a TIME_WAIT so not recommended" (document 002), even if the client half-closed.
#[test]
fn no_fin_follows_a_request() {
    let (_lb, _server, stage) = once(|mut wire| {
        head(&mut wire);
        pass(150);
        wire.send(KEPT);
        hold(wire);
    });
    let mut client = stage.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    client.half_close();
    assert_eq!(client.response().unwrap().text(), "ok");
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: DATA
         lb > server: RST",
    );
    stage.no_time_wait();
}

#[test]
fn a_silent_server_is_left_by_rst() {
    let stage = Stage::new();
    let _server = stage.server(hold);
    let _lb = stage.start(&http().timeouts(Timeouts { server: 150, ..patient() }));
    assert_eq!(stage.client().get("/").unwrap().status, 504);
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         lb > server: RST",
    );
    stage.no_time_wait();
}

#[test]
fn a_client_that_aborts_costs_its_server_connection_by_rst() {
    let (_lb, server, stage) = once(hold);
    let mut client = stage.client();
    client.send(GET);
    stage.wire.has("server", "lb > server: DATA");
    client.reset();
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         lb > server: RST",
    );
    eventually("the server is free", SOON, || server.open() == 0);
    stage.no_time_wait();
}

/// "Same for hard errors" (document 000): what is broken is not reset once more.
#[test]
fn a_reset_instead_of_an_answer_is_a_502_and_nothing_is_sent_back() {
    let (_lb, _server, stage) = once(|mut wire| {
        head(&mut wire);
        wire.into_socket().reset();
    });
    assert_eq!(stage.client().get("/").unwrap().status, 502);
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: RST",
    );
    stage.no_time_wait();
}

/// "recv() can still receive the pending response" (document 002, the last trace: `snd,lin,clo`).
#[test]
fn an_answer_before_a_reset_is_delivered() {
    let (_lb, _server, stage) = once(|mut wire| {
        head(&mut wire);
        wire.send(KEPT);
        wire.into_socket().reset();
    });
    for _ in 0..10 {
        assert_eq!(stage.client().get("/").unwrap().text(), "ok");
    }
    stage.no_time_wait();
}

/// `connect() to a port that does close(accept())` (document 002).
#[test]
fn a_server_that_accepts_and_closes_is_a_502_and_no_failed_connect() {
    let (lb, server, stage) = once(drop);
    assert_eq!(stage.client().get("/").unwrap().status, 502);
    assert_eq!(server.accepted(), 1);
    assert!(lb.stdout().contains(" SH") || !Lb::is_haproxy());
    stage.no_time_wait();
}

/// `connect() to a closed port` (document 002).
#[test]
fn a_refused_connect_is_a_503() {
    let stage = Stage::new();
    let _lb = stage.start(&http());
    assert_eq!(stage.client().get("/").unwrap().status, 503);
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: RST",
    );
    stage.no_time_wait();
}

#[test]
fn a_connect_into_a_black_hole_is_a_503_after_its_time_and_leaves_nothing() {
    let stage = Stage::new();
    // The time-out of a connect is 2 s in these tests.
    let _lb = stage.start(&into_the_void());
    assert_eq!(stage.client().get("/").unwrap().status, 503);
    stage.wire.shows("nobody", "lb > nobody: SYN");
}

#[test]
fn a_server_that_vanishes_is_left_by_rst_into_the_void() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        hold(wire);
    });
    let _lb = stage.start(&http().timeouts(Timeouts { server: 300, ..patient() }));
    let mut client = stage.client();
    client.send(GET);
    stage.wire.has("server", "server > lb: DATA");
    stage.net.cut_off_server();
    assert!(client.response().is_err());
    stage.wire.has("server", "lb > server: RST");
    stage.no_time_wait();
    // The announced length shows that it was cut.
    stage.wire.has("client", "lb > client: FIN");
}

/// Bytes behind the answer: "otherwise we do" (document 000).
#[test]
fn a_server_that_says_more_than_its_answer_is_left_by_rst() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
        hold(wire);
    });
    let _lb = stage.start(&http());
    assert_eq!(stage.client().get("/").unwrap().text(), "ok");
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: DATA
         lb > server: RST",
    );
    stage.no_time_wait();
}

#[test]
fn a_body_that_breaks_off_by_reset_is_a_fin_to_the_client_and_nothing_to_the_server() {
    let (_lb, _server, stage) = once(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        wire.send(&[b'x'; 50_000]);
        pass(100);
        wire.into_socket().reset();
    });
    let mut client = stage.client();
    client.send(GET);
    assert!(client.response().is_err());
    stage.wire.has("client", "lb > client: FIN");
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: DATA
         server > lb: RST",
    );
}

#[test]
fn an_idle_connection_that_its_server_closes_is_closed_in_turn() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        head(&mut wire);
        wire.send(KEPT);
        pass(100);
    });
    let _lb = stage.start(&http());
    let mut client = stage.client();
    assert_eq!(client.get("/").unwrap().text(), "ok");
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: DATA
         server > lb: FIN
         lb > server: FIN",
    );
    stage.no_time_wait();
}

#[test]
fn idle_connections_end_by_rst_when_the_process_ends() {
    for reuse in ["always", "never"] {
        let stage = Stage::new();
        let _server = stage.server(|mut wire| {
            while head(&mut wire) {
                wire.send(KEPT);
            }
        });
        let mut lb = stage.start(&http().backend(&format!("http-reuse: {reuse}")));
        let mut client = stage.client();
        assert_eq!(client.get("/").unwrap().text(), "ok");
        lb.signal(Signal::TERM);
        assert!(lb.wait_exit(SOON).success());
        stage.wire.shows(
            "server",
            "lb > server: SYN
             server > lb: SYN ACK
             lb > server: DATA
             server > lb: DATA
             lb > server: RST",
        );
        stage.no_time_wait();
    }
}

/// A denied upload: the server answers and closes in the right way; nothing of that is a failure.
#[test]
fn a_server_that_answers_an_upload_early_is_read_first() {
    let (_lb, _server, stage) = once(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch");
        let _ = wire.socket().half_close();
        hold(wire);
    });
    let mut client = stage.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
    let mut up = client.wire().socket().again().unwrap();
    let sender = std::thread::spawn(move || (0..30).all(|_| up.write_all(&[b'u'; 65_536]).is_ok()));
    assert_eq!(client.response().unwrap().status, 413);
    sender.join().unwrap();
    stage.no_time_wait();
}

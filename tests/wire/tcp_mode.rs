//! TCP mode: a half-close is passed on, and what is broken on one side is broken on the other.

use std::time::Duration;

use plimsoll_testkit::{End, eventually, holds_for};
use plimsoll_tests::Timeouts;
use rustix::process::Signal;

use crate::stage::{SOON, Stage, hold, http, patient, tcp};

/// The one close that leaves a TIME_WAIT with `lb`, as with HAProxy: the client wanted to hear the answer to the end.
#[test]
fn a_clients_half_close_is_passed_on_and_the_answer_still_comes() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        let (asked, end) = wire.until_end();
        assert_eq!((&*asked, end), (&b"hello"[..], End::Fin { mid: true }));
        wire.send(b"goodbye");
    });
    let _lb = stage.start(&tcp());
    let mut client = stage.client();
    client.send("hello");
    stage.wire.has("server", "lb > server: DATA");
    client.half_close();
    assert_eq!(client.everything(), (b"goodbye".to_vec(), End::Fin { mid: true }));
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         lb > server: FIN
         server > lb: DATA
         server > lb: FIN",
    );
    eventually("the TIME_WAIT that comes of it", SOON, || {
        stage.net.lb.time_wait(plimsoll_testkit::network::SERVER) == 1
    });
}

#[test]
fn a_servers_fin_is_passed_on_and_leaves_no_time_wait() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        wire.send(b"goodbye");
    });
    let _lb = stage.start(&tcp());
    let mut client = stage.client();
    assert_eq!(client.everything(), (b"goodbye".to_vec(), End::Fin { mid: true }));
    drop(client);
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         server > lb: DATA
         server > lb: FIN
         lb > server: FIN",
    );
    stage.wire.shows(
        "client",
        "client > lb: SYN
         lb > client: SYN ACK
         lb > client: DATA
         lb > client: FIN
         client > lb: FIN",
    );
    stage.no_time_wait();
}

/// `connect() to a port that does close(accept())` (document 002): "only RDHUP because the FIN is pending".
#[test]
fn a_server_that_accepts_and_closes_is_a_connection_that_ended() {
    let stage = Stage::new();
    let _server = stage.server(drop);
    let _lb = stage.start(&tcp());
    let mut client = stage.client();
    assert_eq!(client.everything(), (Vec::new(), End::Fin { mid: false }));
    drop(client);
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         server > lb: FIN
         lb > server: FIN",
    );
    stage.no_time_wait();
}

/// `snd,lin,clo` (document 002): "recv() can still receive the pending response".
#[test]
fn the_words_before_a_servers_reset_arrive() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        wire.send(b"500 go away\r\n");
        wire.into_socket().reset();
    });
    let _lb = stage.start(&tcp());
    for _ in 0..10 {
        assert_eq!(stage.client().everything().0, b"500 go away\r\n");
    }
    stage.no_time_wait();
}

#[test]
fn a_clients_reset_is_a_reset_to_the_server() {
    let stage = Stage::new();
    let server = stage.server(hold);
    let _lb = stage.start(&tcp());
    let mut client = stage.client();
    client.send("hello");
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

#[test]
fn silence_for_too_long_is_a_reset_to_both() {
    let stage = Stage::new();
    let _server = stage.server(hold);
    let _lb = stage.start(&tcp().timeouts(Timeouts { tunnel: 200, client: 200, server: 200, ..patient() }));
    let mut client = stage.client();
    client.send("hello");
    assert_eq!(client.everything(), (Vec::new(), End::Reset));
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         lb > server: RST",
    );
    stage.no_time_wait();
}

/// A server that vanished is not waited for by anybody's port.
#[test]
fn a_server_that_vanishes_leaves_no_time_wait() {
    let stage = Stage::new();
    let _server = stage.server(hold);
    let _lb = stage.start(&tcp().timeouts(Timeouts { tunnel: 300, client: 300, server: 300, ..patient() }));
    let mut client = stage.client();
    client.send("hello");
    stage.wire.has("server", "lb > server: DATA");
    stage.net.cut_off_server();
    assert_eq!(client.everything(), (Vec::new(), End::Reset));
    stage.wire.has("server", "lb > server: RST");
    assert!(holds_for(Duration::from_millis(100), || stage.net.lb.time_wait(plimsoll_testkit::network::SERVER) == 0));
}

/// A client behind a slow line gets all that its server said before it reset, also if it goes on talking to a server that is gone.
#[test]
fn a_long_answer_before_a_servers_reset_arrives_at_a_slow_client() {
    const SIZE: usize = 300_000;
    for talks in [false, true] {
        let stage = Stage::new();
        let _server = stage.server(|mut wire| {
            wire.send(&vec![b'x'; SIZE]);
            // Nothing says when all of it has left the server, and a reset takes back what has not.
            holds_for(Duration::from_millis(150), || true);
            wire.into_socket().reset();
        });
        let _lb = stage.start(&tcp());
        let mut client = stage.client();
        stage.wire.has("server", "server > lb: RST");
        if talks {
            client.send("more");
        }
        holds_for(Duration::from_millis(50), || true);
        assert_eq!(client.everything().0.len(), SIZE, "talks: {talks}");
        stage.no_time_wait();
    }
}

/// Killed connections leave no port behind for whoever starts next.
#[test]
fn a_second_sigterm_resets_the_connections_to_servers() {
    for site in [tcp(), http()] {
        let stage = Stage::new();
        let _server = stage.server(hold);
        let mut lb = stage.start(&site);
        let mut client = stage.client();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        stage.wire.has("server", "lb > server: DATA");
        lb.signal(Signal::TERM);
        eventually("it drains", SOON, || lb.stderr().contains("drain"));
        lb.signal(Signal::TERM);
        lb.wait_exit(SOON);
        stage.wire.shows(
            "server",
            "lb > server: SYN
             server > lb: SYN ACK
             lb > server: DATA
             lb > server: RST",
        );
        stage.no_time_wait();
    }
}

//! TCP mode: a half-close is passed on, and what is broken on one side is broken on the other.

use std::time::Duration;

use plimsoll_testkit::network::SERVER;
use plimsoll_testkit::{End, Wire, eventually, holds_for};
use plimsoll_tests::{Site, Timeouts};
use rustix::process::Signal;

use crate::stage::{SOON, Scene, hold, http, pass, patient, tcp};

const FIN: End = End::Fin { mid: false };
const FIN_BEHIND_BYTES: End = End::Fin { mid: true };

/// Nobody may be silent for longer.
fn impatient(millis: u32) -> Site {
    tcp().timeouts(Timeouts { tunnel: millis, client: millis, server: millis, ..patient() })
}

/// The server says this and closes, or resets.
fn says(bytes: &'static [u8], then: fn(Wire)) -> impl Fn(Wire) {
    move |mut wire| {
        wire.send(bytes);
        then(wire);
    }
}

fn reset(wire: Wire) {
    wire.into_socket().reset();
}

/// The one close that leaves a TIME_WAIT with `lb`, as with HAProxy: the client wanted to hear the answer to the end.
#[test]
fn a_clients_half_close_is_passed_on_and_the_answer_still_comes() {
    let scene = Scene::new(tcp(), |mut wire| {
        let (asked, end) = wire.until_end();
        assert_eq!((&*asked, end), (&b"hello"[..], FIN_BEHIND_BYTES));
        wire.send(b"goodbye");
    });
    let mut client = scene.client_who_sent("hello");
    client.half_close();
    assert_eq!(client.everything(), (b"goodbye".to_vec(), FIN_BEHIND_BYTES));
    scene.stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         lb > server: FIN
         server > lb: DATA
         server > lb: FIN",
    );
    eventually("the TIME_WAIT that comes of it", SOON, || scene.stage.net.lb.time_wait(SERVER) == 1);
}

#[test]
fn a_servers_fin_is_passed_on_and_leaves_no_time_wait() {
    let scene = Scene::new(tcp(), says(b"goodbye", drop));
    let mut client = scene.client();
    assert_eq!(client.everything(), (b"goodbye".to_vec(), FIN_BEHIND_BYTES));
    drop(client);
    scene.with_server("server: DATA, server: FIN, lb: FIN");
    scene.with_client("lb: DATA, lb: FIN, client: FIN");
}

/// `connect() to a port that does close(accept())` (document 002): "only RDHUP because the FIN is pending".
#[test]
fn a_server_that_accepts_and_closes_is_a_connection_that_ended() {
    let scene = Scene::new(tcp(), drop);
    assert_eq!(scene.client().everything(), (Vec::new(), FIN));
    scene.with_server("server: FIN, lb: FIN");
}

/// `snd,lin,clo` (document 002): "recv() can still receive the pending response".
#[test]
fn the_words_before_a_servers_reset_arrive() {
    let scene = Scene::new(tcp(), says(b"500 go away\r\n", reset));
    for _ in 0..10 {
        assert_eq!(scene.client().everything().0, b"500 go away\r\n");
    }
    scene.stage.no_time_wait();
}

#[test]
fn a_clients_reset_is_a_reset_to_the_server() {
    let scene = Scene::new(tcp(), hold);
    scene.client_who_sent("hello").reset();
    scene.with_server("lb: DATA, lb: RST");
    scene.server_is_free();
}

#[test]
fn silence_for_too_long_is_a_reset_to_both() {
    let scene = Scene::new(impatient(200), hold);
    assert_eq!(scene.client_who_sent("hello").everything(), (Vec::new(), End::Reset));
    scene.with_server("lb: DATA, lb: RST");
}

/// A server that vanished is not waited for by anybody's port.
#[test]
fn a_server_that_vanishes_leaves_no_time_wait() {
    let scene = Scene::new(impatient(300), hold);
    let mut client = scene.client_who_sent("hello");
    scene.stage.net.cut_off_server();
    assert_eq!(client.everything(), (Vec::new(), End::Reset));
    scene.sees("lb > server: RST");
    assert!(holds_for(Duration::from_millis(100), || scene.stage.net.lb.time_wait(SERVER) == 0));
}

/// A client behind a slow line gets all that its server said before it reset, also if it goes on talking to a server that is gone.
#[test]
fn a_long_answer_before_a_servers_reset_arrives_at_a_slow_client() {
    const SIZE: usize = 300_000;
    for talks in [false, true] {
        let scene = Scene::new(tcp(), |mut wire| {
            wire.send(&vec![b'x'; SIZE]);
            // Nothing says when all of it has left the server, and a reset takes back what has not.
            pass(150);
            reset(wire);
        });
        let mut client = scene.client();
        scene.sees("server > lb: RST");
        if talks {
            client.send("more");
        }
        pass(50);
        assert_eq!(client.everything().0.len(), SIZE, "talks: {talks}");
        scene.stage.no_time_wait();
    }
}

/// Killed connections leave no port behind for whoever starts next.
#[test]
fn a_second_sigterm_resets_the_connections_to_servers() {
    for site in [tcp(), http()] {
        let mut scene = Scene::new(site, hold);
        let _client = scene.client_who_sent("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        scene.lb.signal(Signal::TERM);
        eventually("it drains", SOON, || scene.lb.stderr().contains("drain"));
        scene.lb.signal(Signal::TERM);
        scene.lb.wait_exit(SOON);
        scene.with_server("lb: DATA, lb: RST");
    }
}

//! Health checks: the traces of the founding document 000, and that no check leaves a TIME_WAIT.

use std::io::ErrorKind;

use plimsoll_testkit::{Wire, eventually};
use plimsoll_tests::Site;

use crate::stage::{
    KEPT, SOON, Scene, Stage, answers_and_closes, answers_once, head, hold, http, into_the_void, pass, says_and_resets,
};

/// One check at the start, and no other while the test runs.
const ONCE: &str = "interval: 1h, rise: 1, fall: 1";

fn http_check() -> Site {
    http().backend(&format!("health-check: {{ type: http, path: /, {ONCE} }}"))
}

/// One check of a server that does this.
fn checked(script: impl Fn(Wire) + Send + Sync + 'static) -> Scene {
    Scene::new(http_check(), script)
}

/// "So we still keep SYN/SYN-ACK/RST for pure TCP checks" (document 000).
#[test]
fn a_pure_tcp_check_is_three_packets_and_no_connection_to_its_server() {
    let stage = Stage::new();
    let listener = stage.listener();
    let _lb = stage.start(&http().backend(&format!("health-check: {{ type: tcp, {ONCE} }}")));
    stage.wire.shows_with_acks(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: RST",
    );
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the server's application saw it");
    stage.no_time_wait();
}

/// The second trace of document 000, `19:55:23`: "the network trace becomes cleaner".
#[test]
fn an_http_check_whose_server_closes_shows_no_rst() {
    let scene = checked(answers_and_closes(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    scene.with_server("lb: DATA, server: DATA FIN, lb: FIN");
}

/// The same with the FIN a moment behind the answer: a check waits for it (document 000 "as much as possible").
#[test]
fn an_http_check_waits_a_moment_for_the_servers_fin() {
    let scene = checked(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
        pass(20);
    });
    scene.with_server("lb: DATA, server: DATA, server: FIN, lb: FIN");
}

/// "When we have no other choice, which means when the server has not closed" (document 000).
#[test]
fn an_http_check_whose_server_keeps_the_connection_ends_by_rst() {
    checked(answers_once(KEPT)).with_server("lb: DATA, server: DATA, lb: RST");
}

/// "prevent TIME_WAITs from appearing also on timeouts": the change before, which document 000 names.
#[test]
fn an_http_check_that_times_out_ends_by_rst() {
    let check = "health-check: { type: http, path: /, timeout: 80ms, interval: 1h, rise: 2, fall: 3 }";
    Scene::new(http().backend(check), hold).with_server("lb: DATA, lb: RST");
}

/// "Same for hard errors": lingering stays as it is, and there is nothing to reset.
#[test]
fn an_http_check_that_is_reset_answers_with_nothing() {
    checked(says_and_resets(b"")).with_server("lb: DATA, server: RST");
}

/// "Otherwise we do": a server that goes on talking is left by RST.
#[test]
fn an_http_check_whose_server_talks_without_end_is_left_by_rst() {
    let scene = checked(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\n\r\n");
        while wire.send(&[b'x'; 65536]) {}
    });
    scene.sees("lb > server: RST");
    scene.server_is_free();
    scene.stage.no_time_wait();
}

/// `connect() to a port that does close(accept())` (document 002): the request is already there, so the close is a reset.
#[test]
fn an_http_check_whose_server_closes_without_reading() {
    checked(drop).with_server("lb: DATA, server: RST");
}

/// `connect() to a closed port` (document 002).
#[test]
fn a_check_that_is_refused() {
    let scene = Scene::without_server(http_check());
    scene.stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: RST",
    );
    eventually("the server is down", SOON, || scene.lb.stdout().contains("DOWN"));
    assert!(scene.lb.stdout().contains("Layer4 connection problem"), "{}", scene.lb.stdout());
    scene.stage.no_time_wait();
}

#[test]
fn a_check_into_a_black_hole_is_a_syn_and_nothing_else() {
    let check = "health-check: { type: http, path: /, interval: 300ms, down-interval: 1h, fast-interval: 1h, rise: 2, fall: 1 }";
    let scene = Scene::without_server(into_the_void().backend(check));
    pass(400);
    scene.stage.wire.shows("nobody", "lb > nobody: SYN");
}

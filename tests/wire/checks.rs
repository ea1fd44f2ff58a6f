//! Health checks: the traces of the founding document 000, and that no check leaves a TIME_WAIT.

use std::io::ErrorKind;
use std::time::Duration;

use plimsoll_testkit::{Lb, Origin, Wire, eventually, holds_for};
use plimsoll_tests::Site;

use crate::stage::{SOON, Stage, answer_and_close, head, hold, http, into_the_void};

/// One check at the start, and no other while the test runs.
const ONCE: &str = "interval: 1h, rise: 1, fall: 1";

fn http_check(site: Site) -> Site {
    site.backend(&format!("health-check: {{ type: http, path: /, {ONCE} }}"))
}

fn checked(script: impl Fn(Wire) + Send + Sync + 'static) -> (Lb, Origin, Stage) {
    let stage = Stage::new();
    let server = stage.server(script);
    let lb = stage.start(&http_check(http()));
    (lb, server, stage)
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
    let (_lb, _server, stage) = checked(|mut wire| {
        head(&mut wire);
        answer_and_close(wire, b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
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

/// The same with the FIN a moment behind the answer: a check waits for it (document 000 "as much as possible").
#[test]
fn an_http_check_waits_a_moment_for_the_servers_fin() {
    let (_lb, _server, stage) = checked(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
        holds_for(Duration::from_millis(20), || true);
    });
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

/// "When we have no other choice, which means when the server has not closed" (document 000).
#[test]
fn an_http_check_whose_server_keeps_the_connection_ends_by_rst() {
    let (_lb, _server, stage) = checked(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        hold(wire);
    });
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

/// "prevent TIME_WAITs from appearing also on timeouts": the change before, which document 000 names.
#[test]
fn an_http_check_that_times_out_ends_by_rst() {
    let stage = Stage::new();
    let _server = stage.server(hold);
    let _lb = stage
        .start(&http().backend("health-check: { type: http, path: /, timeout: 80ms, interval: 1h, rise: 2, fall: 3 }"));
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         lb > server: RST",
    );
    stage.no_time_wait();
}

/// "Same for hard errors": lingering stays as it is, and there is nothing to reset.
#[test]
fn an_http_check_that_is_reset_answers_with_nothing() {
    let (_lb, _server, stage) = checked(|mut wire| {
        head(&mut wire);
        wire.into_socket().reset();
    });
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: RST",
    );
    stage.no_time_wait();
}

/// "Otherwise we do": a server that goes on talking is left by RST.
#[test]
fn an_http_check_whose_server_talks_without_end_is_left_by_rst() {
    let (_lb, server, stage) = checked(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\n\r\n");
        while wire.send(&[b'x'; 65536]) {}
    });
    stage.wire.has("server", "lb > server: RST");
    eventually("the server has noticed", SOON, || server.open() == 0);
    stage.no_time_wait();
}

/// `connect() to a port that does close(accept())` (document 002): the request is already there, so the close is a reset.
#[test]
fn an_http_check_whose_server_closes_without_reading() {
    let (_lb, _server, stage) = checked(drop);
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: DATA
         server > lb: RST",
    );
    stage.no_time_wait();
}

/// `connect() to a closed port` (document 002).
#[test]
fn a_check_that_is_refused() {
    let stage = Stage::new();
    let lb = stage.start(&http_check(http()).global("threads: 1"));
    stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: RST",
    );
    eventually("the server is down", SOON, || lb.stdout().contains("DOWN"));
    assert!(lb.stdout().contains("Layer4 connection problem"), "{}", lb.stdout());
    stage.no_time_wait();
}

#[test]
fn a_check_into_a_black_hole_is_a_syn_and_nothing_else() {
    let stage = Stage::new();
    let site = into_the_void().backend("health-check: { type: http, path: /, interval: 300ms, down-interval: 1h, fast-interval: 1h, rise: 2, fall: 1 }");
    let _lb = stage.start(&site);
    holds_for(Duration::from_millis(400), || true);
    stage.wire.shows("nobody", "lb > nobody: SYN");
}

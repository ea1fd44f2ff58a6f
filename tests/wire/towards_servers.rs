//! HTTP mode: how a server connection ends. By RST when `lb` closes first (document 001), as the server likes when it was first (document 000).

use std::io::Write;

use plimsoll_testkit::{Lb, Wire};
use plimsoll_tests::{Site, Timeouts};
use rustix::process::Signal;

use crate::stage::{
    KEPT, SOON, Scene, answers_and_closes, answers_once, head, hold, http, into_the_void, pass, patient,
    says_and_resets, serves,
};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// A whole exchange after which `lb` closes first.
const ANSWERED_AND_LEFT: &str = "lb: DATA, server: DATA, lb: RST";

/// A server whose connections are used once.
fn once(script: impl Fn(Wire) + Send + Sync + 'static) -> Scene {
    Scene::new(http().backend("http-server-close: true"), script)
}

/// A server may be silent for so long.
fn impatient(millis: u32) -> Site {
    http().timeouts(Timeouts { server: millis, ..patient() })
}

#[track_caller]
fn a_client_reads_ok(scene: &Scene) {
    assert_eq!(scene.client().get("/").unwrap().text(), "ok");
}

#[track_caller]
fn a_client_is_refused(scene: &Scene, status: u16) {
    assert_eq!(scene.client().get("/").unwrap().status, status);
}

/// "As soon as the last byte of payload is received, haproxy sends an RST to the server to release the connection" (document 001).
#[test]
fn http_server_close_is_a_reset_at_the_last_byte_and_the_client_stays() {
    let scene = once(answers_once(KEPT));
    let mut client = scene.client();
    assert_eq!(client.get("/").unwrap().text(), "ok");
    scene.with_server(ANSWERED_AND_LEFT);
    scene.with_client("client: DATA, lb: DATA");
}

/// "Don't want to see an RST emitted […] when the server has already sent the FIN" (document 000).
#[test]
fn a_server_that_closes_with_its_answer_sees_no_rst() {
    let scene = once(answers_and_closes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
    a_client_reads_ok(&scene);
    scene.with_server("lb: DATA, server: DATA FIN, lb: FIN");
}

/// A request ends without SHUT_WR: it "leaves a TIME_WAIT so not recommended" (document 002), even if the client half-closed.
#[test]
fn no_fin_follows_a_request() {
    let scene = once(|mut wire| {
        head(&mut wire);
        pass(150);
        wire.send(KEPT);
        hold(wire);
    });
    let mut client = scene.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    client.half_close();
    assert_eq!(client.response().unwrap().text(), "ok");
    scene.with_server(ANSWERED_AND_LEFT);
}

#[test]
fn a_silent_server_is_left_by_rst() {
    let scene = Scene::new(impatient(150), hold);
    a_client_is_refused(&scene, 504);
    scene.with_server("lb: DATA, lb: RST");
}

#[test]
fn a_client_that_aborts_costs_its_server_connection_by_rst() {
    let scene = once(hold);
    scene.client_who_sent(GET).reset();
    scene.with_server("lb: DATA, lb: RST");
    scene.server_is_free();
}

/// "Same for hard errors" (document 000): what is broken is not reset once more.
#[test]
fn a_reset_instead_of_an_answer_is_a_502_and_nothing_is_sent_back() {
    let scene = once(says_and_resets(b""));
    a_client_is_refused(&scene, 502);
    scene.with_server("lb: DATA, server: RST");
}

/// "recv() can still receive the pending response" (document 002, the last trace: `snd,lin,clo`).
#[test]
fn an_answer_before_a_reset_is_delivered() {
    let scene = once(says_and_resets(KEPT));
    for _ in 0..10 {
        a_client_reads_ok(&scene);
    }
    scene.stage.no_time_wait();
}

/// `connect() to a port that does close(accept())` (document 002).
#[test]
fn a_server_that_accepts_and_closes_is_a_502_and_no_failed_connect() {
    let scene = once(drop);
    a_client_is_refused(&scene, 502);
    assert_eq!(scene.server.as_ref().unwrap().accepted(), 1);
    assert!(scene.lb.stdout().contains(" SH") || !Lb::is_haproxy());
    scene.stage.no_time_wait();
}

/// `connect() to a closed port` (document 002).
#[test]
fn a_refused_connect_is_a_503() {
    let scene = Scene::without_server(http());
    a_client_is_refused(&scene, 503);
    scene.stage.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: RST",
    );
    scene.stage.no_time_wait();
}

#[test]
fn a_connect_into_a_black_hole_is_a_503_after_its_time_and_leaves_nothing() {
    // The time-out of a connect is 2 s in these tests.
    let scene = Scene::without_server(into_the_void());
    a_client_is_refused(&scene, 503);
    scene.stage.wire.shows("nobody", "lb > nobody: SYN");
}

#[test]
fn a_server_that_vanishes_is_left_by_rst_into_the_void() {
    let scene = Scene::new(impatient(300), answers_once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
    let mut client = scene.client_who_sent(GET);
    scene.sees("server > lb: DATA");
    scene.stage.net.cut_off_server();
    assert!(client.response().is_err());
    scene.sees("lb > server: RST");
    scene.stage.no_time_wait();
    // The announced length shows that it was cut.
    scene.sees("lb > client: FIN");
}

/// Bytes behind the answer: "otherwise we do" (document 000).
#[test]
fn a_server_that_says_more_than_its_answer_is_left_by_rst() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n";
    let scene = Scene::new(http(), answers_once(answer));
    a_client_reads_ok(&scene);
    scene.with_server(ANSWERED_AND_LEFT);
}

#[test]
fn a_body_that_breaks_off_by_reset_is_a_fin_to_the_client_and_nothing_to_the_server() {
    let scene = once(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        wire.send(&[b'x'; 50_000]);
        pass(100);
        wire.into_socket().reset();
    });
    let mut client = scene.client_who_sent(GET);
    assert!(client.response().is_err());
    scene.sees("lb > client: FIN");
    scene.with_server("lb: DATA, server: DATA, server: RST");
}

#[test]
fn an_idle_connection_that_its_server_closes_is_closed_in_turn() {
    let scene = Scene::new(http(), |mut wire| {
        head(&mut wire);
        wire.send(KEPT);
        pass(100);
    });
    let mut client = scene.client();
    assert_eq!(client.get("/").unwrap().text(), "ok");
    scene.with_server("lb: DATA, server: DATA, server: FIN, lb: FIN");
}

#[test]
fn idle_connections_end_by_rst_when_the_process_ends() {
    for reuse in ["always", "never"] {
        let mut scene = Scene::new(http().backend(&format!("http-reuse: {reuse}")), serves);
        let mut client = scene.client();
        assert_eq!(client.get("/").unwrap().text(), "ok");
        scene.lb.signal(Signal::TERM);
        assert!(scene.lb.wait_exit(SOON).success());
        scene.with_server(ANSWERED_AND_LEFT);
    }
}

/// A denied upload: the server answers and closes in the right way; nothing of that is a failure.
#[test]
fn a_server_that_answers_an_upload_early_is_read_first() {
    let scene = once(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch");
        let _ = wire.socket().half_close();
        hold(wire);
    });
    let mut client = scene.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
    let mut up = client.wire().socket().again().unwrap();
    let sender = std::thread::spawn(move || (0..30).all(|_| up.write_all(&[b'u'; 65_536]).is_ok()));
    assert_eq!(client.response().unwrap().status, 413);
    sender.join().unwrap();
    scene.stage.no_time_wait();
}

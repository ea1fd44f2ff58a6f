//! How a client's connection ends: answer, SHUT_WR, discard, close. A RST is for what must not be taken as complete.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_testkit::{End, Wire, eventually, holds_for};
use plimsoll_tests::Timeouts;

use crate::stage::{KEPT, SOON, Scene, answers_once, head, hold, http, pass, patient, serves};

const FIN: End = End::Fin { mid: false };
/// A whole exchange after which `lb` closes first.
const ANSWERED_AND_LET_GO: &str = "client: DATA, lb: DATA, lb: FIN, client: FIN";

/// A server that refuses every upload by its head alone.
fn refusing() -> impl Fn(Wire) {
    answers_once(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch")
}

/// The head of an upload.
fn upload(length: usize) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
}

/// Bytes that are still on their way when `lb` is done would be answered by RST, and that would take the answer with it.
#[test]
fn a_denied_upload_reads_its_413_although_it_goes_on_sending() {
    let scene = Scene::new(http(), refusing());
    let mut client = scene.client();
    client.send(upload(200_000));
    scene.sees("lb > client: FIN");
    // The whole of it comes after the answer and the FIN, within what is discarded (256 KiB).
    assert!(client.send(vec![b'u'; 200_000]));
    assert_eq!(client.response().unwrap().status, 413);
    assert_eq!(client.closed(), Ok(FIN));
    drop(client);
    // Whether its FIN rides on the last of its data is the kernel's affair.
    let said = |direction: &str, flag: &str| scene.stage.wire.said("client", direction, flag);
    eventually("the client closes", SOON, || said("client > lb", "FIN"));
    assert!(holds_for(Duration::from_millis(60), || !said("lb > client", "RST")), "its answer could have been lost");
    scene.stage.no_time_wait();
}

#[test]
fn a_client_that_sends_without_end_is_cut_after_its_answer() {
    let scene = Scene::new(http(), refusing());
    let mut client = scene.client();
    client.send(upload(900_000_000));
    assert_eq!(client.response().unwrap().status, 413);
    let mut up = client.wire().socket().again().unwrap();
    let sender = thread::spawn(move || (0_usize..).take_while(|_| up.write_all(&[b'u'; 65_536]).is_ok()).count() << 16);
    scene.sees("lb > client: RST");
    let sent = sender.join().unwrap();
    assert!(sent < 64 << 20, "{sent} bytes went before the cut");
}

#[test]
fn a_client_that_never_closes_is_cut_after_two_seconds() {
    let mut scene = Scene::new(http(), refusing());
    let before = scene.lb.process().descriptors();
    let mut client = scene.client();
    client.send(upload(1000));
    assert_eq!(client.response().unwrap().status, 413);
    let answered = Instant::now();
    let lb = scene.lb.process();
    assert!(holds_for(Duration::from_millis(1500), || lb.descriptors() > before), "it was cut too early");
    eventually("the descriptor is given back", SOON, || lb.descriptors() == before);
    assert!(answered.elapsed() < Duration::from_millis(4000));
    client.send("u");
    scene.with_client("client: DATA, lb: DATA, lb: FIN, client: DATA, lb: RST");
}

#[test]
fn an_idle_client_is_let_go_by_fin() {
    let scene = Scene::new(http().timeouts(Timeouts { keep_alive: 200, ..patient() }), serves);
    let mut client = scene.client();
    assert_eq!(client.get("/").unwrap().text(), "ok");
    assert_eq!(client.closed(), Ok(FIN));
    drop(client);
    scene.with_client(ANSWERED_AND_LET_GO);
}

#[test]
fn a_client_that_asked_for_the_close_gets_its_answer_and_a_fin() {
    let scene = Scene::new(http(), serves);
    let mut client = scene.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.response().unwrap().text(), "ok");
    assert_eq!(client.closed(), Ok(FIN));
    drop(client);
    scene.with_client(ANSWERED_AND_LET_GO);
}

/// A FIN would say that the body ended here.
#[test]
fn an_answer_without_a_length_that_was_cut_ends_by_rst() {
    let scene = Scene::new(http(), |mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\n\r\n");
        wire.send(&[b'x'; 5000]);
        pass(100);
        wire.into_socket().reset();
    });
    let mut client = scene.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.everything().1, End::Reset);
}

/// How a server breaks off in the middle of its answer.
#[derive(Clone, Copy, Debug)]
enum Break {
    Fin,
    Rst,
    /// Until its time is up.
    Silence,
    /// What is no chunk.
    Junk,
}

fn breaks_off(answer: Vec<u8>, how: Break) -> impl Fn(Wire) {
    move |mut wire| {
        head(&mut wire);
        wire.send(&answer);
        if !matches!(how, Break::Fin) {
            // It is relayed before the RST would take it away.
            pass(100);
        }
        match how {
            Break::Fin => {}
            Break::Rst => wire.into_socket().reset(),
            Break::Silence => hold(wire),
            Break::Junk => {
                wire.send(b"no size\r\n");
                hold(wire);
            }
        }
    }
}

/// The length or the missing last chunk shows the cut, and a RST would take back what a slow client has not read yet.
#[test]
fn an_answer_whose_framing_shows_the_cut_arrives_as_far_as_it_went_and_ends_by_fin() {
    use Break::{Fin, Junk, Rst, Silence};
    // More than a RST would leave: it lies in the client's own queue when its server breaks off.
    let body = vec![b'x'; 60_000];
    let length = [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", &body[..]].concat();
    let chunks = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nea60\r\n", &body[..], b"\r\n"].concat();
    // As a pipe carries it.
    let long = [b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n", &body[..]].concat();
    let ways: [(_, &[Break]); 3] =
        [(&length, &[Fin, Rst, Silence]), (&chunks, &[Fin, Rst, Silence, Junk]), (&long, &[Fin, Rst])];
    for (answer, how) in ways.into_iter().flat_map(|(answer, ways)| ways.iter().map(move |how| (answer, *how))) {
        let site = http().timeouts(Timeouts { server: 300, ..patient() });
        let scene = Scene::new(site, breaks_off(answer.clone(), how));
        let mut client = scene.client();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually("lb closes", SOON, || scene.stage.wire.said("client", "lb > client", "FIN"));
        let said = String::from_utf8_lossy(&answer[..30]).into_owned();
        let (got, end) = client.everything();
        assert_eq!(end, End::Fin { mid: true }, "{said:?}, {how:?}");
        assert_eq!(
            got.iter().filter(|byte| **byte == b'x').count(),
            60_000,
            "{said:?}, {how:?}: all that came arrives"
        );
        assert!(!got.ends_with(b"0\r\n\r\n"), "nothing says that it was whole");
        drop(client);
        assert!(!scene.stage.wire.said("client", "lb > client", "RST"), "{said:?}, {how:?}");
    }
}

/// `httpclose`: FIN to the client, who may have sent more; RST to the server.
#[test]
fn httpclose_ends_both_connections_each_in_its_way() {
    let scene = Scene::new(http().frontend("httpclose: true"), answers_once(KEPT));
    let mut client = scene.client();
    assert!(client.get("/").unwrap().closes());
    assert_eq!(client.closed(), Ok(FIN));
    drop(client);
    scene.with_client(ANSWERED_AND_LET_GO);
    scene.with_server("lb: DATA, server: DATA, lb: RST");
}

//! How a client's connection ends: answer, SHUT_WR, discard, close. A RST is for what must not be taken as complete.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_testkit::{End, eventually, holds_for};
use plimsoll_tests::Timeouts;

use crate::stage::{KEPT, SOON, Stage, head, hold, http, patient};

/// A server that refuses every upload by its head alone.
fn refusing(stage: &Stage) -> plimsoll_testkit::Origin {
    stage.server(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch");
        hold(wire);
    })
}

/// Bytes that are still on their way when `lb` is done would be answered by RST, and that would take the answer with it.
#[test]
fn a_denied_upload_reads_its_413_although_it_goes_on_sending() {
    let stage = Stage::new();
    let _server = refusing(&stage);
    let _lb = stage.start(&http());
    let mut client = stage.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    stage.wire.has("client", "lb > client: FIN");
    // The whole of it comes after the answer and the FIN, within what is discarded (256 KiB).
    assert!(client.send(vec![b'u'; 200_000]));
    assert_eq!(client.response().unwrap().status, 413);
    assert_eq!(client.closed(), Ok(End::Fin { mid: false }));
    drop(client);
    stage.wire.shows(
        "client",
        "client > lb: SYN
         lb > client: SYN ACK
         client > lb: DATA
         lb > client: DATA
         lb > client: FIN
         client > lb: DATA
         client > lb: FIN",
    );
    stage.no_time_wait();
}

#[test]
fn a_client_that_sends_without_end_is_cut_after_its_answer() {
    let stage = Stage::new();
    let _server = refusing(&stage);
    let _lb = stage.start(&http());
    let mut client = stage.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n");
    assert_eq!(client.response().unwrap().status, 413);
    let mut up = client.wire().socket().again().unwrap();
    let sender = thread::spawn(move || (0_usize..).take_while(|_| up.write_all(&[b'u'; 65_536]).is_ok()).count() << 16);
    stage.wire.has("client", "lb > client: RST");
    let sent = sender.join().unwrap();
    assert!(sent < 64 << 20, "{sent} bytes went before the cut");
}

#[test]
fn a_client_that_never_closes_is_cut_after_two_seconds() {
    let stage = Stage::new();
    let _server = refusing(&stage);
    let mut lb = stage.start(&http());
    let before = lb.process().descriptors();
    let mut client = stage.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    assert_eq!(client.response().unwrap().status, 413);
    let answered = Instant::now();
    assert!(holds_for(Duration::from_millis(1500), || lb.process().descriptors() > before), "it was cut too early");
    eventually("the descriptor is given back", SOON, || lb.process().descriptors() == before);
    assert!(answered.elapsed() < Duration::from_millis(4000));
    client.send("u");
    stage.wire.shows(
        "client",
        "client > lb: SYN
         lb > client: SYN ACK
         client > lb: DATA
         lb > client: DATA
         lb > client: FIN
         client > lb: DATA
         lb > client: RST",
    );
}

#[test]
fn an_idle_client_is_let_go_by_fin() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        while head(&mut wire) {
            wire.send(KEPT);
        }
    });
    let _lb = stage.start(&http().timeouts(Timeouts { keep_alive: 200, ..patient() }));
    let mut client = stage.client();
    assert_eq!(client.get("/").unwrap().text(), "ok");
    assert_eq!(client.closed(), Ok(End::Fin { mid: false }));
    drop(client);
    stage.wire.shows(
        "client",
        "client > lb: SYN
         lb > client: SYN ACK
         client > lb: DATA
         lb > client: DATA
         lb > client: FIN
         client > lb: FIN",
    );
}

#[test]
fn a_client_that_asked_for_the_close_gets_its_answer_and_a_fin() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        while head(&mut wire) {
            wire.send(KEPT);
        }
    });
    let _lb = stage.start(&http());
    let mut client = stage.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.response().unwrap().text(), "ok");
    assert_eq!(client.closed(), Ok(End::Fin { mid: false }));
    drop(client);
    stage.wire.shows(
        "client",
        "client > lb: SYN
         lb > client: SYN ACK
         client > lb: DATA
         lb > client: DATA
         lb > client: FIN
         client > lb: FIN",
    );
}

/// A FIN would say that the body ended here.
#[test]
fn an_answer_without_a_length_that_was_cut_ends_by_rst() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        head(&mut wire);
        wire.send(b"HTTP/1.1 200 OK\r\n\r\n");
        wire.send(&[b'x'; 5000]);
        holds_for(Duration::from_millis(100), || true);
        wire.into_socket().reset();
    });
    let _lb = stage.start(&http());
    let mut client = stage.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let (_, end) = client.everything();
    assert_eq!(end, End::Reset);
}

/// The length or the missing last chunk shows the cut, and a RST would take back what a slow client has not read yet.
#[test]
fn an_answer_whose_framing_shows_the_cut_arrives_as_far_as_it_went_and_ends_by_fin() {
    // More than a RST would leave: it lies in the client's own queue when its server breaks off.
    let body = vec![b'x'; 60_000];
    let length = [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", &body[..]].concat();
    let chunks = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nea60\r\n", &body[..], b"\r\n"].concat();
    // As a pipe carries it.
    let long = [b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n", &body[..]].concat();
    // How the server breaks off: FIN, RST, silence until its time is up, or what is no chunk.
    let ways = [(&length, "FIN"), (&length, "RST"), (&length, "silence"), (&chunks, "FIN"), (&chunks, "RST")];
    for (answer, way) in
        ways.into_iter().chain([(&chunks, "silence"), (&long, "FIN"), (&long, "RST"), (&chunks, "junk")])
    {
        let stage = Stage::new();
        let bytes = answer.clone();
        let _server = stage.server(move |mut wire| {
            head(&mut wire);
            wire.send(&bytes);
            if way != "FIN" {
                // It is relayed before the RST would take it away.
                holds_for(Duration::from_millis(100), || true);
            }
            match way {
                "FIN" => {}
                "RST" => wire.into_socket().reset(),
                "junk" => {
                    wire.send(b"no size\r\n");
                    hold(wire);
                }
                _ => hold(wire),
            }
        });
        let _lb = stage.start(&http().timeouts(Timeouts { server: 300, ..patient() }));
        let mut client = stage.client();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually("lb closes", SOON, || stage.wire.said("client", "lb > client", "FIN"));
        let said = String::from_utf8_lossy(&answer[..30]).into_owned();
        let (got, end) = client.everything();
        assert_eq!(end, End::Fin { mid: true }, "{said:?}, {way}");
        assert_eq!(got.iter().filter(|byte| **byte == b'x').count(), 60_000, "{said:?}, {way}: all that came arrives");
        assert!(!got.ends_with(b"0\r\n\r\n"), "nothing says that it was whole");
        drop(client);
        assert!(!stage.wire.said("client", "lb > client", "RST"), "{said:?}, {way}");
    }
}

/// `httpclose`: FIN to the client, who may have sent more; RST to the server.
#[test]
fn httpclose_ends_both_connections_each_in_its_way() {
    let stage = Stage::new();
    let _server = stage.server(|mut wire| {
        head(&mut wire);
        wire.send(KEPT);
        hold(wire);
    });
    let _lb = stage.start(&http().frontend("httpclose: true"));
    let mut client = stage.client();
    assert!(client.get("/").unwrap().closes());
    assert_eq!(client.closed(), Ok(End::Fin { mid: false }));
    drop(client);
    stage.wire.shows(
        "client",
        "client > lb: SYN
         lb > client: SYN ACK
         client > lb: DATA
         lb > client: DATA
         lb > client: FIN
         client > lb: FIN",
    );
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

//! TCP mode: bytes are bytes, each direction ends by itself.

use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use plimsoll_testkit::socket::RefusedPort;
use plimsoll_testkit::{Client, End, Origin, Wire};
use plimsoll_tests::Site;

/// Sends back what comes, then FIN for FIN.
fn echo(mut wire: Wire) {
    while wire.peek().is_ok() {
        wire.begin();
        let count = wire.rest().len();
        let Ok(bytes) = wire.take(count) else { return };
        if !wire.send(&bytes) {
            return;
        }
    }
}

#[test]
fn bytes_pass_both_ways_untouched() {
    let origin = Origin::raw(|wire, _| echo(wire.forgetful()));
    let lb = Site::tcp().server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    for bytes in [b"\0\r\n\xff no HTTP".as_slice(), b"x", b"GET / HTTP/1.1\r\n\r\n"] {
        client.send(bytes);
        assert_eq!(client.wire().take(bytes.len()).unwrap(), bytes);
    }
    client.half_close();
    assert!(matches!(client.closed(), Ok(End::Fin { .. })));
}

#[test]
fn a_client_that_has_finished_sending_still_gets_its_answer() {
    let origin = Origin::raw(|mut wire, _| {
        let (bytes, end) = wire.until_end();
        wire.send(format!("{} bytes, then {end}", bytes.len()).as_bytes());
    });
    let lb = Site::tcp().server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send(vec![b'x'; 300_000]);
    client.half_close();
    let (answer, end) = client.everything();
    assert_eq!(String::from_utf8_lossy(&answer), "300000 bytes, then FIN in the middle of a message");
    assert!(matches!(end, End::Fin { .. }));
}

#[test]
fn a_server_that_has_finished_sending_still_reads() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let origin = Origin::raw(move |mut wire, _| {
        wire.send(b"hello");
        let _ = wire.socket().half_close();
        let (bytes, _) = wire.until_end();
        let _ = tell.lock().unwrap().send(bytes);
    });
    let lb = Site::tcp().server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    let (hello, end) = client.everything();
    assert_eq!((hello.as_slice(), matches!(end, End::Fin { .. })), (b"hello".as_slice(), true));
    assert!(client.send("after the server's FIN"));
    client.half_close();
    assert_eq!(told.recv_timeout(Duration::from_secs(5)).unwrap(), b"after the server's FIN");
}

#[test]
fn sixteen_megabytes_pass_both_ways_at_once() {
    const SIZE: usize = 16 * 1024 * 1024;
    let origin = Origin::raw(|wire, _| echo(wire.forgetful()));
    let lb = Site::tcp().server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web")).patient(Duration::from_secs(40));
    let bytes: Vec<u8> = (0..SIZE).map(|place| (place ^ (place >> 8) ^ (place >> 16)) as u8).collect();
    let (mut up, sent) = (client.wire().socket().again().unwrap(), bytes.clone());
    let sender = thread::spawn(move || {
        up.write_all(&sent).unwrap();
        up.half_close().unwrap();
    });
    let (back, end) = client.everything();
    sender.join().unwrap();
    assert!(back == bytes, "{} bytes came back, then {end}", back.len());
    assert!(matches!(end, End::Fin { .. }));
}

#[test]
fn connections_are_balanced_and_a_refused_server_is_passed_over() {
    let named = |name: &'static str| {
        Origin::raw(move |mut wire, _| {
            wire.send(name.as_bytes());
        })
    };
    let (one, two, dead) = (named("one"), named("two"), RefusedPort::take().unwrap());
    let lb = Site::tcp().server("a", one.addr).server("dead", dead.addr).server("b", two.addr);
    let lb = lb.backend("redispatch: true").start();
    for _ in 0..12 {
        let (name, _) = Client::connect(lb.addr("web")).everything();
        assert!(matches!(name.as_slice(), b"one" | b"two"), "{}", name.escape_ascii());
    }
    assert!(one.accepted() >= 4 && two.accepted() >= 4, "{} and {}", one.accepted(), two.accepted());
}

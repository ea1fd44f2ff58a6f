//! Scorecard row 9: clients who send their head, their body, or take their answer so slowly that they only hold connections.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_testkit::network::{FRONT, SERVER, at};
use plimsoll_testkit::origin::{answer_to, read_request};
use plimsoll_testkit::process::raise_descriptors;
use plimsoll_testkit::{Lb, Origin, Wire, holds_for};
use plimsoll_tests::{Load, volume};

use crate::stage::{connect, listen_on, narrow_network};

/// Nothing is configured but where clients come in and where servers are: no time-out at all.
const NOTHING: &str = "frontends:\n  web: { mode: http, bind: [\"198.51.100.1:80\"], default-backend: origins }\n\
                       backends:\n  origins: { mode: http, servers: { o: \"192.0.2.2:80\" } }\n";

/// What a slow client sends first, and then again and again.
const WAYS: &[(&str, &[u8], &[u8])] = &[
    ("head", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"x"),
    ("head, then silence", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b""),
    ("body with a length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    ("short body with a length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n", b"x"),
    ("body in chunks", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ("body, then silence", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\nx", b""),
    ("read, a length", b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n", b""),
    ("read, chunks", b"GET /chunks HTTP/1.1\r\nHost: a\r\n\r\n", b""),
];

/// How often they send a little, or read a byte.
const DRIP: Duration = Duration::from_millis(500);
/// After that whoever is not cut will not be. The rule says 10 s; the rest is for a busy machine.
const LATEST: Duration = Duration::from_secs(20);

/// Answers at once, or without end.
fn origin(mut wire: Wire) {
    while let Ok(request) = read_request(&mut wire) {
        let head: &[u8] = match &*request.target {
            "/large" => b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
            "/chunks" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            _ => {
                if !wire.send(&answer_to(&request)) {
                    return;
                }
                continue;
            }
        };
        wire.patience(LATEST * 2);
        wire.send(head);
        let piece = [&b"2000\r\n"[..], &[b'y'; 0x2000], b"\r\n"].concat();
        while wire.send(&piece) {}
    }
}

/// Whether the connection is over, looked at without waiting: one byte is taken, as slow readers do.
fn is_cut(stream: &mut TcpStream) -> bool {
    let over = match stream.read(&mut [0]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    };
    // What lies in the queue comes before a RST; the socket knows of it earlier.
    over || stream.take_error().is_ok_and(|error| error.is_some())
}

/// Drips until all are cut; the earliest and the latest of them, and how many were not.
fn drip(way: &'static (&str, &[u8], &[u8]), count: usize) -> (Duration, Duration, usize) {
    let (_, first, more) = way;
    let reads = first.starts_with(b"GET /large") || first.starts_with(b"GET /chunks");
    let mut open: Vec<(Instant, TcpStream)> = (0..count)
        .map(|_| {
            let mut stream = connect(at(FRONT, 80));
            stream.write_all(first).expect("room for a head");
            (Instant::now(), stream)
        })
        .collect();
    let (mut earliest, mut latest) = (LATEST, Duration::ZERO);
    let end = Instant::now() + LATEST;
    while !open.is_empty() && Instant::now() < end {
        open.retain_mut(|(since, stream)| {
            // A refusal is an answer and a FIN: whoever reads nothing else gets to the end of it at once.
            let mut cut = is_cut(stream);
            let mut some = [0; 512];
            while !reads && !cut && stream.peek(&mut some).is_ok() {
                cut = stream.read(&mut some).is_ok_and(|count| count == 0);
            }
            cut = cut
                || (!more.is_empty() && stream.write(more).is_err_and(|error| error.kind() != ErrorKind::WouldBlock));
            if cut {
                earliest = earliest.min(since.elapsed());
                latest = latest.max(since.elapsed());
            }
            !cut
        });
        holds_for(DRIP, || true);
    }
    (earliest, latest, open.len())
}

#[test]
fn slow_heads_bodies_and_readers_are_cut_after_ten_seconds_though_nothing_is_configured() {
    raise_descriptors();
    let net = narrow_network();
    let _origin = Origin::raw_on(net.server.enter(|| listen_on(SERVER, 80)), |wire, _| origin(wire));
    let _lb = net.lb.enter(|| Lb::start(NOTHING));
    // A thousand slow ones in all, and those who mean it well.
    let count = volume(160, 1000) / WAYS.len();
    let (slow, others) = net.client.enter(|| {
        let others = Load::paced(at(FRONT, 80), 4, Duration::from_millis(20));
        let slow: Vec<_> = WAYS.iter().map(|way| (way.0, thread::spawn(move || drip(way, count)))).collect();
        (slow, others)
    });
    let slow: Vec<_> = slow.into_iter().map(|(name, thread)| (name, thread.join().expect("slow clients"))).collect();
    let served = others.done();
    let failures = others.stop();
    for (name, (earliest, latest, left)) in &slow {
        println!(
            "row 9: {count} slow, {name}: cut after {:.1} to {:.1} s, {left} not cut",
            earliest.as_secs_f64(),
            latest.as_secs_f64()
        );
    }
    println!("row 9: {served} requests of others meanwhile, {} failed", failures.len());
    for (name, (earliest, _, left)) in slow {
        assert_eq!(left, 0, "{name}: not cut within {LATEST:?}");
        assert!(earliest > Duration::from_secs(8), "{name}: cut after {earliest:?}, which is no slowness");
    }
    assert!(served > 100 && failures.is_empty(), "{served} served, {failures:?}");
}

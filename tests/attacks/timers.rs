//! Patience: whose clock runs in which phase.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plimsoll_testkit::origin::read_request;
use plimsoll_testkit::{Client, Exchange, Origin, Socket, Then, eventually, holds_for, wait_until};
use plimsoll_tests::{Site, Timeouts};

const SOON: Duration = Duration::from_secs(5);
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn pass(time: u64) {
    holds_for(Duration::from_millis(time), || true);
}

#[test]
fn an_interim_response_after_a_long_upload_leaves_the_server_its_time() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        pass(200);
        exchange.send(OK);
        Then::Keep
    });
    let times = Timeouts { server: 600, client: 3000, ..Timeouts::default() };
    let lb = Site::http().timeouts(times).server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send("POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    pass(1000);
    client.send("cd");
    let response = client.response().expect("a response");
    assert_eq!((response.status, response.interim.len()), (200, 1));
}

#[test]
fn a_server_that_says_processing_is_not_silent() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        for _ in 0..4 {
            exchange.send("HTTP/1.1 102 Processing\r\n\r\n");
            pass(300);
        }
        exchange.send(OK);
        Then::Keep
    });
    let times = Timeouts { server: 700, ..Timeouts::default() };
    let lb = Site::http().timeouts(times).server("o", origin.addr).start();
    let response = Client::connect(lb.addr("web")).get("/").expect("a response");
    assert_eq!(response.status, 200);
}

#[test]
fn a_client_that_reads_is_not_silent_although_its_upload_rests() {
    let origin = Origin::raw(|mut wire, _| {
        while !wire.line().unwrap_or_default().is_empty() {}
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..10 {
            wire.send(b"4\r\ntick\r\n");
            pass(200);
        }
        wire.send(b"0\r\n\r\n");
        wire.until_end();
    });
    let times = Timeouts { client: 700, server: 5000, ..Timeouts::default() };
    let lb = Site::http().timeouts(times).server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nab");
    let response = client.response().expect("a response");
    assert_eq!((response.status, response.body.len()), (200, 40));
}

#[test]
fn a_unix_server_that_no_longer_reads_nor_answers_is_a_504() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("back.sock");
    let origin = Origin::raw_unix(&path, |mut wire, _| {
        let _ = wire.take(1000);
        if let Socket::Unix(stream) = wire.socket() {
            let stream: &UnixStream = stream;
            let _ = stream.shutdown(Shutdown::Read);
        }
        pass(8000);
    });
    let times = Timeouts { client: 1000, server: 700, ..Timeouts::default() };
    let lb = Site::http().timeouts(times).server("o", format!("unix@{}", path.display())).start();
    let mut client = Client::connect(lb.addr("web")).patient(SOON);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n");
    let mut up = client.wire().socket().again().unwrap();
    let writer = std::thread::spawn(move || {
        let _ = std::io::Write::write_all(&mut up, &vec![b'x'; 400_000]);
    });
    let response = client.response();
    assert!(response.as_ref().is_ok_and(|response| matches!(response.status, 502 | 504)), "{response:?}");
    writer.join().unwrap();
    drop(origin);
}

#[test]
fn a_client_that_does_not_read_is_cut_by_its_own_time_out_though_its_upload_has_just_ended() {
    let origin = Origin::raw(|wire, _| {
        let mut wire = wire.forgetful();
        while !wire.line().unwrap_or_default().is_empty() {}
        let mut up = wire.socket().again().unwrap();
        let _ = std::thread::spawn(move || {
            let mut some = [0; 1000];
            while std::io::Read::read(&mut up, &mut some).is_ok_and(|count| count > 0) {}
        });
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 64000000\r\n\r\n");
        wire.send(&vec![b'y'; 64_000_000]);
    });
    let times = Timeouts { client: 1000, server: 30_000, ..Timeouts::default() };
    let lb = Site::http().timeouts(times).server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    pass(700);
    client.send("cd");
    eventually("the request is there", SOON, || origin.accepted() > 0);
    eventually("the stalled client is cut", SOON, || origin.open() == 0);
}

#[test]
fn a_client_that_is_gone_does_not_keep_a_silent_server_busy() {
    let origin = Origin::raw(|mut wire, _| {
        let _ = read_request(&mut wire);
        wire.until_end();
    });
    let times = Timeouts { server: 60_000, client: 60_000, ..Timeouts::default() };
    let lb = Site::http().timeouts(times).server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the request is there", SOON, || origin.open() == 1);
    pass(100);
    client.reset();
    eventually("the server is let go", SOON, || origin.open() == 0);
}

/// The server takes nothing, so nothing is read of the client: its reset is noticed all the same.
#[test]
fn a_client_that_resets_a_stalled_upload_does_not_keep_its_server_busy() {
    let long = Timeouts { server: 60_000, client: 60_000, tunnel: 60_000, ..Timeouts::default() };
    for (name, site) in [
        ("spliced", Site::http()),
        ("copied", Site::http().backend("splice-auto: false")),
        ("tcp, spliced", Site::tcp()),
        ("tcp, copied", Site::tcp().backend("splice-auto: false")),
    ] {
        let over = Arc::<AtomicBool>::default();
        let stop = over.clone();
        let origin = Origin::raw(move |_wire, _| {
            wait_until(SOON * 4, || stop.load(Ordering::Relaxed));
        });
        let lb = site.timeouts(long).server("o", origin.addr).start();
        let mut client = Client::connect(lb.addr("web")).patient(Duration::from_millis(300));
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
        while client.send([b'u'; 65_536]) {}
        client.reset();
        eventually(name, SOON, || lb.stdout().contains(" origins/o "));
        over.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_pooled_connection_that_was_just_closed_costs_no_pause() {
    let origin = Origin::raw(|mut wire, number| {
        let mut served = 0;
        while read_request(&mut wire).is_ok() {
            served += 1;
            if number == 0 && served == 2 {
                return;
            }
            wire.send(OK.as_bytes());
        }
    });
    let lb = Site::http().backend("http-reuse: always").backend("retries: 3").server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    assert_eq!(client.get("/1").unwrap().status, 200);
    let start = Instant::now();
    assert_eq!(client.get("/2").unwrap().status, 200);
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
}

#[test]
fn a_server_that_writes_in_pieces_is_not_held_by_our_acknowledgement() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    // Nagle's algorithm is on: the second piece waits until the first is acknowledged.
    std::thread::spawn(move || {
        // Kept open: a FIN would push the second piece out.
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"\r\n\r\n") {
                let mut piece = [0; 256];
                let count = std::io::Read::read(&mut stream, &mut piece).unwrap();
                seen.extend_from_slice(&piece[..count]);
            }
            std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").unwrap();
            std::io::Write::write_all(&mut stream, b"ok").unwrap();
            open.push(stream);
        }
    });
    let lb = Site::http().backend("http-server-close: true").server("o", addr).start();
    let mut times: Vec<Duration> = (0..9)
        .map(|_| {
            let mut client = Client::connect(lb.addr("web"));
            let started = Instant::now();
            assert_eq!(client.get("/").unwrap().status, 200);
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    assert!(times[4] < Duration::from_millis(30), "the delayed acknowledgement is 40 ms: {times:?}");
}

//! Scorecard row 10: half of everything, then silence. No processor time is spent and the time-outs cut.

use std::io::Read;
use std::time::{Duration, Instant};

use plimsoll_testkit::scripted::Misbehaviour;
use plimsoll_testkit::{Client, End, Exchange, Lb, Origin, RecordingOrigin, Then, eventually, holds_for, origin};
use plimsoll_tests::{Site, Timeouts, front};

/// Long enough for a window of silence, short enough for a test.
const QUIET: Timeouts = Timeouts { http_request: 2000, client: 2000, server: 2000, keep_alive: 2000, tunnel: 2000 };
const WINDOW: Duration = Duration::from_millis(1000);
/// A clock tick of the kernel is 10 ms: this is 4 % of the window, for timers and the harness's own late bytes.
const NEARLY_NOTHING: Duration = Duration::from_millis(40);
/// How long after its time-out a connection may live on a busy machine.
const GRACE: Duration = Duration::from_secs(3);

/// Asserts that a whole window passes in which `lb` does nearly nothing.
#[track_caller]
fn at_rest(lb: &mut Lb) {
    // The last bytes of the set-up are still being handled: rest begins when a short window shows none of it.
    eventually("lb comes to rest", Duration::from_secs(5), || {
        let before = lb.process().cpu();
        holds_for(Duration::from_millis(100), || lb.process().cpu() == before)
    });
    let before = lb.process().cpu();
    holds_for(WINDOW, || true);
    let used = lb.process().cpu().saturating_sub(before);
    assert!(used <= NEARLY_NOTHING, "{used:?} of processor time in {WINDOW:?} of silence");
}

/// Every client's connection ends before the deadline; what it was told is not looked at.
#[track_caller]
fn all_end(clients: Vec<Client>, started: Instant, timeout: u32) {
    let limit = Duration::from_millis(timeout.into()) + GRACE;
    for (number, mut client) in clients.into_iter().enumerate() {
        client.wire().patience(limit.saturating_sub(started.elapsed()).max(Duration::from_millis(50)));
        let (_, end) = client.wire().until_end();
        assert!(end != End::Silence, "connection {number} lives {limit:?} after its last byte");
    }
}

#[test]
fn every_prefix_of_a_request_and_then_silence() {
    let origin = RecordingOrigin::start();
    let mut lb = front(&[origin.addr()], QUIET);
    let request = "POST /p HTTP/1.1\r\nHost: a\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: u\r\n\r\n";
    let clients: Vec<Client> = (0..request.len())
        .map(|length| {
            let mut client = Client::connect(lb.addr("web"));
            client.send(&request[..length]);
            client
        })
        .collect();
    let started = Instant::now();
    at_rest(&mut lb);
    assert_eq!(Client::connect(lb.addr("web")).get("/other").unwrap().text(), origin::expected("GET", "/other", b""));
    all_end(clients, started, 2000);
    assert!(origin.take().unclean.is_empty());
}

#[test]
fn every_prefix_of_a_response_and_then_silence() {
    const RESPONSE: &str =
        "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: u\r\n\r\n";
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        let length = exchange.request.target.trim_start_matches('/').parse().unwrap_or(0);
        exchange.send(&RESPONSE[..length]);
        // Holds the connection until the proxy ends it.
        let _ = exchange.wire.until_end();
        Then::Close
    });
    let mut lb = front(&[origin.addr], QUIET);
    let mut clients: Vec<Client> = (0..RESPONSE.len())
        .map(|length| {
            let mut client = Client::connect(lb.addr("web"));
            client.send(format!("GET /{length} HTTP/1.1\r\nHost: a\r\n\r\n"));
            client
        })
        .collect();
    let started = Instant::now();
    at_rest(&mut lb);
    for (length, client) in clients.iter_mut().enumerate() {
        client.wire().patience(Duration::from_secs(5));
        match client.response() {
            Ok(response) => assert_eq!(response.status, 504, "after {length} bytes"),
            Err(end) => assert_ne!(end, End::Silence, "after {length} bytes"),
        }
    }
    eventually("every server connection ends", GRACE, || origin.open() == 0);
    all_end(clients, started, 4000);
}

#[test]
fn a_header_that_drips_is_cut_by_the_clock_of_the_whole_head() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts { http_request: 500, ..QUIET });
    let mut client = Client::connect(lb.addr("web"));
    let started = Instant::now();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    // One byte at a time, far more often than any time-out for silence.
    let cut = holds_for(Duration::from_secs(5), || {
        holds_for(Duration::from_millis(50), || true);
        client.send("x") && started.elapsed() < Duration::from_secs(4)
    });
    assert!(!cut && started.elapsed() < Duration::from_secs(4), "cut after {:?}", started.elapsed());
}

#[test]
fn a_client_that_reads_nothing_costs_nothing_and_is_cut() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        let block = [b'x'; 65_536];
        while exchange.send(block) {}
        Then::Close
    });
    let mut lb = front(&[origin.addr], Timeouts { server: 20_000, ..QUIET });
    let mut clients: Vec<Client> = (0..4)
        .map(|_| {
            let mut client = Client::connect(lb.addr("web"));
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            client
        })
        .collect();
    eventually("all are served", Duration::from_secs(5), || origin.open() == 4);
    at_rest(&mut lb);
    eventually("the origin is let go", Duration::from_secs(8), || origin.open() == 0);
    for client in &mut clients {
        let mut some = vec![0; 1 << 20];
        let Ok(mut socket) = client.wire().socket().again() else { continue };
        let _ = socket.read_within(Duration::from_secs(5));
        let mut total = 0;
        while let Ok(count @ 1..) = socket.read(&mut some) {
            total += count;
        }
        assert!(total < 1_000_000_000);
    }
}

#[test]
fn silent_tunnels_and_silent_servers_cost_nothing() {
    let origin = Origin::scripted(Misbehaviour::Silent);
    let tcp = Origin::raw(|mut wire, _| {
        let _ = wire.until_end();
    });
    let mut lb = front(&[origin.addr], QUIET);
    let mut tunnels = Site::tcp().timeouts(QUIET).server("o", tcp.addr).start();
    let connect = |addr| {
        let mut client = Client::connect(addr);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client
    };
    let waiting: Vec<Client> = (0..50).map(|_| connect(lb.addr("web"))).collect();
    let tunnelled: Vec<Client> = (0..50).map(|_| connect(tunnels.addr("web"))).collect();
    let started = Instant::now();
    at_rest(&mut lb);
    at_rest(&mut tunnels);
    all_end(waiting, started, 4000);
    all_end(tunnelled, started, 4000);
    eventually("no server connection is left", GRACE, || tcp.open() == 0 && origin.open() == 0);
}

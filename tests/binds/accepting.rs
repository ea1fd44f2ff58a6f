//! Who is let in: limits of an address, limits in time, and accept() that fails.

use std::time::{Duration, Instant};

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::runtime_socket::ask as ask_socket;
use plimsoll_testkit::{Client, Lb, RecordingOrigin, client, holds_for, origin};
use plimsoll_tests::{Site, Timeouts};

const LONG: Timeouts =
    Timeouts { http_request: 30_000, client: 30_000, server: 30_000, keep_alive: 30_000, tunnel: 30_000 };

fn ask(lb: &Lb, target: &str) -> Client {
    let mut client = Client::connect(lb.addr("web")).patient(Duration::from_secs(15));
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client
}

#[test]
fn the_maxconn_of_one_address_leaves_the_others_alone() {
    let origin = RecordingOrigin::start();
    let binds = "bind: [{ address: \"127.0.0.1:0\", maxconn: 1 }, \"127.0.0.2:0\"]";
    let site = Site::http().timeouts(LONG).global("threads: 2").server("o", origin.addr());
    let lb = Lb::start(&site.yaml().replace("bind: [\"127.0.0.1:0\"]", binds));
    let mut first = ask(&lb, "/1");
    assert_eq!(first.response().unwrap().text(), origin::expected("GET", "/1", b""));
    let mut second = ask(&lb, "/2");
    assert!(second.silent_for(Duration::from_millis(300)), "the one place is taken");
    let said = lb.stderr();
    let other = said.lines().find_map(|line| line.strip_prefix("lb: listening on 127.0.0.2:")).unwrap();
    let port: u16 = other.split_whitespace().next().unwrap().parse().unwrap();
    assert!(client::get(([127, 0, 0, 2], port).into(), "/x").is_ok(), "the other address has its own");
    drop(first);
    assert_eq!(second.response().unwrap().text(), origin::expected("GET", "/2", b""));
}

#[test]
fn so_many_connections_a_second_and_the_rest_waits_for_the_next() {
    for (global, frontend, command, told) in [
        ("threads: 2", "rate-limit-sessions: 5", "show stat typed", ".rate_lim.1:CLP:u32:5\n"),
        ("threads: 2, maxconnrate: 5", "access-log: true", "show info", "\nConnRateLimit: 5\n"),
        ("threads: 2, maxsessrate: 5", "access-log: true", "show info", "\nSessRateLimit: 5\n"),
    ] {
        let (origin, folder) = (RecordingOrigin::start(), tempfile::tempdir().unwrap());
        let socket = folder.path().join("lb.sock");
        let with_socket = format!("{global}, runtime-api: [{{ bind: \"unix@{}\" }}]", socket.display());
        let site = Site::http().timeouts(LONG).global(&with_socket).frontend(frontend).server("o", origin.addr());
        let mut lb = site.start();
        let began = Instant::now();
        let mut clients: Vec<Client> = (0..15).map(|number| ask(&lb, &format!("/{number}"))).collect();
        let before = lb.process().cpu();
        for (number, client) in clients.iter_mut().enumerate() {
            let expected = origin::expected("GET", &format!("/{number}"), b"");
            assert_eq!(client.response().unwrap_or_else(|end| panic!("{number}: {end}")).text(), expected);
        }
        // Five at once; ten more at five a second.
        let took = began.elapsed();
        assert!(took > Duration::from_millis(1200), "{global}, {frontend}: {took:?}");
        let used = lb.process().cpu().saturating_sub(before);
        assert!(used < took / 4, "it waits without spinning: {used:?} in {took:?}");
        let figures = ask_socket(&socket, command);
        assert!(figures.contains(told), "{figures}");
    }
}

/// `lb` whose accept() fails so on the first calls, as strace makes it.
fn failing(error: &str, origin: &RecordingOrigin) -> Lb {
    let inject = format!("inject=accept4:error={error}:when=1..3");
    let under = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4", "-e", &inject].map(String::from);
    let yaml = Site::http().timeouts(LONG).server("o", origin.addr()).yaml();
    Lb::start_with(&yaml, &Start { under: under.into(), ..Start::default() })
}

#[test]
fn running_out_of_descriptors_or_memory_pauses_accepting_and_it_recovers() {
    for error in ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"] {
        let origin = RecordingOrigin::start();
        let lb = failing(error, &origin);
        let began = Instant::now();
        assert_eq!(ask(&lb, "/x").response().unwrap().text(), origin::expected("GET", "/x", b""), "{error}");
        assert!(began.elapsed() >= Duration::from_millis(280), "{error}: three pauses of 100 ms");
        let said = lb.stderr();
        assert_eq!(said.matches("accepting pauses").count(), 1, "{error} is told once in ten seconds: {said}");
        assert_eq!(client::get(lb.addr("web"), "/y").unwrap().text(), origin::expected("GET", "/y", b""), "{error}");
    }
}

#[test]
fn a_client_that_went_away_in_the_queue_stops_nobody() {
    for error in ["ECONNABORTED", "EPROTO", "ENETDOWN"] {
        let origin = RecordingOrigin::start();
        let lb = failing(error, &origin);
        assert_eq!(ask(&lb, "/x").response().unwrap().text(), origin::expected("GET", "/x", b""), "{error}");
        holds_for(Duration::from_millis(50), || !lb.stderr().contains("accepting pauses"));
    }
}

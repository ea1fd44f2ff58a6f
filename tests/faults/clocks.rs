//! Scorecard row 16: the clock on the wall jumps, and the process itself is stopped for a while. No time-out, rate or check takes note.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::{Client, Lb, Origin, eventually, holds_for, wait_until};
use plimsoll_tests::{Load, Site, Timeouts, volume};
use rustix::process::Signal;
use serde_json::Value;

use crate::stage::SOON;

const TIMES: Timeouts = Timeouts { server: 2000, client: 2000, http_request: 2000, keep_alive: 2000, tunnel: 2000 };
/// How long the process is stopped: longer than every time-out.
const STOPPED: Duration = Duration::from_secs(3);

/// Checks that came, and how long each is answered after it came, in milliseconds.
#[derive(Default)]
struct Asked {
    checks: AtomicUsize,
    after: AtomicU64,
}

/// Answers `/slow` after a second, `/never` not at all, and everything else at once.
fn origin(asked: &Arc<Asked>) -> Origin {
    let asked = Arc::clone(asked);
    Origin::serving(move |exchange| {
        let takes = match exchange.request.target.as_str() {
            "/check" => {
                asked.checks.fetch_add(1, SeqCst);
                asked.after.load(SeqCst)
            }
            "/slow" => 1000,
            // Longer than the server's time.
            "/never" => 6000,
            _ => 0,
        };
        // Only time passes: what it does to the answer is what the tests look at.
        holds_for(Duration::from_millis(takes), || true);
        exchange.answer()
    })
}

fn site(origin: &Origin) -> Site {
    Site::http()
        .timeouts(TIMES)
        .global("threads: 1, log: { to: stdout, format: json }")
        .backend("health-check: { type: http, path: /check, interval: 200ms, timeout: 500ms, rise: 1, fall: 1 }")
        .server("o", origin.addr)
}

/// libfaketime of Debian's package `faketime`, for this machine's kind of processor.
fn libfaketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("a system").flatten();
    let mut found = folders.map(|entry| entry.path().join("faketime/libfaketime.so.1"));
    found.find(|path| path.exists()).expect("libfaketime, of Debian's faketime")
}

/// What the last line of the log says when it was written.
fn last_date(lb: &Lb) -> Option<String> {
    let line = lb.stdout().lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok())?;
    Some(line["time"].as_str()?.to_owned())
}

#[test]
fn the_wall_clock_jumps_an_hour_to_and_fro_and_only_dates_in_the_log_follow() {
    let asked = Arc::<Asked>::default();
    let (origin, folder) = (origin(&asked), tempfile::tempdir().expect("a folder"));
    let offset = folder.path().join("offset");
    let jump = |to: &str| {
        // In one piece: it is read at any time.
        std::fs::write(folder.path().join("next"), to).expect("room");
        std::fs::rename(folder.path().join("next"), &offset).expect("the same folder");
    };
    jump("+0");
    let variables = [
        ("LD_PRELOAD", libfaketime().display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", offset.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value)).into();
    let lb = Lb::start_with(&site(&origin).yaml(), &Start { variables, ..Start::default() });
    let load = Load::paced(lb.addr("web"), 2, Duration::from_millis(10));
    // Checks in a second and a half: seven.
    let in_a_while = || {
        let before = asked.checks.load(SeqCst);
        holds_for(Duration::from_millis(1500), || true);
        asked.checks.load(SeqCst) - before
    };
    eventually("checks pass", SOON, || asked.checks.load(SeqCst) > 1);
    for (to, hours) in [("+3600", 1), ("-3600", -1), ("+0", 0)] {
        let mut slow = Client::connect(lb.addr("web"));
        slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut never = Client::connect(lb.addr("web"));
        never.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut idle = Client::connect(lb.addr("web"));
        assert_eq!(idle.get("/").expect("an answer").status, 200);
        let began = Instant::now();
        jump(to);
        let count = in_a_while();
        assert!((4..=9).contains(&count), "{to}: {count} checks in 1.5 s, every 200 ms");
        assert_eq!(idle.get("/").expect("its time is not over").status, 200, "{to}");
        assert_eq!(slow.response().expect("an answer").status, 200, "{to}");
        assert_eq!(never.response().expect("an answer").status, 504, "{to}");
        let took = began.elapsed();
        assert!((1900..3500).contains(&took.as_millis()), "{to}: 504 after {took:?} instead of 2 s");
        let now: jiff::Timestamp = last_date(&lb).expect("a line").parse().expect("a date");
        let ahead = now.duration_since(jiff::Timestamp::now()).as_secs();
        assert!((ahead - hours * 3600).abs() < 30, "{to}: the log's dates are {ahead} s ahead");
    }
    let failures = load.stop();
    println!("row 16: clock jumps of ±1 h: {} requests failed, time-outs and checks as before", failures.len());
    assert!(failures.is_empty(), "{failures:?}");
    assert!(!lb.stdout().contains(" is DOWN"), "{}", lb.stdout());
}

/// Stops the process, lets something happen meanwhile, and lets it go on.
fn stopped(lb: &mut Lb, meanwhile: impl FnOnce()) {
    lb.signal(Signal::STOP);
    let began = Instant::now();
    meanwhile();
    wait_until(STOPPED, || began.elapsed() >= STOPPED);
    lb.signal(Signal::CONT);
}

#[test]
fn a_process_that_was_stopped_serves_what_came_meanwhile_and_takes_no_server_down() {
    let asked = Arc::<Asked>::default();
    let origin = origin(&asked);
    let mut lb = site(&origin).start();
    let web = lb.addr("web");
    // Well within its time-out of 500 ms; when the process is stopped 200 ms after one came, it waits for that answer.
    asked.after.store(400, SeqCst);
    for round in 0..volume(2, 10) {
        let (mut slow, mut idle, mut half) = (Client::connect(web), Client::connect(web), Client::connect(web));
        assert_eq!(idle.get("/").expect("an answer").status, 200);
        slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
        let mut head = Client::connect(web);
        head.send("GET / HTTP/1.1\r\nHo");
        let seen = asked.checks.load(SeqCst);
        eventually("it is checked", SOON, || asked.checks.load(SeqCst) > seen);
        holds_for(Duration::from_millis(200), || true);
        let mut new = None;
        stopped(&mut lb, || {
            idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            half.send("cd");
            head.send("st: a\r\n\r\n");
            let mut client = Client::connect(web);
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            new = Some(client);
        });
        for (name, client) in [
            ("an answer that came meanwhile", &mut slow),
            ("a request on an idle connection", &mut idle),
            ("the rest of a body", &mut half),
            ("the rest of a head", &mut head),
            ("a new connection", new.as_mut().expect("it connected")),
        ] {
            let status = client.response().map(|response| response.status);
            assert_eq!(status, Ok(200), "round {round}: {name}");
        }
    }
    assert!(!lb.stdout().contains(" is DOWN"), "{}", lb.stdout());
    println!("row 16: lb stopped for 3 s: nothing failed, no server went down");
}

/// The same with a server that went away meanwhile: that is noticed soon.
#[test]
fn a_server_that_died_while_the_process_was_stopped_is_noticed() {
    let asked = Arc::<Asked>::default();
    let origin = origin(&asked);
    let mut lb = site(&origin).start();
    eventually("it is checked", SOON, || asked.checks.load(SeqCst) > 1);
    stopped(&mut lb, || drop(origin));
    eventually("the server is down", Duration::from_secs(4), || lb.stdout().contains("Server origins/o is DOWN"));
}

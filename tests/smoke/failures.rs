//! Servers that refuse, die, hang or come back: what a client sees of it, and what it does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use plimsoll_testkit::scripted::Misbehaviour;
use plimsoll_testkit::socket::RefusedPort;
use plimsoll_testkit::{
    Client, Exchange, Lb, Nginx, Origin, RecordingOrigin, Then, client, eventually, holds_for, origin,
};
use plimsoll_tests::{Load, Site, Timeouts};

const SOON: Duration = Duration::from_secs(10);
const FAST_CHECK: &str = "health-check: { type: http, path: /health, interval: 50ms, rise: 2, fall: 2 }";

/// An origin whose `/health` says what the switch says; everything else always works and is counted.
struct Patient {
    origin: Origin,
    healthy: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
}

impl Patient {
    fn start(healthy: bool) -> Self {
        let (healthy, served) = (Arc::new(AtomicBool::new(healthy)), Arc::new(AtomicUsize::new(0)));
        let (switch, count) = (healthy.clone(), served.clone());
        let origin = Origin::serving(move |exchange: &mut Exchange<'_>| {
            if exchange.request.target != "/health" {
                count.fetch_add(1, Ordering::SeqCst);
                return exchange.answer();
            }
            let status = if switch.load(Ordering::SeqCst) { "200 OK" } else { "500 Sick" };
            exchange.send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
            Then::Keep
        });
        Self { origin, healthy, served }
    }

    fn set(&self, healthy: bool) {
        self.healthy.store(healthy, Ordering::SeqCst);
    }

    /// Whether any of a few requests through the proxy came here.
    fn serves(&self, lb: &Lb) -> bool {
        let before = self.served.load(Ordering::SeqCst);
        for _ in 0..4 {
            let _ = client::get(lb.addr("web"), "/probe");
        }
        self.served.load(Ordering::SeqCst) > before
    }
}

#[test]
fn a_refused_server_costs_no_request() {
    let (dead, origin) = (RefusedPort::take().unwrap(), RecordingOrigin::start());
    let lb = Site::http().backend("redispatch: true").backend("retries: 3");
    let lb = lb.server("dead", dead.addr).server("live", origin.addr()).start();
    for number in 0..30 {
        let target = format!("/{number}");
        let mut client = Client::connect(lb.addr("web"));
        client.send(format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"));
        assert_eq!(client.response().unwrap().text(), origin::expected("POST", &target, b"abc"));
    }
}

#[test]
fn one_server_killed_and_none_of_the_requests_fails() {
    let (mut one, two) = (Nginx::start("one"), Nginx::start("two"));
    let site = Site::http().global("threads: 2").backend("redispatch: true").backend("retries: 3");
    let site = site.backend("health-check: { type: http, path: /, interval: 100ms, rise: 2, fall: 2 }");
    let lb = site.server("one", one.addr).server("two", two.addr).start();
    let load = Load::start(lb.addr("web"), 8);
    for _ in 0..2 {
        let enough = load.done() + 500;
        eventually("500 requests while both live", SOON, || load.done() > enough);
        one.kill();
        let enough = load.done() + 500;
        eventually("500 requests while one is dead", SOON, || load.done() > enough);
        one.restart();
    }
    let failures = load.stop();
    assert!(failures.is_empty(), "{} failures: {:?}", failures.len(), &failures[..failures.len().min(10)]);
    eventually("the restarted server serves again", SOON, || {
        client::get(lb.addr("web"), "/").is_ok_and(|response| response.text() == "one")
    });
}

#[test]
fn a_failing_check_takes_a_server_out_and_a_passing_one_brings_it_back() {
    let (sick, well) = (Patient::start(true), Patient::start(true));
    let lb = Site::http().backend(FAST_CHECK).server("sick", sick.origin.addr).server("well", well.origin.addr).start();
    eventually("both serve", SOON, || sick.serves(&lb) && well.serves(&lb));
    sick.set(false);
    eventually("the sick one is left out", SOON, || !sick.serves(&lb));
    assert!(holds_for(Duration::from_millis(200), || !sick.serves(&lb)));
    sick.set(true);
    eventually("it is back", SOON, || sick.serves(&lb));
}

#[test]
fn a_backup_serves_only_while_all_others_are_down() {
    let (main, spare) = (Patient::start(true), Patient::start(true));
    let lb = Site::http().backend(FAST_CHECK).server("main", main.origin.addr);
    let lb = lb.server_with("spare", spare.origin.addr, "backup: true").start();
    eventually("the main server serves", SOON, || main.serves(&lb));
    assert!(!spare.serves(&lb));
    main.set(false);
    eventually("the backup serves", SOON, || spare.serves(&lb));
    main.set(true);
    eventually("the backup rests again", SOON, || !spare.serves(&lb) && main.serves(&lb));
}

#[test]
fn no_server_left_is_a_503() {
    let (dead, sick) = (RefusedPort::take().unwrap(), Patient::start(false));
    let lb = Site::http().backend(FAST_CHECK).server("dead", dead.addr).server("sick", sick.origin.addr).start();
    eventually("503", SOON, || client::get(lb.addr("web"), "/").is_ok_and(|response| response.status == 503));
    // Without checks a refused connection is what tells.
    let lb = Site::http().backend("retries: 1").server("dead", dead.addr).start();
    let before = Instant::now();
    assert_eq!(client::get(lb.addr("web"), "/").unwrap().status, 503);
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_post_is_never_sent_twice() {
    for way in
        [Misbehaviour::CloseAfterRequest, Misbehaviour::ResetAfterRequest, Misbehaviour::Junk, Misbehaviour::HalfHead]
    {
        let origin = Origin::scripted(way);
        let lb = Site::http().backend("redispatch: true").backend("retries: 3").server("o", origin.addr).start();
        let mut client = Client::connect(lb.addr("web"));
        client.send("POST /pay HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(client.response().unwrap().status, 502, "{way:?}");
        assert_eq!(origin.accepted(), 1, "{way:?}");
    }
}

#[test]
fn a_silent_server_is_a_504_and_a_slow_client_a_408() {
    let origin = Origin::scripted(Misbehaviour::Silent);
    let timeouts = Timeouts { http_request: 300, server: 300, ..Timeouts::default() };
    let lb = Site::http().timeouts(timeouts).server("o", origin.addr).start();
    assert_eq!(client::get(lb.addr("web"), "/").unwrap().status, 504);
    let mut slow = Client::connect(lb.addr("web"));
    slow.send("GET / HTTP/1.1\r\nHos");
    assert_eq!(slow.response().unwrap().status, 408);
    slow.closed().unwrap();
}

#[test]
fn a_truncated_response_is_seen_as_truncated() {
    for way in [Misbehaviour::HalfBody, Misbehaviour::HalfBodyReset] {
        let origin = Origin::scripted(way);
        let lb = Site::http().server("o", origin.addr).start();
        let got = client::get(lb.addr("web"), "/");
        // RST may overtake the bytes: then the proxy saw no response at all.
        let reset = way == Misbehaviour::HalfBodyReset && got.as_ref().is_ok_and(|response| response.status == 502);
        assert!(got.is_err() || reset, "{way:?}: {got:?}");
    }
}

#[test]
fn a_client_that_leaves_early_leaves_nothing_behind() {
    let origin = Origin::scripted(Misbehaviour::Silent);
    let mut lb = Site::http().server("o", origin.addr).start();
    let before = lb.process().descriptors();
    for _ in 0..20 {
        let mut client = Client::connect(lb.addr("web"));
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually("the request is at the origin", SOON, || origin.open() > 0);
        client.reset();
    }
    eventually("every server connection ends", SOON, || origin.open() == 0);
    eventually("every descriptor is given back", SOON, || lb.process().descriptors() <= before + 2);
}

//! Scorecard row 17: too few descriptors, four times maxconn, accept storms. It waits, it is fair, it never spins.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::{Client, Exchange, Lb, Origin, RecordingOrigin, Then, client, eventually, holds_for, origin};
use plimsoll_tests::{Site, Timeouts};

const SOON: Duration = Duration::from_secs(15);
const LONG: Timeouts =
    Timeouts { http_request: 30_000, client: 30_000, server: 30_000, keep_alive: 30_000, tunnel: 30_000 };

/// Processor time used in a second in which nothing can be done.
fn used_in_a_second(lb: &mut Lb) -> Duration {
    let before = lb.process().cpu();
    holds_for(Duration::from_secs(1), || true);
    lb.process().cpu().saturating_sub(before)
}

#[track_caller]
fn assert_no_spin(lb: &mut Lb) {
    let used = used_in_a_second(lb);
    assert!(used < Duration::from_millis(100), "{used:?} of processor time in a second of waiting");
}

/// Sends a GET and leaves the answer unread.
fn ask(lb: &Lb, number: usize) -> Client {
    let mut client = Client::connect(lb.addr("web")).patient(SOON);
    client.send(format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client
}

#[track_caller]
fn assert_answered(client: &mut Client, number: usize) {
    let response = client.response().unwrap_or_else(|end| panic!("client {number}: {end}"));
    assert_eq!(response.text(), origin::expected("GET", &format!("/{number}"), b""), "client {number}");
}

#[test]
fn a_budget_that_cannot_hold_is_refused_at_start() {
    let origin = RecordingOrigin::start();
    let yaml = Site::http().global("threads: 1, maxconn: 1000").server("o", origin.addr()).yaml();
    let mut lb = Lb::spawn(&yaml, &Start { descriptors: Some(200), ..Start::default() });
    assert!(!lb.wait_exit(SOON).success());
    let said = lb.stderr();
    assert!(
        said.contains("maxconn") && said.contains("1000") && said.contains("200"),
        "it says what does not fit: {said}"
    );
    assert!(said.contains("descriptor") || said.contains("RLIMIT_NOFILE"), "and of what: {said}");
}

#[test]
fn maxconn_follows_the_limit_when_it_is_not_given() {
    let origin = RecordingOrigin::start();
    let yaml = Site::http().timeouts(LONG).server("o", origin.addr()).yaml();
    let mut lb = Lb::start_with(&yaml, &Start { descriptors: Some(200), ..Start::default() });
    let mut clients: Vec<Client> = (0..300).map(|number| ask(&lb, number)).collect();
    // The first are served and keep their connections; the others wait in the kernel without costing anything.
    assert_answered(&mut clients[0], 0);
    assert_no_spin(&mut lb);
    assert!(lb.process().descriptors() <= 200);
    clients[0].send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(clients[0].response().unwrap().text(), origin::expected("GET", "/again", b""));
    // As the served ones leave, the waiting ones come in: all are served in the end.
    for (number, mut client) in clients.into_iter().enumerate().skip(1) {
        assert_answered(&mut client, number);
    }
}

#[test]
fn four_times_maxconn_waits_and_is_served() {
    let origin = RecordingOrigin::start();
    let site = Site::http().timeouts(LONG).global("threads: 2, maxconn: 50").server("o", origin.addr());
    let mut lb = site.start();
    let mut held: Vec<Client> = (0..50).map(|number| ask(&lb, number)).collect();
    held.iter_mut().enumerate().for_each(|(number, client)| assert_answered(client, number));
    let mut waiting: Vec<Client> = (50..200).map(|number| ask(&lb, number)).collect();
    assert!(waiting[0].silent_for(Duration::from_millis(300)), "the 51st waits");
    assert_no_spin(&mut lb);
    for round in 0..5 {
        for client in held.iter_mut().step_by(7) {
            let target = format!("/held/{round}");
            assert_eq!(
                client.get(&target).unwrap().text(),
                origin::expected("GET", &target, b""),
                "those inside are served"
            );
        }
    }
    drop(held);
    for (number, mut client) in waiting.drain(..).enumerate() {
        assert_answered(&mut client, 50 + number);
    }
    assert_eq!(origin.count(), 200 + 5 * 8);
}

#[test]
fn the_maxconn_of_one_frontend_leaves_another_alone() {
    let origin = RecordingOrigin::start();
    let yaml = Site::http().timeouts(LONG).frontend("maxconn: 2").server("o", origin.addr()).yaml();
    let other = "  other: { bind: [\"127.0.0.1:0\"], default-backend: origins }\nbackends:";
    let lb = Lb::start(&yaml.replace("backends:", other));
    let mut held: Vec<Client> = (0..2).map(|number| ask(&lb, number)).collect();
    held.iter_mut().enumerate().for_each(|(number, client)| assert_answered(client, number));
    let mut third = ask(&lb, 2);
    assert!(third.silent_for(Duration::from_millis(300)));
    assert_eq!(client::get(lb.addr("other"), "/x").unwrap().text(), origin::expected("GET", "/x", b""));
    drop(held.pop());
    assert_answered(&mut third, 2);
}

#[test]
fn an_accept_storm_is_served() {
    let origin = RecordingOrigin::start();
    let lb = Site::http().global("threads: 2").server("o", origin.addr()).start();
    let addr = lb.addr("web");
    let storm: Vec<_> = (0..16)
        .map(|_| {
            thread::spawn(move || {
                for _ in 0..8 {
                    // Connections are opened in bursts before the first of them speaks.
                    let mut burst: Vec<Client> = (0..16).map(|_| Client::connect(addr).patient(SOON)).collect();
                    for client in &mut burst {
                        assert_eq!(client.get("/s").unwrap().text(), origin::expected("GET", "/s", b""));
                    }
                }
            })
        })
        .collect();
    storm.into_iter().for_each(|part| part.join().unwrap());
}

#[test]
fn descriptors_that_run_out_pause_accepting_and_come_back() {
    let origin = RecordingOrigin::start();
    let mut lb = Site::http().timeouts(LONG).global("threads: 1, maxconn: 1000").server("o", origin.addr()).start();
    let mut inside = ask(&lb, 0);
    assert_answered(&mut inside, 0);
    let open = lb.process().descriptors();
    leave_descriptors(&mut lb, 10);
    let outside: Vec<Client> = (1..100).map(|number| ask(&lb, number)).collect();
    eventually("the descriptors are used up", SOON, || lb.process().descriptors() >= open + 5);
    assert_no_spin(&mut lb);
    assert_eq!(
        inside.get("/inside").unwrap().text(),
        origin::expected("GET", "/inside", b""),
        "those inside are served"
    );
    assert!(lb.stderr().lines().count() < 30, "it complains once per 10 s, not once per accept: {}", lb.stderr());
    lb.process().limit_descriptors(4000);
    let started = Instant::now();
    drop(outside);
    eventually("new clients are served again", SOON, || {
        client::get(lb.addr("web"), "/new").is_ok_and(|response| response.status == 200)
    });
    assert!(started.elapsed() < Duration::from_secs(5), "after {:?}", started.elapsed());
}

/// Leaves it so many descriptors more.
fn leave_descriptors(lb: &mut Lb, more: usize) {
    let process = lb.process();
    process.limit_descriptors(process.limit_for(more));
}

/// An HTTP frontend `web` with eight idle server connections, and `plain` in TCP mode before the same origin with four clients inside.
fn with_idle_connections() -> (Lb, Origin, Vec<Client>) {
    let all = Barrier::new(8);
    let origin = Origin::serving(move |exchange: &mut Exchange<'_>| {
        if exchange.request.target.starts_with("/together") {
            all.wait();
        }
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Then::Keep
    });
    let site = Site::http().timeouts(LONG).global("threads: 1, maxconn: 1000").backend("http-reuse: always");
    let plain = "  plain: { mode: tcp, bind: \"127.0.0.1:0\", default-backend: plain }\nbackends:\n";
    let yaml = site.server("o", origin.addr).yaml().replace("backends:\n", plain)
        + &format!("  plain: {{ mode: tcp, servers: {{ o: \"{}\" }} }}\n", origin.addr);
    let mut lb = Lb::start(&yaml);
    let before = lb.process().descriptors();
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(lb.addr("web")).patient(SOON)).collect();
    clients.iter_mut().for_each(|client| assert!(client.send("GET /together HTTP/1.1\r\nHost: a\r\n\r\n")));
    clients.iter_mut().for_each(|client| assert_eq!(client.response().unwrap().text(), "ok"));
    drop(clients);
    eventually("only the server connections are left", SOON, || lb.process().descriptors() == before + 8);
    // The numbers that the clients left are below those of the idle connections: they are filled, two by each.
    let mut inside: Vec<Client> = (0..4).map(|_| Client::connect(lb.addr("plain")).patient(SOON)).collect();
    inside.iter_mut().for_each(|client| assert_eq!(client.get("/").unwrap().text(), "ok"));
    (lb, origin, inside)
}

#[test]
fn idle_server_connections_give_way_to_a_tcp_connect() {
    let (mut lb, _origin, _inside) = with_idle_connections();
    // One for the client, none for its server.
    leave_descriptors(&mut lb, 1);
    let mut client = Client::connect(lb.addr("plain")).patient(SOON);
    assert_eq!(client.get("/").unwrap().text(), "ok");
}

#[test]
fn idle_server_connections_that_nobody_inside_needs_give_way_to_an_accept() {
    let (mut lb, _origin, _inside) = with_idle_connections();
    let before = lb.process().descriptors();
    leave_descriptors(&mut lb, 0);
    let mut client = Client::connect(lb.addr("web")).patient(SOON);
    assert_eq!(client.get("/").unwrap().text(), "ok");
    // One idle connection went for the client, and one because the kernel looks for a free number before it says that nobody else waits.
    assert_eq!(lb.process().descriptors(), before - 1);
    assert!(!lb.stderr().contains("accepting pauses"), "{}", lb.stderr());
}

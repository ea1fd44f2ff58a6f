//! How connections, gates and listeners end.

use std::io::Write;
use std::thread;
use std::time::Duration;

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::origin::read_request;
use plimsoll_testkit::{Client, Exchange, Lb, Origin, RecordingOrigin, Then, eventually, holds_for};
use plimsoll_tests::{Site, Timeouts};
use rustix::process::Signal;

const SOON: Duration = Duration::from_secs(4);

fn pass(time: u64) {
    holds_for(Duration::from_millis(time), || true);
}

fn patient() -> Timeouts {
    Timeouts { http_request: 20_000, client: 20_000, server: 20_000, keep_alive: 20_000, tunnel: 20_000 }
}

#[test]
fn an_idle_client_of_a_unix_socket_is_let_go_by_a_drain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("front.sock");
    let origin = RecordingOrigin::start();
    let site = Site::http().timeouts(patient()).bind(&format!("unix@{}", path.display()));
    let mut lb = site.server("o", origin.addr()).start();
    let mut client = Client::connect_unix(&path);
    assert_eq!(client.get("/").unwrap().status, 200);
    pass(100);
    lb.signal(Signal::TERM);
    assert!(lb.wait_exit(SOON).success());
}

#[test]
fn an_idle_client_that_sent_an_urgent_byte_is_let_go_by_a_drain() {
    let origin = RecordingOrigin::start();
    let mut lb = Site::http().timeouts(patient()).server("o", origin.addr()).start();
    let mut client = Client::connect(lb.addr("web"));
    assert_eq!(client.get("/").unwrap().status, 200);
    rustix::net::send(client.wire().socket(), b"!", rustix::net::SendFlags::OOB).unwrap();
    pass(200);
    lb.signal(Signal::TERM);
    assert!(lb.wait_exit(SOON).success());
}

#[test]
fn a_first_request_on_a_connection_from_before_the_drain_is_answered() {
    let origin = RecordingOrigin::start();
    let mut lb = Site::http().timeouts(patient()).server("o", origin.addr()).start();
    let mut client = Client::connect(lb.addr("web"));
    let mut other = Client::connect(lb.addr("web"));
    assert_eq!(other.get("/").unwrap().status, 200);
    pass(100);
    lb.signal(if Lb::is_haproxy() { Signal::USR1 } else { Signal::TERM });
    pass(100);
    assert_eq!(client.get("/").map(|response| response.status), Ok(200));
}

#[test]
fn a_full_frontend_takes_no_place_from_another() {
    let origin = RecordingOrigin::start();
    let lb = Lb::start(&format!(
        "global: {{ threads: 1, maxconn: 2 }}\ndefaults:\n  mode: http\n  timeouts: {{ connect: 2s, client: 20s, server: 20s, http-keep-alive: 20s }}\n\
     frontends:\n  small: {{ bind: [\"127.0.0.1:0\"], maxconn: 1, default-backend: o }}\n  web: {{ bind: [\"127.0.0.1:0\"], default-backend: o }}\n\
     backends:\n  o:\n    servers: {{ o: \"{}\" }}\n",
        origin.addr()
    ));
    let mut one = Client::connect(lb.addr("small"));
    assert_eq!(one.get("/").unwrap().status, 200);
    let _waiting = Client::connect(lb.addr("small"));
    pass(100);
    let mut other = Client::connect(lb.addr("web")).patient(SOON);
    assert_eq!(other.get("/").map(|response| response.status), Ok(200));
}

#[test]
fn the_socket_file_of_a_successor_survives_its_predecessor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("front.sock");
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        if exchange.request.target == "/slow" {
            pass(1500);
        }
        exchange.answer()
    });
    let site = Site::http().timeouts(patient()).bind(&format!("unix@{}", path.display())).server("o", origin.addr);
    let mut old = site.start();
    let mut slow = Client::connect_unix(&path);
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    pass(100);
    old.signal(Signal::TERM);
    eventually("the old one listens no more", SOON, || std::os::unix::net::UnixStream::connect(&path).is_err());
    let _new = site.start();
    assert_eq!(Client::connect_unix(&path).get("/").unwrap().status, 200);
    assert_eq!(slow.response().unwrap().status, 200);
    drop(slow);
    old.wait_exit(Duration::from_secs(10));
    assert!(path.exists(), "the predecessor removed the successor's socket");
    assert_eq!(Client::connect_unix(&path).get("/").unwrap().status, 200);
}

#[test]
fn the_last_words_of_a_tcp_server_that_reads_no_more_arrive() {
    let origin = Origin::raw(|mut wire, _| {
        let _ = wire.take(10);
        wire.send(b"530 bye\r\n");
        // Closing with unread bytes is a reset behind the words.
    });
    let lb = Site::tcp().server("o", origin.addr).start();
    let mut arrived = 0;
    for _ in 0..20 {
        let mut client = Client::connect(lb.addr("web"));
        for _ in 0..20 {
            if !client.send(vec![b'x'; 50_000]) {
                break;
            }
        }
        let (words, _) = client.everything();
        arrived += usize::from(words == b"530 bye\r\n");
    }
    assert_eq!(arrived, 20);
}

#[test]
fn bytes_behind_the_last_request_do_not_cut_its_answer() {
    const SIZE: usize = 3_000_000;
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        exchange.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"));
        exchange.send(vec![b'y'; SIZE]);
        Then::Close
    });
    let lb = Site::http().server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab");
    let mut up = client.wire().socket().again().unwrap();
    // Old browsers send an empty line behind a POST; here it comes a little later.
    let late = thread::spawn(move || {
        pass(100);
        let _ = up.write_all(b"\r\n");
    });
    pass(300);
    let response = client.response();
    late.join().unwrap();
    assert_eq!(response.map(|response| response.body.len()), Ok(SIZE));
}

#[test]
fn idle_server_connections_give_way_to_clients_when_descriptors_are_few() {
    let origins: Vec<_> = (0..4).map(|_| Origin::answering()).collect();
    let mut yaml = "global: { threads: 1, maxconn: 40 }\ndefaults:\n  mode: http\n  http-reuse: always\n  timeouts: { connect: 2s, client: 20s, server: 20s }\nfrontends:\n".to_owned();
    (0..4).for_each(|n| yaml += &format!("  f{n}: {{ bind: [\"127.0.0.1:0\"], default-backend: b{n} }}\n"));
    yaml += "backends:\n";
    origins
        .iter()
        .enumerate()
        .for_each(|(n, origin)| yaml += &format!("  b{n}: {{ servers: {{ o: \"{}\" }} }}\n", origin.addr));
    let mut lb = Lb::start_with(&yaml, &Start { descriptors: Some(160), ..Start::default() });
    let mut bad = Vec::new();
    for n in 0..4 {
        let to = lb.addr(&format!("f{n}"));
        let mut clients: Vec<_> = (0..36).map(|_| Client::connect(to)).collect();
        for client in &mut clients {
            client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        }
        for client in &mut clients {
            let status = client.response().map(|response| response.status);
            if status != Ok(200) {
                bad.push((n, status));
            }
        }
        drop(clients);
        let _ = lb.process().descriptors();
    }
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn a_private_connection_to_a_unix_server_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("back.sock");
    let origin = Origin::raw_unix(&path, |mut wire, _| {
        while read_request(&mut wire).is_ok() {
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let site = Site::http().backend("http-reuse: never");
    let lb = site.server("o", format!("unix@{}", path.display())).start();
    let mut client = Client::connect(lb.addr("web"));
    for _ in 0..5 {
        assert_eq!(client.get("/").unwrap().status, 200);
        pass(20);
    }
    assert_eq!(origin.accepted(), 1);
}

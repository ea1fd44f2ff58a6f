//! What a silent peer makes us hold.

use std::time::Duration;

use plimsoll_testkit::origin::read_request;
use plimsoll_testkit::{Client, Lb, Origin, eventually, holds_for};
use plimsoll_tests::{Site, Timeouts};

fn resident(lb: &mut Lb) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", lb.process().pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn still() -> Timeouts {
    Timeouts { http_request: 60_000, client: 60_000, server: 60_000, keep_alive: 60_000, tunnel: 60_000 }
}

/// KiB that each of `count` such clients costs.
fn cost(lb: &mut Lb, count: usize, make: impl Fn(&mut Lb) -> Client) -> usize {
    let warm: Vec<_> = (0..10).map(|_| make(lb)).collect();
    holds_for(Duration::from_millis(200), || true);
    let before = resident(lb);
    let clients: Vec<_> = (0..count).map(|_| make(lb)).collect();
    let mut last = 0;
    eventually("memory does not grow any more", Duration::from_secs(30), || {
        holds_for(Duration::from_millis(700), || true);
        let now = resident(lb);
        now.abs_diff(std::mem::replace(&mut last, now)) < count
    });
    let each = resident(lb).saturating_sub(before) / count;
    drop((clients, warm));
    each
}

#[test]
fn idle_clients_of_a_unix_socket_hold_no_buffer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("front.sock");
    let origin = Origin::answering();
    let site = Site::http().timeouts(still()).bind(&format!("unix@{}", path.display()));
    let mut lb = site.server("o", origin.addr).start();
    // Many, because the allocator takes memory in steps of megabytes.
    let each = cost(&mut lb, 1500, |_| {
        let mut client = Client::connect_unix(&path);
        let body = "b".repeat(40_000);
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n{body}"));
        assert_eq!(client.response().unwrap().status, 200);
        client
    });
    eprintln!("unix idle: {each} KiB");
    assert!(each <= 6, "{each} KiB");
}

#[test]
fn clients_that_do_not_read_hold_one_buffer_at_most() {
    let origin = Origin::raw(|mut wire, _| {
        if read_request(&mut wire).is_ok() {
            wire.patience(Duration::from_secs(50));
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
            while wire.send(&[b'y'; 100_000]) {}
        }
    });
    for splice in ["splice-auto: true", "splice-auto: false"] {
        let mut lb = Site::http().timeouts(still()).backend(splice).server("o", origin.addr).start();
        // Many, because the allocator takes memory in steps of megabytes.
        let each = cost(&mut lb, 600, |lb| {
            let mut client = Client::connect(lb.addr("web"));
            let body = "b".repeat(60_000);
            client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{body}"));
            client
        });
        eprintln!("stalled download, {splice}: {each} KiB");
        assert!(each <= 80, "{splice}: {each} KiB");
        eventually("all served", Duration::from_secs(5), || origin.accepted() >= 610);
    }
}

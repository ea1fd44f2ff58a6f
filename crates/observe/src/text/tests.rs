//! The shapes of httplog and tcplog.

use std::time::UNIX_EPOCH;

use jiff::tz::TimeZone;

use super::*;
use crate::record::{HttpTimes, RequestLine, TcpTimes};

plimsoll_outcome::outcomes! {
    /// All went well.
    FINE = ("ok", Proxy, Done, Never, b"--", 200, "Fine.");
    /// No server.
    NONE = ("proxy.no-server", Proxy, Queue, Never, b"SC", 503, "None.");
}

fn line(write: impl FnOnce(&mut DateCache, &mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut DateCache::new(TimeZone::UTC), &mut out);
    String::from_utf8(out).unwrap()
}

fn record(path: &[u8]) -> HttpRecord<'_> {
    HttpRecord {
        client: Some("127.0.0.1:5001".parse().unwrap()),
        date: UNIX_EPOCH,
        frontend: "web",
        backend: Some("app"),
        server: Some("app1"),
        times: HttpTimes { request: 999, queue: -1, connect: 1_000, response: 2_500, total: 3_999 },
        status: Some(200),
        bytes_in: 50,
        bytes_out: 117,
        outcome: &FINE,
        levels: Levels { process: 2, frontend: 1, backend: 1, server: 1, retries: 1, redispatched: true },
        request: Some(RequestLine { method: b"GET", path, version: "HTTP/1.1" }),
    }
}

#[test]
fn an_http_line_has_the_shape_of_httplog_and_no_raw_client_bytes() {
    assert_eq!(
        line(|dates, out| http(&record(b"/\"\x1b[31m"), dates, out)),
        "127.0.0.1:5001 [01/Jan/1970:00:00:00.000] web app/app1 0/-1/1/2/3 200 117 - - ---- 2/1/1/1/+1 0/0 \"GET /#22#1B[31m HTTP/1.1\""
    );
}

#[test]
fn what_was_not_reached_is_minus_one_and_placeholders() {
    let nothing = HttpRecord {
        client: Some("[::1]:5001".parse().unwrap()),
        backend: None,
        server: None,
        times: HttpTimes::default(),
        status: None,
        outcome: &NONE,
        levels: Levels::default(),
        request: None,
        ..record(b"")
    };
    assert_eq!(
        line(|dates, out| http(&nothing, dates, out)),
        "::1:5001 [01/Jan/1970:00:00:00.000] web web/<NOSRV> -1/-1/-1/-1/-1 -1 117 - - SC-- 0/0/0/0/0 0/0 \"<BADREQ>\""
    );
}

#[test]
fn a_long_target_is_cut_as_haproxy_cuts_it() {
    let path = vec![b'x'; 5_000];
    let line = line(|dates, out| http(&record(&path), dates, out));
    let quoted = line.split('"').nth(1).unwrap();
    assert_eq!(quoted.len(), MOST_LINE);
    assert!(line.ends_with("xx\""));
}

#[test]
fn a_tcp_line_has_the_shape_of_tcplog() {
    let record = TcpRecord {
        client: None,
        date: UNIX_EPOCH,
        frontend: "in",
        backend: Some("out"),
        server: None,
        times: TcpTimes { total: 5_000, ..TcpTimes::default() },
        bytes_in: 3,
        bytes_out: 0,
        outcome: &NONE,
        levels: Levels::default(),
    };
    assert_eq!(
        line(|dates, out| tcp(&record, dates, out)),
        "unix:1 [01/Jan/1970:00:00:00.000] in out/<NOSRV> -1/-1/5 0 SC 0/0/0/0/0 0/0"
    );
}

#[test]
fn a_message_keeps_its_letters_and_loses_its_controls() {
    let mut out = Vec::new();
    message("Serveur été\n\u{9b}31m", &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "Serveur été#0A#C2#9B31m");
}

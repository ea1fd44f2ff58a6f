//! `tcp-request` and `tcp-response`: what is rejected, what is waited for, where a connection goes; the same in haproxy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plimsoll_testkit::Lb;

/// A server that names itself, then gives back what it hears.
fn echo(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _: JoinHandle<()> = std::thread::spawn(move || {
                let (mut read, mut write) = (stream.try_clone().unwrap(), stream);
                let _ = write.write_all(name.as_bytes());
                let _ = std::io::copy(&mut read, &mut write);
            });
        }
    });
    addr
}

/// Both programs with the same rules before the servers `one` and `two`. `rules`: ours and haproxy's for the frontend; then for the backend.
fn both(rules: [&str; 2], backend: [&str; 2]) -> [Lb; 2] {
    let (one, two) = (echo("one:"), echo("two:"));
    let yaml = format!(
        "global: {{ threads: 1 }}\n\
         defaults: {{ mode: tcp, timeouts: {{ connect: 2s, client: 5s, server: 5s }} }}\n\
         frontends:\n  web:\n    bind: \"127.0.0.1:0\"\n{}    default-backend: one\n\
         backends:\n  one:\n{}    servers: {{ s: \"{one}\" }}\n  two: {{ servers: {{ s: \"{two}\" }} }}\n",
        indented(rules[0]),
        indented(backend[0]),
    );
    let cfg = format!(
        "global\n nbthread 1\n log stdout format raw daemon\n\
         defaults\n mode tcp\n log global\n option tcplog\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n\
         frontend web\n bind fd@0\n{}\n default_backend one\n\
         backend one\n{}\n server s {one}\nbackend two\n server s {two}\n",
        rules[1], backend[1]
    );
    [Lb::start(&yaml), Lb::haproxy("web", &cfg)]
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// What a client hears that says something and closes its side: all of it, and whether the end was a reset.
fn said(lb: &Lb, text: &[u8]) -> (String, bool) {
    let mut stream = TcpStream::connect(lb.addr("web")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    let _ = stream.write_all(text);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut heard = Vec::new();
    let reset = stream.read_to_end(&mut heard).is_err();
    (String::from_utf8_lossy(&heard).into_owned(), reset)
}

#[test]
fn a_connection_that_a_rule_rejects_hears_nothing() {
    for programs in [
        both(["tcp-request: { connection: reject }", " tcp-request connection reject"], ["", ""]),
        both(
            [
                "tcp-request: { session: \"reject if { src 127.0.0.0/8 }\" }",
                " tcp-request session reject if { src 127.0.0.0/8 }",
            ],
            ["", ""],
        ),
        both(["tcp-request: { content: reject }", " tcp-request content reject"], ["", ""]),
        both(["", ""], ["tcp-request: { content: reject }", " tcp-request content reject"]),
    ] {
        for lb in &programs {
            assert_eq!(said(lb, b"").0, "", "{}", lb.addr("web"));
        }
    }
}

#[test]
fn what_an_accept_passes_over_is_not_looked_at() {
    let rules = [
        "tcp-request: { connection: [accept, reject], session: [accept if TRUE, reject], content: [accept, reject] }",
        " tcp-request connection accept\n tcp-request connection reject\n tcp-request session accept if TRUE\n \
         tcp-request session reject\n tcp-request content accept\n tcp-request content reject",
    ];
    for lb in &both(rules, ["", ""]) {
        assert_eq!(said(lb, b"hello").0, "one:hello");
    }
}

#[test]
fn content_is_waited_for_and_chooses_the_backend() {
    let rules = [
        "tcp-request: { inspect-delay: 3s, content: [\"accept if { req.len gt 3 }\", reject] }\n\
         use-backend: two if { req.payload(0,3) -m str two }",
        " tcp-request inspect-delay 3s\n tcp-request content accept if { req.len gt 3 }\n tcp-request content reject\n \
         use_backend two if { req.payload(0,3) -m str two }",
    ];
    for lb in &both(rules, ["", ""]) {
        let mut stream = TcpStream::connect(lb.addr("web")).unwrap();
        stream.set_nodelay(true).unwrap();
        // In pieces: the first is too little to tell.
        stream.write_all(b"tw").unwrap();
        std::thread::yield_now();
        stream.write_all(b"o and more").unwrap();
        let mut heard = vec![0; "two:two and more".len()];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(heard, b"two:two and more");
        assert_eq!(said(lb, b"other").0, "one:other");
        // It closes with less than was asked for: what cannot come any more does not hold.
        assert_eq!(said(lb, b"ab").0, "");
    }
}

#[test]
fn what_does_not_come_within_the_delay_is_judged_without() {
    let rules = [
        "tcp-request: { inspect-delay: 300ms, content: [\"reject if { req.len gt 0 }\", \"accept if WAIT_END\"] }",
        " tcp-request inspect-delay 300ms\n tcp-request content reject if { req.len gt 0 }\n tcp-request content accept if WAIT_END",
    ];
    for lb in &both(rules, ["", ""]) {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(lb.addr("web")).unwrap();
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"one:");
        assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", begun.elapsed());
        assert_eq!(said(lb, b"early").0, "");
    }
}

#[test]
fn what_a_server_says_first_is_judged_before_the_client_hears_it() {
    let rules = |what: &str| {
        [
            format!(
                "tcp-response: {{ inspect-delay: 2s, content: [\"reject if {{ res.payload(0,3) -m str {what} }}\", accept] }}"
            ),
            format!(
                " tcp-response inspect-delay 2s\n tcp-response content reject if {{ res.payload(0,3) -m str {what} }}\n tcp-response content accept"
            ),
        ]
    };
    let [ours, theirs] = rules("one");
    for lb in &both(["", ""], [&ours, &theirs]) {
        assert_eq!(said(lb, b"hello").0, "", "{}", lb.addr("web"));
    }
    let [ours, theirs] = rules("two");
    for lb in &both(["", ""], [&ours, &theirs]) {
        assert_eq!(said(lb, b"hello").0, "one:hello");
    }
}

#[test]
fn a_client_that_is_dropped_silently_goes_on_waiting() {
    for lb in &both(["tcp-request: { session: silent-drop }", " tcp-request session silent-drop"], ["", ""]) {
        let mut stream = TcpStream::connect(lb.addr("web")).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let error = stream.read(&mut [0]).expect_err("neither bytes nor an end");
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    }
}

#[test]
fn a_rule_silences_the_line_of_a_connection() {
    let rules = [
        "tcp-request: { inspect-delay: 2s, content: [\"set-log-level silent if { req.payload(0,5) -m str quiet }\", accept] }",
        " tcp-request inspect-delay 2s\n tcp-request content set-log-level silent if { req.payload(0,5) -m str quiet }\n \
         tcp-request content accept",
    ];
    for lb in &both(rules, ["", ""]) {
        assert_eq!(said(lb, b"quiet please").0, "one:quiet please");
        assert_eq!(said(lb, b"aloud please").0, "one:aloud please");
        let lines = || lb.stdout().lines().filter(|line| line.contains(" one/s ")).count();
        plimsoll_testkit::eventually("the other one is logged", Duration::from_secs(10), || lines() > 0);
        assert_eq!(lines(), 1);
    }
}

#[test]
fn what_came_behind_a_proxy_header_is_judged_or_goes_to_the_server() {
    for rules in
        ["", "tcp-request: { inspect-delay: 2s, content: [\"reject unless { req.payload(0,5) -m str hello }\"] }"]
    {
        let yaml = format!(
            "global: {{ threads: 1 }}\n\
             defaults: {{ mode: tcp, timeouts: {{ connect: 2s, client: 5s, server: 5s }} }}\n\
             frontends:\n  web:\n    bind: {{ address: \"127.0.0.1:0\", accept-proxy: true }}\n    default-backend: one\n{}\
             backends: {{ one: {{ servers: {{ s: \"{}\" }} }} }}\n",
            indented(rules),
            echo("one:")
        );
        let lb = Lb::start(&yaml);
        // One segment carries both.
        let heard = said(&lb, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello there");
        assert_eq!(heard, ("one:hello there".to_owned(), false), "{rules}");
    }
}

//! The process: draining, stopping, the access log.

use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use plimsoll_testkit::{Client, End, Exchange, Lb, Origin, RecordingOrigin, Socket, Then, eventually};
use plimsoll_tests::{Site, Timeouts};
use rustix::process::Signal;

const SOON: Duration = Duration::from_secs(10);

/// An origin that sends half of its body and the rest when told; `/quick` is answered at once.
fn halting() -> (Origin, Sender<()>) {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::serving(move |exchange: &mut Exchange<'_>| {
        if exchange.request.target == "/quick" {
            return exchange.answer();
        }
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
        let _ = wait.lock().unwrap().recv();
        exchange.send(" half");
        Then::Keep
    });
    (origin, go)
}

/// A client in the middle of a download.
fn downloading(lb: &Lb) -> Client {
    let mut client = Client::connect(lb.addr("web"));
    client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    client.wire().begin();
    while !client.wire().line().unwrap().is_empty() {}
    assert_eq!(client.wire().take(5).unwrap(), b"first");
    client
}

#[test]
fn sigterm_lets_a_running_download_finish_and_exits_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let (origin, go) = halting();
        let mut lb = Site::http()
            .timeouts(Timeouts { server: 20_000, client: 20_000, ..Timeouts::default() })
            .server("o", origin.addr)
            .start();
        let mut idle = Client::connect(lb.addr("web"));
        idle.get("/quick").unwrap();
        let mut download = downloading(&lb);
        let addr = lb.addr("web");
        lb.signal(signal);
        eventually("new connections are refused", SOON, || Socket::connect(addr).is_err());
        assert!(idle.closed().is_ok(), "an idle client is let go");
        assert!(lb.process().ended().is_none(), "the download still runs");
        go.send(()).unwrap();
        assert_eq!(download.wire().take(5).unwrap(), b" half");
        assert!(lb.wait_exit(SOON).success(), "{signal:?}");
    }
}

#[test]
fn a_second_sigterm_stops_now() {
    let (origin, _go) = halting();
    let mut lb = Site::http()
        .timeouts(Timeouts { server: 20_000, client: 20_000, ..Timeouts::default() })
        .server("o", origin.addr)
        .start();
    let mut download = downloading(&lb);
    let addr = lb.addr("web");
    lb.signal(Signal::TERM);
    eventually("draining has begun", SOON, || Socket::connect(addr).is_err());
    lb.signal(Signal::TERM);
    lb.wait_exit(Duration::from_secs(5));
    let (more, end) = download.everything();
    assert!(more.is_empty() && end != End::Silence);
}

#[test]
fn an_idle_process_exits_at_once() {
    let origin = RecordingOrigin::start();
    let mut lb = Site::http().server("o", origin.addr()).start();
    lb.signal(Signal::TERM);
    assert!(lb.wait_exit(Duration::from_secs(5)).success());
}

/// The words of the one log line that holds this text.
fn logged(lb: &Lb, text: &str) -> Vec<String> {
    eventually(&format!("a log line with {text}"), SOON, || lb.stdout().contains(text));
    let stdout = lb.stdout();
    let lines: Vec<&str> = stdout.lines().filter(|line| line.contains(text)).collect();
    assert_eq!(lines.len(), 1, "one line a request: {lines:#?}");
    lines[0].splitn(13, ' ').map(str::to_owned).collect()
}

fn numbers(text: &str, count: usize) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() == count && parts.iter().all(|part| part.trim_start_matches('+').parse::<i64>().is_ok())
}

#[test]
fn every_request_has_a_line_of_httplog() {
    let origin = RecordingOrigin::start();
    let lb = Site::http().server("o", origin.addr()).start();
    let mut client = Client::connect(lb.addr("web"));
    for number in 0..3 {
        client.get(&format!("/logged/{number}")).unwrap();
    }
    for number in 0..3 {
        let request = format!("\"GET /logged/{number} HTTP/1.1\"");
        let words = logged(&lb, &request);
        let [from, date, front, server, times, status, bytes, cookie, set_cookie, state, counts, queues, line] =
            &words[..]
        else {
            panic!("{words:?}");
        };
        assert!(from.starts_with("127.0.0.1:"), "{words:?}");
        assert!(date.starts_with('[') && date.ends_with(']') && date.contains('/') && date.contains('.'), "{words:?}");
        assert_eq!((front.as_str(), server.as_str()), ("web", "origins/o"));
        assert!(numbers(times, 5) && numbers(counts, 5) && numbers(queues, 2), "{words:?}");
        assert!(bytes.parse::<u64>().is_ok_and(|bytes| bytes > 16), "{words:?}");
        assert_eq!([status.as_str(), cookie, set_cookie, state, line], ["200", "-", "-", "----", request.as_str()]);
    }
}

#[test]
fn a_refused_request_has_a_line_too() {
    let origin = RecordingOrigin::start();
    let lb = Site::http().server("o", origin.addr()).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send("GET /\x1b[31m HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().unwrap().status, 400);
    let words = logged(&lb, "<BADREQ>");
    assert_eq!((words[5].as_str(), words[9].as_str()), ("400", "PR--"), "{words:?}");
    assert!(!lb.stdout().contains('\u{1b}'), "rule 14: client data in logs is escaped");
}

//! Lines on their way to every kind of target, with real files and sockets.

use std::fs;
use std::io::Read;
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use plimsoll_clock::Tick;
use plimsoll_observe::{
    Event, Format, Framing, HttpRecord, HttpTimes, Level, Levels, LogTarget, RequestLine, Sink, Targets, To, Value,
    Writer,
};

/// Long enough for a machine that does other things; passing tests never wait for it.
const AMPLE: Duration = Duration::from_secs(20);

plimsoll_outcome::outcomes! {
    /// All went well.
    FINE = ("ok", Proxy, Done, Never, b"--", 200, "Fine.");
}

fn request(writer: &Writer, path: &str) {
    writer.http(
        Level::Info,
        &HttpRecord {
            client: Some("127.0.0.1:5001".parse().unwrap()),
            date: UNIX_EPOCH,
            frontend: "web",
            backend: Some("app"),
            server: Some("app1"),
            times: HttpTimes::default(),
            status: Some(200),
            bytes_in: 50,
            bytes_out: 117,
            outcome: &FINE,
            levels: Levels::default(),
            request: Some(RequestLine { method: b"GET", path: path.as_bytes(), version: "HTTP/1.1" }),
        },
    );
}

fn event(level: Level, text: &str) -> Event<'_> {
    Event { time: UNIX_EPOCH, level, slug: "server.down", text, fields: &[("left", Value::Number(1))] }
}

fn file(folder: &Path, name: &str) -> LogTarget {
    LogTarget::new(To::File(folder.join(name)))
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn several_targets_get_the_same_lines_each_in_its_shape() {
    let folder = tempfile::tempdir().unwrap();
    let targets = [
        file(folder.path(), "text"),
        LogTarget { format: Format::Json, ..file(folder.path(), "json") },
        LogTarget { framing: Some(Framing::Priority), level: Some(Level::Warning), ..file(folder.path(), "grave") },
    ];
    let sink = Sink::start(&targets).unwrap();
    let (one, two) = (sink.writer(), sink.writer());
    assert!(one.wants(Level::Info, Targets::ALL));
    request(&one, "/1");
    request(&two, "/2");
    sink.events().send(&event(Level::Alert, "Server app/app1 is DOWN"));
    one.flush();
    two.flush();
    assert!(sink.finish(AMPLE));

    let text = read(folder.path(), "text");
    assert_eq!(text.lines().count(), 3);
    assert!(
        text.contains("web app/app1 -1/-1/-1/-1/-1 200 117 - - ---- 0/0/0/0/0 0/0 \"GET /1 HTTP/1.1\"\n"),
        "{text}"
    );
    assert!(text.contains("alert: Server app/app1 is DOWN\n"), "{text}");
    let json = read(folder.path(), "json");
    let values: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(values.len(), 3);
    assert!(values.iter().any(|value| value["path"] == "/2" && value["outcome"] == "ok"), "{json}");
    assert!(values.iter().any(|value| value["event"] == "server.down" && value["left"] == 1), "{json}");
    assert_eq!(read(folder.path(), "grave"), "<129>Server app/app1 is DOWN\n");
}

#[test]
fn a_file_that_was_moved_away_is_opened_anew_on_request() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log"), "what was there\n").unwrap();
    let sink = Sink::start(&[file(folder.path(), "log")]).unwrap();
    let events = sink.events();
    events.send(&event(Level::Notice, "one"));
    eventually(|| read(folder.path(), "log").ends_with("one\n"));
    fs::rename(folder.path().join("log"), folder.path().join("log.1")).unwrap();
    events.send(&event(Level::Notice, "two"));
    eventually(|| read(folder.path(), "log.1").ends_with("two\n"));
    sink.reopen();
    events.send(&event(Level::Notice, "three"));
    assert!(sink.finish(AMPLE));
    assert!(read(folder.path(), "log.1").starts_with("what was there\n"));
    assert!(read(folder.path(), "log").ends_with("notice: three\n"));
    assert_eq!(read(folder.path(), "log").lines().count(), 1);
}

#[test]
fn targets_are_replaced_while_workers_write_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(&[file(folder.path(), "stays"), file(folder.path(), "goes")]).unwrap();
    let (writer, events) = (sink.writer(), sink.events());
    request(&writer, "/before");
    let prepared = sink.prepare(&[file(folder.path(), "comes"), file(folder.path(), "stays")]).unwrap();
    assert!(sink.prepare(&[file(folder.path(), "comes"), LogTarget::new(To::File("/nowhere/at/all".into()))]).is_err());
    sink.replace(prepared);
    assert!(writer.wants(Level::Info, Targets::ALL));
    request(&writer, "/after");
    events.send(&event(Level::Notice, "told"));
    writer.flush();
    assert!(sink.finish(AMPLE));
    let has = |name: &str| ["/before", "/after", "told"].map(|word| read(folder.path(), name).contains(word));
    assert_eq!(has("stays"), [true, true, true]);
    assert_eq!(has("goes"), [true, false, false]);
    assert_eq!(has("comes"), [false, true, true]);
}

#[test]
fn without_a_target_no_line_is_wanted_and_no_event_is_heard() {
    let sink = Sink::start(&[]).unwrap();
    assert!(!sink.writer().wants(Level::Info, Targets::ALL));
    assert!(!sink.events().is_heard());
    let grave = LogTarget { level: Some(Level::Notice), ..LogTarget::new(To::Stderr) };
    let sink = Sink::start(&[grave]).unwrap();
    assert!(!sink.writer().wants(Level::Info, Targets::ALL));
    assert!(sink.events().is_heard());
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_at_once() {
    let error = Sink::start(&[LogTarget::new(To::File("/nowhere/at/all".into()))]).unwrap_err();
    assert_eq!(error.to_string(), "cannot log to file:/nowhere/at/all: No such file or directory (os error 2)");
}

#[test]
fn syslog_gets_a_datagram_a_line_by_udp_and_by_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let unix = UnixDatagram::bind(folder.path().join("log")).unwrap();
    udp.set_read_timeout(Some(AMPLE)).unwrap();
    unix.set_read_timeout(Some(AMPLE)).unwrap();
    let targets = [
        LogTarget::new(To::Udp("127.0.0.1".into(), udp.local_addr().unwrap().port())),
        LogTarget {
            framing: Some(Framing::Rfc5424),
            format: Format::Json,
            hostname: Some("edge".into()),
            tag: Some("front".into()),
            ..LogTarget::new(To::Unix(folder.path().join("log")))
        },
    ];
    let sink = Sink::start(&targets).unwrap();
    let writer = sink.writer();
    let many = 200;
    // More than a system call takes, and more than a UNIX socket's queue holds.
    (0..many).for_each(|number| request(&writer, &format!("/{number}")));
    writer.flush();
    let mut buffer = [0; 65_536];
    let process = std::process::id();
    for number in 0..many {
        let length = udp.recv(&mut buffer).unwrap();
        let line = std::str::from_utf8(&buffer[..length]).unwrap();
        assert!(line.starts_with("<134>") && line.contains(&format!(" lb[{process}]: 127.0.0.1:5001 [")), "{line}");
        assert!(line.ends_with(&format!("\"GET /{number} HTTP/1.1\"\n")), "{line}");
        let length = unix.recv(&mut buffer).unwrap();
        let line = std::str::from_utf8(&buffer[..length]).unwrap();
        assert!(line.starts_with("<134>1 ") && line.contains(&format!(" edge front {process} - - {{")), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap();
        assert_eq!(value["path"], format!("/{number}"));
    }
    assert!(sink.dropped().iter().all(|(_, lines)| *lines == 0));
    assert!(sink.finish(AMPLE));
}

#[test]
fn a_long_line_is_cut_to_what_syslog_takes_header_included() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(AMPLE)).unwrap();
    let to = To::Udp("127.0.0.1".into(), udp.local_addr().unwrap().port());
    let sink = Sink::start(&[LogTarget { len: Some(200), ..LogTarget::new(to) }]).unwrap();
    let writer = sink.writer();
    request(&writer, &"x".repeat(900));
    writer.flush();
    let mut buffer = [0; 65_536];
    let length = udp.recv(&mut buffer).unwrap();
    assert!((180..=200).contains(&length), "{length}");
    assert!(buffer[..length].ends_with(b"xx\n"));
}

#[test]
fn a_syslog_that_starts_late_or_anew_gets_what_comes_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let sink = Sink::start(&[LogTarget::new(To::Unix(path.clone()))]).unwrap();
    let events = sink.events();
    for round in ["late", "anew"] {
        let lost = sink.dropped()[0].1;
        events.send(&event(Level::Notice, "into the void"));
        eventually(|| sink.dropped()[0].1 > lost);
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let lost = sink.dropped()[0].1;
        let mut buffer = [0; 2000];
        let (mut sent, mut received) = (0, 0);
        eventually(|| {
            // Some are sent until one arrives; then every one is waited for, so that none is left for the next round.
            if received == 0 {
                events.send(&event(Level::Notice, round));
                sent += 1;
            }
            while let Ok(length) = socket.recv(&mut buffer) {
                let line = String::from_utf8_lossy(&buffer[..length]);
                assert!(!line.contains("into the void"), "{line}");
                received += u64::from(line.ends_with(&format!("{round}\n")));
            }
            received > 0 && received + sink.dropped()[0].1 - lost >= sent
        });
        drop(socket);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_target_that_does_not_take_costs_its_own_lines_never_time_nor_others() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // With a reader there, opening it for writing does not wait.
    let mut reader =
        fs::OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32).open(&fifo).unwrap();
    let sink = Sink::start(&[LogTarget::new(To::File(fifo.clone())), file(folder.path(), "good")]).unwrap();
    let writer = sink.writer();
    let path = "x".repeat(900);
    let total = 8_000;
    let mut length = 0;
    for number in 0..total {
        request(&writer, &path);
        if number % 100 == 99 {
            // The good one keeps up: what it did not take yet is never more than what may wait.
            writer.flush();
            eventually(|| {
                // Lines have one length, known once the first hundred are there whole: counted and measured in one reading.
                if length == 0 {
                    let text = fs::read(folder.path().join("good")).unwrap();
                    let whole = text.iter().filter(|&&byte| byte == b'\n').count() == 100;
                    length = if whole { text.len() as u64 / 100 } else { 0 };
                }
                let size = fs::metadata(folder.path().join("good")).unwrap().len();
                length > 0 && size == (number + 1) * length
            });
        }
    }
    let lost = sink.dropped();
    assert!(lost[0].1 > 0 && lost[0].1 < total, "{lost:?}");
    assert_eq!(lost[1].1, 0, "{lost:?}");
    // What was lost is told once the slow one is read at last.
    let mut text = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    eventually(|| {
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            text.extend_from_slice(&buffer[..length]);
        }
        String::from_utf8_lossy(&text).contains(" log lines were dropped")
    });
    let text = String::from_utf8(text).unwrap();
    let told = text.lines().filter(|line| line.contains(" log lines were dropped: file:")).count();
    assert!(told >= 1);
    let kept = text.lines().filter(|line| line.contains("GET x")).count() as u64;
    assert!(kept + lost[0].1 <= total, "{kept} kept, {lost:?} dropped");
    drop(reader);
    assert!(sink.finish(AMPLE));
    assert_eq!(lines(folder.path(), "good"), total);
}

fn lines(folder: &Path, name: &str) -> u64 {
    fs::read(folder.join(name)).unwrap().iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Looks again and again until it is so.
fn eventually(mut so: impl FnMut() -> bool) {
    let until = Tick::now().after(AMPLE);
    while !so() {
        assert!(Tick::now() < until, "not within {AMPLE:?}");
        std::thread::yield_now();
    }
}

//! Every line is one object, whatever a client sends.

use std::time::UNIX_EPOCH;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::Event;
use crate::record::{HttpTimes, RequestLine, TcpTimes};
use crate::{Format, Level, event};

plimsoll_outcome::outcomes! {
    /// The server was gone.
    REFUSED = ("server.connect.refused", Server, Connect, Safe, b"SC", 503, "Refused.");
}

const AMPLE: usize = 8192;

fn record(path: &[u8]) -> HttpRecord<'_> {
    HttpRecord {
        client: Some("10.1.2.3:5001".parse().unwrap()),
        date: UNIX_EPOCH,
        frontend: "web \"é\"",
        backend: Some("app"),
        server: None,
        times: HttpTimes { request: 7, total: 1_234, ..HttpTimes::default() },
        status: Some(503),
        bytes_in: 50,
        bytes_out: 117,
        outcome: &REFUSED,
        levels: Levels { process: 4, frontend: 3, backend: 2, server: 1, retries: 3, redispatched: true },
        request: Some(RequestLine { method: b"GET", path, version: "HTTP/1.1" }),
    }
}

fn object(record: &HttpRecord<'_>, room: usize) -> (Value, usize) {
    let mut out = b"before".to_vec();
    http(record, room, &mut DateCache::new(TimeZone::UTC), &mut out);
    let line = &out[6..];
    assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')), "{}", String::from_utf8_lossy(line));
    (serde_json::from_slice(line).unwrap(), line.len())
}

#[test]
fn every_field_has_its_type_and_what_is_not_there_is_null() {
    assert_eq!(
        object(&record(b"/a?b=\"\\\x1b"), AMPLE).0,
        json!({
            "time": "1970-01-01T00:00:00.000Z", "type": "http", "client": "10.1.2.3", "client_port": 5001,
            "frontend": "web \"é\"", "backend": "app", "server": null, "status": 503, "bytes_in": 50, "bytes_out": 117,
            "request_us": 7, "queue_us": null, "connect_us": null, "response_us": null, "total_us": 1234,
            "outcome": "server.connect.refused", "side": "server", "phase": "connect", "state": "SC", "retries": 3,
            "redispatched": true, "connections": { "process": 4, "frontend": 3, "backend": 2, "server": 1 },
            "version": "HTTP/1.1", "method": "GET", "path": "/a?b=\"\\\u{1b}",
        })
    );
}

#[test]
fn a_request_that_was_none_has_nulls() {
    let (value, _) = object(&HttpRecord { client: None, status: None, request: None, ..record(b"") }, AMPLE);
    for key in ["client", "client_port", "status", "method", "path", "version"] {
        assert_eq!(value.get(key), Some(&Value::Null), "{key}");
    }
}

#[test]
fn bytes_that_are_no_text_come_as_a_uri_writes_them() {
    let (value, _) = object(&record(b"/\xff\xc3\xa9\xe2\x82/\xf0\x9f\x92\xa9"), AMPLE);
    assert_eq!(value["path"], "/%FFé%E2%82/💩");
}

#[test]
fn a_connection_has_its_own_fields() {
    let record = TcpRecord {
        client: Some("[::1]:9".parse().unwrap()),
        date: UNIX_EPOCH,
        frontend: "in",
        backend: None,
        server: None,
        times: TcpTimes { queue: 0, ..TcpTimes::default() },
        bytes_in: 1,
        bytes_out: 2,
        outcome: &REFUSED,
        levels: Levels::default(),
    };
    let mut out = Vec::new();
    tcp(&record, &mut DateCache::new(TimeZone::UTC), &mut out);
    let value: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((&value["type"], &value["client"], &value["queue_us"]), (&json!("tcp"), &json!("::1"), &json!(0)));
    assert_eq!((&value["backend"], &value["connect_us"]), (&Value::Null, &Value::Null));
    assert!(value.get("path").is_none());
}

#[test]
fn an_event_is_an_object_too_and_text_says_when() {
    let event = Event {
        time: UNIX_EPOCH,
        level: Level::Alert,
        slug: "server.down",
        text: "Server app/app1 is DOWN\n.",
        fields: &[
            ("server", event::Value::Text("app1")),
            ("left", event::Value::Number(-1)),
            ("backup", event::Value::Flag(false)),
            ("agent", event::Value::Null),
        ],
    };
    let line = |format, bare, room| {
        let mut out = Vec::new();
        event.write(format, bare, room, &mut DateCache::new(TimeZone::UTC), &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        serde_json::from_str::<Value>(&line(Format::Json, true, AMPLE)).unwrap(),
        json!({
            "time": "1970-01-01T00:00:00.000Z", "type": "event", "level": "alert", "event": "server.down",
            "server": "app1", "left": -1, "backup": false, "agent": null, "message": "Server app/app1 is DOWN\n.",
        })
    );
    assert_eq!(line(Format::Text, true, AMPLE), "[01/Jan/1970:00:00:00.000] alert: Server app/app1 is DOWN#0A.");
    assert_eq!(line(Format::Text, false, 10), "Server app");
}

proptest! {
    #[test]
    fn a_line_is_an_object_that_fits(path in prop::collection::vec(any::<u8>(), 0..1500), method in prop::collection::vec(any::<u8>(), 0..8), room in 600usize..4000) {
        let request = Some(RequestLine { method: &method, path: &path, version: "HTTP/1.0" });
        let (value, length) = object(&HttpRecord { request, ..record(b"") }, room);
        prop_assert!(length <= room);
        if value.get("cut").is_none() && path.len() <= MOST_LINE && let Ok(path) = std::str::from_utf8(&path) {
            prop_assert_eq!(value["path"].as_str(), Some(path));
        }
    }

    #[test]
    fn a_cut_is_inside_no_character(path in "[é💩x]{0,400}", room in 600usize..1200) {
        let (value, _) = object(&record(path.as_bytes()), room);
        prop_assert!(path.starts_with(value["path"].as_str().unwrap()), "{value}");
    }
}

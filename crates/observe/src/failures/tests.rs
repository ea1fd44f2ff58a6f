//! What is remembered, what is forgotten, how it reads.

use std::time::{Duration, UNIX_EPOCH};

use jiff::tz::TimeZone;

use super::*;
use crate::DateCache;

plimsoll_outcome::outcomes! {
    /// A field name that is none.
    BAD = ("client.field.invalid", Client, Request, Never, b"PR", 400, "A header field was not valid.");
}

fn failure(second: u64) -> Failure<'static> {
    Failure {
        time: UNIX_EPOCH + Duration::from_secs(second),
        client: Some("127.0.0.1:5001".parse().unwrap()),
        frontend: "web",
        backend: Some("app"),
        server: None,
        outcome: &BAD,
        status: Some(400),
        message: Message::Request,
        position: Some(16),
        bytes: b"GET / HTTP/1.1\r\nhead er: \"\\\xff\r\n",
        length: 30,
    }
}

fn text(kept: &KeptFailure) -> String {
    let mut out = Vec::new();
    kept.write_text(&mut DateCache::new(TimeZone::UTC), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn the_last_ones_are_kept_newest_first() {
    let failures = Failures::new(3);
    (0..5).for_each(|second| failures.push(&failure(second)));
    let seconds = |most| -> Vec<u64> {
        failures.newest(most).iter().map(|kept| kept.time.duration_since(UNIX_EPOCH).unwrap().as_secs()).collect()
    };
    assert_eq!(seconds(9), [4, 3, 2]);
    assert_eq!(seconds(1), [4]);
    assert_eq!(failures.total(), 5);
}

#[test]
fn what_was_cleared_does_not_come_back_and_order_stays() {
    let failures = Failures::new(3);
    (0..4).for_each(|second| failures.push(&failure(second)));
    failures.clear();
    assert!(failures.newest(9).is_empty());
    (4..8).for_each(|second| failures.push(&failure(second)));
    assert_eq!(failures.newest(1)[0].time, failure(7).time);
    assert_eq!(failures.newest(9).len(), 3);
}

#[test]
fn the_rings_of_all_workers_are_one_list() {
    let rings = [Failures::default(), Failures::default()];
    (0..6).for_each(|second| rings[(second % 2) as usize].push(&failure(second)));
    let all = newest(&rings, 4);
    assert!(all.windows(2).all(|pair| pair[0].time > pair[1].time));
    assert_eq!((all.len(), all[0].time), (4, failure(5).time));
}

#[test]
fn memory_is_bounded_whatever_fails() {
    let (name, bytes) = ("é".repeat(500), vec![b'x'; 100_000]);
    let failures = Failures::new(1);
    let long = Failure { frontend: &name, server: Some(&name), bytes: &bytes, length: bytes.len(), ..failure(0) };
    failures.push(&long);
    let kept = &failures.newest(1)[0];
    assert_eq!((kept.bytes().len(), kept.length), (MOST_BYTES, 100_000));
    assert_eq!((kept.frontend(), kept.backend(), kept.server()), (&name[..128], Some("app"), Some(&name[..128])));
    assert!(text(kept).contains("... 99488 bytes more"));
    failures.push(&Failure { backend: None, bytes: b"", message: Message::None, ..failure(1) });
    let kept = &failures.newest(1)[0];
    assert_eq!((kept.frontend(), kept.backend(), kept.server(), kept.bytes()), ("web", None, None, &b""[..]));
}

#[test]
fn the_text_is_that_of_show_errors_and_holds_no_raw_bytes() {
    let failures = Failures::default();
    failures.push(&failure(0));
    assert_eq!(
        text(&failures.newest(1)[0]),
        "[01/Jan/1970:00:00:00.000] client.field.invalid (by client, phase request): A header field was not valid.\n  \
         client 127.0.0.1:5001, frontend web, backend app, server <NONE>, status 400\n  \
         request length 30 bytes, error at position 16:\n\n  \
         00000  GET / HTTP/1.1\\r\\n\n  \
         00016  head er: \"\\\\\\xFF\\r\\n\n\n"
    );
}

#[test]
fn a_long_line_is_broken_with_a_plus_and_never_wider_than_a_terminal() {
    let failures = Failures::default();
    failures.push(&Failure { bytes: &[0xff; 40], length: 40, position: None, ..failure(0) });
    let text = text(&failures.newest(1)[0]);
    assert!(text.lines().skip(2).all(|line| line.len() <= 79), "{text}");
    assert!(text.contains("  00017+ \\xFF"), "{text}");
}

#[test]
fn the_json_says_the_same_and_every_byte_can_be_had_back() {
    let failures = Failures::default();
    failures.push(&failure(0));
    let mut out = Vec::new();
    failures.newest(1)[0].write_json(&mut out);
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(value["outcome"], "client.field.invalid");
    assert_eq!((&value["side"], &value["phase"]), (&"client".into(), &"request".into()));
    assert_eq!(value["server"], serde_json::Value::Null);
    assert_eq!((&value["status"], &value["position"], &value["length"]), (&400.into(), &16.into(), &30.into()));
    assert_eq!(value["bytes"], "GET / HTTP/1.1\\r\\nhead er: \"\\\\\\xFF\\r\\n");
}

#[test]
fn a_reader_of_another_thread_sees_whole_failures() {
    let failures = Failures::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..1000).for_each(|second| failures.push(&failure(second))));
        while failures.total() < 1000 {
            for kept in failures.newest(2) {
                assert_eq!((kept.frontend(), kept.bytes()), ("web", failure(0).bytes));
            }
        }
    });
}

//! The default limits: 32 KiB and 128 fields of head (431), 16 KiB of target (414), chunk lines and trailers.

use std::fmt::Write as _;

use crate::case::{Case, refuse, same};

const KIB: usize = 1024;
const LARGE_HEAD: &[u16] = &[431];
const LONG_TARGET: &[u16] = &[414];
/// A body that breaks a limit has no status of its own.
const BODY: &[u16] = &[400, 413, 431];
const CHUNKED: &str = "POST /l HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A GET whose whole head has this many bytes, in fields of about a kilobyte.
fn head_of(size: usize) -> String {
    let mut head = String::from("GET /l HTTP/1.1\r\nHost: a\r\n");
    while head.len() + 2 < size {
        let left = size - head.len() - 2;
        // A field costs six bytes; the last one takes what is left, and no rest is smaller than a field.
        let value = if left < 2 * KIB { left - 6 } else { KIB };
        let _ = write!(head, "XX: {}\r\n", "v".repeat(value));
    }
    head.push_str("\r\n");
    assert_eq!(head.len(), size, "the table builds what it says");
    head
}

fn fields(count: usize) -> String {
    let mut head = String::from("GET /l HTTP/1.1\r\nHost: a\r\n");
    for number in 1..count {
        let _ = write!(head, "X-{number}: y\r\n");
    }
    head + "\r\n"
}

fn target_of(size: usize) -> String {
    format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "t".repeat(size - 1))
}

/// A chunk line of this many bytes, CRLF not counted.
fn chunk_line(size: usize) -> String {
    format!("{CHUNKED}3;{}\r\nabc\r\n0\r\n\r\n", "e".repeat(size - 2))
}

fn trailers(count: usize, size: usize) -> String {
    let mut body = format!("{CHUNKED}3\r\nabc\r\n0\r\n");
    for number in 0..count {
        let _ = write!(body, "X-{number}: {}\r\n", "v".repeat(size));
    }
    body + "\r\n"
}

/// The rows.
pub fn table() -> Vec<Case> {
    let without_extension = format!("{CHUNKED}3\r\nabc\r\n0\r\n\r\n");
    let extensions: String =
        (0..200).fold(CHUNKED.to_owned(), |body, _| body + &format!("1;{}\r\nz\r\n", "e".repeat(100)));
    vec![
        same("a head of 31 KiB", "limit: 32 KiB", head_of(31 * KIB)),
        same("a head of 32 KiB", "limit: 32 KiB", head_of(32 * KIB)),
        refuse("a head of 33 KiB", "limit: 32 KiB", LARGE_HEAD, head_of(33 * KIB)),
        refuse("a head of 200 KiB", "limit: 32 KiB", LARGE_HEAD, head_of(200 * KIB)),
        refuse(
            "one value of 40 KiB",
            "limit: 32 KiB",
            LARGE_HEAD,
            format!("GET /l HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "v".repeat(40 * KIB)),
        ),
        refuse(
            "one name of 40 KiB",
            "limit: 32 KiB",
            &[400, 431],
            format!("GET /l HTTP/1.1\r\nHost: a\r\n{}: v\r\n\r\n", "n".repeat(40 * KIB)),
        ),
        same("100 fields", "limit: 128 fields", fields(100)),
        same("128 fields", "limit: 128 fields", fields(128)),
        refuse("129 fields", "limit: 128 fields", LARGE_HEAD, fields(129)),
        refuse("1000 fields", "limit: 128 fields", LARGE_HEAD, fields(1000)),
        same("a target of 15 KiB", "limit: 16 KiB", target_of(15 * KIB)),
        same("a target of 16 KiB", "limit: 16 KiB", target_of(16 * KIB)),
        refuse("a target of one byte more", "limit: 16 KiB", LONG_TARGET, target_of(16 * KIB + 1)),
        refuse("a target of 64 KiB", "limit: 16 KiB", LONG_TARGET, target_of(64 * KIB)),
        refuse(
            "a method of 40 KiB",
            "RFC 9112 3",
            &[400, 414, 431, 501],
            format!("{} /l HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(40 * KIB)),
        ),
        refuse(
            "a line of 64 KiB without a blank",
            "limit: 32 KiB",
            &[400, 414, 431],
            format!("{}\r\n\r\n", "x".repeat(64 * KIB)),
        ),
        crate::case::arrives("a chunk line of 4000 bytes", "limit: 4 KiB", chunk_line(4000), &without_extension),
        refuse("a chunk line of 5000 bytes", "limit: 4 KiB", BODY, chunk_line(5000)),
        refuse("20 KB of extensions in one message", "limit: 16 KiB", BODY, extensions + "0\r\n\r\n"),
        same("8 KiB of trailers", "limit: 16 KiB", trailers(8, KIB)),
        refuse("20 KiB of trailers", "limit: 16 KiB", BODY, trailers(20, KIB)),
        refuse("200 trailers", "limit: 128 fields", BODY, trailers(200, 1)),
        same(
            "a body of a megabyte has no limit",
            "no limit on bodies",
            format!("POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", KIB * KIB, "b".repeat(KIB * KIB)),
        ),
    ]
}

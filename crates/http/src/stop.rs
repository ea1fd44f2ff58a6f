//! Where in a head that was refused the parser stopped: for the people who are shown its bytes. Off the path of every good message.

use plimsoll_outcome::Outcome;

use crate::field::Known;
use crate::token::is_tchar;
use crate::{
    CODING_INVALID, CODING_UNKNOWN, CONNECTION_NAMES, EXPECT_UNKNOWN, FRAMING_CONFLICT, HOST_INVALID, HOST_MISMATCH,
    LENGTH_INVALID, RESPONSE_FRAMING,
};

/// The place in a request's bytes.
#[must_use]
pub fn request_stop(bytes: &[u8], outcome: &Outcome) -> usize {
    // One empty line before it is passed over.
    let skip = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
    skip + head_stop(&bytes[skip..], request_line(&bytes[skip..]), outcome)
}

/// The place in a response's bytes.
#[must_use]
pub fn response_stop(bytes: &[u8], outcome: &Outcome) -> usize {
    head_stop(bytes, status_line(bytes), outcome)
}

/// The end of a good first line with its CRLF, or where it is wrong.
type Line = Result<usize, usize>;

fn request_line(bytes: &[u8]) -> Line {
    let method = run(bytes, 0, is_tchar);
    if method == 0 {
        return Err(0);
    }
    let target = expect(bytes, method, b" ")?;
    let end = run(bytes, target, |byte| crate::token::TARGET[usize::from(byte)]);
    if end == target {
        return Err(end);
    }
    let version = expect(bytes, end, b" HTTP/1.")?;
    let digit = run(bytes, version, |byte| matches!(byte, b'0' | b'1')).min(version + 1);
    expect(bytes, digit.max(version), b"\r\n").and_then(|end| if digit > version { Ok(end) } else { Err(version) })
}

fn status_line(bytes: &[u8]) -> Line {
    let version = expect(bytes, 0, b"HTTP/1.")?;
    let code = expect(bytes, run(bytes, version, |byte| byte.is_ascii_digit()).min(version + 1), b" ")?;
    let end = run(bytes, code, |byte| byte.is_ascii_digit());
    if end != code + 3 {
        return Err(end.min(code + 3));
    }
    let reason = expect(bytes, end, b" ")?;
    expect(bytes, run(bytes, reason, is_text), b"\r\n")
}

fn head_stop(bytes: &[u8], first: Line, outcome: &Outcome) -> usize {
    let mut at = match first {
        Ok(end) => end,
        Err(stop) => return stop,
    };
    let mut blamed = None;
    while at < bytes.len() && !bytes[at..].starts_with(b"\r\n") {
        let name = run(bytes, at, is_tchar);
        if name == at || bytes.get(name) != Some(&b':') {
            return name;
        }
        let value = run(bytes, name + 1, |byte| matches!(byte, b' ' | b'\t'));
        let end = run(bytes, value, is_text);
        if is_blamed(Known::of(&bytes[at..name]), outcome) {
            blamed = Some(value);
        }
        match expect(bytes, end, b"\r\n") {
            Ok(next) => at = next,
            Err(stop) => return stop,
        }
    }
    // Every line is good by itself: the last of the fields that the refusal is about, or the end.
    blamed.unwrap_or(at)
}

fn is_blamed(known: Known, outcome: &Outcome) -> bool {
    let about = |all: &[&Outcome]| all.contains(&outcome);
    match known {
        Known::Host => about(&[&HOST_INVALID, &HOST_MISMATCH]),
        Known::ContentLength => about(&[&LENGTH_INVALID, &FRAMING_CONFLICT, &RESPONSE_FRAMING]),
        Known::TransferEncoding => about(&[&CODING_INVALID, &CODING_UNKNOWN, &FRAMING_CONFLICT, &RESPONSE_FRAMING]),
        Known::Connection => about(&[&CONNECTION_NAMES]),
        Known::Expect => about(&[&EXPECT_UNKNOWN]),
        _ => false,
    }
}

/// Behind the bytes from `at` on that are of a kind.
fn run(bytes: &[u8], at: usize, kind: impl Fn(u8) -> bool) -> usize {
    at + bytes.get(at..).unwrap_or_default().iter().take_while(|&&byte| kind(byte)).count()
}

/// Behind what must stand at `at`, or the first byte that is another one.
fn expect(bytes: &[u8], at: usize, wanted: &[u8]) -> Line {
    let rest = bytes.get(at..).unwrap_or_default();
    let same = rest.iter().zip(wanted).take_while(|(byte, wanted)| byte == wanted).count();
    if same == wanted.len() { Ok(at + same) } else { Err(at + same) }
}

const fn is_text(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f || byte == b'\t'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FIELD_INVALID, REQUEST_LINE, RESPONSE_FIELD, RESPONSE_LINE};

    #[test]
    fn the_first_byte_that_cannot_stand_there_is_told() {
        for (text, outcome, stop) in [
            ("GE(T / HTTP/1.1\r\n", &REQUEST_LINE, 2),
            ("GET  / HTTP/1.1\r\n", &REQUEST_LINE, 4),
            ("GET /<a> HTTP/1.1\r\n", &REQUEST_LINE, 5),
            ("GET / HTTP/2.0\r\n", &REQUEST_LINE, 11),
            ("GET / HTTP/1.1\nHost: a\r\n", &REQUEST_LINE, 14),
            // HAProxy 2.6 shows 18 for this one.
            ("GET / HTTP/1.1\r\nHo st: a\r\n\r\n", &FIELD_INVALID, 18),
            ("\r\nGET / HTTP/1.1\r\nHo st: a\r\n\r\n", &FIELD_INVALID, 20),
            ("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", &FIELD_INVALID, 23),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", &HOST_INVALID, 31),
            ("GET / HTTP/1.1\r\nContent-Length: x\r\nHost: b\r\n\r\n", &LENGTH_INVALID, 32),
            ("GET / HTTP/1.1\r\nA: b\r\n\r\n", &HOST_INVALID, 22),
        ] {
            assert_eq!(request_stop(text.as_bytes(), outcome), stop, "{text:?}");
        }
        for (text, outcome, stop) in [
            // HAProxy 2.6 shows 20 for this one.
            ("HTTP/1.1 200 OK\r\nBad Name: 5\r\n\r\nhello", &RESPONSE_FIELD, 20),
            ("junk\r\n", &RESPONSE_LINE, 0),
            ("HTTP/1.1 20 OK\r\n", &RESPONSE_LINE, 11),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", &RESPONSE_FRAMING, 52),
        ] {
            assert_eq!(response_stop(text.as_bytes(), outcome), stop, "{text:?}");
        }
    }

    #[test]
    fn any_bytes_have_a_place_within_them() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
        for end in 0..=text.len() {
            for byte in [0, b' ', b'\r', b'\n', b':', b'x', 0xff] {
                let mut bytes = text[..end].to_vec();
                bytes.push(byte);
                assert!(request_stop(&bytes, &FIELD_INVALID) <= bytes.len());
                assert!(response_stop(&bytes, &RESPONSE_FIELD) <= bytes.len());
            }
        }
    }
}

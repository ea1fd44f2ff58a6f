//! Reads a head in one pass, when it arrived whole and nothing about it is out of the ordinary. Anything else is for the scanner and httparse,
//! who know what is wrong with it; what is read here they would read in the same way, which `tests` compares.

use crate::field::{Field, Known, Span};
use crate::request::{MOST_FIELDS, MOST_METHOD, Method};
use crate::token::{TARGET, TCHAR};

/// `METHOD target HTTP/1.x`
pub(crate) struct RequestLine {
    pub(crate) method: Method,
    pub(crate) method_length: usize,
    pub(crate) target_length: usize,
    pub(crate) minor: u8,
}

impl RequestLine {
    /// Behind which CRLF stands.
    pub(crate) const fn length(&self) -> usize {
        self.method_length + self.target_length + 10
    }
}

/// `HTTP/1.x NNN reason`
pub(crate) struct StatusLine {
    pub(crate) minor: u8,
    pub(crate) status: u16,
    /// Behind the reason.
    pub(crate) length: usize,
}

/// Where the reason starts.
pub(crate) const REASON: usize = 13;

/// The line, and behind which byte the head ends.
pub(crate) fn request(input: &[u8], fields: &mut Vec<Field>) -> Option<(RequestLine, usize)> {
    let method_length = run(input, &TCHAR);
    let rest = input.get(method_length..)?.strip_prefix(b" ")?;
    let target_length = run(rest, &TARGET);
    let minor = match rest.get(target_length..)?.first_chunk()? {
        b" HTTP/1.1\r\n" => 1,
        b" HTTP/1.0\r\n" => 0,
        _ => return None,
    };
    if method_length == 0 || method_length > MOST_METHOD || target_length == 0 {
        return None;
    }
    let line = RequestLine { method: Method::of(&input[..method_length]), method_length, target_length, minor };
    let end = read_fields(input, line.length() + 2, fields)?;
    Some((line, end))
}

/// The line, and behind which byte the head ends. What is forgiven is not forgiven here.
pub(crate) fn response(input: &[u8], fields: &mut Vec<Field>) -> Option<(StatusLine, usize)> {
    let &[b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ (b'0' | b'1'), b' ', a, b, c, b' '] =
        input.first_chunk::<REASON>()?
    else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let status = digit(a)? * 100 + digit(b)? * 10 + digit(c)?;
    let length = control(input, REASON)?;
    if status < 100 || input.get(length..length + 2)? != b"\r\n" {
        return None;
    }
    let end = read_fields(input, length + 2, fields)?;
    Some((StatusLine { minor: minor - b'0', status, length }, end))
}

/// `name: value CRLF` as often as it stands there, and the empty line.
fn read_fields(input: &[u8], mut at: usize, fields: &mut Vec<Field>) -> Option<usize> {
    loop {
        let line = input.get(at..)?;
        let name_length = run(line, &TCHAR);
        if name_length == 0 {
            return line.starts_with(b"\r\n").then_some(at + 2);
        }
        if line.get(name_length) != Some(&b':') || fields.len() == MOST_FIELDS {
            return None;
        }
        let name = Span::new(at, at + name_length);
        let mut start = at + name_length + 1;
        while let Some(b' ' | b'\t') = input.get(start) {
            start += 1;
        }
        let crlf = control(input, start)?;
        if input.get(crlf..crlf + 2)? != b"\r\n" {
            return None;
        }
        let mut end = crlf;
        while end > start && matches!(input[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        let value = if start == end { name.end as usize + 1..name.end as usize + 1 } else { start..end };
        fields.push(Field {
            known: Known::of(&line[..name_length]),
            name,
            value: Span::new(value.start, value.end),
            end: (crlf + 2) as u32,
            dropped: false,
            gone: false,
        });
        at = crlf + 2;
    }
}

/// How many of the first bytes are of this kind.
fn run(bytes: &[u8], kind: &[bool; 256]) -> usize {
    bytes.iter().position(|&byte| !kind[usize::from(byte)]).unwrap_or(bytes.len())
}

/// The first control byte, a tab apart, from this place on: CR in a value that is as it should be.
fn control(input: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = ONES << 7;
    let from = at;
    while let Some(eight) = input.get(at..)?.first_chunk::<8>() {
        // The top bit of each byte that is below a space, or DEL. A borrow reaches upwards only, so the lowest one is true.
        let word = u64::from_le_bytes(*eight);
        let low = word.wrapping_sub(ONES * 0x20) & !word;
        let del = word ^ (ONES * 0x7f);
        let found = (low | del.wrapping_sub(ONES) & !del) & TOP;
        if found == 0 {
            at += 8;
            if at - from >= LONG_VALUE {
                at = skip_long(input, at);
            }
            continue;
        }
        at += found.trailing_zeros() as usize / 8;
        if input[at] != b'\t' {
            return Some(at);
        }
        at += 1;
    }
    Some(at + input[at..].iter().position(|&byte| is_control(byte))?)
}

/// From here on a value is looked at in wider steps: cookies.
const LONG_VALUE: usize = 32;

/// Passes over as many times 32 bytes as hold no control byte.
#[inline(never)]
fn skip_long(input: &[u8], mut at: usize) -> usize {
    while let Some(wide) = input[at..].first_chunk::<32>() {
        // No early end: this becomes a few vector instructions.
        if wide.iter().fold(false, |found, &byte| found | (byte < b' ') | (byte == 0x7f)) {
            break;
        }
        at += 32;
    }
    at
}

const fn is_control(byte: u8) -> bool {
    byte < b' ' && byte != b'\t' || byte == 0x7f
}

#[cfg(test)]
mod tests;

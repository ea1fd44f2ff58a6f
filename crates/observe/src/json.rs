//! One JSON object a line: typed fields, null where there is nothing, ASCII only.
//!
//! Numbers are integers, times microseconds. What a client sent comes last, so that a line that would be too long is cut inside that text and
//! stays an object (with `"cut":true`). Characters beyond ASCII are `\u` escapes, which no terminal obeys; bytes that are not UTF-8 come as
//! `%XX`, the way a URI writes them.

use plimsoll_outcome::Outcome;

use crate::DateCache;
use crate::record::{HttpRecord, Levels, TcpRecord, phase, side};
use crate::text::{MOST_LINE, count, hex, ip, number};

/// Appends the object, without a line's end; at most `room` bytes of it where the names leave that possible.
pub(crate) fn http(record: &HttpRecord<'_>, room: usize, dates: &mut DateCache, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(b"{\"time\":\"");
    dates.write_rfc3339(record.date, out);
    out.extend_from_slice(b"\",\"type\":\"http\"");
    places(record.client, [Some(record.frontend), record.backend, record.server], out);
    out.extend_from_slice(b",\"status\":");
    match record.status {
        Some(status) => count(u64::from(status), out),
        None => null(out),
    }
    bytes(record.bytes_in, record.bytes_out, out);
    let times = record.times;
    time(b",\"request_us\":", times.request, out);
    time(b",\"queue_us\":", times.queue, out);
    time(b",\"connect_us\":", times.connect, out);
    time(b",\"response_us\":", times.response, out);
    time(b",\"total_us\":", times.total, out);
    outcome(record.outcome, record.levels, out);
    let Some(request) = record.request else {
        out.extend_from_slice(b",\"version\":null,\"method\":null,\"path\":null}");
        return;
    };
    out.extend_from_slice(b",\"version\":\"");
    out.extend_from_slice(request.version.as_bytes());
    out.extend_from_slice(b"\",\"method\":");
    text(request.method, out);
    last(b",\"path\":", &request.path[..request.path.len().min(MOST_LINE)], start.saturating_add(room), out);
}

/// As [`http`].
pub(crate) fn tcp(record: &TcpRecord<'_>, dates: &mut DateCache, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"time\":\"");
    dates.write_rfc3339(record.date, out);
    out.extend_from_slice(b"\",\"type\":\"tcp\"");
    places(record.client, [Some(record.frontend), record.backend, record.server], out);
    bytes(record.bytes_in, record.bytes_out, out);
    time(b",\"queue_us\":", record.times.queue, out);
    time(b",\"connect_us\":", record.times.connect, out);
    time(b",\"total_us\":", record.times.total, out);
    outcome(record.outcome, record.levels, out);
    out.push(b'}');
}

/// Client, frontend, backend, server.
pub(crate) fn places(client: Option<std::net::SocketAddr>, names: [Option<&str>; 3], out: &mut Vec<u8>) {
    match client {
        Some(address) => {
            out.extend_from_slice(b",\"client\":\"");
            ip(address.ip(), out);
            out.extend_from_slice(b"\",\"client_port\":");
            count(u64::from(address.port()), out);
        }
        None => out.extend_from_slice(b",\"client\":null,\"client_port\":null"),
    }
    for (key, name) in [&b",\"frontend\":"[..], b",\"backend\":", b",\"server\":"].into_iter().zip(names) {
        out.extend_from_slice(key);
        match name {
            Some(name) => text(name.as_bytes(), out),
            None => null(out),
        }
    }
}

/// Slug, side, phase.
pub(crate) fn cause(outcome: &Outcome, out: &mut Vec<u8>) {
    // Slugs, sides, phases and states are ours: nothing in them needs an escape.
    for (key, word) in [
        (&b",\"outcome\":\""[..], outcome.slug),
        (b"\",\"side\":\"", side(outcome.side)),
        (b"\",\"phase\":\"", phase(outcome.phase)),
    ] {
        out.extend_from_slice(key);
        out.extend_from_slice(word.as_bytes());
    }
    out.push(b'"');
}

fn outcome(outcome: &Outcome, levels: Levels, out: &mut Vec<u8>) {
    cause(outcome, out);
    out.extend_from_slice(b",\"state\":\"");
    out.extend_from_slice(&outcome.state);
    out.extend_from_slice(b"\",\"retries\":");
    count(u64::from(levels.retries), out);
    out.extend_from_slice(b",\"redispatched\":");
    flag(levels.redispatched, out);
    for (key, level) in [
        (&b",\"connections\":{\"process\":"[..], levels.process),
        (b",\"frontend\":", levels.frontend),
        (b",\"backend\":", levels.backend),
        (b",\"server\":", levels.server),
    ] {
        out.extend_from_slice(key);
        count(level as u64, out);
    }
    out.push(b'}');
}

fn bytes(bytes_in: u64, bytes_out: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"bytes_in\":");
    count(bytes_in, out);
    out.extend_from_slice(b",\"bytes_out\":");
    count(bytes_out, out);
}

fn time(key: &[u8], micros: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    if micros < 0 { null(out) } else { number(micros, out) }
}

pub(crate) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

pub(crate) fn flag(flag: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if flag { b"true" } else { b"false" });
}

/// The last field of an object that must end before `end`, and the object's end.
pub(crate) fn last(key: &[u8], value: &[u8], end: usize, out: &mut Vec<u8>) {
    const CUT: &[u8] = b",\"cut\":true}";
    out.extend_from_slice(key);
    let (before, room) = (out.len(), end.saturating_sub(out.len() + CUT.len()));
    text(value, out);
    if out.len() - before <= room {
        out.push(b'}');
        return;
    }
    // Rare: written again, in pieces that are whole escapes.
    out.truncate(before);
    out.push(b'"');
    for piece in Pieces(value) {
        let so_far = out.len();
        piece.write(out);
        if out.len() + 1 - before > room {
            out.truncate(so_far);
            break;
        }
    }
    out.push(b'"');
    out.extend_from_slice(CUT);
}

/// A string with its quotes.
pub(crate) fn text(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    // Nearly everything is plain, and then it is one copy.
    if value.iter().all(|&byte| plain(byte)) {
        out.extend_from_slice(value);
    } else {
        Pieces(value).for_each(|piece| piece.write(out));
    }
    out.push(b'"');
}

#[inline]
const fn plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// What may not be cut in two.
enum Piece {
    Char(char),
    Broken(u8),
}

impl Piece {
    fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Broken(byte) => hex(b"%", byte, out),
            Self::Char(char) if char.is_ascii() && plain(char as u8) => out.push(char as u8),
            Self::Char('"') => out.extend_from_slice(b"\\\""),
            Self::Char('\\') => out.extend_from_slice(b"\\\\"),
            Self::Char(char) => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(b"\\u");
                    unit.to_be_bytes().into_iter().for_each(|byte| hex(b"", byte, out));
                }
            }
        }
    }
}

struct Pieces<'a>(&'a [u8]);

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let first = *self.0.first()?;
        // No character is longer than four bytes.
        let head = &self.0[..self.0.len().min(4)];
        let good = match std::str::from_utf8(head) {
            Ok(good) => good,
            Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
        };
        let piece = good.chars().next().map_or(Piece::Broken(first), Piece::Char);
        self.0 = &self.0[if let Piece::Char(char) = piece { char.len_utf8() } else { 1 }..];
        Some(piece)
    }
}

#[cfg(test)]
mod tests;

//! One line per request or connection, in the shapes that HAProxy's users' tools read (configuration manual, 8.2.2 and 8.2.3).

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use crate::DateCache;
use crate::record::{HttpRecord, Levels, TcpRecord};

/// Of a request's first line that much is logged, as in HAProxy.
pub(crate) const MOST_LINE: usize = 1024;
/// What HAProxy writes for a server that was not chosen.
const NO_SERVER: &str = "<NOSRV>";

/// Appends the line, without its end.
pub(crate) fn http(record: &HttpRecord<'_>, dates: &mut DateCache, out: &mut Vec<u8>) {
    let HttpRecord { frontend, backend, server, times, levels, .. } = *record;
    start(record.client, record.date, [frontend, backend.unwrap_or(frontend), server.unwrap_or(NO_SERVER)], dates, out);
    list([times.request, times.queue, times.connect, times.response, times.total], out);
    out.push(b' ');
    number(record.status.map_or(-1, i64::from), out);
    out.push(b' ');
    count(record.bytes_out, out);
    out.extend_from_slice(b" - - ");
    out.extend_from_slice(&record.outcome.state);
    out.extend_from_slice(b"-- ");
    connections(levels, out);
    out.extend_from_slice(b" \"");
    match record.request {
        Some(request) => {
            let mut left = MOST_LINE;
            for part in [request.method, b" ", request.path, b" ", request.version.as_bytes()] {
                escaped(&part[..part.len().min(left)], out);
                left -= part.len().min(left);
            }
        }
        None => out.extend_from_slice(b"<BADREQ>"),
    }
    out.push(b'"');
}

/// Appends the line, without its end.
pub(crate) fn tcp(record: &TcpRecord<'_>, dates: &mut DateCache, out: &mut Vec<u8>) {
    let TcpRecord { frontend, backend, server, times, levels, .. } = *record;
    start(record.client, record.date, [frontend, backend.unwrap_or(frontend), server.unwrap_or(NO_SERVER)], dates, out);
    list([times.queue, times.connect, times.total], out);
    out.push(b' ');
    count(record.bytes_out, out);
    out.push(b' ');
    out.extend_from_slice(&record.outcome.state);
    out.push(b' ');
    connections(levels, out);
}

fn start(client: Option<SocketAddr>, date: SystemTime, names: [&str; 3], dates: &mut DateCache, out: &mut Vec<u8>) {
    match client {
        Some(address) => {
            ip(address.ip(), out);
            out.push(b':');
            count(u64::from(address.port()), out);
        }
        None => out.extend_from_slice(b"unix:1"),
    }
    out.extend_from_slice(b" [");
    dates.write(date, out);
    let [frontend, backend, server] = names;
    out.extend_from_slice(b"] ");
    out.extend_from_slice(frontend.as_bytes());
    out.push(b' ');
    out.extend_from_slice(backend.as_bytes());
    out.push(b'/');
    out.extend_from_slice(server.as_bytes());
    out.push(b' ');
}

fn connections(levels: Levels, out: &mut Vec<u8>) {
    for level in [levels.process, levels.frontend, levels.backend, levels.server] {
        count(level as u64, out);
        out.push(b'/');
    }
    if levels.redispatched {
        out.push(b'+');
    }
    count(u64::from(levels.retries), out);
    out.extend_from_slice(b" 0/0");
}

/// Microseconds as whole milliseconds, -1 as itself.
fn list<const N: usize>(times: [i64; N], out: &mut Vec<u8>) {
    for (at, &micros) in times.iter().enumerate() {
        if at > 0 {
            out.push(b'/');
        }
        number(if micros < 0 { -1 } else { micros / 1000 }, out);
    }
}

/// Std's formatting of addresses takes three times as long as this for IPv4.
pub(crate) fn ip(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(v4) => {
            for (at, octet) in v4.octets().into_iter().enumerate() {
                if at > 0 {
                    out.push(b'.');
                }
                count(u64::from(octet), out);
            }
        }
        // Writing into a Vec does not fail.
        IpAddr::V6(v6) => drop(write!(out, "{v6}")),
    }
}

pub(crate) fn number(value: i64, out: &mut Vec<u8>) {
    match u64::try_from(value) {
        Ok(value) => count(value, out),
        Err(_) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
    }
}

/// Most numbers of a line have one digit.
#[inline]
pub(crate) fn count(value: u64, out: &mut Vec<u8>) {
    match value {
        0..=9 => out.push(b'0' + value as u8),
        _ => digits(value, out),
    }
}

fn digits(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// What a client sent is never written raw: control bytes, quotes and what is not ASCII become `#XX`, as HAProxy writes them.
pub(crate) fn escaped(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'#') {
            out.push(byte);
        } else {
            hex(b"#", byte, out);
        }
    }
}

/// Our own words, which may hold names from a configuration: only what would break the line or the terminal is escaped.
pub(crate) fn message(text: &str, out: &mut Vec<u8>) {
    for char in text.chars() {
        if char.is_control() {
            let mut bytes = [0; 4];
            char.encode_utf8(&mut bytes).bytes().for_each(|byte| hex(b"#", byte, out));
        } else {
            let mut bytes = [0; 4];
            out.extend_from_slice(char.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

pub(crate) fn hex(before: &[u8], byte: u8, out: &mut Vec<u8>) {
    let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value & 15)];
    out.extend_from_slice(before);
    out.extend_from_slice(&[digit(byte >> 4), digit(byte)]);
}

#[cfg(test)]
mod tests;

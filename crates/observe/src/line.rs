//! One line per request or connection, in the shapes that HAProxy's users' tools read (configuration manual, 8.2.2 and 8.2.3).

use std::net::SocketAddr;
use std::time::SystemTime;

use crate::{DateCache, Levels};

/// What a line about an HTTP request says. Times are milliseconds; -1: that point was not reached.
#[derive(Clone, Copy, Debug)]
pub struct HttpRecord<'a> {
    /// Who asked; a UNIX socket has no address.
    pub client: Option<SocketAddr>,
    /// When its first byte came.
    pub date: SystemTime,
    /// Name of the frontend.
    pub frontend: &'a str,
    /// Name of the backend; the frontend's if none was chosen.
    pub backend: &'a str,
    /// Name of the server; `<NOSRV>` if none was chosen.
    pub server: &'a str,
    /// `%TR/%Tw/%Tc/%Tr/%Ta`
    pub times: [i64; 5],
    /// Status sent to the client; -1 if none.
    pub status: i32,
    /// Bytes sent to the client, head included.
    pub bytes: u64,
    /// Termination letters.
    pub state: [u8; 2],
    /// `%ac/%fc/%bc/%sc/%rc`
    pub levels: Levels,
    /// The request line; `<BADREQ>` if there was none.
    pub request: &'a [u8],
}

/// What a line about a TCP connection says.
#[derive(Clone, Copy, Debug)]
pub struct TcpRecord<'a> {
    /// Who connected.
    pub client: Option<SocketAddr>,
    /// When.
    pub date: SystemTime,
    /// Name of the frontend.
    pub frontend: &'a str,
    /// Name of the backend.
    pub backend: &'a str,
    /// Name of the server; `<NOSRV>` if none was chosen.
    pub server: &'a str,
    /// `%Tw/%Tc/%Tt`
    pub times: [i64; 3],
    /// Bytes sent to the client.
    pub bytes: u64,
    /// Termination letters.
    pub state: [u8; 2],
    /// `%ac/%fc/%bc/%sc/%rc`
    pub levels: Levels,
}

impl HttpRecord<'_> {
    /// Appends the line.
    pub fn write(&self, dates: &mut DateCache, out: &mut Vec<u8>) {
        start(self.client, self.date, [self.frontend, self.backend, self.server], dates, out);
        list(&self.times, out);
        out.push(b' ');
        number(i64::from(self.status), out);
        out.push(b' ');
        number(i64::try_from(self.bytes).unwrap_or(i64::MAX), out);
        out.extend_from_slice(b" - - ");
        out.extend_from_slice(&self.state);
        out.extend_from_slice(b"-- ");
        levels(self.levels, out);
        out.extend_from_slice(b" \"");
        escaped(self.request, out);
        out.extend_from_slice(b"\"\n");
    }
}

impl TcpRecord<'_> {
    /// Appends the line.
    pub fn write(&self, dates: &mut DateCache, out: &mut Vec<u8>) {
        start(self.client, self.date, [self.frontend, self.backend, self.server], dates, out);
        list(&self.times, out);
        out.push(b' ');
        number(i64::try_from(self.bytes).unwrap_or(i64::MAX), out);
        out.push(b' ');
        out.extend_from_slice(&self.state);
        out.push(b' ');
        levels(self.levels, out);
        out.push(b'\n');
    }
}

fn start(client: Option<SocketAddr>, date: SystemTime, names: [&str; 3], dates: &mut DateCache, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing into a Vec does not fail.
    let _ = match client {
        Some(address) => write!(out, "{}:{}", address.ip(), address.port()),
        None => write!(out, "unix:1"),
    };
    out.extend_from_slice(b" [");
    dates.write(date, out);
    let [frontend, backend, server] = names;
    let _ = write!(out, "] {frontend} {backend}/{server} ");
}

fn levels(levels: Levels, out: &mut Vec<u8>) {
    for level in [levels.process, levels.frontend, levels.backend, levels.server] {
        number(level as i64, out);
        out.push(b'/');
    }
    if levels.redispatched {
        out.push(b'+');
    }
    number(i64::from(levels.retries), out);
    out.extend_from_slice(b" 0/0");
}

fn list(numbers: &[i64], out: &mut Vec<u8>) {
    for (at, &value) in numbers.iter().enumerate() {
        if at > 0 {
            out.push(b'/');
        }
        number(value, out);
    }
}

fn number(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// What a client sent is never written raw: control bytes, quotes and what is not ASCII become `#XX`, as HAProxy writes them.
fn escaped(text: &[u8], out: &mut Vec<u8>) {
    const MOST: usize = 1024;
    for &byte in &text[..text.len().min(MOST)] {
        if matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'#') {
            out.push(byte);
        } else {
            let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value & 15)];
            out.extend_from_slice(&[b'#', digit(byte >> 4), digit(byte)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn an_http_line_has_the_shape_of_httplog_and_no_raw_client_bytes() {
        let record = HttpRecord {
            client: Some("127.0.0.1:5001".parse().unwrap()),
            date: UNIX_EPOCH,
            frontend: "web",
            backend: "app",
            server: "app1",
            times: [0, -1, 1, 2, 3],
            status: 200,
            bytes: 117,
            state: *b"--",
            levels: Levels { process: 2, frontend: 1, backend: 1, server: 1, retries: 1, redispatched: true },
            request: b"GET /\"\x1b[31m HTTP/1.1",
        };
        let mut out = Vec::new();
        record.write(&mut DateCache::new(TimeZone::UTC), &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "127.0.0.1:5001 [01/Jan/1970:00:00:00.000] web app/app1 0/-1/1/2/3 200 117 - - ---- 2/1/1/1/+1 0/0 \"GET /#22#1B[31m HTTP/1.1\"\n"
        );
    }

    #[test]
    fn a_tcp_line_has_the_shape_of_tcplog() {
        let record = TcpRecord {
            client: None,
            date: UNIX_EPOCH,
            frontend: "in",
            backend: "out",
            server: "<NOSRV>",
            times: [-1, -1, 5],
            bytes: 0,
            state: *b"SC",
            levels: Levels::default(),
        };
        let mut out = Vec::new();
        record.write(&mut DateCache::new(TimeZone::UTC), &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "unix:1 [01/Jan/1970:00:00:00.000] in out/<NOSRV> -1/-1/5 0 SC 0/0/0/0/0 0/0\n"
        );
    }
}

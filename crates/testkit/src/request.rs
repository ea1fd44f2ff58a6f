//! The strict HTTP/1.1 request reader of the judging origin: what it refuses, no proxy may ever forward.

use crate::fields::{Fields, is_token, read_chunks, trim};
use crate::wire::{End, Wire, unclean};

/// How the body of a message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// No body.
    None,
    /// Content-Length.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// Until the connection ends (responses only).
    UntilEnd,
}

/// A complete request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method token.
    pub method: String,
    /// Request target, as it came.
    pub target: String,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: String,
    /// Header fields in order.
    pub fields: Fields,
    /// How the body ended.
    pub framing: Framing,
    /// The body's data.
    pub body: Vec<u8>,
    /// Trailer fields in order.
    pub trailers: Fields,
}

/// Connection options a proxy may send of its own accord.
const OWN_OPTIONS: [&str; 4] = ["close", "keep-alive", "upgrade", "te"];
/// Fields that may not arrive in trailers: framing, routing, authentication (RFC 9110 section 6.5.1).
const NEVER_TRAILERS: [&str; 13] = [
    "content-length",
    "transfer-encoding",
    "host",
    "connection",
    "te",
    "trailer",
    "upgrade",
    "authorization",
    "proxy-authorization",
    "cookie",
    "content-encoding",
    "content-type",
    "expect",
];

/// The head of a request; the body is still to be read.
#[derive(Debug)]
pub struct Head {
    request: Request,
}

impl Head {
    /// Reads and judges a head.
    pub fn read(wire: &mut Wire) -> Result<Self, End> {
        wire.peek()?;
        let line = wire.line()?;
        let shown = line.escape_ascii().to_string();
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let [method, target, version] = words[..] else {
            return unclean(format!("a request line of {} words: {shown}", words.len()));
        };
        if !is_token(method) {
            return unclean(format!("a method that is no token: {shown}"));
        }
        if version != b"HTTP/1.1" && version != b"HTTP/1.0" {
            return unclean(format!("the version of {shown}"));
        }
        if target.is_empty() || !target.iter().all(|byte| matches!(byte, 0x21..=0x7e) && *byte != b'#') {
            return unclean(format!("the target of {shown}"));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = Fields::read(wire)?;
        let mut request = Request {
            method: text(method),
            target: text(target),
            version: text(version),
            fields,
            framing: Framing::None,
            body: Vec::new(),
            trailers: Fields::default(),
        };
        request.framing = judge(&request)?;
        Ok(Self { request })
    }

    /// What the head says, with an empty body.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Reads the body, keeping it.
    pub fn read_body(self, wire: &mut Wire) -> Result<Request, End> {
        let mut body = Vec::new();
        let mut request = self.pass_body(wire, |part| body.extend_from_slice(part))?;
        request.body = body;
        Ok(request)
    }

    /// Reads the body, handing each part on: for bodies too large to keep.
    pub fn pass_body(self, wire: &mut Wire, mut each: impl FnMut(&[u8])) -> Result<Request, End> {
        let mut request = self.request;
        match request.framing {
            Framing::None | Framing::UntilEnd => {}
            Framing::Length(length) => {
                let mut left = length;
                while left > 0 {
                    wire.peek()?;
                    let part = usize::try_from(left).unwrap_or(usize::MAX).min(wire.rest().len());
                    each(&wire.take(part)?);
                    left -= part as u64;
                }
            }
            Framing::Chunked => {
                request.trailers = read_chunks(wire, true, each)?;
                if let Some(name) = NEVER_TRAILERS.iter().find(|name| request.trailers.has(name)) {
                    return unclean(format!("{name} as a trailer"));
                }
            }
        }
        Ok(request)
    }
}

/// Reads one whole request.
pub fn read(wire: &mut Wire) -> Result<Request, End> {
    wire.begin();
    Head::read(wire)?.read_body(wire)
}

/// The rules that need the whole head: framing, Host, hop-by-hop fields.
fn judge(request: &Request) -> Result<Framing, End> {
    let fields = &request.fields;
    let length = fields.content_length()?;
    let chunked = fields.chunked()?;
    if chunked && length.is_some() {
        return unclean("Transfer-Encoding and Content-Length");
    }
    if chunked && request.version == "HTTP/1.0" {
        return unclean("Transfer-Encoding in HTTP/1.0");
    }
    let hosts: Vec<&[u8]> = fields.all("host").collect();
    if hosts.len() > 1 || (hosts.is_empty() && request.version == "HTTP/1.1") {
        return unclean(format!("{} Host fields", hosts.len()));
    }
    if let Some(host) = hosts.first()
        && (trim(host).is_empty()
            || host.iter().any(|byte| !matches!(byte, 0x21..=0x7e) || b"/@,?#\\\"<>".contains(byte)))
    {
        return unclean(format!("Host {:?}", host.escape_ascii().to_string()));
    }
    for option in fields.members("connection") {
        if !OWN_OPTIONS.contains(&option.as_str()) {
            return unclean(format!("Connection names {option}"));
        }
        if option != "close" && option != "keep-alive" && !fields.has(&option) {
            return unclean(format!("Connection names {option}, which is not there"));
        }
    }
    for name in ["upgrade", "te"] {
        if fields.has(name) && !fields.members("connection").iter().any(|option| option == name) {
            return unclean(format!("{name} without being named by Connection"));
        }
    }
    for name in ["keep-alive", "proxy-connection", "http2-settings"] {
        if fields.has(name) {
            return unclean(format!("the hop-by-hop field {name} was forwarded"));
        }
    }
    Ok(match length {
        _ if chunked => Framing::Chunked,
        Some(length) => Framing::Length(length),
        None => Framing::None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;

    /// Feeds bytes and FIN to the reader.
    fn judged(bytes: &str) -> Result<Request, End> {
        let (mut far, near) = UnixStream::pair().unwrap();
        far.write_all(bytes.as_bytes()).unwrap();
        drop(far);
        read(&mut Wire::new(near.into(), Duration::from_secs(5)))
    }

    #[test]
    fn a_clean_request_is_read_whole() {
        let request =
            judged("POST /a?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n");
        let request = request.unwrap();
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/a?b"));
        assert_eq!(request.body, b"abc");
        assert_eq!(request.trailers.lines_without(&[]), ["x: y"]);
    }

    #[test]
    fn each_uncleanliness_is_seen() {
        let host = "Host: h\r\n";
        for (why, bytes) in [
            ("bare LF", format!("GET / HTTP/1.1\n{host}\r\n")),
            ("two lengths", format!("GET / HTTP/1.1\r\n{host}Content-Length: 0\r\nContent-Length: 0\r\n\r\n")),
            ("signed length", format!("GET / HTTP/1.1\r\n{host}Content-Length: +1\r\n\r\na")),
            (
                "both framings",
                format!("GET / HTTP/1.1\r\n{host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ),
            ("coding list", format!("GET / HTTP/1.1\r\n{host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")),
            ("fold", format!("GET / HTTP/1.1\r\n{host}A: b\r\n c\r\n\r\n")),
            ("space before colon", format!("GET / HTTP/1.1\r\n{host}A : b\r\n\r\n")),
            ("no host", "GET / HTTP/1.1\r\n\r\n".into()),
            ("two hosts", format!("GET / HTTP/1.1\r\n{host}{host}\r\n")),
            ("chunk extension", format!("GET / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n0;a\r\n\r\n")),
            (
                "17 digits",
                format!(
                    "GET / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n00000000000000001\r\na\r\n0\r\n\r\n"
                ),
            ),
            ("host trailer", format!("GET / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n0\r\nHost: x\r\n\r\n")),
            ("keep-alive", format!("GET / HTTP/1.1\r\n{host}Keep-Alive: 5\r\n\r\n")),
            ("named field", format!("GET / HTTP/1.1\r\n{host}Connection: x-a\r\n\r\n")),
            ("two spaces", format!("GET  / HTTP/1.1\r\n{host}\r\n")),
            ("leading CRLF", format!("\r\nGET / HTTP/1.1\r\n{host}\r\n")),
        ] {
            assert!(matches!(judged(&bytes), Err(End::Unclean(_))), "{why}");
        }
    }

    #[test]
    fn half_a_request_is_a_fin_in_the_middle() {
        assert_eq!(judged("GET / HT"), Err(End::Fin { mid: true }));
        assert_eq!(judged(""), Err(End::Fin { mid: false }));
    }
}

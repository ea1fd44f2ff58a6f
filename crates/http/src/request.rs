//! A request head: read, judged, and made ready to be forwarded.

use std::cell::Cell;
use std::mem::MaybeUninit;

use crate::field::{Field, Head, Known, Span};
use crate::framing::{Coding, Framing, Length, Said};
use crate::hop::{self, Hop};
use crate::host::Authority;
use crate::lines::{self, RequestLine};
use crate::scan::{Found, Scanner};
use crate::target::{self, Form};
use crate::{
    CODING_INVALID, CODING_UNKNOWN, CONNECTION_NAMES, EXPECT_UNKNOWN, FIELD_INVALID, FRAMING_CONFLICT,
    HEADER_TOO_LARGE, HEADER_TOO_MANY, HOST_INVALID, HOST_MISMATCH, LENGTH_INVALID, METHOD_CONNECT, REQUEST_LINE,
    REQUEST_VERSION, TARGET_INVALID, TARGET_TOO_LONG,
};
use crate::{Limits, Progress, Refusal};

/// More fields than any limit allows.
pub(crate) const MOST_FIELDS: usize = 512;

/// A method that is longer is no method.
pub(crate) const MOST_METHOD: usize = 64;

/// The methods that are treated in some way of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    #[default]
    Get,
    /// `HEAD`: its response has no body.
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
    /// `OPTIONS`
    Options,
    /// `TRACE`
    Trace,
    /// `CONNECT`
    Connect,
    /// Any other token.
    Other,
}

impl Method {
    pub(crate) fn of(text: &[u8]) -> Self {
        match text {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"OPTIONS" => Self::Options,
            b"TRACE" => Self::Trace,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }

    /// May be sent twice without doing more than once (RFC 9110 section 9.2.2).
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Put | Self::Delete | Self::Options | Self::Trace)
    }
}

/// A request head. One value is used for request after request: its memory is kept.
#[derive(Debug, Default)]
pub struct Request {
    /// The text and its fields.
    pub head: Head,
    /// The method.
    pub method: Method,
    /// Its name.
    pub method_text: Span,
    /// The target: as received, or as rules made it.
    pub target: Span,
    /// What of the target is forwarded: path and query.
    pub(crate) forwarded: Span,
    /// Where in the text the path ends, once somebody asked; 0: nobody did.
    pub(crate) path_end: Cell<u32>,
    /// 0 or 1, of `HTTP/1.x`.
    pub minor: u8,
    /// Where its body ends.
    pub framing: Framing,
    /// The client wants the connection to stay.
    pub keep_alive: bool,
    /// The client waits for a 100 before it sends the body.
    pub expects_continue: bool,
    /// The protocol the client wants to switch to, when it is one that is let through.
    pub upgrade: Option<Span>,
    /// There was a `Host`, or an absolute target.
    pub has_host: bool,
    /// A rule refused it, and how. Whoever runs rules looks here when they end with a decision.
    pub refused: Option<Refusal>,
    /// The most bytes of a target.
    pub(crate) most_target: usize,
    scanner: Scanner,
    first_line: usize,
}

impl Request {
    /// Forgets the request, keeps the memory.
    pub fn clear(&mut self) {
        self.head.clear();
        self.scanner = Scanner::default();
        self.first_line = 0;
    }

    /// Has any part of a request been seen since `clear`?
    pub fn parse(&mut self, input: &[u8], limits: &Limits) -> Result<Progress, Refusal> {
        // One empty line before a request is passed over (RFC 9112 section 2.2).
        let skip = match input {
            [b'\r', b'\n', ..] => 2,
            [] | [b'\r'] => return Ok(Progress::Incomplete),
            _ => 0,
        };
        let text = &input[skip..];
        if self.scanner.is_fresh()
            && let Some(end) = self.read_at_once(text, limits)
        {
            self.judge()?;
            return Ok(Progress::Complete(skip + end));
        }
        match self.scanner.scan(text, false) {
            Found::End(end) if end > 2 => {
                self.tokenise(&text[..end], limits)?;
                self.judge()?;
                Ok(Progress::Complete(skip + end))
            }
            Found::End(_) => Err(&REQUEST_LINE),
            Found::Bare if self.scanner.past_first_line() => Err(&FIELD_INVALID),
            Found::Bare => Err(&REQUEST_LINE),
            Found::More => self.judge_part(text, limits),
        }
    }

    /// A head that is not complete can already be one that never will be.
    #[cold]
    fn judge_part(&mut self, text: &[u8], limits: &Limits) -> Result<Progress, Refusal> {
        let start = &text[..text.len().min(MOST_METHOD + 1)];
        let method = start.iter().position(|&byte| !crate::token::is_tchar(byte));
        match method {
            Some(0) => return Err(&REQUEST_LINE),
            Some(at) if start[at] != b' ' => return Err(&REQUEST_LINE),
            None if start.len() > MOST_METHOD => return Err(&REQUEST_LINE),
            _ => {}
        }
        if self.scanner.past_first_line() {
            if self.first_line == 0 {
                self.first_line = memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1);
            }
            let too_large = text.len() - self.first_line > limits.header_bytes;
            return if too_large { Err(&HEADER_TOO_LARGE) } else { Ok(Progress::Incomplete) };
        }
        let long = text.len() > limits.target_bytes + MOST_METHOD + 12;
        if long { Err(&TARGET_TOO_LONG) } else { Ok(Progress::Incomplete) }
    }

    /// The common case. `None`: not whole yet, too large, or not as it should be; nothing is said about it here.
    fn read_at_once(&mut self, input: &[u8], limits: &Limits) -> Option<usize> {
        self.head.clear();
        let read = lines::request(input, &mut self.head.fields).filter(|(line, end)| {
            line.target_length <= limits.target_bytes
                && end - line.length() <= limits.header_bytes
                && self.head.fields.len() <= limits.header_fields
        });
        let Some((line, end)) = read else {
            self.head.clear();
            return None;
        };
        self.head.text.extend_from_slice(&input[..end]);
        self.take_line(&line, limits);
        Some(end)
    }

    fn take_line(&mut self, line: &RequestLine, limits: &Limits) {
        self.refused = None;
        self.most_target = limits.target_bytes;
        self.head.most = limits.header_bytes as u32;
        self.method = line.method;
        self.method_text = Span::new(0, line.method_length);
        self.target = Span::new(line.method_length + 1, line.method_length + 1 + line.target_length);
        self.forwarded = self.target;
        self.path_end.set(0);
        self.minor = line.minor;
    }

    fn judge(&mut self) -> Result<(), Refusal> {
        let (hop, said) = self.judge_fields()?;
        if hop.names {
            hop::drop_named(&mut self.head).map_err(|()| &CONNECTION_NAMES)?;
        }
        self.framing = self.judge_framing(said)?;
        self.keep_alive = hop.persists(self.minor);
        let may_upgrade =
            hop.upgrade && self.minor >= 1 && self.method == Method::Get && self.framing == Framing::Empty;
        self.upgrade = self.upgrade.filter(|_| may_upgrade);
        if self.minor == 0 {
            // An HTTP/1.0 client does not know of it (RFC 9110 section 10.1.1).
            self.expects_continue = false;
        }
        Ok(())
    }

    fn tokenise(&mut self, text: &[u8], limits: &Limits) -> Result<(), Refusal> {
        self.head.clear();
        self.head.text.extend_from_slice(text);
        let Head { text, fields, .. } = &mut self.head;
        let mut slots = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        let mut parsed = httparse::Request::new(&mut []);
        let length = match parsed.parse_with_uninit_headers(text, &mut slots) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Err(&FIELD_INVALID),
            Err(error) => return Err(refusal(error, text)),
        };
        let (Some(method), Some(path), Some(minor)) = (parsed.method, parsed.path, parsed.version) else {
            return Err(&REQUEST_LINE);
        };
        let line = method.len() + path.len() + 10;
        if length != text.len() || text.get(line..line + 2) != Some(b"\r\n") || method.len() > MOST_METHOD {
            return Err(&REQUEST_LINE);
        }
        if path.len() > limits.target_bytes {
            return Err(&TARGET_TOO_LONG);
        }
        if text.len() - line > limits.header_bytes {
            return Err(&HEADER_TOO_LARGE);
        }
        if parsed.headers.len() > limits.header_fields {
            return Err(&HEADER_TOO_MANY);
        }
        let line = RequestLine {
            method: Method::of(method.as_bytes()),
            method_length: method.len(),
            target_length: path.len(),
            minor,
        };
        read_fields(text, parsed.headers, fields).ok_or(&FIELD_INVALID)?;
        self.take_line(&line, limits);
        Ok(())
    }

    fn judge_fields(&mut self) -> Result<(Hop, Said), Refusal> {
        self.expects_continue = false;
        self.upgrade = None;
        let (mut hop, mut said, mut host) = (Hop::default(), Said::default(), None);
        let Head { text, fields, .. } = &mut self.head;
        for field in fields.iter_mut() {
            let value = &text[field.value.range()];
            match field.known {
                Known::Other => continue,
                Known::Host => {
                    if host.replace(field.value).is_some() {
                        return Err(&HOST_INVALID);
                    }
                    continue;
                }
                Known::ContentLength => said.length(value),
                Known::TransferEncoding => said.coding(value),
                Known::Connection => hop.read(value),
                Known::Upgrade => self.upgrade = self.upgrade.or_else(|| allowed_upgrade(text, field.value)),
                Known::Expect => {
                    if !value.eq_ignore_ascii_case(b"100-continue") {
                        return Err(&EXPECT_UNKNOWN);
                    }
                    self.expects_continue = true;
                    continue;
                }
                Known::KeepAlive | Known::ProxyConnection | Known::Te | Known::Http2Settings => {}
            }
            field.dropped = true;
        }
        self.judge_target(host)?;
        Ok((hop, said))
    }

    /// The host that the target and the Host field agree on.
    fn judge_target(&mut self, host: Option<Span>) -> Result<(), Refusal> {
        if self.method == Method::Connect {
            return Err(&METHOD_CONNECT);
        }
        let form = target::form(self.method, self.head.get(self.target))?;
        let named = match host {
            Some(span) => Some(Authority::parse(self.head.get(span)).ok_or(&HOST_INVALID)?),
            None if self.minor >= 1 => return Err(&HOST_INVALID),
            None => None,
        };
        self.has_host = named.is_some();
        let Form::Absolute { authority, text: (start, end), port } = form else { return Ok(()) };
        if named.is_some_and(|named| !named.same(authority, port)) {
            return Err(&HOST_MISMATCH);
        }
        self.take_from_target(start, end);
        Ok(())
    }

    /// The target wins: path and query go on, and Host is written from its authority.
    #[cold]
    fn take_from_target(&mut self, start: usize, end: usize) {
        let at = self.target.start as usize;
        let authority = self.head.text[at + start..at + end].to_vec();
        self.head.remove(b"host");
        self.head.add(b"Host", &authority);
        self.has_host = true;
        self.forwarded = Span::new(at + end, self.target.end as usize);
        self.path_end.set(0);
    }

    fn judge_framing(&self, said: Said) -> Result<Framing, Refusal> {
        match (said.coding, said.length) {
            (Coding::Absent, Length::Absent) => Ok(Framing::Empty),
            (Coding::Absent, Length::Is(length)) => Ok(Framing::Length(length)),
            (Coding::Absent, _) => Err(&LENGTH_INVALID),
            (_, Length::Is(_) | Length::Repeated(_) | Length::Invalid) => Err(&FRAMING_CONFLICT),
            _ if self.minor == 0 => Err(&FRAMING_CONFLICT),
            (Coding::Chunked, Length::Absent) => Ok(Framing::Chunked),
            (Coding::Unknown, Length::Absent) => Err(&CODING_UNKNOWN),
            (Coding::Invalid, Length::Absent) => Err(&CODING_INVALID),
        }
    }

    /// The length of the first line with its CRLF, if it goes to the server as it came.
    pub(crate) fn line_as_it_is(&self) -> Option<usize> {
        let Self { method_text, target, .. } = *self;
        let stands = method_text.start == 0 && target.start == method_text.end + 1 && self.forwarded == target;
        (stands && self.minor == 1 && self.has_host).then(|| target.range().end + b" HTTP/1.1\r\n".len())
    }

    /// The path and query that go to the server; `/` or `*` when an absolute target has none (RFC 9112 section 3.2.4).
    pub(crate) fn write_target(&self, out: &mut Vec<u8>) {
        match self.head.get(self.forwarded) {
            [] if self.method == Method::Options => out.push(b'*'),
            [] => out.push(b'/'),
            path => {
                if path[0] == b'?' {
                    out.push(b'/');
                }
                out.extend_from_slice(path);
            }
        }
    }

    /// Method and target as they were received: `method_text` and `target` are what rules made of them.
    #[must_use]
    pub fn received(&self) -> (&[u8], &[u8]) {
        if self.method_text.start == 0 && self.target.start == self.method_text.end + 1 {
            return (self.head.get(self.method_text), self.head.get(self.target));
        }
        let mut parts = self.line().split(|&byte| byte == b' ');
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }

    /// The request line as received, for a log.
    #[must_use]
    pub fn line(&self) -> &[u8] {
        let end = memchr::memchr(b'\r', &self.head.text).unwrap_or(self.head.text.len());
        &self.head.text[..end]
    }
}

/// The one protocol that is let through, wherever it stands in the list.
fn allowed_upgrade(text: &[u8], value: Span) -> Option<Span> {
    let bytes = &text[value.range()];
    let token = crate::token::list(bytes).find(|token| token.eq_ignore_ascii_case(b"websocket"))?;
    let start = value.start as usize + (token.as_ptr() as usize - bytes.as_ptr() as usize);
    Some(Span::new(start, start + token.len()))
}

/// Places of the fields in the text. `None`: a line is not `name: value CRLF`.
pub(crate) fn read_fields(text: &[u8], headers: &[httparse::Header<'_>], fields: &mut Vec<Field>) -> Option<()> {
    let base = text.as_ptr() as usize;
    for header in headers {
        let name = header.name.as_ptr() as usize - base;
        let name = name..name + header.name.len();
        let (value, mut end) = if header.value.is_empty() {
            (name.end + 1..name.end + 1, name.end + 1)
        } else {
            let start = header.value.as_ptr() as usize - base;
            (start..start + header.value.len(), start + header.value.len())
        };
        // Only what was trimmed may stand between the value and CRLF: httparse itself would take LF alone.
        while matches!(text.get(end), Some(b' ' | b'\t')) {
            end += 1;
        }
        if text.get(end..end + 2) != Some(b"\r\n") {
            return None;
        }
        fields.push(Field {
            known: Known::of(header.name.as_bytes()),
            name: Span::new(name.start, name.end),
            value: Span::new(value.start, value.end),
            end: (end + 2) as u32,
            dropped: false,
            gone: false,
        });
    }
    Some(())
}

/// Which part of the head httparse did not like.
#[cold]
fn refusal(error: httparse::Error, text: &[u8]) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => return &HEADER_TOO_MANY,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => return &FIELD_INVALID,
        _ => {}
    }
    let line = &text[..memchr::memchr(b'\r', text).unwrap_or(text.len())];
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return &REQUEST_LINE;
    };
    match version {
        _ if !crate::token::is_token(method) || target.is_empty() => &REQUEST_LINE,
        b"HTTP/1.0" | b"HTTP/1.1" => &TARGET_INVALID,
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => &REQUEST_VERSION,
        _ => &REQUEST_LINE,
    }
}

//! A response head: read, judged, and made ready to be forwarded.

use std::mem::MaybeUninit;

use crate::field::{Head, Known, Span};
use crate::framing::{Coding, Framing, Length, Said};
use crate::hop::{self, Hop};
use crate::lines::{self, REASON};
use crate::request::{MOST_FIELDS, Method, read_fields};
use crate::scan::{Found, Scanner};
use crate::{
    Limits, Progress, RESPONSE_FIELD, RESPONSE_FRAMING, RESPONSE_LINE, RESPONSE_TOO_LARGE, Refusal, Tolerance,
};

/// A response head. One value is used for response after response.
#[derive(Debug, Default)]
pub struct Response {
    /// The text and its fields.
    pub head: Head,
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: Span,
    /// 0 or 1, of `HTTP/1.x`.
    pub minor: u8,
    /// Where its body ends.
    pub framing: Framing,
    /// The length that a response without a body speaks of: HEAD and 304.
    pub(crate) told_length: Option<u64>,
    /// The server keeps the connection.
    pub keep_alive: bool,
    /// The protocol it switches to.
    pub upgrade: Option<Span>,
    /// Something was forgiven: its connection must not be used again.
    pub sloppy: bool,
    scanner: Scanner,
}

impl Response {
    /// Forgets the response, keeps the memory.
    pub fn clear(&mut self) {
        self.head.clear();
        self.scanner = Scanner::default();
    }

    /// Interim: another response follows.
    #[must_use]
    pub const fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }

    /// The length of the status line with its CRLF, if it goes to the client as it came: who changes the status writes another reason.
    pub(crate) fn line_as_it_is(&self) -> Option<usize> {
        let stands = self.minor == 1 && self.reason.start as usize == REASON;
        stands.then(|| self.reason.range().end + b"\r\n".len())
    }

    /// Looks at what came so far. `input` is the same buffer from its first byte, only longer.
    pub fn parse(
        &mut self,
        input: &[u8],
        method: Method,
        limits: &Limits,
        tolerance: Tolerance,
    ) -> Result<Progress, Refusal> {
        if self.scanner.is_fresh()
            && let Some(end) = self.read_at_once(input, limits)
        {
            self.judge(method, tolerance)?;
            return Ok(Progress::Complete(end));
        }
        match self.scanner.scan(input, tolerance.bare_lf) {
            Found::End(end) => {
                self.read(&input[..end], limits, tolerance)?;
                self.judge(method, tolerance)?;
                Ok(Progress::Complete(end))
            }
            Found::Bare if self.scanner.past_first_line() => Err(&RESPONSE_FIELD),
            Found::Bare => Err(&RESPONSE_LINE),
            Found::More if !starts_like_one(input) => Err(&RESPONSE_LINE),
            Found::More if input.len() > limits.header_bytes => Err(&RESPONSE_TOO_LARGE),
            Found::More => Ok(Progress::Incomplete),
        }
    }

    /// The common case. `None`: not whole yet, too large, or not as it should be; nothing is said about it here.
    fn read_at_once(&mut self, input: &[u8], limits: &Limits) -> Option<usize> {
        self.head.clear();
        let read = lines::response(input, &mut self.head.fields)
            .filter(|(_, end)| *end <= limits.header_bytes && self.head.fields.len() <= limits.header_fields);
        let Some((line, end)) = read else {
            self.head.clear();
            return None;
        };
        self.sloppy = false;
        self.head.most = limits.header_bytes as u32;
        self.head.text.extend_from_slice(&input[..end]);
        (self.minor, self.status, self.reason) = (line.minor, line.status, Span::new(REASON, line.length));
        Some(end)
    }

    fn read(&mut self, text: &[u8], limits: &Limits, tolerance: Tolerance) -> Result<(), Refusal> {
        self.sloppy = false;
        self.head.clear();
        self.head.text.extend_from_slice(text);
        if tolerance.bare_lf || tolerance.obs_fold {
            self.sloppy = straighten(&mut self.head.text, tolerance);
        }
        self.tokenise(limits, tolerance)
    }

    fn judge(&mut self, method: Method, tolerance: Tolerance) -> Result<(), Refusal> {
        let (hop, said) = self.judge_fields();
        if hop.names && hop::drop_named(&mut self.head).is_err() {
            // What is relied on was left in place; that is all a client needs.
            self.sloppy = true;
        }
        self.keep_alive = hop.persists(self.minor);
        self.upgrade = self.upgrade.filter(|_| hop.upgrade);
        self.judge_framing(said, method, tolerance)
    }

    fn tokenise(&mut self, limits: &Limits, tolerance: Tolerance) -> Result<(), Refusal> {
        let Head { text, fields, .. } = &mut self.head;
        if text.len() > limits.header_bytes {
            return Err(&RESPONSE_TOO_LARGE);
        }
        let mut slots = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        let mut parsed = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let length = match config.parse_response_with_uninit_headers(&mut parsed, text, &mut slots) {
            Ok(httparse::Status::Complete(length)) => length,
            Err(httparse::Error::TooManyHeaders) => return Err(&RESPONSE_TOO_LARGE),
            Err(httparse::Error::HeaderName | httparse::Error::HeaderValue) => return Err(&RESPONSE_FIELD),
            Ok(httparse::Status::Partial) | Err(_) => return Err(&RESPONSE_LINE),
        };
        let (Some(minor), Some(status)) = (parsed.version, parsed.code) else { return Err(&RESPONSE_LINE) };
        // `HTTP/1.x NNN` is twelve bytes; then a space and the reason, or (forgiven) nothing.
        let line = memchr::memchr(b'\r', text).unwrap_or(text.len());
        if length != text.len() || text.get(line..line + 2) != Some(b"\r\n") || !(100..=999).contains(&status) {
            return Err(&RESPONSE_LINE);
        }
        self.reason = match text.get(12) {
            Some(b' ') => Span::new(REASON, line),
            Some(b'\r') if tolerance.no_reason => {
                self.sloppy = true;
                Span::new(12, 12)
            }
            _ => return Err(&RESPONSE_LINE),
        };
        if text[self.reason.range()].iter().any(|&byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
            return Err(&RESPONSE_LINE);
        }
        if parsed.headers.len() > limits.header_fields {
            return Err(&RESPONSE_TOO_LARGE);
        }
        read_fields(text, parsed.headers, fields).ok_or(&RESPONSE_FIELD)?;
        (self.minor, self.status) = (minor, status);
        self.head.most = limits.header_bytes as u32;
        Ok(())
    }

    fn judge_fields(&mut self) -> (Hop, Said) {
        self.upgrade = None;
        let (mut hop, mut said) = (Hop::default(), Said::default());
        let Head { text, fields, .. } = &mut self.head;
        for field in fields.iter_mut() {
            let value = &text[field.value.range()];
            match field.known {
                Known::ContentLength => said.length(value),
                Known::TransferEncoding => said.coding(value),
                Known::Connection => hop.read(value),
                Known::Upgrade => self.upgrade = Some(field.value),
                Known::KeepAlive | Known::ProxyConnection | Known::Http2Settings | Known::Te => {}
                Known::Other | Known::Host | Known::Expect => continue,
            }
            field.dropped = true;
        }
        (hop, said)
    }

    fn judge_framing(&mut self, said: Said, method: Method, tolerance: Tolerance) -> Result<(), Refusal> {
        let length = match said.length {
            Length::Absent => None,
            Length::Is(length) => Some(length),
            Length::Repeated(length) if tolerance.duplicate_length => {
                self.sloppy = true;
                Some(length)
            }
            Length::Repeated(_) | Length::Invalid => return Err(&RESPONSE_FRAMING),
        };
        let framing = match (said.coding, length) {
            (Coding::Absent, Some(length)) => Framing::Length(length),
            (Coding::Absent, None) => Framing::UntilClose,
            (Coding::Chunked, None) if self.minor >= 1 => Framing::Chunked,
            _ => return Err(&RESPONSE_FRAMING),
        };
        let bodyless = method == Method::Head || self.status < 200 || self.status == 204 || self.status == 304;
        self.told_length = length.filter(|_| bodyless && self.status != 204 && self.status >= 200);
        self.framing = if bodyless { Framing::Empty } else { framing };
        Ok(())
    }
}

/// Bytes that cannot become a status line are refused before their head is complete.
fn starts_like_one(input: &[u8]) -> bool {
    let want = b"HTTP/1.";
    let both = input.len().min(want.len());
    input[..both] == want[..both]
}

/// Rewrites what is forgiven into what is right; says whether there was anything.
#[cold]
fn straighten(text: &mut Vec<u8>, tolerance: Tolerance) -> bool {
    let mut out: Vec<u8> = Vec::with_capacity(text.len() + 16);
    let mut changed = false;
    for (at, &byte) in text.iter().enumerate() {
        if byte == b'\n' && tolerance.bare_lf && out.last() != Some(&b'\r') {
            out.push(b'\r');
            changed = true;
        }
        let folds =
            tolerance.obs_fold && matches!(byte, b' ' | b'\t') && at > 0 && text[at - 1] == b'\n' && out.len() > 2;
        if folds && !out[..out.len() - 2].ends_with(b"\r\n") {
            out.truncate(out.len() - 2);
            changed = true;
        }
        out.push(byte);
    }
    if changed {
        *text = out;
    }
    changed
}

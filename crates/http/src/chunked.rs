//! The chunked coding, read strictly (RFC 9112 section 7.1): a state machine over bytes that arrive in any pieces.

use std::ops::Range;

use crate::Limits;
use crate::token::{hex, is_tchar};

/// Why chunks are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// The syntax is wrong.
    Invalid,
    /// A limit is passed.
    TooLarge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Digits of the size; so many were read.
    Size(u8),
    /// Behind the `;`, or white space before the next one.
    ExtName {
        some: bool,
    },
    /// White space behind a name or value: only `;` or CR may follow.
    ExtGap,
    ExtValueStart,
    ExtValue,
    ExtQuoted,
    ExtEscape,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// A trailer line; so many bytes of it were read.
    Trailer {
        start: bool,
    },
    TrailerLf {
        empty: bool,
    },
    End,
}

/// Reads chunks. Extensions are checked and dropped; trailers are kept until the end, then filtered.
#[derive(Debug)]
pub struct Chunked {
    state: State,
    /// Of the size that is being read, or bytes of data still to come.
    left: u64,
    line: usize,
    extra: usize,
    fields: usize,
    limits: Limits,
    trailers: Vec<u8>,
}

/// What one step of reading gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub consumed: usize,
    pub data: Range<usize>,
    pub done: bool,
}

impl Chunked {
    /// `fields`: how many fields the head had; trailers count on.
    #[must_use]
    pub fn new(limits: &Limits, fields: usize) -> Self {
        Self { state: State::Size(0), left: 0, line: 0, extra: 0, fields, limits: *limits, trailers: Vec::new() }
    }

    /// Reads until the next data, the end of the body or the end of the input.
    pub(crate) fn step(&mut self, input: &[u8]) -> Result<Step, ChunkError> {
        let mut at = 0;
        while at < input.len() {
            if self.state == State::Data {
                let take = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len() - at);
                self.left -= take as u64;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                return Ok(Step { consumed: at + take, data: at..at + take, done: false });
            }
            self.state = self.next(input[at])?;
            at += 1;
            if self.state == State::End {
                return Ok(Step { consumed: at, data: at..at, done: true });
            }
        }
        Ok(Step { consumed: at, data: at..at, done: false })
    }

    fn next(&mut self, byte: u8) -> Result<State, ChunkError> {
        match self.state {
            State::Size(digits) => self.size(digits, byte),
            State::SizeLf => self.size_line_end(byte),
            State::ExtName { .. }
            | State::ExtGap
            | State::ExtValueStart
            | State::ExtValue
            | State::ExtQuoted
            | State::ExtEscape => self.extension(byte),
            State::Data | State::End => Err(ChunkError::Invalid),
            State::DataCr if byte == b'\r' => Ok(State::DataLf),
            State::DataLf if byte == b'\n' => {
                (self.left, self.line) = (0, 0);
                Ok(State::Size(0))
            }
            State::DataCr | State::DataLf => Err(ChunkError::Invalid),
            State::Trailer { .. } | State::TrailerLf { .. } => self.trailer(byte),
        }
    }

    fn size(&mut self, digits: u8, byte: u8) -> Result<State, ChunkError> {
        match (hex(byte), byte) {
            (Some(digit), _) if digits < 16 => {
                self.left = self.left << 4 | u64::from(digit);
                Ok(State::Size(digits + 1))
            }
            (None, b'\r') if digits > 0 => Ok(State::SizeLf),
            (None, b';') if digits > 0 => self.extra(State::ExtName { some: false }),
            _ => Err(ChunkError::Invalid),
        }
    }

    fn size_line_end(&mut self, byte: u8) -> Result<State, ChunkError> {
        match byte {
            b'\n' if self.left > i64::MAX as u64 => Err(ChunkError::TooLarge),
            b'\n' if self.left == 0 => Ok(State::Trailer { start: true }),
            b'\n' => Ok(State::Data),
            _ => Err(ChunkError::Invalid),
        }
    }

    fn extra(&mut self, state: State) -> Result<State, ChunkError> {
        self.line += 1;
        self.extra += 1;
        let large = self.line > self.limits.chunk_line_bytes || self.extra > self.limits.chunk_extra_bytes;
        if large { Err(ChunkError::TooLarge) } else { Ok(state) }
    }

    fn extension(&mut self, byte: u8) -> Result<State, ChunkError> {
        let next = match (self.state, byte) {
            (State::ExtName { some: false }, b' ' | b'\t') => State::ExtName { some: false },
            (State::ExtName { some: true } | State::ExtValue | State::ExtGap, b' ' | b'\t') => State::ExtGap,
            (State::ExtName { .. }, byte) if is_tchar(byte) => State::ExtName { some: true },
            (State::ExtName { some: true }, b'=') => State::ExtValueStart,
            (State::ExtName { some: true } | State::ExtValue | State::ExtGap, b'\r') => return Ok(State::SizeLf),
            (State::ExtName { some: true } | State::ExtValue | State::ExtGap, b';') => State::ExtName { some: false },
            (State::ExtValueStart, b'"') => State::ExtQuoted,
            (State::ExtValueStart | State::ExtValue, byte) if is_tchar(byte) => State::ExtValue,
            (State::ExtQuoted, b'"') => State::ExtGap,
            (State::ExtQuoted, b'\\') => State::ExtEscape,
            (State::ExtQuoted | State::ExtEscape, b'\t' | b' '..=b'~') => State::ExtQuoted,
            _ => return Err(ChunkError::Invalid),
        };
        self.extra(next)
    }

    fn trailer(&mut self, byte: u8) -> Result<State, ChunkError> {
        self.extra += 1;
        if self.extra > self.limits.chunk_extra_bytes {
            return Err(ChunkError::TooLarge);
        }
        self.trailers.push(byte);
        match (self.state, byte) {
            (State::Trailer { start }, b'\r') => Ok(State::TrailerLf { empty: start }),
            (State::Trailer { .. }, b'\t' | b' '..=b'~' | 0x80..) => Ok(State::Trailer { start: false }),
            (State::TrailerLf { empty: true }, b'\n') => self.filter_trailers().map(|()| State::End),
            (State::TrailerLf { empty: false }, b'\n') => {
                self.fields += 1;
                if self.fields > self.limits.header_fields {
                    Err(ChunkError::TooLarge)
                } else {
                    Ok(State::Trailer { start: true })
                }
            }
            _ => Err(ChunkError::Invalid),
        }
    }

    /// Leaves the lines that may be forwarded.
    fn filter_trailers(&mut self) -> Result<(), ChunkError> {
        let mut kept = Vec::new();
        for line in self.trailers.split_inclusive(|&byte| byte == b'\n') {
            let Some(text) = line.strip_suffix(b"\r\n").filter(|text| !text.is_empty()) else { continue };
            let colon = text.iter().position(|&byte| byte == b':').ok_or(ChunkError::Invalid)?;
            if !crate::token::is_token(&text[..colon]) {
                return Err(ChunkError::Invalid);
            }
            if may_trail(&text[..colon]) {
                kept.extend_from_slice(line);
            }
        }
        self.trailers = kept;
        Ok(())
    }

    /// The trailer lines that may be forwarded, each with its CRLF; complete once the body is done.
    #[must_use]
    pub fn trailers(&self) -> &[u8] {
        if self.state == State::End { &self.trailers } else { &[] }
    }
}

/// Framing, routing, authentication, content and request modifiers have no place in a trailer (RFC 9110 section 6.5.1).
fn may_trail(name: &[u8]) -> bool {
    const NEVER: [&str; 40] = [
        "age",
        "allow",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "expect",
        "expires",
        "forwarded",
        "host",
        "http2-settings",
        "keep-alive",
        "location",
        "max-forwards",
        "origin",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "referer",
        "retry-after",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "vary",
        "via",
        "warning",
        "www-authenticate",
        "x-real-ip",
        "if-match",
        "if-none-match",
        "if-range",
    ];
    let starts =
        |prefix: &str| name.get(..prefix.len()).is_some_and(|have| have.eq_ignore_ascii_case(prefix.as_bytes()));
    !NEVER.iter().any(|never| name.eq_ignore_ascii_case(never.as_bytes())) && !starts("x-forwarded-") && !starts("if-")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `text` in pieces of `step`: the data, the trailers, and what was left over.
    fn read(text: &[u8], step: usize) -> Result<(Vec<u8>, Vec<u8>, usize), ChunkError> {
        let mut chunked = Chunked::new(&Limits::DEFAULT, 0);
        let (mut data, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let piece = &text[at..(at + step).min(text.len())];
            let got = chunked.step(piece)?;
            data.extend_from_slice(&piece[got.data.clone()]);
            at += got.consumed;
            if got.done {
                return Ok((data, chunked.trailers().to_vec(), text.len() - at));
            }
        }
        panic!("not done");
    }

    #[test]
    fn chunks_are_the_same_in_any_pieces() {
        let text =
            b"5\r\nhello\r\n00a;x=y; q=\"a\\\"b\"\r\n, world!!\n\r\n0\r\nX-Sum: 1\r\nHost: evil\r\nX-B:\r\n\r\nGET";
        for step in 1..=text.len() {
            let (data, trailers, left) = read(text, step).unwrap();
            assert_eq!(data, b"hello, world!!\n", "in steps of {step}");
            assert_eq!(trailers, b"X-Sum: 1\r\nX-B:\r\n");
            assert_eq!(left, 3);
        }
    }

    #[test]
    fn sloppy_chunks_are_refused() {
        for text in [
            "\r\n",
            "g\r\n",
            "+5\r\n",
            "-5\r\n",
            "0x5\r\n",
            "5 \r\n",
            " 5\r\n",
            "5\n",
            "5\rX",
            "5;\r\n",
            "5;a=\r\n",
            "5;a=\"b\r\n",
            "5;=b\r\n",
            "5;a b\r\n",
            "5;\x01\r\n",
            "00000000000000005\r\n",
            "5\r\nhelloX\n",
            "5\r\nhello\n",
            "5\r\nhello\rX",
            "0\r\nX\r\n\r\n",
            "0\r\n X: y\r\n\r\n",
            "0\r\nX : y\r\n\r\n",
            "0\r\nX: \x00\r\n\r\n",
            "0\r\nX: y\n\r\n",
            "0\r\n\n",
            "0\r\nX: a\rb\r\n\r\n",
        ] {
            assert_eq!(read(text.as_bytes(), 1), Err(ChunkError::Invalid), "{text:?}");
        }
        assert_eq!(read(b"8000000000000000\r\n", 1), Err(ChunkError::TooLarge));
    }

    #[test]
    fn lines_extensions_and_trailers_have_limits() {
        let long = |count: usize| format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(count));
        assert!(read(long(4095).as_bytes(), 64).is_ok());
        assert_eq!(read(long(4096).as_bytes(), 64), Err(ChunkError::TooLarge));
        let many = format!("{}0\r\n\r\n", format!("1;{}\r\nx\r\n", "a".repeat(1000)).repeat(17));
        assert_eq!(read(many.as_bytes(), 64), Err(ChunkError::TooLarge));
        let trailers = |count: usize| format!("0\r\n{}\r\n", "A: b\r\n".repeat(count));
        assert!(read(trailers(128).as_bytes(), 64).is_ok());
        assert_eq!(read(trailers(129).as_bytes(), 64), Err(ChunkError::TooLarge));
    }
}

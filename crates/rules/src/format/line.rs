//! What becomes of values in a text: quotes, escapes, and a limit on the whole.

use bumpalo::collections::Vec;

use super::flags::Flags;
use super::{Format, Purpose};
use crate::Value;

/// Which bytes are written by their number.
pub(super) type Map = [bool; 256];

/// All that is no printable ASCII, and these.
const fn unprintable(and: &[u8]) -> Map {
    let mut map = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        map[byte] = byte < 32 || byte > 126;
        byte += 1;
    }
    let mut at = 0;
    while at < and.len() {
        map[and[at] as usize] = true;
        at += 1;
    }
    map
}

/// Control characters, but one.
const fn control(but: u8) -> Map {
    let mut map = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        map[byte] = (byte < 32 || byte == 127) && byte != but as usize;
        byte += 1;
    }
    map
}

/// Of captured headers in a log.
pub(super) static HEADER: Map = unprintable(b"\"#{|}");
/// Of URLs in a log.
pub(super) static URL: Map = unprintable(b"\"#");
/// Of values in a header: those that may not stand there.
static FIELD: Map = control(b'\t');
/// Of values in a log line, which must stay one line.
static LOG: Map = control(0xff);

/// A text that grows up to a limit.
#[derive(Debug)]
pub(super) struct Line<'l, 'a> {
    out: &'l mut Vec<'a, u8>,
    purpose: Purpose,
    binary: bool,
}

impl<'l, 'a> Line<'l, 'a> {
    pub fn new(out: &'l mut Vec<'a, u8>, purpose: Purpose, binary: bool) -> Self {
        Self { out, purpose, binary }
    }

    /// For a part of another one.
    pub fn plain(out: &'l mut Vec<'a, u8>) -> Self {
        Self::new(out, Purpose::Plain, false)
    }

    /// Bytes, as far as there is room.
    pub fn put(&mut self, bytes: &[u8]) {
        let room = Format::LONGEST.saturating_sub(self.out.len());
        self.out.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub fn is_binary(&self) -> bool {
        self.binary
    }

    pub fn len(&self) -> usize {
        self.out.len()
    }

    pub fn is_full(&self) -> bool {
        self.out.len() >= Format::LONGEST
    }

    /// Back to an earlier length.
    pub fn cut(&mut self, length: usize) {
        self.out.truncate(length);
    }

    pub fn number(&mut self, number: i64, digits: usize) {
        let mut buffer = itoa::Buffer::new();
        let text = buffer.format(number).as_bytes();
        for _ in text.len()..digits {
            self.put(b"0");
        }
        self.put(text);
    }

    /// The value of an expression, or that there is none.
    pub fn sample(&mut self, value: Option<Value<'_>>, flags: Flags) {
        match (self.purpose, value) {
            // What stands in a header is never quoted and never a dash: it would be taken for the value.
            (Purpose::Http | Purpose::Id, None) => {}
            (Purpose::Http | Purpose::Id, Some(value)) => self.value(value, flags),
            (_, None) => self.missing(flags),
            (_, Some(value)) if is_empty(&value) => self.missing(flags),
            (_, Some(value)) => self.quoted(flags, |line| line.value(value, flags)),
        }
    }

    /// Text or an address of an alias.
    pub fn text(&mut self, value: Value<'_>, flags: Flags) {
        match value {
            Value::Ipv4(address) if flags.hex => self.hexadecimal(&address.octets()),
            Value::Ipv6(address) if flags.hex => self.hexadecimal(&address.octets()),
            value if is_empty(&value) => self.missing(flags),
            value => self.quoted(flags, |line| line.value(value, flags)),
        }
    }

    pub fn missing(&mut self, flags: Flags) {
        if flags.quote {
            self.put(b"\"\"");
        } else if flags.mandatory {
            self.put(b"-");
        }
    }

    pub fn quoted(&mut self, flags: Flags, write: impl FnOnce(&mut Self)) {
        if flags.quote {
            self.put(b"\"");
        }
        write(self);
        if flags.quote {
            self.put(b"\"");
        }
    }

    /// A value without quotes.
    pub fn value(&mut self, value: Value<'_>, flags: Flags) {
        use std::io::Write as _;
        match value {
            Value::Bool(yes) => self.put(if yes { b"1" } else { b"0" }),
            Value::Int(number) => self.number(number, 0),
            Value::Ipv4(_) | Value::Ipv6(_) => {
                // The longest address is 45 bytes long.
                let mut text = [0_u8; 48];
                let mut rest = &mut text[..];
                let _ = match value {
                    Value::Ipv4(address) => write!(rest, "{address}"),
                    Value::Ipv6(address) => write!(rest, "{address}"),
                    _ => Ok(()),
                };
                let left = rest.len();
                self.put(&text[..text.len() - left]);
            }
            Value::Str(bytes) | Value::Method(bytes) | Value::Bin(bytes) => self.bytes(bytes, flags),
        }
    }

    fn bytes(&mut self, bytes: &[u8], flags: Flags) {
        if self.binary {
            return self.put(bytes);
        }
        // Binary values are text up to the first NUL.
        let bytes = &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())];
        match self.purpose {
            Purpose::Http | Purpose::Id => self.escaped(bytes, b'%', &FIELD, flags),
            Purpose::Log => self.escaped(bytes, b'#', &LOG, flags),
            Purpose::Plain => self.escaped(bytes, b'#', &[false; 256], flags),
        }
    }

    /// Text whose dangerous bytes are written `#XX`.
    pub fn marked(&mut self, bytes: &[u8], map: &Map, flags: Flags) {
        self.escaped(bytes, b'#', map, flags);
    }

    fn escaped(&mut self, bytes: &[u8], mark: u8, map: &Map, flags: Flags) {
        let slash = |byte: u8| flags.escape && matches!(byte, b'"' | b'\\' | b']');
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|&byte| map[byte as usize] || slash(byte)) {
            let (before, [byte, after @ ..]) = rest.split_at(at) else { break };
            self.put(before);
            if map[*byte as usize] {
                self.put(&[mark]);
                self.hexadecimal(&[*byte]);
            } else {
                self.put(&[b'\\', *byte]);
            }
            rest = after;
        }
        self.put(rest);
    }

    pub fn hexadecimal(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        for byte in bytes {
            self.put(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}

/// The bytes of a value, if they may stand in a header as they are, and none is too many.
pub(super) fn as_it_is<'v>(value: &Value<'v>) -> Option<&'v [u8]> {
    let bytes = value.bytes()?;
    let fits = bytes.len() <= Format::LONGEST && !bytes.iter().any(|&byte| FIELD[usize::from(byte)]);
    fits.then_some(bytes)
}

fn is_empty(value: &Value<'_>) -> bool {
    value.bytes().is_some_and(|bytes| matches!(bytes, [] | [0, ..]))
}

//! Values as JSON (RFC 8259) and CBOR (RFC 8949).

use super::flags::{Cast, Encoding};
use super::line::Line;
use crate::{Context, Type, Value};

/// An object of named values that is being written.
#[derive(Debug)]
pub(super) struct Object {
    encoding: Encoding,
    /// How many pairs there are.
    count: usize,
    /// The next pair would not fit.
    full: bool,
}

/// What ends an object of each kind fits always: so much is kept free for it.
const END: usize = 4;

impl Object {
    pub fn begin(encoding: Encoding, line: &mut Line<'_, '_>) -> Self {
        match encoding {
            Encoding::Json { .. } => line.put(b"{"),
            Encoding::Cbor => Values { encoding, line }.raw(&[0xbf]),
        }
        Self { encoding, count: 0, full: false }
    }

    /// One pair; none, if it does not fit.
    pub fn pair(&mut self, name: &str, line: &mut Line<'_, '_>, value: impl FnOnce(&mut Line<'_, '_>)) {
        let (encoding, before) = (self.encoding, line.len());
        if self.full {
            return;
        }
        let json = matches!(encoding, Encoding::Json { .. });
        if json && self.count > 0 {
            line.put(b", ");
        }
        Values { encoding, line }.text(name.as_bytes());
        if json {
            line.put(b": ");
        }
        value(line);
        line.put(&[0; END]);
        self.full = line.is_full();
        if self.full {
            line.cut(before);
        } else {
            line.cut(line.len() - END);
        }
        self.count += 1;
    }

    pub fn end(self, line: &mut Line<'_, '_>) {
        match self.encoding {
            Encoding::Json { .. } => line.put(b"}"),
            Encoding::Cbor => Values { encoding: self.encoding, line }.raw(&[0xff]),
        }
    }
}

/// Values, one after another.
#[derive(Debug)]
pub(super) struct Values<'w, 'l, 'a> {
    pub encoding: Encoding,
    pub line: &'w mut Line<'l, 'a>,
}

impl Values<'_, '_, '_> {
    /// The value of an expression or an alias, cast if that is wanted. What is missing is an empty text in JSON and null in CBOR.
    pub fn sample(&mut self, value: Option<Value<'_>>, cast: Option<Cast>, cx: &Context<'_>) {
        let value = value.and_then(|value| match cast {
            None | Some(Cast::Raw) => Some(value),
            Some(Cast::Str) => value.cast(Type::Str, cx.arena()),
            Some(Cast::Int) => value.cast(Type::Int, cx.arena()),
            Some(Cast::Bool) => value.int().map(|number| Value::Bool(number != 0)),
        });
        match (self.encoding, value) {
            (_, Some(Value::Bool(yes))) => self.bool(yes),
            (_, Some(Value::Int(number))) => self.int(number),
            (Encoding::Cbor, Some(Value::Bin(bytes))) => {
                self.head(2, bytes.len() as u64);
                self.raw(bytes);
            }
            (Encoding::Cbor, None | Some(Value::Str([]))) => self.null(),
            (_, value) => self.text(value.and_then(|value| value.text(cx.arena())).unwrap_or_default()),
        }
    }

    pub fn null(&mut self) {
        match self.encoding {
            Encoding::Json { .. } => self.line.put(b"null"),
            Encoding::Cbor => self.raw(&[0xf6]),
        }
    }

    pub fn text(&mut self, text: &[u8]) {
        match self.encoding {
            Encoding::Json { utf8 } => {
                self.line.put(b"\"");
                string(text, utf8, self.line);
                self.line.put(b"\"");
            }
            Encoding::Cbor => {
                self.head(3, text.len() as u64);
                self.raw(text);
            }
        }
    }

    fn bool(&mut self, yes: bool) {
        match self.encoding {
            Encoding::Json { .. } => self.line.put(if yes { b"true" } else { b"false" }),
            Encoding::Cbor => self.raw(&[if yes { 0xf5 } else { 0xf4 }]),
        }
    }

    fn int(&mut self, number: i64) {
        match self.encoding {
            Encoding::Json { .. } => self.line.number(number, 0),
            // A negative number is written as what it lacks to -1.
            Encoding::Cbor if number < 0 => self.head(1, !number as u64),
            Encoding::Cbor => self.head(0, number as u64),
        }
    }

    /// Before each value of a list.
    pub fn item(&mut self, begun: &mut bool) {
        match (self.encoding, std::mem::replace(begun, true)) {
            (Encoding::Json { .. }, false) => self.line.put(b"["),
            (Encoding::Json { .. }, true) => self.line.put(b", "),
            (Encoding::Cbor, false) => self.raw(&[0x9f]),
            (Encoding::Cbor, true) => {}
        }
    }

    /// Behind the last one.
    pub fn end_items(&mut self, begun: bool) {
        match (self.encoding, begun) {
            (Encoding::Json { .. }, true) => self.line.put(b"]"),
            (Encoding::Json { .. }, false) => self.line.put(b"[]"),
            (Encoding::Cbor, true) => self.raw(&[0xff]),
            (Encoding::Cbor, false) => self.raw(&[0x80]),
        }
    }

    /// The head of an item of CBOR: its kind, and a number as short as it can be.
    fn head(&mut self, kind: u8, number: u64) {
        let kind = kind << 5;
        let bytes = number.to_be_bytes();
        match number {
            0..24 => self.raw(&[kind | bytes[7]]),
            24..0x100 => self.raw(&[kind | 24, bytes[7]]),
            0x100..0x1_0000 => self.raw(&[kind | 25, bytes[6], bytes[7]]),
            0x1_0000..0x1_0000_0000 => self.raw(&[kind | 26, bytes[4], bytes[5], bytes[6], bytes[7]]),
            _ => {
                self.raw(&[kind | 27]);
                self.raw(&bytes);
            }
        }
    }

    /// Bytes of CBOR.
    fn raw(&mut self, bytes: &[u8]) {
        if self.line.is_binary() { self.line.put(bytes) } else { self.line.hexadecimal(bytes) }
    }
}

/// The inside of a string of JSON. Bytes that are no ASCII are written one by one, or, where other scripts are let through, as the character
/// that they are; characters that control a terminal never are.
fn string(text: &[u8], utf8: bool, line: &mut Line<'_, '_>) {
    if !utf8 {
        return text.iter().for_each(|&byte| character(u16::from(byte), line));
    }
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match u32::from(c) {
                code @ (..0x80 | 0x80..0xa0) => character(code as u16, line),
                _ => line.put(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        chunk.invalid().iter().for_each(|&byte| character(u16::from(byte), line));
    }
}

fn character(code: u16, line: &mut Line<'_, '_>) {
    match code {
        0x22 => line.put(b"\\\""),
        0x5c => line.put(b"\\\\"),
        0x08 => line.put(b"\\b"),
        0x0c => line.put(b"\\f"),
        0x0a => line.put(b"\\n"),
        0x0d => line.put(b"\\r"),
        0x09 => line.put(b"\\t"),
        0x20..0x7f => line.put(&[code as u8]),
        _ => {
            line.put(b"\\u");
            line.hexadecimal(&code.to_be_bytes());
        }
    }
}

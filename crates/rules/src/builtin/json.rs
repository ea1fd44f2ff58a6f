//! `json_query`: one value of a JSON text, found by its path without building anything.
//!
//! The text is read from its beginning up to the value: what follows may be cut off, as a body that does not fit a buffer is. Nothing here calls
//! itself, so that deep nesting costs no stack.

use std::borrow::Cow;
use std::sync::Arc;

use super::operand::fitting;
use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Context, Converter, Type, Value};

/// The deepest nesting, HAProxy's.
const DEEPEST: usize = 20;

/// The row.
pub const CONVERTERS: &[Converter] = &[Converter {
    name: "json_query",
    params: &[Param::new("path", ArgKind::Str), Param::optional("type", INT)],
    input: Type::Str,
    output: Type::Any,
    check: Some(|args, _| check_path(args, 0)),
    eval: |value, args, cx| query(value.bytes()?, args, cx),
    doc: "A value of a JSON text by its path, like `$.a.b[0]`. Strings, numbers and arrays become text, `true` and `false` booleans; with `int` numbers become integers.",
}];

pub(super) const INT: ArgKind = ArgKind::Word(&["int"]);

/// A step on the way to a value.
#[derive(Debug)]
enum Step {
    Key(Box<[u8]>),
    Index(usize),
}

/// A path that was read.
#[derive(Debug)]
struct Path(Vec<Step>);

/// Reads an argument that is a path.
pub(super) fn check_path(args: &mut Args, at: usize) -> Result<(), String> {
    if let Some(text) = args.str(at) {
        args.0[at] = Arg::Object(Arc::new(Path(steps(text)?)));
    }
    Ok(())
}

fn steps(text: &[u8]) -> Result<Vec<Step>, String> {
    let wrong = || format!("`{}` is no path like `$.a.b[0]`", String::from_utf8_lossy(text));
    let [b'$', rest @ ..] = text else { return Err(wrong()) };
    let (mut rest, mut steps) = (rest, Vec::new());
    while let [first, behind @ ..] = rest {
        match first {
            b'.' => {
                let mut key = Vec::new();
                rest = behind;
                loop {
                    match rest {
                        [b'\\', escaped, behind @ ..] => (key.push(*escaped), rest = behind).1,
                        [b'.' | b'[', ..] | [] => break,
                        [byte, behind @ ..] => (key.push(*byte), rest = behind).1,
                    }
                }
                if key.is_empty() {
                    return Err(wrong());
                }
                steps.push(Step::Key(key.into()));
            }
            b'[' => {
                let end = behind.iter().position(|byte| *byte == b']').ok_or_else(wrong)?;
                let index = std::str::from_utf8(&behind[..end]).ok().and_then(|index| index.parse().ok());
                steps.push(Step::Index(index.ok_or_else(wrong)?));
                rest = &behind[end + 1..];
            }
            _ => return Err(wrong()),
        }
    }
    if steps.len() > DEEPEST {
        return Err(format!("a path has {DEEPEST} steps at most"));
    }
    Ok(steps)
}

/// The value at the path of the first argument, as the second one wants it.
pub(super) fn query<'c>(text: &'c [u8], args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let mut reader = Reader(text);
    for step in &args.object::<Path>(0)?.0 {
        match step {
            Step::Key(key) => reader.enter_key(key)?,
            Step::Index(index) => reader.enter_index(*index)?,
        }
    }
    reader.blanks();
    match reader.0.first()? {
        b'"' => {
            let raw = reader.string()?;
            Some(Value::Str(match plain(raw)? {
                Cow::Borrowed(bytes) => bytes,
                Cow::Owned(bytes) => fitting(cx.arena().keep(&bytes))?,
            }))
        }
        b't' => reader.literal(b"true").map(|()| Value::Bool(true)),
        b'f' => reader.literal(b"false").map(|()| Value::Bool(false)),
        b'[' => {
            let all = reader.0;
            reader.skip()?;
            all.get(..all.len() - reader.0.len()).map(Value::Str)
        }
        b'-' | b'0'..=b'9' => number(reader.number()?, args.has(1), cx),
        _ => None,
    }
}

fn number<'c>(text: &'c [u8], integer: bool, cx: &'c Context<'_>) -> Option<Value<'c>> {
    if integer {
        // As far as a double is exact.
        const LARGEST: i64 = (1 << 53) - 1;
        let number = crate::value::parse_int(text)?;
        return (-LARGEST..=LARGEST).contains(&number).then_some(Value::Int(number));
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Value::Str(cx.arena().keep(general(number).as_bytes())))
}

/// As `%g` of printf(3): six digits, no zeroes at the end.
fn general(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return if number == 0.0 && number.is_sign_negative() { String::from("-0") } else { format!("{number}") };
    }
    let scientific = format!("{number:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let bare = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..6).contains(&exponent) {
        return bare(&format!("{number:.*}", (5 - exponent) as usize));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", bare(digits), exponent.abs())
}

/// What a string of JSON says; `None` if an escape in it says nothing.
fn plain(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !raw.contains(&b'\\') {
        return Some(Cow::Borrowed(raw));
    }
    let (mut out, mut rest) = (Vec::with_capacity(raw.len()), raw);
    while let [byte, behind @ ..] = rest {
        rest = behind;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (escape, behind) = rest.split_first()?;
        rest = behind;
        match escape {
            b'"' | b'\\' | b'/' => out.push(*escape),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let (mut code, behind) = unit(rest)?;
                rest = behind;
                if let (0xd800..=0xdbff, [b'\\', b'u', behind @ ..]) = (code, rest) {
                    let (low, behind) = unit(behind)?;
                    code = 0x1_0000 + ((code - 0xd800) << 10) + low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    rest = behind;
                }
                out.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
    }
    Some(Cow::Owned(out))
}

/// Four hexadecimal digits.
fn unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let next = |code: u32, byte: &u8| Some(code << 4 | char::from(*byte).to_digit(16)?);
    Some((digits.iter().try_fold(0, next)?, rest))
}

/// What is not read yet.
struct Reader<'t>(&'t [u8]);

impl<'t> Reader<'t> {
    fn blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    /// This byte, behind blanks.
    fn byte(&mut self, wanted: u8) -> Option<()> {
        self.blanks();
        self.0 = self.0.strip_prefix(&[wanted])?;
        Some(())
    }

    fn literal(&mut self, wanted: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    /// What is inside of quotes.
    fn string(&mut self) -> Option<&'t [u8]> {
        self.byte(b'"')?;
        let (text, mut at) = (self.0, 0);
        loop {
            at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
            if text.get(at) == Some(&b'"') {
                self.0 = text.get(at + 1..)?;
                return text.get(..at);
            }
            at += 2;
        }
    }

    fn number(&mut self) -> Option<&'t [u8]> {
        let text = self.0;
        let digits = |reader: &mut Self| {
            let end = reader.0.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(reader.0.len());
            reader.0 = &reader.0[end..];
            end > 0
        };
        self.0 = self.0.strip_prefix(b"-").unwrap_or(self.0);
        if !digits(self) {
            return None;
        }
        if let [b'.', rest @ ..] = self.0 {
            self.0 = rest;
            digits(self);
        }
        if let [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] = self.0 {
            let before = std::mem::replace(&mut self.0, rest);
            if !digits(self) {
                self.0 = before;
            }
        }
        Some(&text[..text.len() - self.0.len()])
    }

    /// A value of any kind, and what is in it.
    fn skip(&mut self) -> Option<()> {
        // Open brackets, the innermost last: 1 is a list, 0 an object.
        let (mut open, mut depth) = (0_u64, 0);
        loop {
            self.blanks();
            match self.0.first()? {
                bracket @ (b'[' | b'{') => {
                    depth += 1;
                    if depth > DEEPEST {
                        return None;
                    }
                    open = open << 1 | u64::from(*bracket == b'[');
                    self.0 = &self.0[1..];
                    self.blanks();
                    match self.0.first()? {
                        b']' | b'}' => {}
                        b'"' if open & 1 == 0 => {
                            self.string()?;
                            self.byte(b':')?;
                            continue;
                        }
                        _ => continue,
                    }
                }
                b'"' => self.string().map(|_| ())?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => self.number().map(|_| ())?,
            }
            // A value is over: what it was in goes on or is over too.
            while depth > 0 {
                self.blanks();
                match (self.0.first()?, open & 1) {
                    (b']', 1) | (b'}', 0) => (open, depth) = (open >> 1, depth - 1),
                    (b',', list) => {
                        self.0 = &self.0[1..];
                        if list == 0 {
                            self.string()?;
                            self.byte(b':')?;
                        }
                        break;
                    }
                    _ => return None,
                }
                self.0 = &self.0[1..];
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// To the value of a key of this object.
    fn enter_key(&mut self, wanted: &[u8]) -> Option<()> {
        self.byte(b'{')?;
        loop {
            let key = self.string()?;
            self.byte(b':')?;
            if plain(key).is_some_and(|key| *key == *wanted) {
                return Some(());
            }
            self.skip()?;
            self.byte(b',')?;
        }
    }

    /// To an item of this list.
    fn enter_index(&mut self, index: usize) -> Option<()> {
        self.byte(b'[')?;
        for _ in 0..index {
            self.skip()?;
            self.byte(b',')?;
        }
        Some(())
    }
}

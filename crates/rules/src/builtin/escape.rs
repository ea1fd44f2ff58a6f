//! `json`: a text as a string of JSON, in ASCII.

use super::operand::fitting;
use crate::args::{ArgKind, Args, Param};
use crate::{Context, Converter, Type, Value};

/// The row.
pub const CONVERTERS: &[Converter] = &[Converter {
    name: "json",
    params: &[Param::optional("coding", ArgKind::Word(&["ascii", "utf8", "utf8s", "utf8p", "utf8ps"]))],
    input: Type::Str,
    output: Type::Str,
    check: None,
    eval: json,
    doc: "The inside of a string of JSON. `utf8` gives no value for faulty bytes, `utf8s` leaves them out; with `p`, characters that are longer than necessary are right.",
}];

fn json<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let coding = args.int(0).unwrap_or(0);
    let (unicode, skips, permissive) = (coding > 0, matches!(coding, 2 | 4), coding > 2);
    let (mut rest, mut right) = (value.bytes()?, true);
    let out = cx.arena().built(|out| {
        while let Some((first, behind)) = rest.split_first() {
            let read = if unicode { character(rest, permissive) } else { (Some(u32::from(*first)), behind) };
            rest = read.1;
            match read.0.and_then(|code| u16::try_from(code).ok()) {
                Some(code) => escape(code, out),
                None if skips => {}
                None => {
                    right = false;
                    break;
                }
            }
        }
    });
    if right { fitting(out).map(Value::Str) } else { None }
}

fn escape(code: u16, out: &mut bumpalo::collections::Vec<'_, u8>) {
    let short = match code {
        0x22 => b'"',
        0x5c => b'\\',
        0x2f => b'/',
        0x08 => b'b',
        0x0c => b'f',
        0x0a => b'n',
        0x0d => b'r',
        0x09 => b't',
        0x20..=0x7e => return out.push(code as u8),
        _ => {
            let digit = |at: u16| b"0123456789abcdef"[usize::from(code >> at & 15)];
            return out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The first character and what is behind it. `None`: its bytes are no character, or one that is longer than it need be.
fn character(bytes: &[u8], permissive: bool) -> (Option<u32>, &[u8]) {
    let Some((&first, mut rest)) = bytes.split_first() else { return (None, bytes) };
    let length = first.leading_ones() as usize;
    let (more, shortest) = match length {
        0 => return (Some(u32::from(first)), rest),
        2 => (1, 0x80),
        3 => (2, 0x800),
        4 => (3, 0x1_0000),
        5 => (4, 0x20_0000),
        6 => (5, 0x400_0000),
        _ => return (None, rest),
    };
    let mut code = u32::from(first) & (0x7f >> length);
    for _ in 0..more {
        let Some((&next, behind)) = rest.split_first().filter(|(next, _)| *next & 0xc0 == 0x80) else {
            return (None, rest);
        };
        code = code << 6 | u32::from(next & 0x3f);
        rest = behind;
    }
    let right = !matches!(code, 0xd800..=0xdfff | 0xfffe | 0xffff) && (permissive || code >= shortest);
    (right.then_some(code), rest)
}

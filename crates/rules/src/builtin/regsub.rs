//! `regsub`: parts of a text that match a regular expression become something else.

use super::operand::MOST;
use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Compiler, Context, Converter, Type, Value};

/// The row.
pub const CONVERTERS: &[Converter] = &[Converter {
    name: "regsub",
    params: &[
        Param::new("regex", ArgKind::Str),
        Param::new("text", ArgKind::Str),
        Param::optional("flags", ArgKind::Str),
    ],
    input: Type::Str,
    output: Type::Str,
    check: Some(check),
    eval: regsub,
    doc: "Replaces what a regular expression matches: the first time, or always with the flag `g`; `i` ignores case. `\\1` is a group; a result ends at 16 KiB.",
}];

/// A piece of what is put in.
#[derive(Debug)]
enum Piece {
    Text(Box<[u8]>),
    Group(usize),
}

/// What is put in, and how often.
#[derive(Debug)]
struct Put {
    pieces: Vec<Piece>,
    always: bool,
}

fn check(args: &mut Args, compiler: &mut Compiler<'_>) -> Result<(), String> {
    let text = |at| String::from_utf8_lossy(args.str(at).unwrap_or_default()).into_owned();
    let (regex, flags) = (text(0), text(2));
    if regex.is_empty() {
        return Err(String::from("the regular expression is empty"));
    }
    if let Some(wrong) = flags.chars().find(|flag| !matches!(flag, 'i' | 'g')) {
        return Err(format!("`{wrong}` is no flag: there are `i` and `g`"));
    }
    let regex = compiler.regex(&regex, flags.contains('i'))?;
    let put = Put { pieces: pieces(args.str(1).unwrap_or_default())?, always: flags.contains('g') };
    args.0[0] = Arg::Regex(regex);
    args.0[1] = Arg::Object(std::sync::Arc::new(put));
    Ok(())
}

/// `\0` to `\9` are groups, `\xHH` is a byte, and `\` takes anything else as it is.
fn pieces(text: &[u8]) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut plain, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        let (b'\\', Some(&next)) = (byte, text.get(at)) else {
            plain.push(byte);
            continue;
        };
        at += 1;
        match next {
            b'0'..=b'9' => {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain).into()));
                }
                pieces.push(Piece::Group(usize::from(next - b'0')));
            }
            b'x' => {
                let digits = text.get(at..at + 2).and_then(|two| std::str::from_utf8(two).ok());
                let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
                plain.push(byte.ok_or("two hexadecimal digits follow `\\x`")?);
                at += 2;
            }
            _ => plain.push(next),
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain.into()));
    }
    Ok(pieces)
}

fn regsub<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let (text, regex, put) = (value.bytes()?, args.regex(0)?, args.object::<Put>(1)?);
    if !regex.is_match(text) {
        return Some(Value::Str(text.get(..MOST).unwrap_or(text)));
    }
    // Groups cost more to find than the match alone.
    let grouped = put.pieces.iter().any(|piece| matches!(piece, Piece::Group(1..)));
    let mut groups = regex.capture_locations();
    let out = cx.arena().built(|out| {
        let (mut from, mut last) = (0, false);
        while out.len() < MOST {
            let found = match grouped {
                true => regex.captures_read_at(&mut groups, text, from),
                false => regex.find_at(text, from),
            };
            let Some(found) = found else { break };
            out.extend_from_slice(text.get(from..found.start()).unwrap_or_default());
            for piece in &put.pieces {
                let bytes = match piece {
                    Piece::Text(bytes) => bytes,
                    Piece::Group(0) => found.as_bytes(),
                    Piece::Group(at) => {
                        groups.get(*at).and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
                    }
                };
                out.extend_from_slice(bytes);
            }
            last |= from == text.len();
            from = found.end();
            if !put.always || last {
                break;
            }
            // Nothing was matched: go on behind the next byte.
            if found.is_empty()
                && let Some(byte) = text.get(from)
            {
                out.push(*byte);
                from += 1;
            }
        }
        out.extend_from_slice(text.get(from..).unwrap_or_default());
        out.truncate(MOST);
    });
    Some(Value::Str(out))
}

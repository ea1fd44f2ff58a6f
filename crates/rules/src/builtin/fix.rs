//! FIX, the protocol of stock exchanges: `tag=value` fields, each ended by the byte 1.

use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Compiler, Context, Converter, Type, Value};

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "fix_is_valid",
        input: Type::Bin,
        output: Type::Bool,
        eval: |value, _, cx| valid(value.bytes()?, cx).map(Value::Bool),
        doc: "True if a FIX message begins here whose first fields, length and checksum are right. No value while the message is incomplete.",
        ..Converter::PLAIN
    },
    Converter {
        name: "fix_tag_value",
        params: &[Param::new("tag", ArgKind::Str)],
        input: Type::Bin,
        output: Type::Bin,
        check: Some(check),
        eval: |value, args, _| {
            let wanted = args.int(0)?;
            let mut fields = fields(value.bytes()?);
            let number = |tag: &[u8]| std::str::from_utf8(tag).ok()?.parse::<i64>().ok();
            let found = fields.find(|(tag, _)| number(tag) == Some(wanted));
            found.filter(|(_, value)| !value.is_empty()).map(|(_, value)| Value::Bin(value))
        },
        doc: "The value of a field of a FIX message, by its number or one of six names.",
    },
];

const NAMES: &[(&str, i64)] = &[
    ("BeginString", 8),
    ("BodyLength", 9),
    ("MsgType", 35),
    ("SenderCompID", 49),
    ("TargetCompID", 56),
    ("CheckSum", 10),
];

const VERSIONS: &[&[u8]] = &[b"FIX.4.0", b"FIX.4.1", b"FIX.4.2", b"FIX.4.3", b"FIX.4.4", b"FIXT.1.1"];

fn check(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(args.str(0).unwrap_or_default()).into_owned();
    let known = NAMES.iter().find(|(name, _)| *name == text).map(|(_, tag)| *tag);
    let tag = known.or_else(|| text.parse().ok().filter(|tag| *tag > 0));
    args.0[0] = Arg::Int(tag.ok_or_else(|| {
        let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        format!("`{text}` is no tag's number, and none of {}", names.join(", "))
    })?);
    Ok(())
}

/// Fields that are complete, as far as they are fields.
fn fields(message: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let end = memchr::memchr(1, rest)?;
        let (field, behind) = rest.split_at(end);
        rest = behind.get(1..)?;
        let equals = memchr::memchr(b'=', field)?;
        Some((&field[..equals], &field[equals + 1..]))
    })
}

fn valid(message: &[u8], cx: &Context<'_>) -> Option<bool> {
    let incomplete = || {
        cx.may_come();
        None
    };
    let mut all = fields(message);
    let Some((b"8", version)) = all.next() else {
        return if memchr::memchr(1, message).is_none() { incomplete() } else { Some(false) };
    };
    if !VERSIONS.contains(&version) {
        return Some(false);
    }
    let Some((tag, length)) = all.next() else { return incomplete() };
    let body_length = std::str::from_utf8(length).ok().and_then(|length| length.parse::<usize>().ok());
    let (b"9", Some(body_length)) = (tag, body_length) else { return Some(false) };
    // `8=` and `9=` and the two ends of fields come before the body, `10=nnn` and one more end behind it.
    let body_start = version.len() + length.len() + 6;
    let Some(body_end) = body_start.checked_add(body_length) else { return Some(false) };
    let Some(trailer) = message.get(body_end..).and_then(|rest| rest.get(..7)) else { return incomplete() };
    let (Some(before), Some(body)) = (message.get(..body_end), message.get(body_start..body_end)) else {
        return Some(false);
    };
    let sum = before.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    let right = trailer.starts_with(b"10=")
        && trailer.ends_with(b"\x01")
        && trailer.get(3..6).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()) == Some(sum);
    let mut inside = fields(body);
    let typed = inside.next().is_some_and(|(tag, kind)| tag == b"35" && !kind.is_empty());
    let mut size = 0;
    let tags = fields(body).all(|(tag, value)| {
        size += tag.len() + value.len() + 2;
        !tag.is_empty() && tag.iter().all(u8::is_ascii_digit)
    });
    Some(right && typed && tags && size == body.len())
}

//! Fetches of the parameters in a query.

use plimsoll_rules::value::parse_int;
use plimsoll_rules::{ArgKind, Args, Compiler, Context, Fetch, Needs, Param, Slot, Type, Value};

use super::line;
use crate::Request;

const TEXT: Fetch = Fetch {
    params: &[Param::optional("name", ArgKind::Str), Param::optional("delim", ArgKind::Str)],
    output: Type::Str,
    needs: Needs::All(&[Slot::Request]),
    suffixes: true,
    check: Some(delimiter),
    eval: |args, cx| parameter(args, cx).map(Value::Str),
    doc: "The value of a parameter of the query, the first one unless it is in an ACL; of any parameter without a name.",
    ..Fetch::PLAIN
};

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch { name: "url_param", ..TEXT },
    Fetch { name: "urlp", ..TEXT },
    Fetch {
        name: "urlp_val",
        output: Type::Int,
        suffixes: false,
        eval: |args, cx| parse_int(parameter(args, cx)?).map(Value::Int),
        doc: "The value of a parameter of the query as a number.",
        ..TEXT
    },
];

fn delimiter(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    match args.str(1) {
        Some(text) if text.len() != 1 => Err(format!("`{}` is not one character", String::from_utf8_lossy(text))),
        _ => Ok(()),
    }
}

fn parameter<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<&'c [u8]> {
    let delimiter = args.str(1).and_then(|text| text.first()).copied().unwrap_or(b'?');
    let ends = |byte: u8| matches!(byte, b'&' | b';') || byte == delimiter;
    let url = line::url(cx.fact::<Request>()?);
    let list = url.get(memchr::memchr(delimiter, url)? + 1..)?;
    let name = args.str(0).filter(|name| !name.is_empty());
    let mut at = if cx.each() { cx.at() as usize } else { 0 };
    while let Some(rest) = list.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.iter().position(|&byte| ends(byte)).unwrap_or(rest.len());
        let this = &rest[..length];
        at += length + 1;
        let value = match (name, memchr::memchr(b'=', this)) {
            (Some(name), Some(equal)) if this[..equal] == *name => Some(&this[equal + 1..]),
            (None, Some(equal)) => Some(&this[equal + 1..]),
            _ => None,
        };
        if value.is_some() {
            if cx.each() {
                cx.more_at(at as u64);
            }
            return value;
        }
    }
    None
}

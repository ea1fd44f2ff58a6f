//! The `Forwarded` header (RFC 7239).

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::args::{ArgKind, Args, Param};
use crate::{Context, Converter, Type, Value};

/// A row that takes a text.
const TEXT: Converter = Converter { input: Type::Str, ..Converter::PLAIN };

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "rfc7239_is_valid",
        output: Type::Bool,
        eval: |value, _, _| {
            Some(Value::Bool(value.bytes()?.split(|byte| *byte == b',').all(|part| element(part).is_some())))
        },
        doc: "True if a `Forwarded` header is written as RFC 7239 says, with parameters that are known.",
        ..TEXT
    },
    Converter {
        name: "rfc7239_field",
        params: &[Param::new("field", ArgKind::Word(&["proto", "host", "for", "by"]))],
        output: Type::Str,
        eval: field,
        doc: "A parameter of a `Forwarded` header, without its quotes: `proto`, `host`, `for` or `by`.",
        ..TEXT
    },
    Converter {
        name: "rfc7239_n2nn",
        output: Type::Any,
        eval: |value, _, _| match node(value.bytes()?)?.0 {
            Name::Ipv4(address) => Some(Value::Ipv4(address)),
            Name::Ipv6(address) => Some(Value::Ipv6(address)),
            Name::Word(word) => Some(Value::Str(word)),
        },
        doc: "The name in a node of a `Forwarded` header: an address, `unknown` or a word that begins with `_`.",
        ..TEXT
    },
    Converter {
        name: "rfc7239_n2np",
        output: Type::Any,
        eval: |value, _, _| match node(value.bytes()?)?.1? {
            Port::Number(port) => Some(Value::Int(port.into())),
            Port::Word(word) => Some(Value::Str(word)),
        },
        doc: "The port in a node of a `Forwarded` header: a number, or a word that begins with `_`.",
        ..TEXT
    },
];

enum Name<'n> {
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    Word(&'n [u8]),
}

enum Port<'n> {
    Number(u16),
    Word(&'n [u8]),
}

/// The values of `proto`, `host`, `for` and `by` of one element. `None`: it is not well-formed.
fn element(text: &[u8]) -> Option<[Option<&[u8]>; 4]> {
    let (mut found, mut rest) = ([None; 4], text.trim_ascii());
    loop {
        let equals = memchr::memchr(b'=', rest)?;
        let (name, behind) = (rest.get(..equals)?, rest.get(equals + 1..)?);
        let (quoted, end) = match behind {
            [b'"', inside @ ..] => (true, memchr::memchr(b'"', inside)? + 2),
            _ => (false, memchr::memchr(b';', behind).unwrap_or(behind.len())),
        };
        let (value, behind) = behind.split_at_checked(end)?;
        let value = if quoted { value.get(1..value.len() - 1)? } else { value };
        let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        if !quoted && !value.iter().all(token) {
            return None;
        }
        let (at, right) = match name.to_ascii_lowercase().as_slice() {
            b"proto" => (0, matches!(value, b"http" | b"https")),
            b"host" => (1, is_host(value)),
            b"for" => (2, node(value).is_some()),
            b"by" => (3, node(value).is_some()),
            _ => return None,
        };
        if !right || found[at].replace(value).is_some() {
            return None;
        }
        match behind {
            [] => return Some(found),
            [b';', next @ ..] => rest = next,
            _ => return None,
        }
    }
}

fn is_host(value: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte);
    !value.is_empty() && value.iter().all(allowed)
}

fn field<'c>(value: Value<'c>, args: &'c Args, _: &'c Context<'_>) -> Option<Value<'c>> {
    let wanted = usize::try_from(args.int(0)?).ok()?;
    let first = value.bytes()?.split(|byte| *byte == b',').next()?;
    element(first)?.get(wanted).copied().flatten().map(Value::Str)
}

/// `name` or `name:port`; an IPv6 address is in brackets.
fn node(text: &[u8]) -> Option<(Name<'_>, Option<Port<'_>>)> {
    let (name, rest) = match text {
        [b'[', inside @ ..] => {
            let end = memchr::memchr(b']', inside)?;
            let address = std::str::from_utf8(inside.get(..end)?).ok()?.parse().ok()?;
            (Name::Ipv6(address), inside.get(end + 1..)?)
        }
        _ => {
            let end = memchr::memchr(b':', text).unwrap_or(text.len());
            let (name, rest) = text.split_at_checked(end)?;
            let address = || std::str::from_utf8(name).ok()?.parse().ok().map(Name::Ipv4);
            let word = name == b"unknown" || is_word(name);
            (if word { Name::Word(name) } else { address()? }, rest)
        }
    };
    let port = match rest {
        [] => None,
        [b':', port @ ..] if is_word(port) => Some(Port::Word(port)),
        [b':', port @ ..] => Some(Port::Number(std::str::from_utf8(port).ok()?.parse().ok()?)),
        _ => return None,
    };
    Some((name, port))
}

/// A name that tells nothing: RFC 7239, section 6.3.
fn is_word(text: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    matches!(text, [b'_', rest @ ..] if !rest.is_empty() && rest.iter().all(allowed))
}

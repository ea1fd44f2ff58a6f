//! Converters of texts: case, ends, parts, comparisons.

use super::operand::{fitting, variable};
use crate::args::{Arg, ArgKind, Args, Param};
use crate::variables::Name;
use crate::{Compiler, Context, Converter, Type, Value};

/// A row that makes a text of a text.
const TEXT: Converter = Converter { input: Type::Str, output: Type::Str, ..Converter::PLAIN };

const CHARS: &[Param] = &[Param::new("chars", ArgKind::Str)];

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "lower",
        eval: |value, _, cx| cased(value, cx, u8::to_ascii_lowercase),
        doc: "In lower case: the letters of ASCII.",
        ..TEXT
    },
    Converter {
        name: "upper",
        eval: |value, _, cx| cased(value, cx, u8::to_ascii_uppercase),
        doc: "In upper case: the letters of ASCII.",
        ..TEXT
    },
    Converter {
        name: "length",
        output: Type::Int,
        eval: |value, _, _| Some(Value::Int(value.bytes()?.len() as i64)),
        doc: "How many bytes a text has.",
        ..TEXT
    },
    Converter {
        name: "bytes",
        params: &[Param::new("offset", ArgKind::Int), Param::optional("length", ArgKind::Int)],
        input: Type::Bin,
        output: Type::Bin,
        check: None,
        eval: bytes,
        doc: "The bytes from an offset on, at most `length`. Beyond the end there are none, and that is no failure.",
    },
    Converter {
        name: "concat",
        params: &[
            Param::optional("start", ArgKind::Str),
            Param::optional("var", ArgKind::Str),
            Param::optional("end", ArgKind::Str),
        ],
        check: Some(|args, _| second_is_variable(args)),
        eval: concat,
        doc: "The text with up to three things behind it: a text, a variable's value if it is set, another text.",
        ..TEXT
    },
    Converter {
        name: "add_item",
        params: &[
            Param::new("delimiter", ArgKind::Str),
            Param::optional("var", ArgKind::Str),
            Param::optional("suffix", ArgKind::Str),
        ],
        check: Some(check_item),
        eval: add_item,
        doc: "The text with one more item of a list: a variable's value and a suffix. The delimiter comes between only if both sides have something.",
        ..TEXT
    },
    Converter {
        name: "cut_crlf",
        eval: |value, _, _| {
            let text = value.bytes()?;
            let end = memchr::memchr2(b'\r', b'\n', text).unwrap_or(text.len());
            text.get(..end).map(Value::Str)
        },
        doc: "The text before the first CR or LF.",
        ..TEXT
    },
    Converter {
        name: "ltrim",
        params: CHARS,
        eval: |value, args, _| {
            let (mut text, chars) = (value.bytes()?, args.str(0)?);
            while let [first, rest @ ..] = text
                && chars.contains(first)
            {
                text = rest;
            }
            Some(Value::Str(text))
        },
        doc: "Without these characters at the beginning.",
        ..TEXT
    },
    Converter {
        name: "rtrim",
        params: CHARS,
        eval: |value, args, _| {
            let (mut text, chars) = (value.bytes()?, args.str(0)?);
            while let [rest @ .., last] = text
                && chars.contains(last)
            {
                text = rest;
            }
            Some(Value::Str(text))
        },
        doc: "Without these characters at the end.",
        ..TEXT
    },
    Converter {
        name: "reverse",
        eval: |value, _, cx| {
            let text = value.bytes()?;
            Some(Value::Str(cx.arena().built(|out| out.extend(text.iter().rev()))))
        },
        doc: "The bytes of a text from the last to the first.",
        ..TEXT
    },
    Converter {
        name: "reverse_dom",
        eval: reverse_dom,
        doc: "The labels of a domain from the last to the first: `www.example.org` becomes `org.example.www`.",
        ..TEXT
    },
    Converter {
        name: "param",
        params: &[Param::new("name", ArgKind::Str), Param::optional("delimiter", ArgKind::Str)],
        check: Some(check_param),
        eval: param,
        doc: "The value of the first parameter of that name among `a=b&c=d`; empty if it has none. Parameters end at `&`, or at the delimiter given.",
        ..TEXT
    },
    Converter {
        name: "has_ctl",
        input: Type::Bin,
        output: Type::Bool,
        eval: |value, _, _| Some(Value::Bool(value.bytes()?.iter().any(u8::is_ascii_control))),
        doc: "True if there is a control character of ASCII: below 0x20, or 0x7f.",
        ..Converter::PLAIN
    },
    Converter {
        name: "strcmp",
        params: &[Param::new("var", ArgKind::Var)],
        output: Type::Int,
        eval: strcmp,
        doc: "Compares with a variable's text: 0 if they are the same, negative if the input comes first, positive if the variable's does.",
        ..TEXT
    },
    Converter {
        name: "secure_memcmp",
        params: &[Param::new("var", ArgKind::Var)],
        input: Type::Bin,
        output: Type::Bool,
        eval: |value, args, cx| {
            let other = variable(args.var(0)?, Type::Bin, cx)?.bytes()?;
            let same = aws_lc_rs::constant_time::verify_slices_are_equal(value.bytes()?, other);
            Some(Value::Bool(same.is_ok()))
        },
        doc: "True if a variable has the same bytes. The time it takes does not tell how many of them agree.",
        ..Converter::PLAIN
    },
    Converter {
        name: "iif",
        params: &[Param::new("true", ArgKind::Str), Param::new("false", ArgKind::Str)],
        input: Type::Bool,
        eval: |value, args, _| {
            let at = usize::from(value == Value::Bool(false));
            Some(Value::Str(args.str(at).unwrap_or_default()))
        },
        doc: "One text if the input is true, the other if it is false.",
        ..TEXT
    },
];

fn cased<'c>(value: Value<'c>, cx: &'c Context<'_>, case: fn(&u8) -> u8) -> Option<Value<'c>> {
    let text = value.bytes()?;
    if text.iter().all(|byte| case(byte) == *byte) {
        return Some(Value::Str(text));
    }
    Some(Value::Str(cx.arena().built(|out| out.extend(text.iter().map(case)))))
}

fn bytes<'c>(value: Value<'c>, args: &'c Args, _: &'c Context<'_>) -> Option<Value<'c>> {
    let bytes = value.bytes()?;
    let start = usize::try_from(args.int(0)?).unwrap_or(usize::MAX);
    let rest = bytes.get(start..).unwrap_or_default();
    let length = args.int(1).and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    Some(Value::Bin(rest.get(..length).unwrap_or(rest)))
}

fn second_is_variable(args: &mut Args) -> Result<(), String> {
    if let Some(text) = args.str(1).filter(|text| !text.is_empty()) {
        args.0[1] = Arg::Var(Name::parse(&String::from_utf8_lossy(text))?);
    }
    Ok(())
}

fn concat<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let text = value.bytes()?;
    let held = args.var(1).and_then(|name| variable(name, Type::Str, cx)?.bytes());
    let parts = [Some(text), args.str(0), held, args.str(2)];
    fitting(cx.arena().built(|out| parts.iter().flatten().for_each(|part| out.extend_from_slice(part)))).map(Value::Str)
}

fn check_item(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let empty = |at| args.str(at).is_none_or(<[u8]>::is_empty);
    if empty(1) && empty(2) {
        return Err(String::from("there is no item: a variable or a suffix is missing"));
    }
    second_is_variable(args)
}

fn add_item<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let text = value.bytes()?;
    let held = args.var(1).and_then(|name| variable(name, Type::Str, cx)?.bytes()).unwrap_or_default();
    let suffix = args.str(2).unwrap_or_default();
    let item = !held.is_empty() || !suffix.is_empty();
    let delimiter = if item && !text.is_empty() { args.str(0)? } else { b"" };
    let parts = [text, delimiter, held, suffix];
    fitting(cx.arena().built(|out| parts.iter().for_each(|part| out.extend_from_slice(part)))).map(Value::Str)
}

fn reverse_dom<'c>(value: Value<'c>, _: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let text = value.bytes()?;
    Some(Value::Str(cx.arena().built(|out| {
        for (at, label) in text.rsplit(|byte| *byte == b'.').enumerate() {
            if at > 0 {
                out.push(b'.');
            }
            out.extend_from_slice(label);
        }
    })))
}

fn check_param(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    match args.str(1) {
        Some([_]) | None => Ok(()),
        Some(_) => Err(String::from("the delimiter is one character")),
    }
}

fn param<'c>(value: Value<'c>, args: &'c Args, _: &'c Context<'_>) -> Option<Value<'c>> {
    let (text, name) = (value.bytes()?, args.str(0)?);
    let delimiter = args.str(1).and_then(<[u8]>::first).copied().unwrap_or(b'&');
    text.split(|byte| *byte == delimiter).find_map(|part| match part.strip_prefix(name)? {
        [] => Some(Value::Str(b"")),
        [b'=', value @ ..] => Some(Value::Str(value)),
        _ => None,
    })
}

fn strcmp<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let (left, right) = (value.bytes()?, variable(args.var(0)?, Type::Str, cx)?.bytes()?);
    let differing = left.iter().zip(right).find(|(left, right)| left != right);
    Some(Value::Int(match differing {
        Some((left, right)) => i64::from(*left) - i64::from(*right),
        None => left.len().cmp(&right.len()) as i64,
    }))
}

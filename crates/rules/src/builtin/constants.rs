//! Fetches of values that stand in the configuration, and of variables.

use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Compiler, Fetch, Type, Value};

/// The rows.
pub const FETCHES: &[Fetch] = &[
    Fetch {
        name: "always_false",
        output: Type::Bool,
        eval: |_, _| Some(Value::Bool(false)),
        doc: "False.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "always_true",
        output: Type::Bool,
        eval: |_, _| Some(Value::Bool(true)),
        doc: "True.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "str",
        params: &[Param::new("string", ArgKind::Str)],
        output: Type::Str,
        eval: |args, _| args.str(0).map(Value::Str),
        doc: "The text itself.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "int",
        params: &[Param::new("integer", ArgKind::Int)],
        output: Type::Int,
        eval: |args, _| args.int(0).map(Value::Int),
        doc: "The number itself.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "bool",
        params: &[Param::new("boolean", ArgKind::Str)],
        output: Type::Bool,
        check: Some(boolean),
        eval: |args, _| args.int(0).map(|number| Value::Bool(number != 0)),
        doc: "`true`, `false`, `yes`, `no`, `on`, `off`, 1 or 0.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "bin",
        params: &[Param::new("hex", ArgKind::Str)],
        output: Type::Bin,
        check: Some(hexadecimal),
        eval: |args, _| args.str(0).map(Value::Bin),
        doc: "Bytes, written in hexadecimal.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "ipv4",
        params: &[Param::new("ipv4", ArgKind::Ipv4)],
        output: Type::Ipv4,
        eval: |args, _| match args.0.first() {
            Some(Arg::Ipv4(address)) => Some(Value::Ipv4(*address)),
            _ => None,
        },
        doc: "The address itself.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "ipv6",
        params: &[Param::new("ipv6", ArgKind::Ipv6)],
        output: Type::Ipv6,
        eval: |args, _| match args.0.first() {
            Some(Arg::Ipv6(address)) => Some(Value::Ipv6(*address)),
            _ => None,
        },
        doc: "The address itself.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "var",
        params: &[Param::new("name", ArgKind::Var), Param::optional("default", ArgKind::Str)],
        output: Type::Any,
        eval: |args, cx| {
            let name = args.var(0)?;
            let value = cx.variables(|variables| variables.get(name, cx.arena()));
            value.or_else(|| args.str(1).map(Value::Str))
        },
        doc: "The value of a variable, or the default.",
        ..Fetch::PLAIN
    },
];

fn boolean(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let text = args.str(0).unwrap_or_default();
    let yes = match text.to_ascii_lowercase().as_slice() {
        b"true" | b"yes" | b"on" | b"1" => 1,
        b"false" | b"no" | b"off" | b"0" => 0,
        _ => return Err(format!("`{}` is neither true nor false", String::from_utf8_lossy(text))),
    };
    args.0[0] = Arg::Int(yes);
    Ok(())
}

fn hexadecimal(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let text = args.str(0).unwrap_or_default();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes: Option<Vec<u8>> =
        text.chunks(2).map(|two| Some(digit(*two.first()?)? << 4 | digit(*two.get(1)?)?)).collect();
    let Some(bytes) = bytes else {
        return Err(format!("`{}` is not pairs of hexadecimal digits", String::from_utf8_lossy(text)));
    };
    args.0[0] = Arg::Str(bytes.into());
    Ok(())
}

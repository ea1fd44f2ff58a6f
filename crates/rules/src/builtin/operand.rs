//! Arguments that are a constant or a variable, and how large a value may become.

use crate::args::{Arg, Args};
use crate::variables::Name;
use crate::{Compiler, Context, Type, Value};

/// The most bytes that a converter makes: HAProxy's buffers are of that size. A longer result is none, or cut where the row says so.
pub(super) const MOST: usize = 16 << 10;

/// A result that is not too long.
pub(super) fn fitting(bytes: &[u8]) -> Option<&[u8]> {
    (bytes.len() <= MOST).then_some(bytes)
}

/// The first argument is an integer or a variable's name.
pub(super) fn check_number(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(args.str(0).unwrap_or_default()).into_owned();
    args.0[0] = match Name::parse(&text) {
        Ok(name) => Arg::Var(name),
        Err(_) => Arg::Int(integer(&text).ok_or_else(|| format!("`{text}` is neither an integer nor a variable"))?),
    };
    Ok(())
}

/// Only digits behind an optional sign; too large ones are the largest.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| crate::value::parse_int(text.as_bytes())).flatten()
}

/// The value of such an argument.
pub(super) fn number(args: &Args, cx: &Context<'_>) -> Option<i64> {
    match args.int(0) {
        Some(number) => Some(number),
        None => variable(args.var(0)?, Type::Int, cx)?.int(),
    }
}

/// A variable's value as a type.
pub(super) fn variable<'c>(name: Name, to: Type, cx: &'c Context<'_>) -> Option<Value<'c>> {
    cx.variables(|variables| variables.get(name, cx.arena()))?.cast(to, cx.arena())
}

/// An argument that says a variable's name if it can, and otherwise stands for itself.
pub(super) fn or_variable(args: &mut Args, at: usize) {
    let Some(text) = args.str(at) else { return };
    if let Some(name) = std::str::from_utf8(text).ok().and_then(|text| Name::parse(text).ok()) {
        args.0[at] = Arg::Var(name);
    }
}

/// The bytes of such an argument.
pub(super) fn bytes<'c>(args: &'c Args, at: usize, cx: &'c Context<'_>) -> Option<&'c [u8]> {
    match args.var(at) {
        Some(name) => variable(name, Type::Bin, cx)?.bytes(),
        None => args.str(at),
    }
}

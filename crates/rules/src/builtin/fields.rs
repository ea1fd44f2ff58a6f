//! `field` and `word`: parts of a text between separators.

use crate::args::{ArgKind, Args, Param};
use crate::{Compiler, Context, Converter, Type, Value};

const PARAMS: &[Param] = &[
    Param::new("index", ArgKind::Int),
    Param::new("delimiters", ArgKind::Str),
    Param::optional("count", ArgKind::Int),
];

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "field",
        params: PARAMS,
        input: Type::Str,
        output: Type::Str,
        check: Some(check),
        eval: field,
        doc: "The part at an index, counted from 1, or from the end when negative; every delimiter ends a part. `count` asks for more of them, 0 for all.",
    },
    Converter {
        name: "word",
        params: PARAMS,
        input: Type::Str,
        output: Type::Str,
        check: Some(check),
        eval: word,
        doc: "Like `field`, but delimiters in a row count as one and those at either end not at all. Empty when there is no such word.",
    },
];

fn check(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    if args.int(0) == Some(0) {
        return Err(String::from("the index counts from 1, or from -1 at the end"));
    }
    if args.str(1).is_none_or(<[u8]>::is_empty) {
        return Err(String::from("there is no delimiter"));
    }
    Ok(())
}

/// How many parts are wanted; all of them if 0 or less.
fn count(args: &Args) -> usize {
    match args.int(2).unwrap_or(1) {
        count @ 1.. => count as usize,
        _ => usize::MAX,
    }
}

/// The index as steps from its end of the text.
fn steps(index: i64) -> usize {
    usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX) - 1
}

fn field<'c>(value: Value<'c>, args: &'c Args, _: &'c Context<'_>) -> Option<Value<'c>> {
    let (text, index, delimiters) = (value.bytes()?, args.int(0)?, args.str(1)?);
    let is_delimiter = |at: &usize| delimiters.contains(&text[*at]);
    let (skip, count) = (steps(index), count(args));
    let part = if index > 0 {
        let mut ends = (0..text.len()).filter(is_delimiter);
        let start = if skip == 0 { 0 } else { ends.nth(skip - 1)? + 1 };
        let end = if count == usize::MAX { None } else { ends.nth(count - 1) };
        text.get(start..end.unwrap_or(text.len()))?
    } else {
        let mut starts = (0..text.len()).rev().filter(is_delimiter);
        let end = if skip == 0 { text.len() } else { starts.nth(skip - 1)? };
        let start = if count == usize::MAX { None } else { starts.nth(count - 1) };
        text.get(start.map_or(0, |at| at + 1)..end)?
    };
    Some(Value::Str(part))
}

fn word<'c>(value: Value<'c>, args: &'c Args, _: &'c Context<'_>) -> Option<Value<'c>> {
    let (text, index, delimiters) = (value.bytes()?, args.int(0)?, args.str(1)?);
    let (skip, count) = (steps(index), count(args));
    let inside = |at: usize| text.get(at).is_some_and(|byte| !delimiters.contains(byte));
    // Where words begin, and where they end.
    let mut starts = (0..text.len()).filter(|&at| inside(at) && (at == 0 || !inside(at - 1)));
    let mut ends = (1..=text.len()).filter(|&at| inside(at - 1) && !inside(at)).rev();
    let part = if index > 0 {
        let start = starts.nth(skip);
        start.map(|start| {
            let mut ends = (start + 1..=text.len()).filter(|&at| inside(at - 1) && !inside(at));
            let end = if count == usize::MAX { None } else { ends.nth(count - 1) };
            &text[start..end.unwrap_or(text.len())]
        })
    } else {
        ends.nth(skip).map(|end| {
            let mut starts = (0..end).rev().filter(|&at| inside(at) && (at == 0 || !inside(at - 1)));
            let start = if count == usize::MAX { None } else { starts.nth(count - 1) };
            &text[start.unwrap_or(0)..end]
        })
    };
    Some(Value::Str(part.unwrap_or_default()))
}

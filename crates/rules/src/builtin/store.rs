//! `set-var` and `unset-var` on the way of a value: it is kept, and goes on as it is.

use crate::args::{ArgKind, Args, Param};
use crate::{Context, Converter, Name, Scope, Value};

const CONDITION: ArgKind =
    ArgKind::Word(&["ifexists", "ifnotexists", "ifempty", "ifnotempty", "ifset", "ifnotset", "ifgt", "iflt"]);

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "set-var",
        params: &[
            Param::new("name", ArgKind::Var),
            Param::optional("condition", CONDITION),
            Param::optional("condition", CONDITION),
            Param::optional("condition", CONDITION),
            Param::optional("condition", CONDITION),
        ],
        eval: set_var,
        doc: "Keeps the value in a variable and hands it on. If one of the conditions does not hold nothing is kept and there is no value.",
        ..Converter::PLAIN
    },
    Converter {
        name: "unset-var",
        params: &[Param::new("name", ArgKind::Var)],
        eval: |value, args, cx| {
            let name = args.var(0)?;
            cx.variables(|variables| variables.unset(name));
            Some(value)
        },
        doc: "Takes a variable away and hands the value on.",
        ..Converter::PLAIN
    },
    Converter {
        name: "debug",
        params: &[Param::optional("prefix", ArgKind::Str), Param::optional("destination", ArgKind::Str)],
        eval: debug,
        doc: "Shows the value to whoever debugs, with a prefix, and hands it on.",
        ..Converter::PLAIN
    },
];

fn set_var<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let name = args.var(0)?;
    let old = cx.variables(|variables| variables.get(name, cx.arena()));
    let all = (1..5).filter_map(|at| args.int(at)).all(|condition| holds(condition, &value, old, name));
    (all && cx.variables(|variables| variables.set(name, &value))).then_some(value)
}

fn holds(condition: i64, value: &Value<'_>, old: Option<Value<'_>>, name: Name) -> bool {
    // Those of the process exist from the time on when they are named.
    let exists = old.is_some() || name.scope == Scope::Proc;
    let empty = value.bytes().is_some_and(<[u8]>::is_empty);
    match (condition, old, value) {
        (0, ..) => exists,
        (1, ..) => !exists,
        (2, ..) => empty,
        (3, ..) => !empty,
        (4, ..) => old.is_some(),
        (5, ..) => old.is_none(),
        (6, Some(Value::Int(old)), Value::Int(new)) => old > *new,
        (7, Some(Value::Int(old)), Value::Int(new)) => old < *new,
        _ => true,
    }
}

fn debug<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let text = |at| args.str(at).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
    cx.outside().debug(text(0), text(1), &value);
    Some(value)
}

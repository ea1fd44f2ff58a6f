//! The row of a converter: one value into another.

use crate::args::{Args, Check, Param};
use crate::{Context, Type, Value};

/// A converter, as a row of its owner's table.
#[derive(Debug)]
pub struct Converter {
    /// Its name, HAProxy's.
    pub name: &'static str,
    /// Its arguments.
    pub params: &'static [Param],
    /// What it takes; other types are cast, or refused when the configuration is read.
    pub input: Type,
    /// What it gives.
    pub output: Type,
    /// Looks at the arguments once more when the configuration is read; may replace them.
    pub check: Option<Check>,
    /// The value, or `None` when there is none.
    pub eval: for<'c> fn(Value<'c>, &'c Args, &'c Context<'_>) -> Option<Value<'c>>,
    /// One or two sentences for the reference.
    pub doc: &'static str,
}

impl Converter {
    /// A row without arguments and checks: the rest is given by `..`.
    pub const PLAIN: Self =
        Self { name: "", params: &[], input: Type::Any, output: Type::Any, check: None, eval: |_, _, _| None, doc: "" };
}

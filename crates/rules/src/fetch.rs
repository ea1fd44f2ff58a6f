//! The row of a sample fetch: where a value comes from.

use crate::args::{Args, Check, Param};
use crate::fact::Needs;
use crate::{Context, Type, Value};

/// A fetch, as a row of its owner's table.
#[derive(Debug)]
pub struct Fetch {
    /// Its name, HAProxy's.
    pub name: &'static str,
    /// Its arguments.
    pub params: &'static [Param],
    /// What it gives.
    pub output: Type,
    /// What it looks at.
    pub needs: Needs,
    /// Whether `name_beg`, `name_reg` and the like are ACLs of their own (configuration manual, section 7.3).
    pub suffixes: bool,
    /// Looks at the arguments once more when the configuration is read; may replace them.
    pub check: Option<Check>,
    /// The value, or `None` when there is none.
    pub eval: for<'c> fn(&'c Args, &'c Context<'_>) -> Option<Value<'c>>,
    /// One or two sentences for the reference.
    pub doc: &'static str,
}

impl Fetch {
    /// A row without arguments, suffixes and checks: the rest is given by `..`.
    pub const PLAIN: Self = Self {
        name: "",
        params: &[],
        output: Type::Any,
        needs: Needs::NOTHING,
        suffixes: false,
        check: None,
        eval: |_, _| None,
        doc: "",
    };
}

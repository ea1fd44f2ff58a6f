//! HAProxy's expression language: samples, converters, ACLs, variables, format strings and rules.
//!
//! *Knows*: how a text becomes an expression whose types fit, how it is evaluated over facts, and what a list of rules does.
//! *Does not know*: any protocol. What there is to look at is a fact in a numbered slot, filled by whoever evaluates; what looks at it
//! is a row ([`Fetch`], [`Converter`], [`Action`]) of the crate that owns the fact.
//! *Start reading at*: [`Expr`], then [`Condition`] and [`Rules`]; [`Compiler`] is what all texts go through.
//!
//! Nothing here reads a clock, rolls dice or waits: an evaluation that cannot be decided yet says what it waits for ([`Wait`]).

pub mod acl;
mod action;
mod arena;
mod args;
mod builtin;
mod compiler;
mod condition;
mod context;
mod converter;
mod expr;
mod fact;
mod fetch;
mod format;
mod language;
mod later;
pub mod map;
pub mod pattern;
mod place;
mod rules;
pub mod value;
pub mod variables;
mod waiting;
mod words;

pub use acl::{Acl, Acls};
pub use action::{Act, Action, Call, Step};
pub use arena::Arena;
pub use args::{Arg, ArgKind, Args, Check, Param};
pub use builtin::PARTS;
pub use compiler::{Compiler, Names, NoNames, Regexes};
pub use condition::{Condition, Term, Truth};
pub use context::{Context, Outside, Wait};
pub use converter::Converter;
pub use expr::Expr;
pub use fact::{Fact, Needs, Slot, Slots};
pub use fetch::Fetch;
pub use format::{Alias, Each, Format, Purpose, Show};
pub use language::{Language, Parts};
pub use pattern::{Loading, Match, PatternFiles, Patterns};
pub use place::{Place, Places};
pub use rules::{End, Origin, Rule, Rules, Unwatched, Watch};
pub use value::{Stored, Type, Value};
pub use variables::{Name, Scope, Variables};
pub use waiting::{Download, Upload};
pub use words::{Text, Word, Words};

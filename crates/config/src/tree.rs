//! The one tree that every front door builds: plain data where each value and key knows its place; knows no option.

mod build;
mod bytes;
mod expand;
mod leaf;
mod merge;
mod quote;
mod scalar;
mod write;
mod yaml;

use crate::source::Span;

pub use merge::merge;
pub(crate) use quote::quoted;
pub use write::{Comments, write};
pub use yaml::parse;

/// The largest file that is read.
pub const MAX_BYTES: usize = 16 << 20;
/// The deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// The most values a tree may hold, and the most that aliases may add to it.
pub const MAX_NODES: usize = 1_000_000;
/// The most values that `*alias`es may bring in, all together.
pub const MAX_ALIASED: usize = 65_536;

/// One value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it is written; for a map or list from its first to its last part.
    pub span: Span,
    /// A finding was already reported here: the typed load skips it and stays silent about its absence.
    pub(crate) broken: bool,
    /// A map of which a key was refused: nobody knows what else it would have had.
    pub(crate) incomplete: bool,
    /// Its text came in part from `${VAR}`: a quoted one may still stand for a number, since braces force quotes inside `{ … }`.
    pub(crate) expanded: bool,
}

/// A key of a map and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key's text.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// How a string was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'single'` quotes.
    SingleQuoted,
    /// In `"double"` quotes.
    DoubleQuoted,
    /// As a `|` block.
    Literal,
    /// As a `>` block.
    Folded,
}

/// Plain data, in the file's order.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    String {
        /// The text itself.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// A list.
    List(Vec<Node>),
    /// A map; keys are unique.
    Map(Vec<(Key, Node)>),
}

/// What an unquoted `text` means when that is more than text.
pub(crate) fn resolved(text: &str) -> Option<Value> {
    scalar::resolve(text).ok().filter(|value| !matches!(value, Value::String { .. }))
}

impl Node {
    /// A value at a place.
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span, broken: false, incomplete: false, expanded: false }
    }

    /// A text at a place, as a front door other than YAML makes it.
    pub fn text(text: impl Into<String>, span: Span) -> Self {
        Self::new(Value::String { text: text.into(), style: Style::Plain }, span)
    }

    /// The value under `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Takes the value under `key` out of this map.
    pub fn take(&mut self, key: &str) -> Option<(Key, Self)> {
        match &mut self.value {
            Value::Map(entries) => {
                let at = entries.iter().position(|(k, _)| k.text == key)?;
                Some(entries.remove(at))
            }
            _ => None,
        }
    }

    /// The entry with this key, if this is a map that has it.
    pub fn entry(&self, key: &str) -> Option<&(Key, Self)> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text == key),
            _ => None,
        }
    }

    /// The entries of a section that names things: those of a map, or of a list of maps with a `name` each.
    pub fn named(&self) -> Box<dyn Iterator<Item = (&str, Span, &Self)> + '_> {
        match &self.value {
            Value::Map(entries) => Box::new(entries.iter().map(|(key, node)| (key.text.as_str(), key.span, node))),
            Value::List(items) => Box::new(items.iter().filter_map(|item| {
                let name = item.get(crate::ordered::NAME_KEY)?;
                Some((name.as_str()?, name.span, item))
            })),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String { text, .. } => Some(text),
            _ => None,
        }
    }
}

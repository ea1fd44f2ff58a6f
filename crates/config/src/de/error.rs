//! An error of the typed load on its way up: serde's words become ours, and each level adds what it knows of the place.

use std::fmt;

use serde::de::{Expected, Unexpected};

use super::{NodeId, Repairs, id};
use crate::code;
use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};
use crate::tree::{Node, Style, Value};

/// What serde's traits pass around; owners see it only as `D::Error`.
#[derive(Debug)]
pub struct Error(Box<Fault>);

/// One error and its place.
#[derive(Debug)]
pub(super) struct Fault {
    code: &'static str,
    message: String,
    label: String,
    help: Option<String>,
    span: Option<Span>,
    also: Vec<(Span, String)>,
    /// From the innermost key outwards.
    path: Vec<String>,
    missing: Option<&'static str>,
    /// The key that an unknown one was most likely meant to be.
    meant: Option<&'static str>,
    wants: Wants,
    pub place: Option<Place>,
    /// A consequence of an earlier error: acted upon, not told.
    pub silent: bool,
}

/// What the next pass must change.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Value(NodeId),
    Key { value: NodeId, map: NodeId, meant: Option<&'static str> },
    Missing { map: NodeId, key: &'static str },
    StandIn { map: NodeId, key: &'static str },
}

/// What kind of advice a wrong type deserves, decided where the written text is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    Other,
    Text,
    /// Text was wanted and this place holds something that quotes turn into text.
    Quotes,
    Number,
    /// A number was wanted and a quoted one was found.
    NoQuotes,
}

impl Error {
    fn new(code: &'static str, message: String) -> Self {
        Self(Box::new(Fault {
            code,
            message,
            label: String::new(),
            help: None,
            span: None,
            also: Vec::new(),
            path: Vec::new(),
            missing: None,
            meant: None,
            wants: Wants::Other,
            place: None,
            silent: false,
        }))
    }

    pub(super) fn duplicate(name: &str, again: Span, first: Span, node: &Node) -> Self {
        let mut error = Self::new(code::DUPLICATE_KEY, format!("the name `{name}` stands twice"));
        error.0.label = "again here".to_owned();
        error.0.also.push((first, "first here".to_owned()));
        error.0.span = Some(again);
        error.0.place = Some(Place::Value(id(node)));
        error
    }

    pub(super) fn missing_at(key: &'static str) -> Self {
        <Self as serde::de::Error>::missing_field(key)
    }

    pub(super) fn into_fault(self) -> Fault {
        *self.0
    }

    /// Gives an error that has no place yet the one of `node`; `key` is where its name is written.
    pub(super) fn at(mut self, node: &Node, key: Option<Span>, repairs: &Repairs) -> Self {
        let fault = &mut *self.0;
        if fault.place.is_some() {
            return self;
        }
        if let Some(missing) = fault.missing {
            // A key that is there but left out, there but misspelt, or perhaps the one that was refused, is no news.
            fault.silent =
                node.incomplete || node.get(missing).is_some() || repairs.excused.contains(&(id(node), missing));
            fault.place = Some(Place::Missing { map: id(node), key: missing });
            fault.span = Some(key.unwrap_or_else(|| first_part(node)));
            return self;
        }
        fault.silent = fault.code == code::BAD_VALUE && repairs.touched(node);
        fault.place = Some(Place::Value(id(node)));
        fault.span = Some(match (&node.value, key) {
            // Carets under a whole block of lines say less than under its name.
            (Value::Map(_) | Value::List(_), Some(key)) => key,
            _ => node.span,
        });
        fault.wants = match (fault.wants, &node.value) {
            (Wants::Text, Value::Bool(_) | Value::Int(_) | Value::Float(_)) => Wants::Quotes,
            (Wants::Text, Value::Map(entries)) if entries.len() == 1 => {
                fault.span = Some(node.span);
                Wants::Quotes
            }
            (Wants::Number, Value::String { style, text }) if *style != Style::Plain && is_scalar(text) => {
                Wants::NoQuotes
            }
            _ => Wants::Other,
        };
        self
    }

    /// Gives an error from reading a key that key's place; its value is what gets left out of `map`.
    pub(super) fn at_key(mut self, span: Span, value: &Node, map: NodeId) -> Self {
        let fault = &mut *self.0;
        if fault.place.is_none() {
            fault.span = Some(span);
            fault.place = Some(Place::Key { value: id(value), map, meant: fault.meant });
        }
        self
    }

    /// An error about a value that no file holds is never told.
    pub(super) fn at_stand_in(mut self, map: NodeId, key: &'static str) -> Self {
        self.0.silent = true;
        self.0.place = Some(Place::StandIn { map, key });
        self
    }

    /// Adds one step of the path, from the inside out.
    pub(super) fn under(mut self, step: impl FnOnce() -> String) -> Self {
        self.0.path.push(step());
        self
    }
}

impl Fault {
    pub(super) fn into_diagnostic(self, root: Span, sources: &Sources) -> Diagnostic {
        let span = sources.first_line(self.span.unwrap_or(root));
        let mut message = self.message;
        let mut help = self.help;
        if self.missing.is_some() && !self.path.is_empty() {
            let path: Vec<_> = self.path.iter().rev().map(String::as_str).collect();
            message = format!("{message} in `{}`", path.join("."));
        }
        match self.wants {
            Wants::Quotes => {
                let text =
                    if span == self.span.unwrap_or(root) { sources.slice(span) } else { sources.rest_of_line(span) };
                help = Some(format!("put quotes around it: {}", crate::tree::quoted(text)));
            }
            Wants::NoQuotes => help = Some("write it without quotes".to_owned()),
            _ => {}
        }
        let mut diagnostic = Diagnostic::error(self.code, span, message).label(self.label);
        diagnostic.help = help;
        self.also.into_iter().fold(diagnostic, |diagnostic, (span, text)| diagnostic.also(span, text))
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let text = message.to_string();
        let (message, help) = text.split_once("\nhelp: ").map_or((text.as_str(), None), |(m, h)| (m, Some(h)));
        let mut error = Self::new(code::BAD_VALUE, message.to_owned());
        error.0.help = help.map(str::to_owned);
        error
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let wanted = words(&expected);
        let mut error = Self::new(code::WRONG_TYPE, format!("expected {wanted}, found {}", describe(found)));
        error.0.label = format!("expected {wanted}");
        error.0.wants = match expected.as_str() {
            "a string" | "a borrowed string" => Wants::Text,
            "a boolean" => Wants::Number,
            _ if range(&expected).is_some() => Wants::Number,
            _ => Wants::Other,
        };
        error
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = words(&expected.to_string());
        Self::new(code::BAD_VALUE, format!("{} is not possible here: expected {wanted}", describe(found)))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(code::BAD_VALUE, format!("{length} items are not possible here: expected {expected}"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut error = Self::new(code::BAD_VALUE, format!("`{variant}` is not possible here"));
        error.0.help = Some(choices(variant, expected, "possible are"));
        error
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let mut error = Self::new(code::UNKNOWN_KEY, format!("unknown key `{field}`"));
        error.0.help = Some(choices(field, expected, "the keys here are"));
        error.0.meant = crate::suggest(field, expected.iter().copied());
        error
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::new(code::MISSING_KEY, format!("missing key `{field}`"));
        error.0.label = format!("`{field}` is required here");
        error.0.missing = Some(field);
        error
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(code::DUPLICATE_KEY, format!("the key `{field}` is given twice, under two of its names"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

fn is_scalar(text: &str) -> bool {
    crate::tree::resolved(text).is_some()
}

/// Where a map without a name begins: its first key.
fn first_part(node: &Node) -> Span {
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.span, |(key, _)| key.span),
        _ => node.span,
    }
}

fn choices(word: &str, expected: &[&'static str], intro: &str) -> String {
    let list = || expected.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match crate::suggest(word, expected.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if expected.is_empty() => "nothing can be set here".to_owned(),
        None => format!("{intro} {}", list()),
    }
}

/// serde names Rust's types; people read these.
fn words(expected: &str) -> String {
    if let Some(range) = range(expected) {
        return range;
    }
    match expected {
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" | "a borrowed string" | "string or map" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "unit" => "nothing".to_owned(),
        _ if expected.starts_with("struct ") || expected == "a map" => "a map".to_owned(),
        _ if expected.starts_with("enum ") => "a name".to_owned(),
        _ if expected.starts_with("tuple struct ") => "a list".to_owned(),
        other => other.to_owned(),
    }
}

fn range(expected: &str) -> Option<String> {
    let text = match expected {
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number from 0".to_owned(),
        "a nonzero u8" => format!("a whole number from 1 to {}", u8::MAX),
        "a nonzero u16" => format!("a whole number from 1 to {}", u16::MAX),
        "a nonzero u32" => format!("a whole number from 1 to {}", u32::MAX),
        "a nonzero u64" | "a nonzero usize" => "a whole number from 1".to_owned(),
        "i8" => format!("a whole number from {} to {}", i8::MIN, i8::MAX),
        "i16" => format!("a whole number from {} to {}", i16::MIN, i16::MAX),
        "i32" => format!("a whole number from {} to {}", i32::MIN, i32::MAX),
        "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ => return None,
    };
    Some(text)
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Char(c) => format!("`{c}`"),
        Unexpected::Str(text) if text.chars().count() > 40 => {
            format!("the text \"{}…\"", text.chars().take(40).collect::<String>().escape_debug())
        }
        Unexpected::Str(text) => format!("the text \"{}\"", text.escape_debug()),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq | Unexpected::TupleVariant => "a list".to_owned(),
        Unexpected::Map | Unexpected::StructVariant | Unexpected::NewtypeStruct => "a map".to_owned(),
        other => other.to_string(),
    }
}

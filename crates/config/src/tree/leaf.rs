//! One scalar into one value: its variables, its quotes, its type.

use saphyr_parser::ScalarStyle;

use super::expand::{self, Env, ExpandError};
use super::{Node, Style, Value, quote, scalar};
use crate::code;
use crate::diagnostic::Diagnostic;
use crate::source::{Span, offset};

/// The value of the scalar `text`, which `source` holds at `span`.
pub fn read(source: &str, text: &str, style: ScalarStyle, span: Span, env: Env<'_>) -> Result<Node, Box<Diagnostic>> {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    };
    let expanded = expand::expand(text, env).map_err(|error| Box::new(not_expanded(error, source, span)))?;
    if let Some(text) = expanded {
        return Ok(Node { expanded: true, ..Node::new(Value::String { text, style }, span) });
    }
    if style != Style::Plain {
        return Ok(Node::new(Value::String { text: text.to_owned(), style }, span));
    }
    if let Some(meant) = scalar::ambiguous(text) {
        return Err(Box::new(quote::ambiguous(text, meant, span)));
    }
    if let Some(diagnostic) = quote::cut_by_comment(source, text, span) {
        return Err(Box::new(diagnostic));
    }
    let value = scalar::resolve(text).map_err(|scalar::TooLarge| {
        Box::new(Diagnostic::error(code::BAD_VALUE, span, format!("`{text}` does not fit 64 bits")))
    })?;
    Ok(Node::new(value, span))
}

/// Points at the wrong part where it stands in the file as it is, and at the whole value where escapes hide it.
fn not_expanded(error: ExpandError, source: &str, span: Span) -> Diagnostic {
    let written = source.get(span.start as usize..span.end as usize).unwrap_or("");
    let part = written.find(&error.part).map_or(span, |at| {
        let start = span.start + offset(at);
        Span { start, end: start + offset(error.part.len()), ..span }
    });
    Diagnostic::error(error.code, part, error.message).help(error.help)
}

//! "Put quotes": finds text that YAML reads differently from what was meant, and shows its quoted form.

use std::ops::Range;

use super::build::ScanStop;
use crate::code;
use crate::diagnostic::Diagnostic;
use crate::source::{Span, offset};

/// What begins something other than text when it stands first in a value.
const INDICATORS: &[char] = &['*', '&', '!', '%', '@', '`', '|', '>'];

/// `text` as a quoted scalar that reads back as itself: double quotes, or single ones where they spare escapes.
pub fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) && !text.chars().any(char::is_control) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{}\"", text.escape_debug())
    }
}

/// Quotes are missing around the text at `span`.
pub fn needed(text: &str, span: Span) -> Diagnostic {
    let what = match text.chars().next() {
        Some('*') => "`*` at the beginning stands for an alias in YAML",
        Some('&') => "`&` at the beginning stands for an anchor in YAML",
        Some('!') => "`!` at the beginning stands for a tag in YAML",
        Some('[') => "`[` at the beginning opens a list in YAML",
        Some('{') => "`{` at the beginning opens a map in YAML",
        Some('%' | '@' | '`') => "YAML keeps this first character for itself",
        Some('|' | '>') => "this first character begins a block of lines in YAML",
        _ if text.contains("${") => "the braces of `${…}` mean a map inside `{ … }` and `[ … ]`",
        _ => "YAML takes the `: ` inside for a key of its own",
    };
    Diagnostic::error(code::NEEDS_QUOTES, span, what).help(format!("put quotes around it: {}", quoted(text)))
}

/// Readers disagree about this word or number.
pub fn ambiguous(text: &str, meant: &str, span: Span) -> Diagnostic {
    let message = format!("`{text}` is read as different things by different YAML readers");
    Diagnostic::error(code::NEEDS_QUOTES, span, message).help(format!("put quotes: {} {meant}", quoted(text)))
}

/// A plain text that ends before ` #` with a brace, parenthesis or quote still open was not meant to end there.
pub fn cut_by_comment(source: &str, text: &str, span: Span) -> Option<Diagnostic> {
    let open = |open: char, close: char| text.matches(open).count() > text.matches(close).count();
    let unfinished = open('{', '}') || open('(', ')') || text.matches('"').count() % 2 == 1;
    let rest = source.get(span.end as usize..)?.lines().next()?;
    if !unfinished || !rest.trim_start().starts_with('#') || !rest.starts_with([' ', '\t']) {
        return None;
    }
    let whole = format!("{}{}", source.get(span.start as usize..span.end as usize)?, rest.trim_end());
    let at = span.end + offset(rest.len() - rest.trim_start().len());
    let comment = Span { start: at, end: at + 1, ..span };
    let diagnostic = Diagnostic::error(code::NEEDS_QUOTES, comment, "everything after this ` #` is a comment in YAML");
    Some(diagnostic.also(span, "the value ends here").help(format!("put quotes around it: {}", quoted(&whole))))
}

/// The text that lacks quotes, when that is why the parser stopped.
pub fn missing(text: &str, stop: &ScanStop) -> Option<Range<usize>> {
    let at = text.floor_char_boundary(stop.at.min(text.len()));
    let line =
        text[..at].rfind('\n').map_or(0, |end| end + 1)..text[at..].find('\n').map_or(text.len(), |end| at + end);
    let start = indicator_at(text, at)
        .or_else(|| indicator_at(text, text.floor_char_boundary(at.saturating_sub(1)).max(line.start)))
        .or_else(|| bracket_before(text, at, &line))
        .or_else(|| variable_before(text, at, &line))
        .or_else(|| value_start(text, at, &line, &stop.info))?;
    let end = extent(text, start, line.end, stop.opened.is_some());
    (end > start).then_some(start..end)
}

/// An indicator that stands first in its word.
fn indicator_at(text: &str, at: usize) -> Option<usize> {
    let first = text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || matches!(c, '[' | '{' | ','));
    (first && text[at..].starts_with(INDICATORS)).then_some(at)
}

/// `[::1]:80`: the parser stops behind a list that closed, at something that touches it.
fn bracket_before(text: &str, at: usize, line: &Range<usize>) -> Option<usize> {
    let touches = text[at..].chars().next().is_some_and(|c| !c.is_whitespace() && !matches!(c, ',' | ']' | '}' | '#'));
    let before = &text[line.start..at];
    if !touches || !before.ends_with([']', '}']) {
        return None;
    }
    let mut depth = 0;
    for (index, c) in before.char_indices().rev() {
        match c {
            ']' | '}' => depth += 1,
            '[' | '{' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(line.start + index);
        }
    }
    None
}

/// `{ port: ${PORT} }`: the brace of a variable taken for a map's.
fn variable_before(text: &str, at: usize, line: &Range<usize>) -> Option<usize> {
    let before = &text[line.start..at];
    if !text[at..].starts_with('{') || !before.ends_with('$') {
        return None;
    }
    let start = before.rfind([' ', '\t', ',', '[', '{']).map_or(0, |found| found + 1);
    Some(line.start + start)
}

/// `key: a: b`, and indicators that the parser complains about later in the word: the value on the parser's line.
fn value_start(text: &str, at: usize, line: &Range<usize>, info: &str) -> Option<usize> {
    let before = &text[line.start..at];
    let mut start = before.len() - before.trim_start().len();
    while before[start..].starts_with("- ") {
        start += before[start..].len() - before[start + 1..].trim_start().len();
    }
    let after_key = before[start..].find(": ").map(|colon| {
        let rest = &before[start + colon + 1..];
        before.len() - rest.trim_start().len()
    });
    let value = after_key.unwrap_or(start);
    let nested = after_key.is_some() && info.contains("mapping values are not allowed") && value < before.len();
    let quoted = before[value..].starts_with(['"', '\'']);
    let indicator = before[value..].starts_with(INDICATORS);
    ((nested && !quoted) || indicator).then_some(line.start + value)
}

/// How far the text reaches: in a block to the end of the line or a comment, in brackets to the comma or bracket that ends the item.
fn extent(text: &str, start: usize, line_end: usize, flow: bool) -> usize {
    let rest = &text[start..line_end];
    let mut depth = 0_usize;
    let mut end = rest.len();
    let mut before = ' ';
    for (index, c) in rest.char_indices() {
        match c {
            '#' if index > 0 && before.is_whitespace() => {
                end = index;
                break;
            }
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' if depth > 0 => depth -= 1,
            ',' | ']' | '}' if flow && depth == 0 => {
                end = index;
                break;
            }
            _ => {}
        }
        before = c;
    }
    let key = text[..start].rsplit('\n').next().is_some_and(|before| before.trim().is_empty()) && !flow;
    let value = rest[..end].trim_end();
    // At the beginning of a line it is a key: `*:80: x` ends before its `: `.
    let value = if key { value.split_once(": ").map_or(value.trim_end_matches(':'), |(key, _)| key) } else { value };
    start + value.len()
}

/// Overwrites what lacks quotes by a word that reads as text, of the same bytes and characters, so that every place stays true.
pub fn neutralise(text: &mut String, range: Range<usize>) {
    let word: String = text[range.clone()]
        .chars()
        .map(|c| match c.len_utf8() {
            1 => 'x',
            2 => 'é',
            3 => '中',
            _ => '𝒳',
        })
        .collect();
    text.replace_range(range, &word);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quoted_form_spares_escapes_where_it_can() {
        assert_eq!(quoted("*:80"), "\"*:80\"");
        assert_eq!(quoted("say \"hi\""), "'say \"hi\"'");
        assert_eq!(quoted("it's \\d"), "'it''s \\d'");
        assert_eq!(quoted("a\tb"), "\"a\\tb\"");
    }

    #[test]
    fn neutralising_keeps_bytes_and_characters() {
        let mut text = "a: *é中𝒳\n".to_owned();
        let (bytes, characters) = (text.len(), text.chars().count());
        neutralise(&mut text, 3..13);
        assert_eq!((text.len(), text.chars().count()), (bytes, characters));
        assert_eq!(text, "a: xé中𝒳\n");
    }
}

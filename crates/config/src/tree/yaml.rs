//! YAML text into the tree: limits before the parser, repair and a second walk where quotes are missing, plain words for its errors.

use super::build::{Built, ScanStop, build};
use super::expand::Env;
use super::{MAX_BYTES, MAX_DEPTH, Node, quote};
use crate::code;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, Sources, Span, offset};

/// How many missing quotes are told apart in one go.
const MAX_REPAIRS: usize = 100;

/// Reads YAML `text` into a tree, kept under `name` in `sources`. `env` answers for `${VAR}`. Findings are added to `found`; there is
/// a tree even then, as long as the text could be walked to its end.
pub fn parse(sources: &mut Sources, name: &str, text: &str, env: Env<'_>, found: &mut Diagnostics) -> Option<Node> {
    if text.len() > MAX_BYTES {
        let file = sources.add(name, "");
        let message = format!("{name} is larger than {} MiB", MAX_BYTES >> 20);
        found.push(Diagnostic::error(code::LIMIT, Span::new(file, 0, 0), message));
        return None;
    }
    let file = sources.add(name, text);
    let text = sources.text(file);
    if let Some(diagnostic) = control_character(text, file) {
        found.push(diagnostic);
        return None;
    }
    let mut patched = text.to_owned();
    let mut repaired = Vec::new();
    loop {
        let Built { root, found: others, stop } = build(&patched, file, env, &repaired);
        let Some(stop) = stop else {
            found.extend(others);
            return root;
        };
        match quote::missing(&patched, &stop) {
            Some(range) if repaired.len() < MAX_REPAIRS && !repaired.contains(&range.start) => {
                found
                    .push(quote::needed(&text[range.clone()], Span::new(file, offset(range.start), offset(range.end))));
                repaired.push(range.start);
                quote::neutralise(&mut patched, range);
            }
            _ => {
                found.extend(others);
                found.push(syntax(text, file, &stop));
                return None;
            }
        }
    }
}

/// The parser takes NUL for the end of the text, nobody sees the others, and YAML 1.1 and 1.2 disagree whether U+0085, U+2028 and
/// U+2029 end a line: none is let through.
fn control_character(text: &str, file: FileId) -> Option<Diagnostic> {
    let refused = |c: char| match c {
        '\t' | '\n' | '\r' => false,
        '\u{2028}' | '\u{2029}' | '\u{feff}' => true,
        c => c.is_control(),
    };
    let (at, found) = text.char_indices().find(|(_, c)| refused(*c))?;
    let span = Span::new(file, offset(at), offset(at + found.len_utf8()));
    let message = format!("the control character U+{:04X} cannot stand in the file", found as u32);
    Some(
        Diagnostic::error(code::SYNTAX, span, message)
            .help("inside double quotes it can be written as `\\xNN` or `\\uNNNN`"),
    )
}

fn syntax(text: &str, file: FileId, stop: &ScanStop) -> Diagnostic {
    if let Some(at) = tab_in_indentation(text, stop) {
        let span = Span::new(file, offset(at), offset(at + 1));
        let diagnostic = Diagnostic::error(code::SYNTAX, span, "a tab in the indentation");
        return diagnostic.help("YAML indents with spaces; replace the tab by spaces");
    }
    let at = text.floor_char_boundary(stop.at.min(text.len()));
    let width = text[at..].chars().next().map_or(0, char::len_utf8);
    let span = Span::new(file, offset(at), offset(at + width));
    if stop.info.contains("recursion limit") {
        // The parser looks far ahead inside brackets, and may meet its own limit before the tree meets ours.
        return Diagnostic::error(code::LIMIT, span, format!("nested more than {MAX_DEPTH} deep"));
    }
    if let Some(diagnostic) = never_closed(text, at, stop) {
        return diagnostic;
    }
    let lacking = line_without_colon(text, at, &stop.info);
    let info = if lacking.is_some() { NO_COLON } else { &stop.info };
    let (message, help) = in_plain_words(info);
    let span = lacking
        .or_else(|| blamed(text, at, info))
        .map_or(span, |part| Span::new(file, offset(part.start), offset(part.end)));
    let mut diagnostic = Diagnostic::error(code::SYNTAX, span, message);
    if let Some(opened) = stop.opened {
        diagnostic = diagnostic.also(Span { end: opened.start + 1, ..opened }, "opened here");
    }
    if help.is_empty() { diagnostic } else { diagnostic.help(help) }
}

/// A bracket that is open where the text ends: the end says nothing, the bracket does.
fn never_closed(text: &str, at: usize, stop: &ScanStop) -> Option<Diagnostic> {
    let opened = stop.opened.filter(|_| text[at..].trim().is_empty())?;
    let bracket = text.get(opened.start as usize..)?.chars().next().filter(|c| matches!(c, '[' | '{'))?;
    let span = Span { end: opened.start + 1, ..opened };
    let closing = if bracket == '[' { ']' } else { '}' };
    let message = format!("`{bracket}` is opened here and never closed");
    Some(Diagnostic::error(code::SYNTAX, span, message).help(format!("is a `{closing}` missing?")))
}

/// The parser's words for a line that is no `key: value`.
const NO_COLON: &str = "simple key expect";

/// The line before the one where the parser stops, if it was to be a `key: value` and has no colon: it notices one line late.
fn line_without_colon(text: &str, at: usize, info: &str) -> Option<std::ops::Range<usize>> {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let before = text[..line].trim_end();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let level = indentation(&before[start..]);
    let noticed = match info {
        _ if info.contains(NO_COLON) => text[line..at].trim().is_empty(),
        _ => info.contains("mapping values are not allowed") && level == indentation(&text[line..]),
    };
    let written = &before[start + level..];
    let fits = noticed && !written.is_empty() && !written.contains(':') && !written.starts_with(['#', '-']);
    fits.then_some(start + level..before.len())
}

/// What a person would point at, where the parser stops behind it.
fn blamed(text: &str, at: usize, info: &str) -> Option<std::ops::Range<usize>> {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    if info.contains("mapping values are not allowed") {
        let start = line + (text[line..at].len() - text[line..at].trim_start().len());
        let end = start + text[start..at].trim_end().len();
        return (start < end && !text[start..end].contains(':')).then_some(start..end);
    }
    if info.contains("unknown escape") {
        let mut escapes = text[at..].match_indices('\\').map(|(found, _)| at + found);
        let mut last = None;
        return escapes.find_map(|found| {
            // The second of two backslashes escapes nothing.
            if last == Some(found.wrapping_sub(1)) {
                return None;
            }
            last = Some(found);
            let escaped = text[found + 1..].chars().next()?;
            (!ESCAPES.contains(escaped)).then_some(found..found + 1 + escaped.len_utf8())
        });
    }
    None
}

/// What may follow a backslash in double quotes (YAML 1.2.2, 5.7), a line's end included.
const ESCAPES: &str = "0abt\tnvfre \"/\\N_LPxuU\n\r";

/// The first tab before any text on the line where the parser stopped or on the next.
fn tab_in_indentation(text: &str, stop: &ScanStop) -> Option<usize> {
    let at = text.floor_char_boundary(stop.at.min(text.len()));
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let next = text[line..].find('\n').map(|end| line + end + 1);
    [Some(line), next].into_iter().flatten().find_map(|line| {
        let blanks = text[line..].len() - text[line..].trim_start_matches([' ', '\t']).len();
        text[line..line + blanks].find('\t').map(|tab| line + tab)
    })
}

/// The parser's words, where a person needs other ones: a piece of its text, ours, and advice.
const WORDS: &[(&str, &str, &str)] = &[
    (
        "mapping values are not allowed",
        "a `key: value` cannot begin here",
        "check the indentation: the line before already ends with a value",
    ),
    ("simple key expect", "this line is neither `key: value` nor a list item", "is a `:` or the `- ` missing?"),
    ("simple key expected", "this line is neither `key: value` nor a list item", "is a `:` or the `- ` missing?"),
    (
        "block sequence entries are not allowed",
        "a list item cannot begin here",
        "begin the list on its own line, below its key",
    ),
    ("did not find expected key", "expected a key of the map above", "check the indentation: keys of one map line up"),
    ("did not find expected '-'", "expected another list item", "check the indentation: items of one list line up"),
    ("expected ',' or '}'", "expected `,` or `}`", "a `{ … }` map on one line separates its entries by commas"),
    ("expected ',' or ']'", "expected `,` or `]`", "a `[ … ]` list on one line separates its items by commas"),
    ("unexpected end of stream", "a quote is opened here and never closed", ""),
    ("trailing content after", "text follows after the closing quote", "put one pair of quotes around the whole value"),
    (
        "unknown escape character",
        "an unknown escape after `\\` in double quotes",
        "in single quotes a `\\` stands for itself",
    ),
    ("unknown anchor", "an alias whose anchor was never set", "if text was meant, put quotes around it"),
    ("misplaced bracket", "a closing bracket that was never opened", "if text was meant, put quotes around it"),
    ("invalid indentation", "this line is indented less than what it belongs to", ""),
    ("illegal placement of ':'", "a `:` cannot stand here", "is a closing bracket missing above?"),
];

fn in_plain_words(info: &str) -> (String, &'static str) {
    WORDS
        .iter()
        .find(|(theirs, ..)| info.contains(theirs))
        .map_or_else(|| (format!("not YAML: {info}"), ""), |(_, ours, help)| ((*ours).to_owned(), *help))
}

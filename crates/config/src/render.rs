//! Findings as text: carets under the place for people, one line each for machines; decides nothing.

pub mod machine;

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Diagnostics, Label, Severity};
use crate::source::{FileId, Sources, Span};

/// `file:line:col: error[code]: message`, without the place when there is none.
pub fn short(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut line = String::new();
    if let Some(at) = sources.position(diagnostic.primary.span) {
        let _ = write!(line, "{}:{}:{}: ", at.file, at.line, at.column);
    }
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let _ = write!(line, "{severity}[{}]: {}", diagnostic.code, diagnostic.message);
    line
}

/// Everything about a finding but the text around it: `line:column code ‹underlined› message ⇒ help`, and a line for each second place.
pub fn spelled(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let place = |span| sources.position(span).map_or("?".to_owned(), |at| format!("{}:{}", at.line, at.column));
    let primary = diagnostic.primary.span;
    let mut line =
        format!("{} {} ‹{}› {}", place(primary), diagnostic.code, sources.slice(primary), diagnostic.message);
    if let Some(help) = &diagnostic.help {
        let _ = write!(line, " ⇒ {help}");
    }
    for label in &diagnostic.secondary {
        let _ = write!(line, "\nalso {} ‹{}› {}", place(label.span), sources.slice(label.span), label.text);
    }
    line
}

/// One finding in rustc's shape: title, line of the file, carets, second carets, help.
pub fn one(diagnostic: &Diagnostic, sources: &Sources, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code));
    for snippet in snippets(diagnostic, sources) {
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// All findings and their count.
pub fn human(diagnostics: &Diagnostics, sources: &Sources, colour: bool) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&one(diagnostic, sources, colour));
        text.push_str("\n\n");
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let summary: Vec<_> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| count(n, what))
        .collect();
    if !summary.is_empty() {
        let _ = writeln!(text, "{}", summary.join(", "));
    }
    text
}

/// One snippet per file, the primary's first; each holds only the lines from its first to its last label, because the renderer
/// walks all the source that it is given.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut files: Vec<(FileId, Vec<(AnnotationKind, &Label)>)> = Vec::new();
    let labels = std::iter::once((AnnotationKind::Primary, &diagnostic.primary))
        .chain(diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label)));
    for (kind, label) in labels.filter(|(_, label)| sources.position(label.span).is_some()) {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push((kind, label)),
            None => files.push((label.span.file, vec![(kind, label)])),
        }
    }
    files.into_iter().map(|(file, labels)| snippet(file, &labels, sources)).collect()
}

fn snippet<'a>(
    file: FileId,
    labels: &[(AnnotationKind, &'a Label)],
    sources: &'a Sources,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let text = sources.text(file);
    let carets: Vec<_> = labels.iter().map(|(kind, label)| (*kind, carets(label.span, sources), label)).collect();
    let first = carets.iter().map(|(_, (start, _), _)| *start).min().unwrap_or(0);
    let last = carets.iter().map(|(_, (_, end), _)| *end).max().unwrap_or(0);
    let from = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let to = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let line = sources.position(Span::new(file, crate::source::offset(from), 0)).map_or(1, |at| at.line);
    let annotations = carets.into_iter().map(|(kind, (start, end), label)| {
        let annotation = kind.span(start - from..end - from);
        if label.text.is_empty() { annotation } else { annotation.label(label.text.as_str()) }
    });
    Snippet::source(&text[from..to]).line_start(line).path(sources.name(file)).annotations(annotations)
}

/// The bytes to underline: on one line, inside the file, on character boundaries, and at least one character wide where there is one.
fn carets(span: Span, sources: &Sources) -> (usize, usize) {
    let text = sources.text(span.file);
    let span = sources.first_line(span);
    let start = text.floor_char_boundary(span.start as usize);
    let mut end = text.floor_char_boundary(span.end as usize).max(start);
    if end == start {
        end += text[start..].chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    }
    (start, end)
}

//! What is wrong with a configuration, said with its place: knows how findings are collected and sorted, not how they look.

use crate::source::{Sources, Span};

/// Whether a finding stops the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is loaded.
    Error,
    /// It is loaded; somebody should look.
    Warning,
}

/// A place and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Which bytes of which file.
    pub span: Span,
    /// Said beside the carets; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable slug with a static first part: `config.unknown-key`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// Where it is wrong.
    pub primary: Label,
    /// What it conflicts with.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message.into())
    }

    /// A warning at `span`.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message.into())
    }

    /// All of it in words, for tables of expectations: `line:column code ‹underlined› message ⇒ help`, then a line for each second place.
    pub fn spelled(&self, sources: &Sources) -> String {
        crate::render::spelled(self, sources)
    }

    fn new(severity: Severity, code: &'static str, span: Span, message: String) -> Self {
        debug_assert!(
            code.contains('.') && !code.contains([' ', '_']),
            "codes are kebab-case slugs with a dot: {code}"
        );
        // The wrong text may stand in the message, and may be of many lines.
        let message = message.replace('\n', "\\n").replace('\r', "\\r");
        Self {
            code,
            severity,
            message,
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            help: None,
        }
    }

    /// Text beside the carets of the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// A second place, such as the definition it conflicts with.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// "did you mean" when one of `candidates` is near `word`, otherwise nothing.
    #[must_use]
    pub fn suggest<'c>(self, word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Self {
        match crate::suggest(word, candidates) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

/// All findings of one load.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Adds another load's findings.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.found.extend(others);
    }

    /// Whether anything found is an error.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Sorts by file and place; what has no place comes last. Findings at one place keep their order.
    pub fn sort(&mut self) {
        self.found.sort_by_key(|diagnostic| (diagnostic.primary.span.file, diagnostic.primary.span.start));
    }

    /// The findings, as far as sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.found.iter()
    }

    /// All findings as a person reads them in a terminal: lines, carets, help, and a count.
    pub fn render(&self, sources: &Sources, colour: bool) -> String {
        crate::render::human(self, sources, colour)
    }

    /// All findings as `file:line:col: error[code]: message`, one to a line.
    pub fn render_short(&self, sources: &Sources) -> String {
        self.found.iter().map(|diagnostic| crate::render::short(diagnostic, sources) + "\n").collect()
    }

    /// All findings as one JSON object, for programs.
    pub fn render_json(&self, sources: &Sources) -> String {
        crate::render::machine::json(self, sources)
    }

    /// All findings as a SARIF 2.1.0 log by the tool `name` in `version`; `describe` gives the sentence for a code.
    pub fn render_sarif(
        &self,
        sources: &Sources,
        name: &str,
        version: &str,
        describe: &dyn Fn(&str) -> Option<&'static str>,
    ) -> String {
        crate::render::machine::sarif(self, sources, name, version, describe)
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

impl<'d> IntoIterator for &'d Diagnostics {
    type Item = &'d Diagnostic;
    type IntoIter = std::slice::Iter<'d, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_sorted_by_place_and_the_placeless_come_last() {
        let mut sources = Sources::new();
        let file = sources.add("f", "abc");
        let mut found = Diagnostics::new();
        found.push(Diagnostic::error("a.last", Span::NONE, "m"));
        found.push(Diagnostic::warning("a.second", Span::new(file, 2, 3), "m"));
        found.push(Diagnostic::warning("a.first", Span::new(file, 0, 1), "m"));
        found.sort();
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["a.first", "a.second", "a.last"]);
        assert!(found.has_errors());
    }

    #[test]
    fn warnings_alone_are_no_errors() {
        let mut found = Diagnostics::new();
        found.push(Diagnostic::warning("a.b", Span::NONE, "m"));
        assert!(!found.has_errors() && found.len() == 1);
    }
}

//! From a file to a plan, or to everything that is wrong with it.

use std::path::Path;

use plimsoll_config::{Diagnostic, Diagnostics, Node, Sources, Span, Value};

use crate::plan::{Plan, compile};

/// What was found in a file.
#[derive(Debug)]
pub struct Findings {
    sources: Sources,
    found: Diagnostics,
}

impl Findings {
    /// Nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// For people: the lines with carets under what is meant.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        self.found.render(&self.sources, colour)
    }

    /// How many errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|finding| finding.severity == plimsoll_config::Severity::Error).count()
    }
}

/// Reads a file. Without a plan there is at least one error among the findings.
pub fn load_file(path: &Path) -> std::io::Result<(Option<Plan>, Findings)> {
    let bytes = std::fs::read(path)?;
    let name = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => Ok(load_text(&name, &text)),
        Err(error) => {
            let mut sources = Sources::new();
            sources.add(name, "");
            let mut found = Diagnostics::new();
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
            found.push(Diagnostic::error("config.encoding", Span::NONE, format!("line {line} is not UTF-8")));
            Ok((None, Findings { sources, found }))
        }
    }
}

/// Reads a text that came from anywhere.
#[must_use]
pub fn load_text(name: &str, text: &str) -> (Option<Plan>, Findings) {
    let mut sources = Sources::new();
    let mut found = Diagnostics::new();
    let tree =
        plimsoll_config::tree::parse(&mut sources, name, text, &|variable| std::env::var(variable).ok(), &mut found);
    // What could be read in spite of errors is looked at as well, so that everything comes out at once.
    let plan = tree.and_then(|tree| {
        let file = plimsoll_config::salvage_tree(&tree, &sources, &mut found)?;
        let mut sense = Diagnostics::new();
        let plan = compile(file, &backend_names(&tree), &mut sense);
        let told: Vec<Span> = found.iter().map(|finding| finding.primary.span).collect();
        found.extend(sense.iter().filter(|finding| !follows(finding, &tree, &told)).cloned());
        plan
    });
    found.sort();
    let plan = plan.filter(|_| !found.has_errors());
    (plan, Findings { sources, found })
}

/// The backends that are written down, also those that could not be read: a reference to one of them is not wrong.
fn backend_names(tree: &Node) -> Vec<String> {
    match tree.get("backends").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|(key, _)| key.text.to_string()).collect(),
        Some(Value::List(items)) => {
            items.iter().filter_map(|item| item.get("name")?.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

/// Findings that something is not there.
const ABSENCES: &[&str] = &["config.no-bind", "config.no-backend", "config.no-server", "config.no-frontend"];

/// Whether what is said to be missing was there and wrong, of which was told already: in the same proxy, or anywhere.
fn follows(finding: &Diagnostic, tree: &Node, told: &[Span]) -> bool {
    if told.is_empty() || !ABSENCES.contains(&finding.code) {
        return false;
    }
    let about = finding.primary.span;
    let holds = |whole: &Span, part: &Span| whole.start <= part.start && part.end <= whole.end;
    let proxies = ["frontends", "backends"].into_iter().filter_map(|section| tree.get(section));
    let mut spans = proxies.flat_map(|section| match &section.value {
        Value::Map(entries) => entries.iter().map(|(key, value)| key.span.to(value.span)).collect(),
        Value::List(items) => items.iter().map(|item| item.span).collect(),
        _ => Vec::new(),
    });
    about.is_none() || spans.any(|whole| holds(&whole, &about) && told.iter().any(|error| holds(&whole, error)))
}

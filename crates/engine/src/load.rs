//! From files to a plan, or to everything that is wrong with them.

mod files;
mod import;
mod keeping;
mod not_yet;
mod read;
mod surroundings;
mod wishes;

use std::path::{Path, PathBuf};

use plimsoll_config::{Diagnostic, Diagnostics, Node, Severity, Sources, Span, Value};

use crate::model::File;
use crate::plan::{Plan, compile};
use read::Reader;

pub use files::{Ask, Disk, Files};
pub use import::{Imported, import, import_text};
pub use keeping::keep;
pub use surroundings::{Language, Resolve, Surroundings, read_as, read_language};
pub use wishes::{Wishes, wish};

/// What was found in the files.
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
        self.found.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// Adds what was found later.
    pub fn add(&mut self, more: Diagnostics) {
        self.found.extend(more);
        self.found.sort();
    }

    /// Every finding, sorted by place.
    #[must_use]
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.found
    }

    /// The files that were read.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }
}

/// Reads files and directories as one configuration, includes and all. Without a plan there is at least one error among the findings.
#[must_use]
pub fn load_files(paths: &[PathBuf]) -> (Option<Plan>, Findings) {
    match keeping::kept() {
        None => load_files_in(paths, &Surroundings::of_process()),
        // Only the keeper may see them now.
        Some(Ok(files)) => load_files_in(paths, &Surroundings { files: &files, ..Surroundings::of_process() }),
        Some(Err(error)) => {
            let mut found = Diagnostics::new();
            let text = format!("cannot read the configuration: {error}");
            found.push(Diagnostic::error("config.unreadable", Span::NONE, text));
            (None, Findings { sources: Sources::new(), found })
        }
    }
}

/// As [`load_files`], in surroundings that the caller describes.
fn load_files_in(paths: &[PathBuf], surroundings: &Surroundings<'_>) -> (Option<Plan>, Findings) {
    let mut reader = Reader::new(surroundings);
    for path in paths {
        reader.path(path, Span::NONE);
    }
    finish(reader, surroundings)
}

/// Reads one file or directory.
#[must_use]
pub fn load_file(path: &Path) -> (Option<Plan>, Findings) {
    load_files(&[path.to_owned()])
}

/// Reads a text that came from anywhere; it can include nothing.
#[must_use]
pub fn load_text(name: &str, text: &str) -> (Option<Plan>, Findings) {
    load_text_in(name, text, &Surroundings::of_process())
}

/// As [`load_text`], in surroundings that the caller describes; opens nothing by itself.
#[must_use]
pub fn load_text_in(name: &str, text: &str, surroundings: &Surroundings<'_>) -> (Option<Plan>, Findings) {
    let mut reader = Reader::new(surroundings);
    reader.text(name, text, None);
    finish(reader, surroundings)
}

/// From trees to a plan. What could be read in spite of errors is looked at as well, so that everything comes out at once.
fn finish(mut reader: Reader<'_>, surroundings: &Surroundings<'_>) -> (Option<Plan>, Findings) {
    reader.close();
    let Reader { sources, mut found, trees, .. } = reader;
    // A file without a tree may define what others refer to: then nothing is unknown.
    let complete = !found.has_errors();
    let tree = plimsoll_config::tree::merge(trees, &sources, &mut found);
    let plan = match tree {
        Some(tree) => compiled(tree, complete, surroundings, &sources, &mut found),
        None if found.has_errors() => None,
        None => {
            found.push(Diagnostic::error("config.unreadable", Span::NONE, "there is nothing to read"));
            None
        }
    };
    found.sort();
    let plan = plan.filter(|_| !found.has_errors());
    (plan, Findings { sources, found })
}

fn compiled(
    mut tree: Node,
    complete: bool,
    surroundings: &Surroundings<'_>,
    sources: &Sources,
    found: &mut Diagnostics,
) -> Option<Plan> {
    not_yet::take(&mut tree, found);
    surroundings.wishes.override_tree(&mut tree);
    let file = plimsoll_config::salvage_tree::<File>(&tree, sources, found)?;
    let mut sense = Diagnostics::new();
    let plan = compile(file, &tree, surroundings, sources, &mut sense);
    let told: Vec<Span> = found.iter().map(|finding| finding.primary.span).collect();
    let news =
        |finding: &Diagnostic| !follows(finding, &tree, &told) && (complete || !REFERENCES.contains(&finding.code));
    found.extend(sense.into_iter().filter(news));
    plan
}

/// Findings that something is not there.
const ABSENCES: &[&str] = &["config.no-bind", "config.no-backend", "config.no-server", "config.no-frontend"];
/// Findings that depend on other parts of the configuration: they wait until those can be read.
const ELSEWHERE: &[&str] = &["config.unused-backend", "config.missing-timeout"];
/// Findings about names, which a file that could not be walked may hold.
const REFERENCES: &[&str] = &["config.unknown-backend", "config.unknown-defaults"];

/// Whether what is said to be missing was there and wrong, of which was told already: in the same proxy, or anywhere.
fn follows(finding: &Diagnostic, tree: &Node, told: &[Span]) -> bool {
    if told.is_empty() || ELSEWHERE.contains(&finding.code) {
        return !told.is_empty();
    }
    if !ABSENCES.contains(&finding.code) {
        return false;
    }
    let about = finding.primary.span;
    let holds =
        |whole: &Span, part: &Span| whole.file == part.file && whole.start <= part.start && part.end <= whole.end;
    let proxies = ["frontends", "backends", "listens"].into_iter().filter_map(|section| tree.get(section));
    let mut spans = proxies.flat_map(|section| match &section.value {
        Value::Map(entries) => entries.iter().map(|(key, value)| key.span.to(value.span)).collect(),
        Value::List(items) => items.iter().map(|item| item.span).collect(),
        _ => Vec::new(),
    });
    about.is_none() || spans.any(|whole| holds(&whole, &about) && told.iter().any(|error| holds(&whole, error)))
}

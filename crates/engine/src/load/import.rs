//! A `haproxy.cfg` as YAML: the tree that it becomes, written out with its comments, and a report of what it does not become.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use plimsoll_config::{Diagnostics, FileId, Key, Node, Severity, Sources, Span, Value};
use plimsoll_haproxy_cfg::leniency::LENIENT;

use super::read::Reader;
use super::{Findings, Surroundings, finish};

/// What became of files.
#[derive(Debug)]
pub struct Imported {
    /// The YAML; `None`: there is nothing to write.
    pub yaml: Option<String>,
    /// Everything that was found, as `lb check` would say it.
    pub findings: Findings,
    /// Lines that say something.
    pub lines: usize,
    /// Of those, by file and line: what is not supported yet.
    pub unsupported: Vec<(String, usize, String)>,
    /// What has no effect here, or another one.
    pub passed_over: Vec<(String, usize, String)>,
    /// Lines with errors.
    pub wrong: usize,
}

impl Imported {
    /// Lines whose meaning is in the YAML whole.
    #[must_use]
    pub fn translated(&self) -> usize {
        self.lines.saturating_sub(self.unsupported.len() + self.passed_over.len() + self.wrong)
    }
}

/// Imports files of HAProxy's language.
#[must_use]
pub fn import(paths: &[PathBuf]) -> Imported {
    let surroundings = Surroundings { language: super::Language::Haproxy, ..Surroundings::of_process() };
    let mut reader = Reader::new(&surroundings);
    for path in paths {
        reader.path(path, Span::NONE);
    }
    imported(reader, &surroundings)
}

/// Imports a text.
#[must_use]
pub fn import_text(name: &str, text: &str, surroundings: &Surroundings<'_>) -> Imported {
    let mut reader = Reader::new(surroundings);
    reader.text(name, text, None);
    imported(reader, surroundings)
}

fn imported(mut reader: Reader<'_>, surroundings: &Surroundings<'_>) -> Imported {
    reader.close();
    let lines = std::mem::take(&mut reader.lines);
    let tree = reader.trees.first().cloned();
    let (_, findings) = finish(reader, surroundings);
    let told = |code: &str| of_code(&findings.found, &findings.sources, code);
    let (unsupported, passed_over) = (told("config.unsupported"), told("config.passed-over"));
    let counted: HashSet<(String, usize)> =
        unsupported.iter().chain(&passed_over).map(|(file, line, _)| (file.clone(), *line)).collect();
    let wrong: HashSet<(String, usize)> = findings
        .found
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .filter_map(|found| place(&findings.sources, found.primary.span))
        .filter(|place| !counted.contains(place))
        .collect();
    let yaml = tree.map(|tree| written(&tree, &findings.sources, &unsupported, &passed_over));
    Imported { yaml, lines: lines.len(), unsupported, passed_over, wrong: wrong.len(), findings }
}

fn place(sources: &Sources, span: Span) -> Option<(String, usize)> {
    sources.position(span).map(|position| (position.file.to_owned(), position.line))
}

/// The lines with findings of a kind, each once.
fn of_code(found: &Diagnostics, sources: &Sources, code: &str) -> Vec<(String, usize, String)> {
    let mut lines: BTreeMap<(String, usize), String> = BTreeMap::new();
    for finding in found.iter().filter(|finding| finding.code == code) {
        let Some(place) = place(sources, finding.primary.span) else { continue };
        let text = lines.entry(place).or_default();
        text.push_str(if text.is_empty() { "" } else { "; " });
        text.push_str(&finding.message);
    }
    lines.into_iter().map(|((file, line), text)| (file, line, text)).collect()
}

/// The tree with the file's comments, what HAProxy does without being told, and what is missing.
fn written(
    tree: &Node,
    sources: &Sources,
    unsupported: &[(String, usize, String)],
    passed_over: &[(String, usize, String)],
) -> String {
    let tree = tidied(tree);
    // Where each section begins: what is missing is told above the section that it stood in.
    let sections: Vec<(String, usize)> = titles(&tree).into_iter().filter_map(|span| place(sources, span)).collect();
    let section_of = |file: &str, line: usize| {
        sections.iter().filter(|(own, first)| own == file && *first <= line).max_by_key(|(_, first)| *first).cloned()
    };
    let mut missing: BTreeMap<(String, usize), Vec<String>> = BTreeMap::new();
    for (what, lines) in [("not supported yet", unsupported), ("without effect", passed_over)] {
        for (file, line, _) in lines {
            let Some(section) = section_of(file, *line) else { continue };
            let text = source_line(sources, file, *line);
            missing.entry(section).or_default().push(format!("line {line}, {what}: {text}"));
        }
    }
    let used: RefCell<HashSet<(String, usize)>> = RefCell::default();
    let comments = |path: &[&str], key: Option<&Key>, node: &Node| -> Vec<String> {
        let mut lines = Vec::new();
        // What several sections are in is where none of them is.
        if path.is_empty() && !is_section(path, key) {
            return lines;
        }
        let own = key.map_or(node.span, |key| key.span);
        let Some((file, line)) = place(sources, own) else {
            lines.extend(key.and_then(|key| why(path, key)).map(str::to_owned));
            return lines;
        };
        // A key that several lines make has the comment of the first one.
        if used.borrow_mut().insert((file.clone(), line)) {
            lines.extend(above(sources, &file, line));
            if is_section(path, key) {
                lines.extend(missing.get(&(file, line)).cloned().unwrap_or_default());
            }
        }
        lines
    };
    plimsoll_config::tree::write(&tree, &comments)
}

/// Whether an entry is a section of its own.
fn is_section(path: &[&str], key: Option<&Key>) -> bool {
    match path {
        [] => key.is_some_and(|key| matches!(key.text.as_str(), "global" | "defaults")),
        [_] => key.is_some() && !matches!(path[0], "global" | "defaults"),
        _ => false,
    }
}

fn titles(tree: &Node) -> Vec<Span> {
    let Value::Map(entries) = &tree.value else { return Vec::new() };
    let mut spans = Vec::new();
    for (key, node) in entries {
        match (key.text.as_str(), &node.value) {
            ("global" | "defaults", _) => spans.push(key.span),
            (_, Value::Map(inner)) => spans.extend(inner.iter().map(|(key, _)| key.span)),
            _ => {}
        }
    }
    spans
}

/// The reason for a default that is written out.
fn why(path: &[&str], key: &Key) -> Option<&'static str> {
    let (section, rest) = path.split_first()?;
    let whole = rest.iter().copied().chain([key.text.as_str()]).collect::<Vec<_>>().join(".");
    LENIENT.iter().find(|row| row.section == *section && row.path == whole).map(|row| row.why)
}

/// The comments that stand directly above a line.
fn above(sources: &Sources, file: &str, line: usize) -> Vec<String> {
    let text = text_of(sources, file);
    let lines: Vec<&str> = text.lines().take(line.saturating_sub(1)).collect();
    let mut comments: Vec<String> =
        lines.iter().rev().map_while(|line| Some(line.trim().strip_prefix('#')?.trim().to_owned())).collect();
    comments.reverse();
    // A ruler is no comment.
    comments.retain(|line| line.chars().any(char::is_alphanumeric));
    comments
}

fn source_line(sources: &Sources, file: &str, line: usize) -> String {
    text_of(sources, file).lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned()
}

fn text_of<'s>(sources: &'s Sources, file: &str) -> &'s str {
    sources.files().find(|id| sources.name(*id) == file).map_or("", |id: FileId| sources.text(id))
}

/// As a person would write it: a list of one is that one, a section without keys is none.
fn tidied(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, node)| (key.clone(), tidied(node)))
                .filter(|(_, node)| !matches!(&node.value, Value::Null))
                .collect(),
        ),
        Value::List(items) => match &items[..] {
            [one] if one.as_str().is_some() => one.value.clone(),
            items => Value::List(items.iter().map(tidied).collect()),
        },
        other => other.clone(),
    };
    Node::new(value, node.span)
}

#[cfg(test)]
mod tests;

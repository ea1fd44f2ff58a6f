//! Several files become one tree: maps are joined two levels deep, and what stands in two files is an error with both places;
//! knows no section by name.

use std::collections::HashMap;

use super::{Key, Node, Value};
use crate::code;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::ordered::NAME_KEY;
use crate::source::{Sources, Span};

/// How many levels of maps are joined: the file's sections, and the names (or keys) inside one.
const LEVELS: usize = 2;

/// Joins the trees of several files, in their order. `None`: there was none, or none that is a map.
pub fn merge(trees: Vec<Node>, sources: &Sources, found: &mut Diagnostics) -> Option<Node> {
    let mut trees = trees.into_iter();
    let first = trees.next()?;
    let Some(second) = trees.next() else { return Some(first) };
    let mut whole: Option<(Node, Vec<(Key, Node)>)> = None;
    for mut tree in [first, second].into_iter().chain(trees) {
        match std::mem::replace(&mut tree.value, Value::Null) {
            Value::Map(entries) => match &mut whole {
                None => whole = Some((tree, entries)),
                Some((root, all)) => {
                    root.incomplete |= tree.incomplete;
                    root.broken |= tree.broken;
                    join(all, entries, LEVELS - 1, sources, found);
                }
            },
            Value::Null => {}
            _ => {
                let message = "expected a map: a file of the configuration holds sections";
                found.push(Diagnostic::error(code::WRONG_TYPE, sources.first_line(tree.span), message));
            }
        }
    }
    let (root, entries) = whole?;
    Some(Node { value: Value::Map(entries), ..root })
}

fn join(all: &mut Vec<(Key, Node)>, more: Vec<(Key, Node)>, levels: usize, sources: &Sources, found: &mut Diagnostics) {
    let places: HashMap<String, usize> = all.iter().enumerate().map(|(at, (key, _))| (key.text.clone(), at)).collect();
    for (key, node) in more {
        match places.get(&key.text) {
            None => all.push((key, node)),
            Some(at) => {
                let (first, kept) = &mut all[*at];
                if levels == 0 {
                    found.push(twice(&key.text, key.span, first.span, sources));
                } else {
                    join_values(first, kept, node, key.span, levels - 1, sources, found);
                }
            }
        }
    }
}

fn join_values(
    first: &Key,
    kept: &mut Node,
    node: Node,
    again: Span,
    levels: usize,
    sources: &Sources,
    found: &mut Diagnostics,
) {
    kept.incomplete |= node.incomplete || node.broken;
    kept.broken |= node.broken;
    match (&mut kept.value, node.value) {
        (Value::Map(all), Value::Map(more)) => join(all, more, levels, sources, found),
        // Names that stand twice come out in the typed load.
        (Value::List(all), Value::List(more)) => all.extend(more),
        (Value::List(items), Value::Map(more)) if named(items) => {
            let mut all = std::mem::take(items).into_iter().map(entry).collect();
            join(&mut all, more, levels, sources, found);
            kept.value = Value::Map(all);
        }
        (Value::Map(all), Value::List(items)) if named(&items) => {
            join(all, items.into_iter().map(entry).collect(), levels, sources, found);
        }
        (_, Value::Null) => {}
        (empty @ Value::Null, value) => *empty = value,
        _ => found.push(twice(&first.text, again, first.span, sources)),
    }
}

fn twice(name: &str, again: Span, first: Span, sources: &Sources) -> Diagnostic {
    let message = match sources.position(first).filter(|_| again.file != first.file) {
        Some(place) => format!("`{name}` stands here and in {}", place.file),
        None => format!("`{name}` stands twice"),
    };
    Diagnostic::error(code::DUPLICATE_KEY, again, message).label("again here").also(first, "first here")
}

/// Whether this is a list of maps with a `name` each.
fn named(items: &[Node]) -> bool {
    items.iter().all(|item| item.get(NAME_KEY).is_some_and(|name| name.as_str().is_some()))
}

/// `{ name: a, … }` as `a: { … }`.
fn entry(item: Node) -> (Key, Node) {
    let mut key = Key { text: String::new(), span: item.span };
    let Value::Map(mut entries) = item.value else { return (key, item) };
    if let Some(at) = entries.iter().position(|(key, _)| key.text == NAME_KEY) {
        let (_, name) = entries.remove(at);
        key = Key { text: name.as_str().unwrap_or_default().to_owned(), span: name.span };
    }
    (key, Node { value: Value::Map(entries), ..item })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::parse;

    /// The merged tree's names by section, and the findings.
    fn merged(texts: &[&str]) -> (Vec<String>, String) {
        let mut sources = Sources::new();
        let mut found = Diagnostics::new();
        let trees = texts
            .iter()
            .enumerate()
            .filter_map(|(at, text)| parse(&mut sources, &format!("{at}.yaml"), text, &|_| None, &mut found))
            .collect();
        let mut names = Vec::new();
        if let Some(Node { value: Value::Map(sections), .. }) = merge(trees, &sources, &mut found) {
            for (section, node) in &sections {
                match &node.value {
                    Value::Map(entries) => {
                        names.extend(entries.iter().map(|(k, _)| format!("{}.{}", section.text, k.text)));
                    }
                    _ => names.push(section.text.clone()),
                }
            }
        }
        found.sort();
        (names, found.render_short(&sources))
    }

    #[test]
    fn sections_of_several_files_are_joined_in_order() {
        let (names, found) =
            merged(&["b: { y: 1 }\n", "", "b: { x: 2 }\nd: { k: 1 }\n", "# nothing\n", "d: { l: 2 }\n"]);
        assert_eq!(names, ["b.y", "b.x", "d.k", "d.l"]);
        assert_eq!(found, "");
    }

    #[test]
    fn a_name_in_two_files_is_told_with_both_places() {
        let (_, found) = merged(&["b:\n  y: 1\n", "b:\n  x: 1\n  y: 2\n"]);
        assert_eq!(found, "1.yaml:3:3: error[config.duplicate-key]: `y` stands here and in 0.yaml\n");
    }

    #[test]
    fn a_list_of_named_maps_and_a_map_are_joined() {
        let (names, found) = merged(&["b: [{ name: y, k: 1 }]\n", "b: { x: {} }\n", "b: [{ name: z }]\n"]);
        assert_eq!(names, ["b.y", "b.x", "b.z"]);
        assert_eq!(found, "");
        let (_, found) = merged(&["b: [{ name: y, k: 1 }]\n", "b: { y: {} }\n"]);
        assert_eq!(found, "1.yaml:1:6: error[config.duplicate-key]: `y` stands here and in 0.yaml\n");
    }

    #[test]
    fn what_cannot_be_joined_is_an_error() {
        assert_eq!(
            merged(&["b: 1\n", "b: 2\n"]).1,
            "1.yaml:1:1: error[config.duplicate-key]: `b` stands here and in 0.yaml\n"
        );
        assert!(merged(&["b: {}\n", "- x\n"]).1.contains("1.yaml:1:1: error[config.wrong-type]"));
    }
}

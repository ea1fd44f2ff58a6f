//! A tree as YAML: block style, quotes only where they are needed, comments above the entries that have some.

use super::{Node, Value, resolved, scalar};
use crate::tree::Key;

/// Comments for an entry of a map, or for an item of a list, which has no key; by the path of what it is in.
pub type Comments<'c> = &'c dyn Fn(&[&str], Option<&Key>, &Node) -> Vec<String>;

/// The whole tree.
#[must_use]
pub fn write(tree: &Node, comments: Comments<'_>) -> String {
    let mut out = String::new();
    match &tree.value {
        Value::Map(entries) if !entries.is_empty() => {
            map(entries, 0, &mut Vec::new(), comments, &mut out);
        }
        _ => {
            value(tree, &mut out);
            out.push('\n');
        }
    }
    out
}

fn map<'n>(
    entries: &'n [(Key, Node)],
    depth: usize,
    path: &mut Vec<&'n str>,
    comments: Comments<'_>,
    out: &mut String,
) {
    for (number, (key, node)) in entries.iter().enumerate() {
        // Sections, and the things that they name, stand apart.
        if number > 0 && depth == 0 {
            out.push('\n');
        }
        comment(&comments(path, Some(key), node), depth, out);
        indent(depth, out);
        out.push_str(&text(&key.text));
        out.push(':');
        path.push(&key.text);
        behind_key(node, depth, path, comments, out);
        path.pop();
    }
}

fn behind_key<'n>(node: &'n Node, depth: usize, path: &mut Vec<&'n str>, comments: Comments<'_>, out: &mut String) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            map(entries, depth + 1, path, comments, out);
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            list(items, depth + 1, path, comments, out);
        }
        _ => {
            out.push(' ');
            value(node, out);
            out.push('\n');
        }
    }
}

fn list<'n>(items: &'n [Node], depth: usize, path: &mut Vec<&'n str>, comments: Comments<'_>, out: &mut String) {
    for item in items {
        comment(&comments(path, None, item), depth, out);
        indent(depth, out);
        match &item.value {
            Value::Map(entries) if !entries.is_empty() => {
                // The first key stands behind the dash, where the indentation of the others ends: it has no comment of its own.
                let first = entries.first().map(|(key, _)| key as *const Key);
                let quiet = |path: &[&str], key: Option<&Key>, node: &Node| match key {
                    Some(key) if first == Some(key as *const Key) => Vec::new(),
                    key => comments(path, key, node),
                };
                let mut inner = String::new();
                map(entries, depth + 1, path, &quiet, &mut inner);
                out.push_str("- ");
                out.push_str(inner.trim_start());
            }
            Value::List(inner) if !inner.is_empty() => {
                out.push_str("-\n");
                list(inner, depth + 1, path, comments, out);
            }
            _ => {
                out.push_str("- ");
                value(item, out);
                out.push('\n');
            }
        }
    }
}

/// What stands on one line.
fn value(node: &Node, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&value.to_string()),
        Value::String { text: words, .. } => out.push_str(&text(words)),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
}

fn comment(lines: &[String], depth: usize, out: &mut String) {
    for line in lines {
        indent(depth, out);
        out.push_str(format!("# {line}").trim_end());
        out.push('\n');
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// A text that reads back as itself, in a block.
fn text(text: &str) -> String {
    let text = &text.replace("${", "$${");
    if text.chars().any(|character| character.is_control() || !character.is_alphanumeric() && !character.is_ascii()) {
        return escaped(text);
    }
    let first = text.chars().next().unwrap_or(' ');
    let begins = first.is_alphanumeric() || matches!(first, '/' | '_' | '.' | '(' | '+' | '^' | '$' | '=' | '<' | ';');
    let plain = begins
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(['"', '\'', '\\', '{', '}', '[', ']'])
        && resolved(text).is_none()
        && scalar::ambiguous(text).is_none()
        && !text.contains("  ");
    match plain {
        true => text.clone(),
        false if text.contains(['"', '\\']) => format!("'{}'", text.replace('\'', "''")),
        false => format!("\"{text}\""),
    }
}

/// In double quotes, where every character can be written.
fn escaped(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(character),
            _ if character.is_alphanumeric() => out.push(character),
            _ => out.push_str(&format!("\\U{:08X}", u32::from(character))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;
    use crate::{Diagnostics, Sources};

    fn read(yaml: &str) -> Node {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let tree = super::super::parse(&mut sources, "t.yaml", yaml, &|_| None, &mut found);
        assert!(found.is_empty(), "{yaml}\n{}", found.render_short(&sources));
        tree.unwrap()
    }

    /// Plain data, without places and styles.
    fn plain(node: &Node) -> String {
        match &node.value {
            Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
            Value::Map(entries) => {
                let entries: Vec<_> =
                    entries.iter().map(|(key, node)| format!("{:?}:{}", key.text, plain(node))).collect();
                format!("{{{}}}", entries.join(","))
            }
            Value::String { text, .. } => format!("{text:?}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn lists_maps_and_comments_are_written_in_blocks() {
        let tree = read("{ a: 1, b: { c: [x, { d: true, e: [] }], f: {} }, g: \"*:80\" }");
        let written = write(&tree, &|path, key, _| {
            if key.is_some_and(|key| key.text == "f") { vec![format!("{} and f", path.join("."))] } else { Vec::new() }
        });
        assert_eq!(
            written,
            "a: 1\n\nb:\n  c:\n    - x\n    - d: true\n      e: []\n  # b and f\n  f: {}\n\ng: \"*:80\"\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn every_text_reads_back_as_itself(words in "[ -~]{0,12}", other in "\\PC{0,8}", any in "[\\x00-\\x7f]{0,6}") {
            for one in [words, other, any] {
                let entry = |key: &str, text: &str| (Key { text: key.into(), span: Span::NONE }, Node::text(text, Span::NONE));
                let tree = Node::new(Value::Map(vec![entry("key", &one), entry("also", "x")]), Span::NONE);
                let written = write(&tree, &|_, _, _| Vec::new());
                proptest::prop_assert_eq!(plain(&read(&written)), plain(&tree), "{}", written);
            }
        }
    }
}

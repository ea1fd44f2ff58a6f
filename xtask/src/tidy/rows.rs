//! Every word of the rules has an evaluation in tests: its name stands, where such a word stands in a rule, in a text of a test that compares,
//! or of a table or function that such a test names.

use std::collections::HashSet;
use std::path::PathBuf;

use super::{Finding, House, SourceFile};
use crate::workspace;

pub fn rows(house: &House) -> Vec<Finding> {
    let listed = workspace::cargo(&["run", "-q", "-p", "plimsoll", "--", "reference", "--list"]).output();
    let rows = match listed {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        _ => return vec![Finding::new("bins/lb", 1, "`lb reference --list` does not run", "make it build")],
    };
    let texts = compared(&house.files.iter().filter_map(tested).collect::<Vec<_>>());
    let mut findings = Vec::new();
    for row in rows.lines() {
        let mut words = row.split(' ');
        let (Some(kind), Some(name), Some(owner)) = (words.next(), words.next(), words.next()) else { continue };
        if !texts.iter().any(|text| stands(kind, name, text)) {
            let what = format!("no test evaluates the {kind} `{name}`");
            let path = PathBuf::from("crates").join(owner);
            findings.push(Finding::new(
                path,
                1,
                what,
                "write a test that compares its value with a literal, or with haproxy's",
            ));
        }
    }
    findings
}

/// What of a file is tests.
fn tested(file: &SourceFile) -> Option<&str> {
    let path = &file.path;
    let in_tests = path.iter().any(|part| part == "tests") || path.ends_with("tests.rs");
    match path.extension()?.to_str()? {
        "rs" if path.starts_with("xtask") => None,
        "rs" if in_tests => Some(&file.text),
        "rs" => file.text.split_once("mod tests {").map(|(_, tests)| tests),
        _ => None,
    }
}

/// How a test compares.
const COMPARES: [&str; 3] = ["assert_eq!(", ".same(", "assert!("];

/// The literals of the items that compare, and of those that such items name, wherever they stand.
fn compared(sources: &[&str]) -> Vec<String> {
    let (mut items, mut counts) = (Vec::new(), Vec::new());
    for source in sources {
        let own = self::items(source);
        let here = |text: &str| COMPARES.iter().any(|how| text.contains(how));
        // Tests often leave that to a function beside them.
        let checks: Vec<String> =
            own.iter().filter(|(_, text)| here(text)).map(|(name, _)| format!("{name}(")).collect();
        counts.extend(own.iter().map(|(_, text)| here(text) || checks.iter().any(|check| text.contains(check))));
        items.extend(own);
    }
    let mut fresh: Vec<usize> = (0..items.len()).filter(|at| counts[*at]).collect();
    while !fresh.is_empty() {
        let said: HashSet<&str> = fresh.iter().flat_map(|at| words(items[*at].1)).collect();
        fresh = (0..items.len()).filter(|at| !counts[*at] && said.contains(items[*at].0)).collect();
        fresh.iter().for_each(|at| counts[*at] = true);
    }
    items.iter().zip(counts).filter(|(_, counts)| *counts).map(|((_, text), _)| literals(text)).collect()
}

/// The functions, constants and macros of a source: name and text.
fn items(source: &str) -> Vec<(&str, &str)> {
    let starts = source.match_indices('\n').filter_map(|(at, _)| {
        let line = source[at + 1..].lines().next().unwrap_or_default();
        let depth = line.len() - line.trim_start().len();
        let mut words = words(line).skip_while(|word| ["pub", "crate", "super", "async"].contains(word));
        let kind = words.next().filter(|word| ["fn", "const", "static", "macro_rules"].contains(word));
        let name = if kind == Some("const") { words.find(|word| *word != "fn") } else { words.next() };
        (depth <= 4 && kind.is_some()).then_some((at, name?))
    });
    let starts: Vec<(usize, &str)> = starts.collect();
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([source.len()]);
    starts.iter().zip(ends).map(|((at, name), end)| (*name, &source[*at..end])).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The string literals of a source, each on a line of its own.
fn literals(source: &str) -> String {
    let (bytes, mut out, mut at) = (source.as_bytes(), String::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let rest = &source[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            at += 3;
        } else if byte == b'r' && (rest.starts_with("r\"") || rest.starts_with("r#")) {
            let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
            let end = format!("\"{}", "#".repeat(hashes));
            let start = (1 + hashes + 1).min(rest.len());
            let Some(length) = rest.get(start..).and_then(|text| text.find(&end)) else {
                at += 1;
                continue;
            };
            out.push_str(&rest[start..start + length]);
            out.push('\n');
            at += start + length + end.len();
        } else if byte == b'"' {
            let mut end = at + 1;
            while bytes.get(end).is_some_and(|byte| *byte != b'"') {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            out.push_str(source.get(at + 1..end).unwrap_or_default());
            out.push('\n');
            at = end + 1;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    out
}

/// Does a word stand in a text as one of its kind would?
fn stands(kind: &str, name: &str, text: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back().unwrap_or('\n');
        let after = text[at + name.len()..].chars().next().unwrap_or('\n');
        let begins = before.is_whitespace() || "\"'`".contains(before);
        let ends = after.is_whitespace() || "\"'`,;|".contains(after);
        match kind {
            "fetch" => (begins || "[{!(".contains(before)) && (ends || "()]}_".contains(after)),
            "converter" => (begins || before == ',') && (ends || "()]}".contains(after)),
            "service" => begins && ends,
            "action" => (begins || before == '-') && (ends || after == '('),
            _ => "%}])".contains(before) && !after.is_alphanumeric(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_where_one_of_its_kind_would_stand() {
        assert!(stands("fetch", "hdr", "deny if { hdr(host) a }"));
        assert!(stands("fetch", "path", "{ path_beg /x }"));
        assert!(!stands("fetch", "hdr", "req.hdr(host)"));
        assert!(stands("converter", "lower", "str(A),lower"));
        assert!(!stands("converter", "lower", "to_lower(x)"));
        assert!(stands("action", "set-var", "- set-var(txn.a) int(1)"));
        assert!(!stands("action", "set-var", "unset-var"));
        assert!(stands("alias", "ci", "%{+Q}ci:%cp"));
        assert!(!stands("alias", "c", "%ci"));
    }

    #[test]
    fn a_text_counts_where_something_compares_it() {
        let source = "\nfn a() { run(\"one\"); }\nconst B: &str = \"two\";\n#[test]\nfn c() { assert_eq!(B, \"three\"); d(); }\n\
            fn d() { \"four\" }\nconst E: &str = \"five\";\nfn f(g: &str) { assert_eq!(g, x); }\nfn h() { f(\"six\"); }\n";
        let mut texts = compared(&[source]);
        texts.sort();
        assert_eq!(texts, ["", "four\n", "six\n", "three\n", "two\n"]);
    }

    #[test]
    fn only_what_stands_in_quotes_is_a_text_of_a_test() {
        let source =
            "fn a() { /* x */ b(\"one \\\" two\", r#\"three \"4\" five\"#); } // \"six\"\nlet c = '\"'; d(\"seven\")";
        assert_eq!(literals(source), "one \\\" two\nthree \"4\" five\nseven\n");
    }
}

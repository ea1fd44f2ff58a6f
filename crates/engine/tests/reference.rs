//! The keys: what the structs read, what the schema says, what `docs/keys.md` lists and what a misspelling of each gives are one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_config::tree::{self, Value};
use plimsoll_config::{Diagnostics, Node, Severity, Sources, Span};
use plimsoll_engine::{Surroundings, load_text_in, schema};
use serde_json::Value as Json;

const REFERENCE: &str = include_str!("reference.yaml");

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The keys of a type in the schema; of the file for an empty name.
fn keys(schema: &Json, name: &str) -> BTreeSet<String> {
    let object = if name.is_empty() { schema } else { &schema["$defs"][name] };
    object["properties"].as_object().unwrap_or_else(|| panic!("{name} is no map")).keys().cloned().collect()
}

/// As an editor sees it.
fn json(yaml: &str) -> Json {
    serde_yaml::from_str(yaml).expect("YAML")
}

#[test]
fn the_reference_file_is_good_and_uses_every_key() {
    let (plan, findings) = load_text_in("reference.yaml", REFERENCE, &Surroundings::none());
    assert!(plan.is_some() && findings.is_empty(), "{}", findings.render(false));
    let mut sources = Sources::new();
    let tree = tree::parse(&mut sources, "reference.yaml", REFERENCE, &|_| None, &mut Diagnostics::new()).unwrap();
    let mut written = Vec::new();
    all_keys(&tree, &mut written);
    let written: BTreeSet<&str> = written.iter().map(|(key, _)| key.as_str()).collect();
    let schema = schema();
    let types: Vec<&String> = schema["$defs"].as_object().unwrap().keys().collect();
    let maps = types.into_iter().filter(|name| schema["$defs"][name.as_str()]["properties"].is_object());
    for name in maps.map(String::as_str).chain([""]) {
        for key in keys(&schema, name) {
            assert!(written.contains(key.as_str()), "`{key}` of {name} is not in reference.yaml");
        }
    }
}

/// Keys whose own keys are names.
const NAMED: &[&str] = &[
    "named-defaults",
    "frontends",
    "backends",
    "listens",
    "servers",
    "acls",
    "tests",
    "headers",
    "header",
    "request-header",
    "response-header",
    "variables",
    "http-errors",
    "errorfiles",
    "errorloc",
    "errorloc302",
    "errorloc303",
    "set-var",
    "set-var-fmt",
    "userlists",
    "users",
    "groups",
];

/// Every key that is a word of the language: names of proxies and servers are not.
fn all_keys(node: &Node, into: &mut Vec<(String, Span)>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, node) in entries {
                into.push((key.text.clone(), key.span));
                if NAMED.contains(&key.text.as_str())
                    && let Value::Map(named) = &node.value
                {
                    named.iter().for_each(|(_, node)| all_keys(node, into));
                } else {
                    all_keys(node, into);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|node| all_keys(node, into)),
        _ => {}
    }
}

/// Every way to miss one letter: left out, swapped with the next, doubled, replaced.
fn misspellings(word: &str) -> BTreeSet<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut wrong = BTreeSet::new();
    for at in 0..letters.len() {
        let mut dropped = letters.clone();
        dropped.remove(at);
        let mut doubled = letters.clone();
        doubled.insert(at, letters[at]);
        let mut replaced = letters.clone();
        replaced[at] = if letters[at] == 'x' { 'q' } else { 'x' };
        let mut swapped = letters.clone();
        swapped.swap(at, (at + 1).min(letters.len() - 1));
        wrong.extend([dropped, doubled, replaced, swapped].map(String::from_iter));
    }
    wrong.remove(word);
    wrong
}

#[test]
fn every_misspelling_of_every_key_is_reported_at_its_line_and_column() {
    let mut sources = Sources::new();
    let tree = tree::parse(&mut sources, "reference.yaml", REFERENCE, &|_| None, &mut Diagnostics::new()).unwrap();
    let mut written = Vec::new();
    all_keys(&tree, &mut written);
    let mut tried = 0;
    for (key, span) in &written {
        for wrong in misspellings(key) {
            let mut text = REFERENCE.to_owned();
            text.replace_range(span.start as usize..span.end as usize, &wrong);
            let (plan, findings) = load_text_in("reference.yaml", &text, &Surroundings::none());
            let told = findings
                .diagnostics()
                .iter()
                .any(|finding| finding.severity == Severity::Error && finding.primary.span.start == span.start);
            assert!(told && plan.is_none(), "`{wrong}` for `{key}`:\n{}", findings.render(false));
            tried += 1;
        }
    }
    assert!(tried > 2000, "only {tried} misspellings");
}

#[test]
fn the_schema_takes_every_example_and_the_reference_and_no_misspelling() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let examples = std::fs::read_dir(docs().join("config-examples")).expect("examples");
    let mut texts: Vec<String> = examples.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert!(texts.len() >= 6);
    texts.push(REFERENCE.to_owned());
    for text in &texts {
        let errors: Vec<String> = validator.iter_errors(&json(text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} in\n{text}");
    }
    let mut sources = Sources::new();
    let tree = tree::parse(&mut sources, "reference.yaml", REFERENCE, &|_| None, &mut Diagnostics::new()).unwrap();
    let mut written = Vec::new();
    all_keys(&tree, &mut written);
    for (key, span) in written {
        let mut text = REFERENCE.to_owned();
        text.insert(span.end as usize, 'z');
        assert!(!validator.is_valid(&json(&text)), "an editor would not see `{key}z`");
    }
}

#[test]
fn the_schema_sees_wrong_values() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    for (right, wrong) in [
        ("defaults: { timeouts: { client: 5s } }", "defaults: { timeouts: { client: 5 } }"),
        ("defaults: { timeouts: { client: \"${T:-5s}\" } }", "defaults: { timeouts: { client: 5sec } }"),
        ("global: { threads: auto }", "global: { threads: 0 }"),
        ("global: { log: stdout }", "global: { log: 5 }"),
        ("defaults: { mode: tcp }", "defaults: { mode: udp }"),
        ("defaults: { balance: random(2) }", "defaults: { balance: fastest }"),
        ("listens: { a: { bind: \"*:80\" } }", "listens: { a: { servers: {} } }"),
        ("backends: [{ name: a }]", "backends: [{ retries: 1 }]"),
        (
            "backends: { a: { servers: { s: { address: \"a:1\", weight: 256 } } } }",
            "backends: { a: { servers: { s: { address: \"a:1\", weight: 257 } } } }",
        ),
        ("frontends:\n", "frontends: 5"),
    ] {
        assert!(validator.is_valid(&json(right)), "{right}");
        assert!(!validator.is_valid(&json(wrong)), "{wrong}");
    }
}

#[test]
fn what_the_schema_takes_of_the_small_things_the_loader_takes_as_well() {
    for text in
        ["global:\ndefaults:\nfrontends:\nbackends:\n", "backends: { a: { servers: { s: \"127.0.0.1:1\" } } }\n"]
    {
        let (plan, findings) = load_text_in("f.yaml", text, &Surroundings::none());
        assert!(plan.is_some(), "{}", findings.render(false));
    }
}

/// Sections of `docs/keys.md` and the types that they describe.
const SECTIONS: &[(&str, &str)] = &[
    ("The file", ""),
    ("`global`", "Global"),
    ("`global.tune.vars`", "Vars"),
    ("`global.log`", "LogTarget"),
    ("`global.runtime-api`", "RuntimeApi"),
    ("`global.admin`", "AdminOptions"),
    ("`defaults`", "Defaults"),
    ("`frontends.NAME`", "Frontend"),
    ("`tcp-request`", "TcpRequest"),
    ("`tcp-response`", "TcpResponse"),
    ("`frontends.NAME.bind`", "BindLine"),
    ("`backends.NAME`", "Backend"),
    ("`backends.NAME.servers.NAME`", "ServerLine"),
    ("`source`", "Source"),
    ("`stats`", "StatsOptions"),
    ("`backends.NAME.health-check`", "HealthCheck"),
    ("`timeouts`", "Timeouts"),
];

#[test]
fn the_page_of_keys_lists_what_the_structs_read() {
    let page = std::fs::read_to_string(docs().join("docs/keys.md")).expect("docs/keys.md");
    let schema = schema();
    for (title, name) in SECTIONS {
        let section = page.split(&format!("\n## {title}\n")).nth(1).unwrap_or_else(|| panic!("no section {title}"));
        let section = section.split("\n## ").next().unwrap_or_default();
        let listed: BTreeSet<String> =
            section.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned())).collect();
        assert_eq!(listed, keys(&schema, name), "docs/keys.md, {title}");
    }
}

#[test]
fn named_defaults_and_listens_have_the_keys_of_what_they_stand_for() {
    let schema = schema();
    let with = |mut keys: BTreeSet<String>, more: &[&str]| {
        keys.extend(more.iter().map(|key| (*key).to_owned()));
        keys
    };
    assert_eq!(
        keys(&schema, "NamedDefaults"),
        with(
            keys(&schema, "Defaults"),
            &["from", "acls", "tcp-request", "tcp-response", "http-request", "http-response", "http-after-response"]
        )
    );
    let mut both: BTreeSet<String> = keys(&schema, "Frontend").union(&keys(&schema, "Backend")).cloned().collect();
    both.remove("default-backend");
    assert_eq!(keys(&schema, "Listen"), both);
}

//! Hostile and absurd files end in a finding, soon: size, depth, aliases, numbers of values and of errors.

use plimsoll_config::tree::{MAX_ALIASED, MAX_BYTES, MAX_DEPTH, MAX_NODES};
use plimsoll_config::{Diagnostics, Node, OrderedMap, Sources, load, tree};

fn none(_: &str) -> Option<String> {
    None
}

fn parse(text: &str) -> (Option<Node>, Vec<(&'static str, String)>) {
    let mut found = Diagnostics::new();
    let node = tree::parse(&mut Sources::new(), "f", text, &none, &mut found);
    (node, found.into_iter().map(|diagnostic| (diagnostic.code, diagnostic.message)).collect())
}

fn refused_by_limit(text: &str, words: &str) {
    let (node, found) = parse(text);
    assert!(node.is_none());
    let (code, message) = found.last().expect("a finding");
    assert_eq!(*code, "config.limit", "{message}");
    assert!(message.contains(words), "{message}");
}

#[test]
fn a_file_may_be_16_mib_and_not_a_byte_more() {
    let mut text = format!("a: b\n#{}", "x".repeat(MAX_BYTES - 6));
    assert_eq!(text.len(), MAX_BYTES);
    assert!(parse(&text).0.is_some());
    text.push('x');
    refused_by_limit(&text, "larger than 16 MiB");
}

#[test]
fn nesting_ends_at_its_limit_in_brackets_and_in_blocks() {
    let brackets = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(parse(&brackets(MAX_DEPTH)).1, []);
    refused_by_limit(&brackets(MAX_DEPTH + 1), "nested more than 64 deep");
    let blocks = |depth: usize| (0..depth).map(|level| format!("{}k:\n", " ".repeat(level))).collect::<String>();
    assert_eq!(parse(&blocks(MAX_DEPTH)).1, []);
    refused_by_limit(&blocks(MAX_DEPTH + 1), "nested more than 64 deep");
    refused_by_limit(&"[".repeat(100_000), "nested more than 64 deep");
}

#[test]
fn an_alias_bomb_does_not_go_off() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", "));
    }
    refused_by_limit(&text, "aliases expand to more than");
}

#[test]
fn aliases_cannot_go_deeper_than_writing_could() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..MAX_DEPTH + 8 {
        text += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    refused_by_limit(&text, "nested more than 64 deep");
}

#[test]
fn many_small_aliases_are_fine_until_their_sum_is_not() {
    let text = |count: usize| format!("a: &a x\nb:\n{}", "  - *a\n".repeat(count));
    assert_eq!(parse(&text(MAX_ALIASED)).1, []);
    refused_by_limit(&text(MAX_ALIASED + 1), "aliases expand to more than");
}

#[test]
fn the_number_of_values_has_an_end() {
    refused_by_limit(&"- \n".repeat(MAX_NODES + 1), "more than 1000000 values");
}

#[test]
fn a_hundred_errors_are_told_and_then_that_there_are_more() {
    let text: String = (0..150).map(|n| format!("k{n}: x\n")).collect();
    let mut sources = Sources::new();
    let (value, found) = load::<OrderedMap<u16>>(&mut sources, "f", &text, &none);
    assert!(value.is_none());
    assert_eq!(found.len(), 101);
    assert_eq!(found.iter().last().map(|diagnostic| diagnostic.code), Some("config.too-many-errors"));
}

#[test]
fn a_hundred_missing_quotes_are_told_and_then_the_next_ends_it() {
    let text = "- *x\n".repeat(150);
    let (node, found) = parse(&text);
    assert!(node.is_none());
    assert_eq!(found.len(), 101);
}

//! Two properties: no text makes the crate panic or lie about a place, and plain data means the same to it as to `serde_yaml`.

use plimsoll_config::{
    Diagnostics, NamedMap, Node, OneOrMany, OrderedMap, ShortForm, Sources, Spanned, Value, load, tree,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_yaml::Value as Theirs;

fn none(_: &str) -> Option<String> {
    None
}

/// A struct that asks for most of what the deserializer can give, with keys short enough for chance to hit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only that it does not panic is of interest")]
struct Shape {
    a: Option<u16>,
    b: OrderedMap<Spanned<String>>,
    #[serde(default)]
    c: NamedMap<ShortForm<Inner>>,
    #[serde(default)]
    d: OneOrMany<Tagged>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only that it does not panic is of interest")]
struct Inner {
    a: plimsoll_config::Duration,
    b: (u8, bool),
}

impl plimsoll_config::FromShort for Inner {
    fn from_short(text: &str) -> Result<Self, String> {
        Err(format!("not `{text}`"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename(deserialize = "$tag=a"), rename_all = "lowercase")]
#[expect(dead_code, reason = "only that it does not panic is of interest")]
enum Tagged {
    A,
    B(Inner),
    C { b: f32 },
}

/// Loads and renders; every place must lie inside the file.
fn survives(text: &str) -> Result<(), TestCaseError> {
    let mut sources = Sources::new();
    let (value, found) = load::<Shape>(&mut sources, "f", text, &|name| (name == "A").then(|| "b: [".to_owned()));
    prop_assert_eq!(value.is_none(), found.has_errors());
    for diagnostic in &found {
        for label in diagnostic.secondary.iter().chain([&diagnostic.primary]).filter(|label| !label.span.is_none()) {
            let file = sources.text(label.span.file);
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            prop_assert!(file.get(start..end).is_some(), "{}: {}..{} of {:?}", diagnostic.message, start, end, file);
            let at = sources.position(label.span).expect("a place");
            let line = file.split('\n').nth(at.line - 1).expect("a line of the file");
            prop_assert!(at.column <= line.chars().count() + 1);
        }
        prop_assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains('\n'));
    }
    prop_assert!(found.is_empty() || !found.render(&sources, false).is_empty());
    Ok(())
}

/// What YAML is made of, so that chance finds its corners.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "a", "b", "c", "d", ": ", ":", "- ", "\n", "\n  ", "\n    ", "\n\t", " ", "[", "]", "{", "}", ", ", "\"", "'", "|", ">", "|-\n",
            "*", "&a ", "*a", "!", "!!str ", "%", "@", "`", "?", "? ", "<<: ", "#", " #", "---\n", "...\n", "%YAML 1.2\n", "${A}", "${B:-c}",
            "${", "$${", "on", "08", "1", "-1", "5s", "null", "~", "true", "[::1]:80", "*:80", "\\", "\\x", "\r", "\r\n", "é", "𝒳", "\u{feff}",
            "\u{85}", "\u{2028}", "\0", "\u{7f}", "name: a", "a: b", "a: ",
        ]).prop_map(str::to_owned),
        1 => ".{0,4}",
    ];
    prop::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

/// Text that is written without quotes and that this crate refuses by choice, or that holds a variable.
fn refused(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(text.to_ascii_lowercase().as_str(), "on" | "off" | "yes" | "no")
        || text.contains("${")
        || text == "<<"
        || text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'])
        || digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9 :#,\\[\\]{}*&!|>'\"%@`~.+-]{0,12}",
        "\\PC{0,12}",
        "[a-z]{1,6}(\n[a-z ]{1,6}){1,3}\n{0,2}",
        prop::sample::select(vec![
            "null", "true", "1e3", "0x1F", ".inf", "~", "", "=", "-", "? a", "a: b", "1_000", "12:30"
        ])
        .prop_map(str::to_owned),
    ]
    .prop_filter("refused by choice", |text| !refused(text))
}

fn data() -> impl Strategy<Value = Theirs> {
    let leaf = prop_oneof![
        Just(Theirs::Null),
        any::<bool>().prop_map(Theirs::from),
        any::<i64>().prop_map(Theirs::from),
        (-1e9..1e9_f64).prop_map(Theirs::from),
        words().prop_map(Theirs::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Theirs::from),
            prop::collection::vec((words().prop_filter("a key", |key| !key.is_empty()), inner), 0..6).prop_map(
                |entries| {
                    Theirs::Mapping(entries.into_iter().map(|(key, value)| (Theirs::from(key), value)).collect())
                }
            ),
        ]
    })
}

fn ours(node: &Node) -> Theirs {
    match &node.value {
        Value::Null => Theirs::Null,
        Value::Bool(value) => Theirs::from(*value),
        Value::Int(number) => Theirs::from(*number),
        Value::Float(number) => Theirs::from(*number),
        Value::String { text, .. } => Theirs::from(text.clone()),
        Value::List(items) => Theirs::Sequence(items.iter().map(ours).collect()),
        Value::Map(entries) => {
            Theirs::Mapping(entries.iter().map(|(key, node)| (Theirs::from(key.text.clone()), ours(node))).collect())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,3000}") {
        survives(&text)?;
    }

    #[test]
    fn no_heap_of_yaml_pieces_makes_it_panic(text in pieces()) {
        survives(&text)?;
    }

    #[test]
    fn no_damage_to_a_good_file_makes_it_panic(cut in 0..180_usize, insert in ".{0,3}", remove in 0..8_usize) {
        let good = "a: 4\nb: { x: \"é\", y: ${A} }\nc:\n  - { name: n, a: 5s, b: [1, true] }\n  - name: m\n    a: 3m # 𝒳\n    b: [2, false]\nd:\n  - a\n  - { a: c, b: 1.5 }\n";
        let mut characters: Vec<char> = good.chars().collect();
        let cut = cut.min(characters.len());
        let end = (cut + remove).min(characters.len());
        characters.splice(cut..end, insert.chars());
        survives(&characters.into_iter().collect::<String>())?;
    }

    #[test]
    fn plain_data_means_the_same_to_both_readers(data in data()) {
        let text = serde_yaml::to_string(&data).expect("plain data can be written");
        let theirs: Theirs = serde_yaml::from_str(&text).expect("it reads what it wrote");
        let mut found = Diagnostics::new();
        let mut sources = Sources::new();
        let tree = tree::parse(&mut sources, "f", &text, &none, &mut found);
        prop_assert!(found.is_empty(), "{}\n{}", found.render(&sources, false), text);
        prop_assert_eq!(ours(&tree.expect("a tree")), theirs, "{}", text);
    }
}

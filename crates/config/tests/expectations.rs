//! Runs `expectations.table`: what is written, and every finding that must come of it, with line, column, code, caret text and help.
//!
//! A case is a title after `===`, the text of the file, `---->`, and one line per finding in the order of the file:
//! `line:column code ‹what the carets underline› message ⇒ help`, followed by `also line:column ‹…› label` for second places.
//! The structs below are this test's own; the crate knows none of these names.

#![expect(dead_code, reason = "what is read is thrown away, only the errors of reading are looked at")]

use std::num::NonZeroU16;

use plimsoll_config::{
    Duration, FromShort, NamedMap, OneOrMany, OrderedMap, Percent, ShortForm, Size, Sources, Spanned, load,
};
use plimsoll_testkit::expectations;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    doors: OrderedMap<Door>,
    #[serde(default)]
    ships: NamedMap<ShortForm<Ship>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Limits {
    threads: Option<NonZeroU16>,
    max_open: u16,
    ratio: f64,
    idle: Duration,
    buffer: Size,
    share: Percent,
    verbose: bool,
    motto: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Door {
    bind: OneOrMany<Spanned<String>>,
    leads_to: String,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    rules: Vec<Spanned<String>>,
    probe: Option<Probe>,
    idle: Option<Duration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    #[default]
    Swing,
    Slide,
    Revolve(u8),
}

#[derive(Debug, Deserialize)]
#[serde(rename(deserialize = "$tag=type"), rename_all = "kebab-case")]
enum Probe {
    Knock,
    Ring(Ring),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Ring {
    times: u8,
    every: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Ship {
    port: u16,
    #[serde(default)]
    crew: Vec<String>,
}

impl FromShort for Ship {
    fn from_short(text: &str) -> Result<Self, String> {
        let port = text.strip_prefix("port ").and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| format!("`{text}` is no ship\nhelp: write `port` and a number"))?;
        Ok(Self { port, crew: Vec::new() })
    }
}

fn env(name: &str) -> Option<String> {
    match name {
        "PORT" => Some("8080".to_owned()),
        "WORD" => Some("lots: [of, them".to_owned()),
        _ => None,
    }
}

#[test]
fn every_case_of_the_table_gives_exactly_its_findings() {
    expectations(include_str!("expectations.table"), 105, |title, text| {
        let text =
            text.replace("<TAB>", "\t").replace("<BOM>", "\u{feff}").replace("<NUL>", "\0").replace("<CR>", "\r");
        let mut sources = Sources::new();
        let (file, found) = load::<File>(&mut sources, "f.yaml", &text, &env);
        assert_eq!(file.is_some(), found.is_empty(), "{title}: a value exactly when nothing is wrong");
        // Rendering must hold for every finding there is.
        assert!(found.render(&sources, true).len() >= found.render_short(&sources).len() || found.is_empty());
        found.iter().map(|diagnostic| diagnostic.spelled(&sources)).collect()
    });
}

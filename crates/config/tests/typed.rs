//! What owners and the engine build on: places that survive the load, maps in order, several files, and how findings look.

use plimsoll_config::{
    Diagnostic, Diagnostics, Duration, Key, NamedMap, Node, OneOrMany, OrderedMap, Sources, Span, Spanned, Value, load,
    load_tree,
};
use serde::Deserialize;

fn none(_: &str) -> Option<String> {
    None
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fleet {
    ships: NamedMap<Ship>,
    #[serde(default)]
    ports: OrderedMap<Spanned<u16>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Ship {
    home: Spanned<String>,
    #[serde(default)]
    calls: OneOrMany<Spanned<String>>,
    #[serde(default = "ten_seconds")]
    patience: Spanned<Duration>,
}

fn ten_seconds() -> Spanned<Duration> {
    Spanned::detached(Duration::from_secs(10))
}

fn fleet(text: &str) -> (Sources, Fleet) {
    let mut sources = Sources::new();
    let (fleet, found) = load::<Fleet>(&mut sources, "fleet.yaml", text, &none);
    let shown = found.render_short(&sources);
    (sources, fleet.unwrap_or_else(|| panic!("{shown}")))
}

#[test]
fn keys_and_values_keep_their_places() {
    let (sources, fleet) = fleet("ships:\n  anna: { home: Ålesund, calls: Kiel }\nports: { Kiel: 1 }\n");
    let (name, ship) = fleet.ships.get_index(0).expect("a ship");
    assert_eq!(sources.slice(name.span()), "anna");
    assert_eq!(sources.slice(ship.home.span()), "Ålesund");
    assert_eq!(sources.slice(ship.calls[0].span()), "Kiel");
    let at = sources.position(ship.calls[0].span()).expect("a place");
    assert_eq!((at.file, at.line, at.column), ("fleet.yaml", 2, 33));
    assert_eq!(**fleet.ports.get("Kiel").expect("asked by plain text"), 1);
    assert!(ship.patience.span().is_none(), "a default has no place");
}

#[test]
fn maps_and_lists_of_names_keep_the_order_of_the_file() {
    let (_, map) = fleet("ships:\n  zoe: { home: a }\n  anna: { home: b }\n  mia: { home: c }\n");
    let (sources, list) =
        fleet("ships:\n  - { name: zoe, home: a }\n  - { home: b, name: anna }\n  - name: mia\n    home: c\n");
    assert_eq!(map.ships.names().collect::<Vec<_>>(), ["zoe", "anna", "mia"]);
    assert_eq!(list.ships.names().collect::<Vec<_>>(), ["zoe", "anna", "mia"]);
    assert_eq!(sources.slice(list.ships.get_index(1).expect("a ship").0.span()), "anna");
}

#[test]
fn other_formats_fill_the_same_types_without_places() {
    let ship: Ship = serde_yaml::from_str("{ home: x, calls: [a, b], patience: 3s }").expect("a ship");
    assert_eq!((ship.home.as_str(), ship.calls.len()), ("x", 2));
    assert!(ship.home.span().is_none());
    assert_eq!(ship.patience.as_std().as_secs(), 3);
}

#[test]
fn a_tree_from_another_front_door_gets_the_same_findings() {
    let mut sources = Sources::new();
    let file = sources.add("fleet.cfg", "ship anna home 7 patience 3\n");
    let at = |start, end| Span::new(file, start, end);
    let key = |text: &str, span| Key { text: text.to_owned(), span };
    let ship = Node::new(
        Value::Map(vec![
            (key("home", at(10, 14)), Node::text("7", at(15, 16))),
            (key("patience", at(17, 25)), Node::text("3", at(26, 27))),
        ]),
        at(0, 27),
    );
    let ships = Node::new(Value::Map(vec![(key("anna", at(5, 9)), ship)]), at(0, 27));
    let tree = Node::new(Value::Map(vec![(key("ships", at(0, 4)), ships)]), at(0, 27));
    let mut found = Diagnostics::new();
    assert!(load_tree::<Fleet>(&tree, &sources, &mut found).is_none());
    assert_eq!(found.render_short(&sources), "fleet.cfg:1:27: error[config.bad-value]: `3` has no unit of time\n");
}

#[test]
fn a_finding_shows_its_line_with_carets_the_other_place_and_help() {
    let mut sources = Sources::new();
    let text = "ships:\n  anna: { home: a }\n\n\n\n  anna: { home: b, paitence: 3s }\n";
    let (fleet, found) = load::<Fleet>(&mut sources, "fleet.yaml", text, &none);
    assert!(fleet.is_none());
    assert_eq!(
        found.render(&sources, false),
        "\
error[config.duplicate-key]: the key `anna` stands twice
 --> fleet.yaml:6:3
  |
2 |   anna: { home: a }
  |   ---- first here
...
6 |   anna: { home: b, paitence: 3s }
  |   ^^^^ again here

1 error
"
    );
}

#[test]
fn a_finding_may_span_two_files() {
    let mut sources = Sources::new();
    let (first, _) = load::<Fleet>(&mut sources, "one.yaml", "ships: { anna: { home: a } }", &none);
    let (second, mut found) = load::<Fleet>(&mut sources, "two.yaml", "# more\nships: { anna: { home: b } }", &none);
    let (first, second) = (first.expect("a fleet"), second.expect("a fleet"));
    for (name, _) in &second.ships {
        if let Some((other, _)) = first.ships.get_key_value(name.as_str()) {
            let twice = Diagnostic::error("fleet.same-ship", name.span(), format!("two ships are called `{name}`"));
            found.push(twice.also(other.span(), "the other").help("rename one"));
        }
    }
    let shown = found.render(&sources, false);
    assert_eq!(
        shown,
        "\
error[fleet.same-ship]: two ships are called `anna`
 --> two.yaml:2:10
  |
2 | ships: { anna: { home: b } }
  |          ^^^^
  |
 ::: one.yaml:1:10
  |
1 | ships: { anna: { home: a } }
  |          ---- the other
  |
  = help: rename one

1 error
"
    );
    assert!(!shown.contains('\u{1b}') && found.render(&sources, true).contains('\u{1b}'), "colour only when asked");
}

#[test]
fn a_finding_without_a_place_is_shown_without_one() {
    let mut found = Diagnostics::new();
    found.push(Diagnostic::warning("fleet.empty", Span::NONE, "no ships at all"));
    let sources = Sources::new();
    assert_eq!(found.render_short(&sources), "warning[fleet.empty]: no ships at all\n");
    assert_eq!(found.render(&sources, false), "warning[fleet.empty]: no ships at all\n\n1 warning\n");
}

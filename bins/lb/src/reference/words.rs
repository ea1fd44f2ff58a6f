//! Fetches, converters and actions of rules, for the reference and for `lb explain`.

use std::fmt::Write as _;

use plimsoll_engine::{LANGUAGE, SERVICE_TABLES, TABLES};
use plimsoll_rules::{Action, ArgKind, Converter, Fetch, Needs, Param, Place, Places, Slot, Slots};

/// Every row, `kind name crate`, for the check that each is tested.
pub fn list() -> String {
    let mut text = String::new();
    for (name, parts) in TABLES {
        for part in *parts {
            let fetches = part.fetches.iter().map(|row| ("fetch", row.name));
            let converters = part.converters.iter().map(|row| ("converter", row.name));
            let actions = part.actions.iter().map(|row| ("action", row.name));
            let aliases = part.aliases.iter().map(|row| ("alias", row.name));
            for (kind, row) in fetches.chain(converters).chain(actions).chain(aliases) {
                let _ = writeln!(text, "{kind} {row} {name}");
            }
        }
    }
    for (name, rows) in SERVICE_TABLES {
        rows.iter().for_each(|row| {
            let _ = writeln!(text, "service {} {name}", row.name);
        });
    }
    text
}

/// `docs/reference/fetches.md`
pub fn fetches() -> String {
    let mut text = String::from(
        "# Fetches\n\nWhere a value comes from: an expression begins with one. `lb explain fetch NAME` says the same. An argument in brackets may be left \
         out. Those with a star have ACLs of their own by suffix: `path_beg` is `path -m beg`, and so are `_dir`, `_dom`, `_end`, `_len`, `_reg`, `_str` and `_sub`.\n\n\
         What a fetch looks at must be there, in the list of rules where it is used:\n\n| list | what is there |\n|---|---|\n",
    );
    let mut known = Vec::new();
    for place in Place::ALL {
        let there: Vec<&str> = Slot::ALL
            .into_iter()
            .filter(|slot| place.facts().has(*slot) && *slot != Slot::Fate)
            .map(Slot::what)
            .collect();
        let line = format!(
            "| `{}` | {} |\n",
            place.name(),
            if there.is_empty() { "nothing".to_owned() } else { there.join(", ") }
        );
        if !known.contains(&line) {
            text += &line;
            known.push(line);
        }
    }
    text += "\nOf a name that stands here twice, the first line is TCP mode.\n\n| fetch | gives | looks at | |\n|---|---|---|---|\n";
    for row in sorted(LANGUAGE.fetches(), |row| row.name) {
        let star = if row.suffixes { " \\*" } else { "" };
        let looks = looks(row.needs);
        let _ = writeln!(
            text,
            "| `{}`{star} | {} | {looks} | {} |",
            cell(&call(row.name, row.params)),
            row.output.name(),
            cell(row.doc)
        );
    }
    text
}

/// `docs/reference/converters.md`
pub fn converters() -> String {
    let mut text = String::from(
        "# Converters\n\nOne value into another: they follow a fetch, each behind a comma. `lb explain converter NAME` says the same. An argument in brackets \
         may be left out.\n\n| converter | takes | gives | |\n|---|---|---|---|\n",
    );
    for row in sorted(LANGUAGE.converters(), |row| row.name) {
        let (input, output) = (row.input.name(), row.output.name());
        let _ = writeln!(text, "| `{}` | {input} | {output} | {} |", cell(&call(row.name, row.params)), cell(row.doc));
    }
    text
}

/// `docs/reference/actions.md`
pub fn actions() -> String {
    let mut text = String::from(
        "# Actions\n\nWhat a rule does: its first word. Behind the action a rule may have a condition, `if …` or `unless …`. `lb explain action NAME` says \
         the same.\n",
    );
    for row in sorted(LANGUAGE.actions(), |row| row.name) {
        let _ = writeln!(
            text,
            "\n## {}\n\n```text\n{}\n```\n\n{} In {}.",
            row.name,
            row.usage,
            row.doc,
            listed(&row.places.names())
        );
    }
    text
}

/// `docs/reference/services.md`
pub fn services() -> String {
    let mut text = String::from(
        "# Services\n\nWhat answers a request inside a proxy, in the place of a server: `http-request use-service NAME`.\n\n| service | |\n|---|---|\n",
    );
    for row in SERVICE_TABLES.iter().flat_map(|(_, rows)| rows.iter()) {
        let _ = writeln!(text, "| `{}` | {} |", row.name, cell(row.doc));
    }
    text
}

/// What there is to say about a word, with `fetch`, `converter` or `action` before it or without.
pub fn explained(kind: Option<&str>, name: &str) -> Option<String> {
    let wanted = |of: &str| kind.is_none_or(|kind| kind == of);
    let mut pages = Vec::new();
    if wanted("fetch") {
        pages.extend(LANGUAGE.fetches().filter(|row| row.name == name).map(fetch));
    }
    if wanted("converter") {
        pages.extend(LANGUAGE.converters().filter(|row| row.name == name).map(converter));
    }
    if wanted("action") {
        pages.extend(LANGUAGE.actions().filter(|row| row.name == name).map(action));
    }
    (!pages.is_empty()).then(|| pages.join("\n"))
}

/// Every name, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    let fetches = LANGUAGE.fetches().map(|row| row.name);
    fetches.chain(LANGUAGE.converters().map(|row| row.name)).chain(LANGUAGE.actions().map(|row| row.name))
}

fn fetch(row: &Fetch) -> String {
    let mut text = format!(
        "fetch {}\n\n{}\n\nGives {}. In {}.\n",
        call(row.name, row.params),
        row.doc,
        row.output.name(),
        listed(&places(row.needs))
    );
    if row.suffixes {
        let _ =
            writeln!(text, "ACLs: {0}_beg, {0}_dir, {0}_dom, {0}_end, {0}_len, {0}_reg, {0}_str, {0}_sub.", row.name);
    }
    text + &arguments(row.params)
}

fn converter(row: &Converter) -> String {
    let text = format!(
        "converter {}\n\n{}\n\nTakes {}, gives {}.\n",
        call(row.name, row.params),
        row.doc,
        row.input.name(),
        row.output.name()
    );
    text + &arguments(row.params)
}

fn action(row: &Action) -> String {
    format!("action {}\n\n{}\n\nIn {}.\n", row.usage, row.doc, listed(&row.places.names()))
}

fn arguments(params: &[Param]) -> String {
    let mut text = String::new();
    for param in params {
        let words = match param.kind {
            ArgKind::Word(words) => format!(": {}", words.join(", ")),
            _ => String::new(),
        };
        let left = if param.optional { ", may be left out" } else { "" };
        let _ = writeln!(text, "  {}  {}{words}{left}", param.name, param.kind.name());
    }
    text
}

/// `name(a,[b])`
fn call(name: &str, params: &[Param]) -> String {
    let shown = |param: &Param| if param.optional { format!("[{}]", param.name) } else { param.name.to_owned() };
    match params {
        [] => name.to_owned(),
        params => format!("{name}({})", params.iter().map(shown).collect::<Vec<_>>().join(",")),
    }
}

/// What it looks at.
fn looks(needs: Needs) -> String {
    let names = |slots: &[Slot], word: &str| slots.iter().map(|slot| slot.what()).collect::<Vec<_>>().join(word);
    match needs {
        Needs::All([]) | Needs::OneOf([]) => "nothing".to_owned(),
        Needs::All(slots) => names(slots, " and "),
        Needs::OneOf(slots) => names(slots, " or "),
    }
}

/// Where the facts are that it looks at.
fn places(needs: Needs) -> Vec<&'static str> {
    let there = |place: &Place| match needs {
        Needs::All(slots) => Slots::of(slots).lacking(place.facts()).next().is_none(),
        Needs::OneOf(slots) => slots.iter().any(|slot| place.facts().has(*slot)),
    };
    let fits: Vec<Place> = Place::ALL.into_iter().filter(there).collect();
    if fits.len() == Place::ALL.len() { vec!["every place"] } else { Places::of(&fits).names() }
}

fn listed(names: &[&str]) -> String {
    names.join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn sorted<'r, T>(rows: impl Iterator<Item = &'r T>, name: impl Fn(&T) -> &'static str) -> Vec<&'r T> {
    let mut rows: Vec<&T> = rows.collect();
    rows.sort_by_key(|row| name(row));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_language_is_explained_with_its_kind_or_without() {
        let page = explained(Some("fetch"), "always_true").expect("a page");
        assert_eq!(page, "fetch always_true\n\nTrue.\n\nGives boolean. In every place.\n");
        assert!(explained(None, "deny").expect("a page").starts_with("action deny [status CODE]"));
        assert!(explained(Some("converter"), "deny").is_none());
    }

    #[test]
    fn every_row_says_what_it_is() {
        let docs = LANGUAGE.fetches().map(|row| (row.name, row.doc));
        let docs = docs.chain(LANGUAGE.converters().map(|row| (row.name, row.doc)));
        for (name, doc) in docs.chain(LANGUAGE.actions().map(|row| (row.name, row.doc))) {
            assert!(doc.ends_with(['.', '?']), "{name}: {doc}");
        }
    }
}

//! The page of `haproxy.cfg`: every directive with what it becomes, and every default that differs between the languages.

use std::fmt::Write as _;

use plimsoll_engine::{Becomes, Directive, Sections, Weight, Written};
use plimsoll_engine::{DIRECTIVES, LENIENT, UNSUPPORTED};

/// The page.
pub fn page() -> String {
    let mut text = String::from(
        "# Directives of haproxy.cfg\n\nWhat each directive becomes: the keys are those of [keys.md](../keys.md), under `global`, the proxy, or the line \
         that it stands in. How to come from there: [moving from HAProxy](../moving-from-haproxy.md).\n\n\
         | directive | in | becomes |\n|---|---|---|\n",
    );
    let owned: Vec<&Directive> = sorted(DIRECTIVES.iter().flat_map(|(_, rows)| rows.iter()));
    for row in owned.iter().filter(|row| does(row)) {
        let paths: Vec<String> = row
            .becomes
            .paths()
            .iter()
            .filter(|path| !path.starts_with('\u{0}'))
            .map(|path| format!("`{path}`"))
            .collect();
        let paths = if paths.is_empty() { "what the lines that follow say".to_owned() } else { paths.join(", ") };
        let _ = writeln!(text, "| `{}` | {} | {paths} |", row.words, places(row.sections));
    }
    text.push_str(
        "\n## What differs without being written\n\nWhere a `haproxy.cfg` says nothing, HAProxy's own default holds, not that of YAML. `lb import` writes \
         them out.\n\n| key | haproxy.cfg | YAML | why |\n|---|---|---|---|\n",
    );
    for row in LENIENT {
        let value = match row.value {
            Written::Flag(value) => format!("`{value}`"),
            Written::Text(text) => format!("`{text}`"),
            Written::Nothing => "none".to_owned(),
        };
        let _ = writeln!(text, "| `{}.{}` | {value} | {} | {} |", row.section, row.path, row.yaml, row.why);
    }
    text.push_str(
        "| `servers.NAME.check` | `false` | `true` where there is a `health-check` | HAProxy checks a server only if its line says so |\n\
         \n## Not supported yet\n\n*Error*: something would be open that should be closed, or go elsewhere than it should. *Warning*: serving goes on as it \
         should without it.\n\n| directive | in | it would |\n|---|---|---|\n",
    );
    let others = || owned.iter().copied().chain(UNSUPPORTED.iter().flat_map(|rows| rows.iter()));
    for row in sorted(others()) {
        if let Becomes::Unsupported(weight, what) = row.becomes {
            let weight = if weight == Weight::Heavy { "error" } else { "warning" };
            let _ = writeln!(text, "| `{}` | {} | {weight}: {what} |", row.words, places(row.sections));
        }
    }
    text.push_str("\n## Without effect here\n\n| directive | in | because |\n|---|---|---|\n");
    for row in sorted(others()) {
        let words = if row.words.ends_with('.') { format!("{}…", row.words) } else { row.words.to_owned() };
        match row.becomes {
            Becomes::Tuning(why) => {
                let _ = writeln!(text, "| `{words}` | {} | {why} |", places(row.sections));
            }
            Becomes::Gone(instead) => {
                let _ =
                    writeln!(text, "| `{words}` | {} | an error: gone from HAProxy, {instead} |", places(row.sections));
            }
            _ => {}
        }
    }
    text
}

fn does(row: &Directive) -> bool {
    !matches!(row.becomes, Becomes::Tuning(_) | Becomes::Gone(_) | Becomes::Unsupported(..))
}

fn sorted<'r>(rows: impl Iterator<Item = &'r Directive>) -> Vec<&'r Directive> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| (row.words, places(row.sections)));
    rows
}

fn places(sections: Sections) -> String {
    let names = [
        (Sections::GLOBAL, "global"),
        (Sections::DEFAULTS, "defaults"),
        (Sections::FRONTEND, "frontend"),
        (Sections::BACKEND, "backend"),
        (Sections::BIND, "bind"),
        (Sections::SERVER, "server"),
        (Sections::USERLIST, "userlist"),
        (Sections::HTTP_ERRORS, "http-errors"),
    ];
    names.iter().filter(|(one, _)| sections.meets(*one)).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

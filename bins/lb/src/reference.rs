//! `docs/reference`: keys, codes and outcomes, written from the same tables and structs that the program uses.

mod directives;
mod keys;
pub mod words;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use plimsoll_engine::{Explanation, explanations};

use crate::explain;

/// Written first in every page.
const GENERATED: &str = "<!-- Generated: cargo run -- reference docs/reference -->\n\n";

/// Name and text of every page.
pub fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("keys.md", keys::page(&plimsoll_engine::schema())),
        ("codes.md", codes()),
        ("outcomes.md", outcomes()),
        ("fetches.md", words::fetches()),
        ("converters.md", words::converters()),
        ("actions.md", words::actions()),
        ("services.md", words::services()),
        ("directives.md", directives::page()),
    ]
    .into_iter()
    .map(|(name, text)| (name, format!("{GENERATED}{text}")))
    .collect()
}

/// The verb.
pub fn write(folder: &Path) -> ExitCode {
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| pages().into_iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text)));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lb: cannot write {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn codes() -> String {
    let mut text = String::from(
        "# Codes\n\nWhat `lb check` says in brackets, and what `lb explain CODE` says about it. Errors stop a start and a reload; \
         warnings do not.\n",
    );
    for row in explanations().iter().filter(|row| row.outcome.is_none()) {
        entry(row, &mut text);
    }
    text
}

fn outcomes() -> String {
    let mut text = String::from(
        "# Outcomes\n\nWhat can become of a request or a connection: the slug stands in the log, in metrics and in the failure ring.\n\n\
         | slug | ended by | answer | log | what happened |\n|---|---|---|---|---|\n",
    );
    let rows = || explanations().iter().filter_map(|row| Some((row, row.outcome?)));
    for (row, outcome) in rows() {
        let status = if outcome.status == 0 { "—".to_owned() } else { outcome.status.to_string() };
        let state = String::from_utf8_lossy(&outcome.state);
        let side = format!("{:?}", outcome.side).to_lowercase();
        let _ = writeln!(text, "| `{}` | {side} | {status} | `{state}` | {} |", row.slug, row.text);
    }
    for (row, outcome) in rows() {
        entry(row, &mut text);
        let _ = writeln!(text, "\n{}", explain::summary(outcome));
    }
    text
}

fn entry(row: &Explanation, text: &mut String) {
    let _ = writeln!(text, "\n## {}\n\n{} {}", row.slug, row.text, row.cause);
    for (title, items) in [("Likely", row.likely), ("What to change", row.change)] {
        if !items.is_empty() {
            let _ = writeln!(text, "\n{title}:\n");
            items.iter().for_each(|item| {
                let _ = writeln!(text, "- {item}");
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_reference_is_what_would_be_written() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
        for (name, text) in pages() {
            let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(committed == text, "docs/reference/{name} is stale: cargo run -- reference docs/reference");
        }
    }
}

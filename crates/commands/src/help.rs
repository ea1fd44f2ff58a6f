//! What `help` and a line that is no command are answered with.

use std::fmt::Write;

use crate::{Command, Level, Table};

/// Where descriptions start.
const COLUMN: usize = 40;

/// The commands of that level that begin with these words, of which the last may be unfinished.
pub(crate) fn help(table: &Table, level: Level, words: &[String]) -> String {
    let mut text = String::from("The following commands are valid at this level:\n");
    list(&mut text, matching(table, level, words));
    text
}

/// The line was no command: shows what may have been meant.
pub(crate) fn unknown(table: &Table, level: Level, words: &[String]) -> String {
    // The longest beginning that is some command's.
    let near = (1..=words.len())
        .rev()
        .map(|count| matching(table, level, &words[..count]))
        .find(|rows| rows.iter().any(|row| !is_own(row)));
    match near {
        Some(rows) => {
            let mut text = String::from("Unknown command, but maybe one of the following ones is a better match:\n");
            list(&mut text, rows);
            text
        }
        None => {
            let mut text = String::from("Unknown command. Please enter one of the following commands only:\n");
            list(&mut text, matching(table, level, &[]));
            text
        }
    }
}

fn matching(table: &Table, level: Level, words: &[String]) -> Vec<&'static Command> {
    table.rows().iter().copied().filter(|row| row.level <= level && (is_own(row) || begins(row, words))).collect()
}

/// `help`, `prompt` and `quit` are always shown.
fn is_own(row: &Command) -> bool {
    matches!(row.words, ["help" | "prompt" | "quit"])
}

fn begins(row: &Command, words: &[String]) -> bool {
    let Some((last, whole)) = words.split_last() else { return true };
    let Some(unfinished) = row.words.get(whole.len()) else { return false };
    whole.iter().zip(row.words).all(|(word, wanted)| word == wanted) && unfinished.starts_with(last.as_str())
}

fn list(text: &mut String, rows: Vec<&'static Command>) {
    for row in rows {
        let mut usage = format!("  {}", row.words.join(" "));
        if !row.usage.is_empty() {
            let _ = write!(usage, " {}", row.usage);
        }
        let _ = writeln!(text, "{usage:<COLUMN$}: {}", row.doc);
    }
}

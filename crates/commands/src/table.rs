//! All commands of the process, found by the longest row that a line begins with.

use crate::builtin;
use crate::command::Command;

/// The rows of every crate, and the session's own.
#[derive(Debug)]
pub struct Table {
    rows: Vec<&'static Command>,
}

impl Table {
    /// All rows, sorted by their words; the session's own come last, where `help` shows them.
    #[must_use]
    pub fn new(tables: &[&'static [Command]]) -> Self {
        let mut rows: Vec<_> = tables.iter().flat_map(|table| table.iter()).collect();
        rows.sort_by_key(|row| row.words);
        rows.extend(builtin::ROWS);
        Self { rows }
    }

    /// Rows that stand twice: a start-up test wants none.
    #[must_use]
    pub fn repeated(&self) -> Vec<String> {
        let mut all: Vec<_> = self.rows.iter().map(|row| row.words).collect();
        all.sort_unstable();
        all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].join(" ")).collect()
    }

    /// The row with the most words among those that the line begins with.
    #[must_use]
    pub fn find(&self, words: &[String]) -> Option<&'static Command> {
        self.rows.iter().copied().filter(|row| begins(words, row.words)).max_by_key(|row| row.words.len())
    }

    /// All rows, in the order of `help`.
    #[must_use]
    pub fn rows(&self) -> &[&'static Command] {
        &self.rows
    }
}

fn begins(line: &[String], row: &[&str]) -> bool {
    line.len() >= row.len() && line.iter().zip(row).all(|(word, wanted)| word == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Level, Reply};

    fn nothing(_: &mut Context<'_>) -> Reply {
        Reply::Done
    }

    const fn row(words: &'static [&'static str]) -> Command {
        Command { words, level: Level::User, usage: "", doc: "", run: nothing }
    }

    const ROWS: &[Command] = &[row(&["show"]), row(&["show", "stat"]), row(&["show", "stat", "all"])];

    fn find(line: &str) -> Option<&'static [&'static str]> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Table::new(&[ROWS]).find(&words).map(|row| row.words)
    }

    #[test]
    fn the_longest_row_wins() {
        assert_eq!(find("show stat all"), Some(&["show", "stat", "all"][..]));
        assert_eq!(find("show stat x"), Some(&["show", "stat"][..]));
        assert_eq!(find("show other"), Some(&["show"][..]));
    }

    #[test]
    fn words_are_not_abbreviated() {
        assert_eq!(find("sho stat"), None);
        assert_eq!(find("Show stat"), None);
    }

    #[test]
    fn a_row_that_stands_twice_is_found() {
        assert_eq!(Table::new(&[ROWS]).repeated(), Vec::<String>::new());
        assert_eq!(Table::new(&[ROWS, &ROWS[1..2]]).repeated(), ["show stat"]);
    }
}

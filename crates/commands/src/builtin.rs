//! The session's own commands: rows for `help`, run by the session itself because they change it.

use crate::{Command, Context, Level, Reply};

/// What a line means to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    Help,
    Prompt,
    Quit,
    Lower(Level),
    ShowLevel,
    Severity,
}

const TABLE: &[(Command, Builtin)] = &[
    (row(&["set", "severity-output"], "{none|number|string}", "show how much a message matters"), Builtin::Severity),
    (row(&["show", "cli", "level"], "", "what this session may do"), Builtin::ShowLevel),
    (row(&["operator"], "", "give up what operators may not do"), Builtin::Lower(Level::Operator)),
    (row(&["user"], "", "give up what users may not do"), Builtin::Lower(Level::User)),
    (row(&["help"], "[<command>]", "list the commands, or those that begin so"), Builtin::Help),
    (row(&["prompt"], "", "stay connected and show a prompt, or stop that"), Builtin::Prompt),
    (row(&["quit"], "", "close the connection"), Builtin::Quit),
];

const fn row(words: &'static [&'static str], usage: &'static str, doc: &'static str) -> Command {
    Command { words, level: Level::User, usage, doc, run: unreachable_row }
}

/// A session looks for its own rows first.
fn unreachable_row(_: &mut Context<'_>) -> Reply {
    Reply::error("This command belongs to a session.")
}

/// The rows alone.
pub(crate) const ROWS: &[Command] = &{
    let mut rows = [TABLE[0].0; TABLE.len()];
    let mut index = 0;
    while index < TABLE.len() {
        rows[index] = TABLE[index].0;
        index += 1;
    }
    rows
};

impl Builtin {
    /// Which of them a row is.
    pub(crate) fn of(row: &Command) -> Option<Self> {
        TABLE.iter().find(|(own, _)| own.words == row.words).map(|(_, builtin)| *builtin)
    }
}

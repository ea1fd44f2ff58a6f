//! One row of a command table, and what a command sees when it runs.

use std::any::Any;

use serde::Deserialize;

use crate::{Live, Reply};

/// What a session may do. Each level includes those below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Looks at what is not confidential.
    User,
    /// Looks at everything that is not dangerous, changes nothing that matters.
    #[default]
    Operator,
    /// Everything.
    Admin,
}

impl Level {
    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// A command. Crates export tables of these; the longest row whose words begin a line is the one that runs.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// What a line starts with, exactly.
    pub words: &'static [&'static str],
    /// Who may run it.
    pub level: Level,
    /// Its arguments, as `help` shows them after the words.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub doc: &'static str,
    /// Does it.
    pub run: fn(&mut Context<'_>) -> Reply,
}

/// One run of a command.
#[derive(Debug)]
pub struct Context<'a> {
    arguments: &'a [String],
    payload: Option<&'a str>,
    level: Level,
    live: &'a Live,
}

impl<'a> Context<'a> {
    pub(crate) fn new(arguments: &'a [String], payload: Option<&'a str>, level: Level, live: &'a Live) -> Self {
        Self { arguments, payload, level, live }
    }

    /// The argument behind the command's words, from 0. An empty one counts as none.
    #[must_use]
    pub fn arg(&self, index: usize) -> Option<&'a str> {
        self.arguments.get(index).map(String::as_str).filter(|word| !word.is_empty())
    }

    /// All arguments.
    pub fn args(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.arguments.iter().map(String::as_str)
    }

    /// The lines that followed a `<<`.
    #[must_use]
    pub fn payload(&self) -> Option<&'a str> {
        self.payload
    }

    /// What this session may do.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Live state of that type, if somebody gave it.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&'a T> {
        self.live.get()
    }
}

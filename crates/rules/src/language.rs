//! The words that are known: the tables of all crates, by name.

use std::collections::HashMap;

use crate::format::Alias;
use crate::{Action, Converter, Fetch, Place};

/// The tables of one crate.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// Where values come from.
    pub fetches: &'static [Fetch],
    /// What is made of them.
    pub converters: &'static [Converter],
    /// What rules do.
    pub actions: &'static [Action],
    /// `%ci` and its likes.
    pub aliases: &'static [Alias],
}

impl Parts {
    /// Nothing: the rest is given by `..`.
    pub const EMPTY: Self = Self { fetches: &[], converters: &[], actions: &[], aliases: &[] };
}

/// All words.
#[derive(Debug)]
pub struct Language {
    parts: Vec<Parts>,
    fetches: HashMap<&'static str, &'static Fetch>,
    converters: HashMap<&'static str, &'static Converter>,
    actions: HashMap<&'static str, Vec<&'static Action>>,
    aliases: HashMap<&'static str, &'static Alias>,
}

impl Language {
    /// Out of these tables and the ones of this crate. A name that is there twice is a fault of the program.
    ///
    /// # Panics
    ///
    /// When two rows have one name.
    #[must_use]
    pub fn new(parts: &[Parts]) -> Self {
        let parts: Vec<Parts> = crate::PARTS.iter().chain(parts).copied().collect();
        let mut language = Self {
            fetches: unique("fetch", parts.iter().flat_map(|part| part.fetches).map(|row| (row.name, row))),
            converters: unique("converter", parts.iter().flat_map(|part| part.converters).map(|row| (row.name, row))),
            aliases: unique("alias", parts.iter().flat_map(|part| part.aliases).map(|row| (row.name, row))),
            actions: HashMap::new(),
            parts: Vec::new(),
        };
        for action in parts.iter().flat_map(|part| part.actions) {
            let rows = language.actions.entry(action.name).or_default();
            let apart = rows
                .iter()
                .all(|row| Place::ALL.iter().all(|place| !(row.places.has(*place) && action.places.has(*place))));
            assert!(apart, "two rows for the action {} in one place", action.name);
            rows.push(action);
        }
        language.parts = parts;
        language
    }

    /// Every fetch, crate by crate.
    pub fn fetches(&self) -> impl Iterator<Item = &'static Fetch> {
        self.parts.iter().flat_map(|part| part.fetches)
    }

    /// Every converter, crate by crate.
    pub fn converters(&self) -> impl Iterator<Item = &'static Converter> {
        self.parts.iter().flat_map(|part| part.converters)
    }

    /// Every action, crate by crate.
    pub fn actions(&self) -> impl Iterator<Item = &'static Action> {
        self.parts.iter().flat_map(|part| part.actions)
    }

    /// Every alias, crate by crate.
    pub fn aliases(&self) -> impl Iterator<Item = &'static Alias> {
        self.parts.iter().flat_map(|part| part.aliases)
    }

    /// The fetch of that name.
    #[must_use]
    pub fn fetch(&self, name: &str) -> Option<&'static Fetch> {
        self.fetches.get(name).copied()
    }

    pub(crate) fn converter(&self, name: &str) -> Option<&'static Converter> {
        self.converters.get(name).copied()
    }

    pub(crate) fn alias(&self, name: &str) -> Option<&'static Alias> {
        self.aliases.get(name).copied()
    }

    /// The rows of an action: each for other places.
    pub(crate) fn action(&self, name: &str) -> &[&'static Action] {
        self.actions.get(name).map_or(&[], Vec::as_slice)
    }
}

fn unique<T>(what: &str, rows: impl Iterator<Item = (&'static str, &'static T)>) -> HashMap<&'static str, &'static T> {
    let mut all = HashMap::new();
    for (name, row) in rows {
        assert!(all.insert(name, row).is_none(), "two rows for the {what} {name}");
    }
    all
}

//! The rows of this crate: what needs no fact. A file is an idea; a line here is a file.

mod constants;
mod maps;
mod variables;

use crate::language::Parts;

/// Fetches, converters and actions that need nothing but the language itself.
pub const PARTS: &[Parts] = &[
    Parts { converters: maps::CONVERTERS, actions: maps::ACTIONS, ..Parts::EMPTY },
    Parts { fetches: constants::FETCHES, ..Parts::EMPTY },
    Parts { actions: variables::ACTIONS, ..Parts::EMPTY },
];

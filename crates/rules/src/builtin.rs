//! The rows of this crate: what needs no fact.

mod constants;
mod variables;

use crate::language::Parts;

/// Fetches, converters and actions that need nothing but the language itself.
pub const PARTS: Parts = Parts { fetches: constants::FETCHES, actions: variables::ACTIONS, ..Parts::EMPTY };

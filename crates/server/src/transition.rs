//! A change of one server's state, as the balancer, the log and later parts hear of it.

use plimsoll_clock::Tick;

use crate::{Change, CheckReport, Health};

/// Why a server changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A check.
    Check(CheckReport),
    /// The administrator.
    Administrator,
    /// The file says something else than at the last load.
    Reload,
}

/// How many servers of the backend may still be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Those that are not backups.
    pub active: usize,
    /// Backups.
    pub backup: usize,
}

/// One change. The server already is as described here when subscribers hear of it.
#[derive(Clone, Debug)]
pub struct Transition {
    /// What changed.
    pub change: Change,
    /// Health and administrative state before.
    pub before: Health,
    /// Health and administrative state now.
    pub health: Health,
    /// Why.
    pub cause: Cause,
    /// When.
    pub at: Tick,
    /// The usable servers of the backend now.
    pub left: Left,
    /// Requests or connections in progress on the server now.
    pub served: u32,
    /// The backend has a server again (true), or lost its last one (false).
    pub backend: Option<bool>,
}

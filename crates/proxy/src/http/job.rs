//! What both directions of an exchange look at, and why an attempt fails.

use std::cell::Cell;

use plimsoll_http::{Request, Tolerance};
use plimsoll_outcome::Outcome;

use crate::client::Client;
use crate::snapshot::{Backend, Frontend};
use crate::worker::Worker;

/// One request on its way to one backend.
pub(super) struct Job<'a> {
    pub(super) worker: &'a Worker,
    pub(super) frontend: &'a Frontend,
    pub(super) backend: &'a Backend,
    pub(super) client: &'a Client,
    pub(super) request: &'a Request,
    /// What is forgiven to the server of this attempt.
    pub(super) tolerance: Tolerance,
    /// The request's body is still being forwarded, and the timer belongs to that.
    pub(super) uploading: Cell<bool>,
}

/// An attempt that gave no whole response.
pub(super) struct Failed {
    pub(super) outcome: &'static Outcome,
    /// The server spoke: what was relayed of it cannot be taken back.
    pub(super) heard: bool,
}

impl Failed {
    /// Not a byte of the server was relayed.
    pub(super) fn unheard(outcome: &'static Outcome) -> Self {
        Self { outcome, heard: false }
    }

    /// Something was.
    pub(super) fn heard(outcome: &'static Outcome) -> Self {
        Self { outcome, heard: true }
    }
}

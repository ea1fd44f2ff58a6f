//! What both directions of an exchange look at, and why an attempt fails.

use std::cell::Cell;

use plimsoll_config::Duration;
use plimsoll_http::{Request, Tolerance};
use plimsoll_outcome::Outcome;

use crate::client::Client;
use crate::snapshot::{Backend, Frontend};
use crate::timeouts::Pace;
use crate::worker::Worker;

use super::judge::Judge;

/// One request on its way to one backend.
pub(super) struct Job<'a> {
    pub(super) worker: &'a Worker,
    pub(super) frontend: &'a Frontend,
    pub(super) backend: &'a Backend,
    pub(super) client: &'a Client,
    pub(super) request: &'a Request,
    /// What is forgiven to the server of this attempt.
    pub(super) tolerance: Tolerance,
    /// What became of the request's body.
    pub(super) upload: Cell<Upload>,
    /// Bytes that the client took while its body was on the way: a sign of life.
    pub(super) taken: Cell<u64>,
    /// The rules of the request, if it has any.
    pub(super) judge: Option<&'a Judge>,
    /// The client holds its body back until the server says 100: until then the server is the one who is waited for.
    pub(super) held: Cell<bool>,
}

/// How far a request body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upload {
    /// Some of it is still to be sent: nobody can expect a response yet.
    Going,
    /// The server takes no more; it may still answer, with its usual patience.
    Refused,
    /// All of it is sent.
    Whole,
}

impl Job<'_> {
    /// How long the server may be silent.
    pub(super) fn of_server(&self) -> Option<Duration> {
        self.judge.and_then(|judge| judge.timeouts().server).or(self.backend.timeouts.server)
    }

    /// How slow the client may be.
    pub(super) fn of_client(&self) -> Pace {
        match self.judge.and_then(|judge| judge.timeouts().client) {
            Some(limit) => Some(limit).into(),
            None => self.frontend.timeouts.of_http_client(),
        }
    }

    pub(super) fn uploading(&self) -> bool {
        self.upload.get() == Upload::Going
    }

    /// Only then may either connection carry another request.
    pub(super) fn sent(&self) -> bool {
        self.upload.get() == Upload::Whole
    }
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

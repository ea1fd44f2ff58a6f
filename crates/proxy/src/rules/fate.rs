//! What rules decide about a request or a connection: actions write it, whoever runs the rules obeys.

use std::time::Duration;

use plimsoll_outcome::Outcome;
use plimsoll_rules::{Fact, Slot};

use crate::rules::Reply;

/// How it ends.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// With an answer of our own.
    Reply(Reply, &'static Outcome),
    /// With an answer of our own, after a while.
    Tarpit(Reply),
    /// The connection is closed without a word.
    Reject(&'static Outcome),
    /// The connection is forgotten: its client hears nothing, not even the end.
    Drop,
    /// The request goes to this backend.
    Backend(u32),
    /// The request goes to this server of its backend.
    Server(u32),
}

/// What was decided so far.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// The end, if there is one.
    pub(crate) verdict: Option<Verdict>,
    /// Other time-outs than the configuration's, for this request.
    pub(crate) timeouts: Timeouts,
}

/// `set-timeout`
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timeouts {
    pub(crate) client: Option<Duration>,
    pub(crate) server: Option<Duration>,
    pub(crate) tunnel: Option<Duration>,
    pub(crate) connect: Option<Duration>,
    pub(crate) tarpit: Option<Duration>,
}

impl Fact for Fate {
    const SLOT: Slot = Slot::Fate;
}

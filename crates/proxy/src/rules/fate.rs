//! What rules decide about a request or a connection: actions write it, whoever runs the rules obeys.

use std::sync::Arc;

use plimsoll_config::Duration;
use plimsoll_observe::Level;
use plimsoll_outcome::Outcome;
use plimsoll_rules::{Fact, Slot};

use crate::rules::Reply;
use crate::services::Stats;

/// How it ends.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// With an answer of our own.
    Reply(Reply, &'static Outcome),
    /// With an answer of our own, after a while.
    Tarpit(Reply),
    /// An edit could not be made: with an error of our own.
    Failed,
    /// The connection is closed without a word.
    Reject(&'static Outcome),
    /// The connection is forgotten: its client hears nothing, not even the end.
    Drop,
    /// A service of this name answers; with what `stats` says, if that is why.
    Service(&'static str, Option<Arc<Stats>>),
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
    /// `set-retries`
    pub(crate) retries: Option<u32>,
    /// `disable-l7-retry`
    pub(crate) no_retry: bool,
    /// `set-log-level`
    pub(crate) log: LogLevel,
    /// `set-bc-mark`
    pub(crate) server_mark: Option<u32>,
    /// `set-bc-tos`
    pub(crate) server_tos: Option<u8>,
    /// `early-hint`: fields that the client is told before the answer.
    pub(crate) hints: Vec<u8>,
}

/// `set-log-level`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogLevel(pub(crate) Option<Level>);

impl LogLevel {
    /// No line at all.
    pub(crate) const SILENT: Self = Self(None);
}

impl Default for LogLevel {
    fn default() -> Self {
        Self(Some(Level::Info))
    }
}

/// `set-timeout`
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timeouts {
    pub(crate) client: Option<Duration>,
    pub(crate) server: Option<Duration>,
    pub(crate) tunnel: Option<Duration>,
    pub(crate) connect: Option<Duration>,
    pub(crate) queue: Option<Duration>,
    pub(crate) tarpit: Option<Duration>,
}

impl Fact for Fate {
    const SLOT: Slot = Slot::Fate;
}

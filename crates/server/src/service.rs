//! Whether a backend has a server that may be used: since when, how often and how long it had none.

use std::time::Duration;

use plimsoll_clock::Tick;

/// The history of one backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    serves: bool,
    since: Tick,
    down: Duration,
    downs: u64,
}

/// A backend as statistics show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    /// It has a server that may be used, or it has no servers at all.
    pub serves: bool,
    /// Since when that is so (`lastchg`).
    pub last_change: Tick,
    /// How long it had none, in all (`downtime`).
    pub downtime: Duration,
    /// How often it lost its last one (`chkdown`).
    pub downs: u64,
}

impl Service {
    pub(crate) fn new(now: Tick) -> Self {
        Self { serves: true, since: now, down: Duration::ZERO, downs: 0 }
    }

    /// How it is from `now` on; says whether that is new.
    pub(crate) fn note(&mut self, serves: bool, now: Tick) -> bool {
        if serves == self.serves {
            return false;
        }
        if serves {
            self.down += now.since(self.since);
        } else {
            self.downs += 1;
        }
        (self.serves, self.since) = (serves, now);
        true
    }

    pub(crate) fn at(&self, now: Tick) -> Availability {
        let current = if self.serves { Duration::ZERO } else { now.since(self.since) };
        Availability { serves: self.serves, last_change: self.since, downtime: self.down + current, downs: self.downs }
    }
}

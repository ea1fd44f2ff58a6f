//! What a frontend writes to the log, where to, and how grave that is.

use plimsoll_observe::{Level, Targets};
use plimsoll_outcome::Outcome;

use crate::OK;

/// Which lines a frontend writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logging {
    /// `log`: its targets.
    pub to: Targets,
    /// Not `dontlognull`: clients that send nothing have a line.
    pub null: bool,
    /// Not `dontlog-normal`: what went well has a line.
    pub normal: bool,
    /// `log-separate-errors`: what did not is an error.
    pub errors_apart: bool,
}

/// How a request or connection ended, as far as that decides about its line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) outcome: &'static Outcome,
    pub(crate) status: u16,
    pub(crate) retries: u32,
    pub(crate) redispatched: bool,
    pub(crate) bytes_in: u64,
}

impl Logging {
    /// Nothing.
    pub const NOTHING: Self = Self { to: Targets::NONE, null: true, normal: true, errors_apart: false };
    /// Everything, to all targets.
    pub const ALL: Self = Self { to: Targets::ALL, ..Self::NOTHING };

    /// The level of its line; `None`: it has none. `set`: what a rule says of it.
    pub(crate) fn level(self, set: Option<Level>, ended: Ended) -> Option<Level> {
        let level = set?;
        if self.to == Targets::NONE || !self.null && ended.bytes_in == 0 {
            return None;
        }
        if self.normal && !self.errors_apart {
            return Some(level);
        }
        let wrong = ended.is_wrong();
        match (wrong, level) {
            (false, _) if !self.normal => None,
            (true, Level::Info) if self.errors_apart => Some(Level::Err),
            _ => Some(level),
        }
    }
}

impl Ended {
    /// A connection that was refused before its protocol began.
    pub(crate) fn refused(outcome: &'static Outcome, bytes_in: u64) -> Self {
        Self { outcome, status: 0, retries: 0, redispatched: false, bytes_in }
    }

    /// What HAProxy means by an error: what rules answer is none, unless they say so.
    fn is_wrong(&self) -> bool {
        let fine = *self.outcome == OK;
        self.redispatched || !fine && self.outcome.state[0] != b'L' || fine && self.retries > 0 || self.status >= 500
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_well_has_a_line_unless_it_is_unwanted() {
        let fine = Ended { outcome: &OK, status: 200, retries: 0, redispatched: false, bytes_in: 1 };
        let tried = Ended { retries: 1, ..fine };
        let failed = Ended { status: 503, ..fine };
        let quiet = Logging { normal: false, ..Logging::ALL };
        let apart = Logging { errors_apart: true, ..Logging::ALL };
        let no_null = Logging { null: false, ..Logging::ALL };
        let table = [
            (Logging::ALL, fine, Some(Level::Info)),
            (Logging::NOTHING, failed, None),
            (quiet, fine, None),
            (quiet, tried, Some(Level::Info)),
            (quiet, Ended { redispatched: true, ..fine }, Some(Level::Info)),
            (quiet, failed, Some(Level::Info)),
            (apart, fine, Some(Level::Info)),
            (apart, failed, Some(Level::Err)),
            (no_null, Ended { bytes_in: 0, ..fine }, None),
            (no_null, fine, Some(Level::Info)),
            (Logging::ALL, Ended { bytes_in: 0, ..fine }, Some(Level::Info)),
        ];
        for (logging, ended, level) in table {
            assert_eq!(logging.level(Some(Level::Info), ended), level, "{logging:?} {ended:?}");
            assert_eq!(logging.level(None, ended), None);
        }
        assert_eq!(apart.level(Some(Level::Notice), failed), Some(Level::Notice));
    }
}

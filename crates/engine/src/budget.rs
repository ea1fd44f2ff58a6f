//! What the process may open, and what the configuration asks for.

/// Descriptors beside those of connections: log, event loops, signals, and as many checks as may run at once.
const OWN: u64 = 32 + crate::control::CHECKS_AT_ONCE as u64;

/// How descriptors are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Connections of clients at once.
    pub maxconn: usize,
    /// Descriptors that this needs at most.
    pub descriptors: u64,
}

/// The configuration asks for more than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "maxconn {maxconn} needs {needed} file descriptors (two a connection, {listeners} for listeners, {OWN} of its own), but the limit is \
     {limit}: raise it (ulimit -n {needed}) or set global.maxconn to {fits} or less"
)]
pub struct BudgetError {
    maxconn: usize,
    needed: u64,
    listeners: u64,
    limit: u64,
    fits: u64,
}

impl Budget {
    /// Shares `limit` descriptors out: a client and its server each need one.
    ///
    /// 1. A `maxconn` that was asked for must fit.
    /// 2. Otherwise it is what fits.
    pub fn new(asked: Option<usize>, listeners: u64, workers: u64, limit: u64) -> Result<Self, BudgetError> {
        let fixed = OWN + listeners + 8 * workers;
        let fits = limit.saturating_sub(fixed) / 2;
        let maxconn = asked.unwrap_or_else(|| usize::try_from(fits).unwrap_or(usize::MAX));
        let needed = fixed + 2 * maxconn as u64;
        if needed > limit || maxconn == 0 {
            return Err(BudgetError { maxconn, needed: needed.max(fixed + 2), listeners, limit, fits });
        }
        Ok(Self { maxconn, descriptors: needed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maxconn_is_what_fits_when_it_is_not_given() {
        assert_eq!(Budget::new(None, 4, 2, 1024).unwrap(), Budget { maxconn: 470, descriptors: 1024 });
    }

    #[test]
    fn a_maxconn_that_cannot_hold_is_refused_with_what_would() {
        let error = Budget::new(Some(1000), 4, 2, 1024).unwrap_err().to_string();
        assert!(
            error.contains("needs 2084 file descriptors")
                && error.contains("limit is 1024")
                && error.contains("470 or less"),
            "{error}"
        );
        assert!(Budget::new(None, 4, 2, 60).is_err());
    }
}

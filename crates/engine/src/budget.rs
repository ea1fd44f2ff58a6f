//! What the process may open, and what the configuration asks for.

/// Descriptors beside those of connections: log, event loops, signals, and as many checks as may run at once.
const OWN: u64 = 32 + crate::control::CHECKS_AT_ONCE as u64;

/// How descriptors are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Connections of clients at once.
    pub maxconn: usize,
    /// Pipes at once.
    pub maxpipes: usize,
    /// Descriptors that this needs at most.
    pub descriptors: u64,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// `maxconn`
    pub maxconn: Option<usize>,
    /// `maxpipes`
    pub maxpipes: Option<usize>,
}

/// The configuration asks for more than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "maxconn {maxconn} needs {needed} file descriptors (two a connection, {}{listeners} for listeners, {OWN} of its own), but the limit is \
     {limit}: raise it (ulimit -n {needed}) or set global.maxconn to {fits} or less",
    of_pipes(*maxpipes)
)]
pub struct BudgetError {
    maxconn: usize,
    maxpipes: usize,
    needed: u64,
    listeners: u64,
    limit: u64,
    fits: u64,
}

fn of_pipes(maxpipes: usize) -> String {
    if maxpipes == 0 { String::new() } else { format!("{} for maxpipes, ", 2 * maxpipes) }
}

impl Budget {
    /// Shares `limit` descriptors out: a client and its server each need one, a pipe two.
    ///
    /// 1. A `maxconn` and a `maxpipes` that were asked for must fit.
    /// 2. A `maxconn` that was not is what fits; with as many pipes as are wanted beside it.
    /// 3. Pipes that were not asked for are a quarter of `maxconn`, or what is left: without one a transfer is copied.
    pub fn new(asked: Demand, listeners: u64, workers: u64, limit: u64) -> Result<Self, BudgetError> {
        let pipes = asked.maxpipes.unwrap_or(0) as u64;
        let fixed = OWN + listeners + 8 * workers + 2 * pipes;
        let left = limit.saturating_sub(fixed);
        let fits = left / 2;
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let maxconn = asked.maxconn.unwrap_or_else(|| match asked.maxpipes {
            Some(_) => count(fits),
            // Four connections and a pipe are ten descriptors.
            None => count(left / 10 * 4 + (left % 10 / 2).min(4)),
        });
        let needed = fixed + 2 * maxconn as u64;
        if needed > limit || maxconn == 0 {
            let (needed, maxpipes) = (needed.max(fixed + 2), asked.maxpipes.unwrap_or(0));
            return Err(BudgetError { maxconn, maxpipes, needed, listeners, limit, fits });
        }
        let maxpipes = asked.maxpipes.unwrap_or_else(|| (maxconn / 4).min(count((limit - needed) / 2)));
        let descriptors = needed + if asked.maxpipes.is_some() { 0 } else { 2 * maxpipes as u64 };
        Ok(Self { maxconn, maxpipes, descriptors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(maxconn: impl Into<Option<usize>>, maxpipes: impl Into<Option<usize>>) -> Demand {
        Demand { maxconn: maxconn.into(), maxpipes: maxpipes.into() }
    }

    #[track_caller]
    fn gives(asked: Demand, limit: u64, maxconn: usize, maxpipes: usize, descriptors: u64) {
        let budget = Budget::new(asked, 4, 2, limit).unwrap();
        assert_eq!(budget, Budget { maxconn, maxpipes, descriptors });
    }

    #[test]
    fn maxconn_is_what_fits_when_it_is_not_given() {
        gives(asked(None, 0), 1024, 470, 0, 1024);
    }

    #[test]
    fn connections_and_pipes_share_what_there_is_four_to_one() {
        // 1024 - 84 = 940 = 376 * 2 + 94 * 2.
        gives(asked(None, None), 1024, 376, 94, 1024);
        gives(asked(None, None), 84 + 19, 8, 1, 84 + 18);
        gives(asked(None, None), 84 + 2, 1, 0, 84 + 2);
    }

    #[test]
    fn a_maxconn_that_is_given_leaves_the_rest_to_pipes_but_no_more_than_a_quarter() {
        gives(asked(100, None), 1024, 100, 25, 84 + 250);
        gives(asked(460, None), 1024, 460, 10, 1024);
        gives(asked(470, None), 1024, 470, 0, 1024);
    }

    #[test]
    fn pipes_that_are_asked_for_come_before_connections_that_are_not() {
        gives(asked(None, 200), 1024, 270, 200, 1024);
        gives(asked(100, 200), 1024, 100, 200, 84 + 600);
    }

    #[test]
    fn a_maxconn_that_cannot_hold_is_refused_with_what_would() {
        let error = Budget::new(asked(1000, None), 4, 2, 1024).unwrap_err().to_string();
        assert!(
            error.contains("needs 2084 file descriptors")
                && error.contains("limit is 1024")
                && error.contains("470 or less"),
            "{error}"
        );
        let error = Budget::new(asked(460, 20), 4, 2, 1024).unwrap_err().to_string();
        assert!(error.contains("40 for maxpipes") && error.contains("450 or less"), "{error}");
        assert!(Budget::new(asked(None, None), 4, 2, 60).is_err());
    }
}

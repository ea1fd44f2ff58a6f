//! How often each outcome came about.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::Outcome;

/// Counts by slug. Only failures come here, so a lock is cheap enough; each worker has its own tally.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Tally {
    /// One more of this.
    pub fn count(&self, outcome: &Outcome) {
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *counts.entry(outcome.slug).or_default() += 1;
    }

    /// All counts so far, by slug.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::outcomes! {
        ONE = ("test.one", Client, Data, Never, b"CD", 0, "One.");
        TWO = ("test.two", Server, Data, Never, b"SD", 0, "Two.");
    }

    #[test]
    fn a_tally_counts_each_slug_by_itself() {
        let tally = Tally::default();
        tally.count(&ONE);
        tally.count(&ONE);
        tally.count(&TWO);
        assert_eq!(tally.snapshot(), BTreeMap::from([("test.one", 2), ("test.two", 1)]));
    }

    #[test]
    fn a_name_in_two_tables_is_found() {
        assert_eq!(crate::repeated(&[OUTCOMES, &[&ONE]]), ["test.one"]);
        assert!(crate::repeated(&[OUTCOMES]).is_empty());
    }
}

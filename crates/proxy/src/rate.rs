//! A limit on how many there are in a second, for all workers together; asked before a connection is accepted.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use parking_lot::Mutex;
use plimsoll_clock::Tick;
use plimsoll_counters::Freq;

const SECOND: Duration = Duration::from_secs(1);

/// A rate that may be limited. Without a limit it costs one load, and nothing is counted.
#[derive(Debug, Default)]
pub struct Rate {
    /// Plus one, so that a limit of none at all can be said; 0: there is no limit.
    limit: AtomicU32,
    counted: Mutex<Freq>,
}

impl Rate {
    /// Sets the limit, or takes it away.
    pub fn set_limit(&self, limit: Option<u32>) {
        self.limit.store(limit.map_or(0, |limit| limit.saturating_add(1)), Relaxed);
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        self.limit.load(Relaxed).checked_sub(1)
    }

    /// Counts one more of each if all of these have room; else how long to wait before asking again.
    pub(crate) fn take(rates: &[&Self], now: impl FnOnce() -> Tick) -> Result<(), Duration> {
        if rates.iter().all(|rate| rate.limit.load(Relaxed) == 0) {
            return Ok(());
        }
        Self::take_limited(rates, now())
    }

    #[cold]
    fn take_limited(rates: &[&Self], now: Tick) -> Result<(), Duration> {
        let limited = || rates.iter().filter_map(|rate| Some((rate, rate.limit()?)));
        for (rate, limit) in limited() {
            rate.room(limit, now)?;
        }
        for (rate, limit) in limited() {
            rate.add(limit, now)?;
        }
        Ok(())
    }

    fn room(&self, limit: u32, now: Tick) -> Result<(), Duration> {
        let full = self.counted.lock().rate(now, SECOND) >= u64::from(limit);
        // The rate falls by one in about this time; a limit of none is asked once a second, a reload may lift it.
        if full { Err((SECOND / limit.max(1)).max(Duration::from_millis(1))) } else { Ok(()) }
    }

    /// Another worker may have been quicker since the look.
    fn add(&self, limit: u32, now: Tick) -> Result<(), Duration> {
        let mut counted = self.counted.lock();
        if counted.rate(now, SECOND) >= u64::from(limit) {
            return Err(Duration::from_millis(1));
        }
        counted.add(now, SECOND, 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Tick = Tick::from_micros(5_000_000);

    #[test]
    fn so_many_in_a_second_and_then_as_the_window_slides() {
        let rate = Rate::default();
        rate.set_limit(Some(10));
        let at = |millis: u64| START.after(Duration::from_millis(millis));
        let taken = (0..100).filter(|_| Rate::take(&[&rate], || at(0)).is_ok()).count();
        assert_eq!(taken, 10);
        assert_eq!(Rate::take(&[&rate], || at(500)), Err(Duration::from_millis(100)));
        // The second after, those ten weigh less with each moment: a tenth of a second is worth one.
        assert!(Rate::take(&[&rate], || at(1000)).is_err());
        let later = (0..100).filter(|_| Rate::take(&[&rate], || at(1500)).is_ok()).count();
        assert_eq!(later, 5);
        let rested = (0..100).filter(|_| Rate::take(&[&rate], || at(5000)).is_ok()).count();
        assert_eq!(rested, 10);
    }

    #[test]
    fn one_full_rate_of_several_counts_nothing_for_the_others() {
        let (wide, narrow, none) = (Rate::default(), Rate::default(), Rate::default());
        wide.set_limit(Some(5));
        narrow.set_limit(Some(1));
        assert!(Rate::take(&[&wide, &narrow, &none], || START).is_ok());
        for _ in 0..10 {
            assert!(Rate::take(&[&wide, &narrow, &none], || START).is_err());
        }
        assert_eq!((0..10).filter(|_| Rate::take(&[&wide], || START).is_ok()).count(), 4);
    }

    #[test]
    fn without_a_limit_the_clock_is_not_looked_at() {
        let (rate, zero) = (Rate::default(), Rate::default());
        assert!(Rate::take(&[&rate, &rate], || unreachable!("nobody asks the time")).is_ok());
        zero.set_limit(Some(0));
        assert_eq!(Rate::take(&[&zero], || START), Err(SECOND));
        zero.set_limit(None);
        assert!(Rate::take(&[&zero], || START).is_ok());
    }
}

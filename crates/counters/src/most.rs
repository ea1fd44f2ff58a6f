//! The most of something so far: of a level, and of a rate in any one second.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use plimsoll_clock::Tick;

use crate::{FreqCell, Sharded};

/// What rates are counted over.
pub const SECOND: Duration = Duration::from_secs(1);

/// The largest value that was seen. Any thread may tell it of one; only a new record writes.
#[derive(Debug, Default)]
pub struct Most(AtomicU64);

impl Most {
    /// There was this one.
    #[inline]
    pub fn saw(&self, value: u64) {
        if value > self.0.load(Relaxed) {
            self.0.fetch_max(value, Relaxed);
        }
    }

    /// The largest so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Rates whose cells lie among a worker's other counters; `of` says which cell.
impl<T> Sharded<T> {
    /// Worker `worker` counts one event at `now`. Once a second it looks what all workers counted in the one that is over.
    #[inline]
    pub fn count(&self, worker: usize, of: impl Fn(&T) -> &FreqCell, most: &Most, now: Tick) {
        let cell = of(self.shard(worker));
        if cell.is_over(now, SECOND) {
            most.saw(self.in_second(&of, cell.start()));
        }
        cell.add(now, SECOND, 1);
    }

    /// Events of all workers in the second that ends `now`.
    pub fn per_second(&self, of: impl Fn(&T) -> &FreqCell, now: Tick) -> u64 {
        self.sum(|shard| of(shard).rate(now, SECOND))
    }

    /// The events of the busiest second, whole seconds of the clock being compared; the running one counts as far as it is.
    pub fn busiest(&self, of: impl Fn(&T) -> &FreqCell, most: &Most) -> u64 {
        let running = self.iter().map(|shard| self.in_second(&of, of(shard).start())).max();
        most.get().max(running.unwrap_or(0))
    }

    #[cold]
    fn in_second(&self, of: &impl Fn(&T) -> &FreqCell, start: u64) -> u64 {
        self.sum(|shard| of(shard).counted_in(start, SECOND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Tick {
        Tick::from_micros(millis * 1000)
    }

    fn own(cell: &FreqCell) -> &FreqCell {
        cell
    }

    #[test]
    fn the_busiest_second_is_that_of_all_workers_together() {
        let (rates, most) = (Sharded::<FreqCell>::new(2), Most::default());
        for millis in [10_100, 10_300, 10_900] {
            rates.count(0, own, &most, at(millis));
            rates.count(1, own, &most, at(millis + 50));
        }
        assert_eq!(rates.busiest(own, &most), 6, "while it runs");
        rates.count(0, own, &most, at(11_500));
        assert_eq!(rates.busiest(own, &most), 6, "one worker has gone on");
        rates.count(1, own, &most, at(15_000));
        rates.count(0, own, &most, at(20_000));
        assert_eq!(rates.busiest(own, &most), 6, "long ago");
        assert_eq!(rates.per_second(own, at(20_000)), 1);
    }

    #[test]
    fn a_burst_before_a_silence_is_remembered() {
        let (rates, most) = (Sharded::<FreqCell>::new(2), Most::default());
        for _ in 0..5 {
            rates.count(1, own, &most, at(3_000));
        }
        rates.count(1, own, &most, at(60_000));
        assert_eq!((rates.busiest(own, &most), rates.per_second(own, at(60_000))), (5, 1));
    }

    #[test]
    fn only_more_is_a_record() {
        let most = Most::default();
        most.saw(3);
        most.saw(2);
        assert_eq!(most.get(), 3);
    }
}

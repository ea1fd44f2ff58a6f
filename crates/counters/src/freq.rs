//! How often something happens in any period: a count over a window that slides, from two numbers.
//!
//! Time is cut into periods, aligned to multiples of the period. What is kept is the count of the running period and that of the
//! one before. The rate is the running count plus the part of the former one that the window still covers, as if its
//! events had been spread evenly (HAProxy's rates are made the same way).
//!
//! **Error.** With `r` the part of the window that lies in the former period, `0 < r <= 1`, and `before` that period's count, the
//! rate is off by at most `before * max(r, 1 - r)` events, whatever their distribution, plus one for rounding; for evenly spaced
//! events by at most two. Both are asserted below.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU64, fence};
use std::time::Duration;

use plimsoll_clock::Tick;

/// A rate as a plain value, for use by one thread or under a lock. The same period must be given at every call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freq {
    /// Start of the running period, in microseconds of the clock.
    start: u64,
    current: u64,
    before: u64,
}

impl Freq {
    /// Counts `n` events at `now`. A `now` before the running period counts for it.
    #[inline]
    pub fn add(&mut self, now: Tick, period: Duration, n: u64) {
        let period = micros(period);
        if now.as_micros().saturating_sub(self.start) >= period {
            *self = self.turned(now.as_micros(), period);
        }
        self.current = self.current.saturating_add(n);
    }

    /// Events in the period that ends `now`.
    #[must_use]
    pub fn rate(&self, now: Tick, period: Duration) -> u64 {
        let period = micros(period);
        let at = self.turned(now.as_micros(), period);
        let left = period - now.as_micros().saturating_sub(at.start).min(period);
        let share = u128::from(at.before) * u128::from(left) / u128::from(period);
        // A share of a `u64` is one.
        at.current.saturating_add(share as u64)
    }

    /// Events in the last whole period: exact, and the same for every moment of the running one.
    #[must_use]
    pub fn last(&self, now: Tick, period: Duration) -> u64 {
        self.turned(now.as_micros(), micros(period)).before
    }

    /// As it stands in the period that holds `now`.
    #[cold]
    fn turned(&self, now: u64, period: u64) -> Self {
        let passed = now.saturating_sub(self.start);
        if passed < period {
            return *self;
        }
        let start = now - now % period;
        let before = if start - self.start.min(start) <= period { self.current } else { 0 };
        Self { start, current: 0, before }
    }
}

/// A rate that one thread writes and any thread reads; of [`Sharded`](crate::Sharded) ones the rates add up.
#[derive(Debug, Default)]
pub struct FreqCell {
    /// Odd while a period is being turned: a reader looks again.
    turns: AtomicU64,
    start: AtomicU64,
    current: AtomicU64,
    before: AtomicU64,
}

impl FreqCell {
    /// Counts `n` events at `now`; one writer, as for [`Cell`](crate::Cell).
    #[inline]
    pub fn add(&self, now: Tick, period: Duration, n: u64) {
        if self.is_over(now, period) {
            self.turn(now, period);
        }
        self.current.store(self.current.load(Relaxed).saturating_add(n), Relaxed);
    }

    /// Events in the period that ends `now`.
    #[must_use]
    pub fn rate(&self, now: Tick, period: Duration) -> u64 {
        self.read().rate(now, period)
    }

    /// Events in the last whole period.
    #[must_use]
    pub fn last(&self, now: Tick, period: Duration) -> u64 {
        self.read().last(now, period)
    }

    /// Is the running period over at `now`?
    #[inline]
    pub(crate) fn is_over(&self, now: Tick, period: Duration) -> bool {
        now.as_micros().saturating_sub(self.start.load(Relaxed)) >= micros(period)
    }

    /// Start of the running period.
    pub(crate) fn start(&self) -> u64 {
        self.start.load(Relaxed)
    }

    /// Events in the period that began at `start`, if that is the running one or the one before.
    pub(crate) fn counted_in(&self, start: u64, period: Duration) -> u64 {
        let seen = self.read();
        if seen.start == start {
            seen.current
        } else if seen.start == start.saturating_add(micros(period)) {
            seen.before
        } else {
            0
        }
    }

    /// Once a period.
    #[cold]
    fn turn(&self, now: Tick, period: Duration) {
        let next = self.values().turned(now.as_micros(), micros(period));
        let turns = self.turns.load(Relaxed);
        self.turns.store(turns.wrapping_add(1), Relaxed);
        fence(Release);
        self.start.store(next.start, Relaxed);
        self.before.store(next.before, Relaxed);
        self.current.store(next.current, Relaxed);
        self.turns.store(turns.wrapping_add(2), Release);
    }

    fn values(&self) -> Freq {
        Freq { start: self.start.load(Relaxed), current: self.current.load(Relaxed), before: self.before.load(Relaxed) }
    }

    /// Values of one and the same period. The writer turns for some nanoseconds once a period, so a second look is rare.
    fn read(&self) -> Freq {
        loop {
            let turns = self.turns.load(Acquire);
            let values = self.values();
            fence(Acquire);
            if turns.is_multiple_of(2) && self.turns.load(Relaxed) == turns {
                return values;
            }
            std::thread::yield_now();
        }
    }
}

impl crate::Sharded<FreqCell> {
    /// Events of all workers in the period that ends `now`.
    #[must_use]
    pub fn rate(&self, now: Tick, period: Duration) -> u64 {
        self.sum(|shard| shard.rate(now, period))
    }

    /// Events of all workers in the last whole period.
    #[must_use]
    pub fn last(&self, now: Tick, period: Duration) -> u64 {
        self.sum(|shard| shard.last(now, period))
    }
}

/// A period of nothing would divide by zero: it counts as one microsecond.
#[inline]
fn micros(period: Duration) -> u64 {
    u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
#[path = "freq/tests.rs"]
mod tests;

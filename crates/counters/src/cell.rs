//! One number that one thread writes and any thread reads.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// A count that only grows. Exactly one thread may write it: `add` is a plain load and store (1 ns less than a locked
/// add), so a second writer would lose counts, though never corrupt memory.
#[derive(Debug, Default)]
pub struct Cell(AtomicU64);

impl Cell {
    /// Zero.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts `n` more; wraps like every 64-bit counter.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// Replaces it: for what is no count but the last value of something.
    #[inline]
    pub fn set(&self, n: u64) {
        self.0.store(n, Relaxed);
    }

    /// The count as it is now.
    #[inline]
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A level that rises and falls; one writer, as for [`Cell`]. One shard may be below zero when what one worker
/// opened another one closed; only the sum over the shards means something.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Zero.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    /// Moves the level by `n`.
    #[inline]
    pub fn add(&self, n: i64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// Replaces the level.
    #[inline]
    pub fn set(&self, n: i64) {
        self.0.store(n, Relaxed);
    }

    /// The level as it is now.
    #[inline]
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_adds_up() {
        let cell = Cell::new();
        cell.add(2);
        cell.add(3);
        assert_eq!(cell.get(), 5);
    }

    #[test]
    fn a_gauge_goes_below_zero() {
        let gauge = Gauge::new();
        gauge.add(2);
        gauge.add(-3);
        assert_eq!(gauge.get(), -1);
        gauge.set(7);
        assert_eq!(gauge.get(), 7);
    }
}

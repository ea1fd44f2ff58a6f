//! One set of counters for each worker, on cache lines of its own.

use std::ops::Deref;

/// A value alone on its cache lines. 128 bytes, because x86 fetches lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Padded<T>(pub T);

impl<T> Deref for Padded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// One `T` a worker. A worker writes only its own shard; a reader adds up all of them and gets a total that lags
/// by what is in flight at that moment.
#[derive(Debug)]
pub struct Sharded<T> {
    shards: Box<[Padded<T>]>,
}

impl<T: Default> Sharded<T> {
    /// Shards for `workers` workers, at least one.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { shards: (0..workers.max(1)).map(|_| Padded::default()).collect() }
    }
}

impl<T> Sharded<T> {
    /// The shard of worker `i`.
    ///
    /// # Panics
    /// When there is no worker `i`: two workers on one shard would lose counts silently.
    #[inline]
    #[must_use]
    pub fn shard(&self, i: usize) -> &T {
        &self.shards[i]
    }

    /// All shards, in the order of the workers.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.shards.iter().map(|shard| &shard.0)
    }

    /// How many workers this counts for.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.shards.len()
    }

    /// Adds up one field, or any figure, over all shards.
    pub fn sum(&self, figure: impl Fn(&T) -> u64) -> u64 {
        self.iter().fold(0, |total, shard| total.wrapping_add(figure(shard)))
    }

    /// As [`sum`](Self::sum), for levels.
    pub fn level(&self, figure: impl Fn(&T) -> i64) -> i64 {
        self.iter().fold(0, |total, shard| total.wrapping_add(figure(shard)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Gauge};

    #[derive(Default)]
    struct Shard {
        hits: Cell,
        open: Gauge,
    }

    #[test]
    fn shards_lie_on_separate_cache_lines() {
        let sharded: Sharded<Cell> = Sharded::new(2);
        let distance = std::ptr::from_ref(sharded.shard(1)) as usize - std::ptr::from_ref(sharded.shard(0)) as usize;
        assert!(distance >= 128, "{distance}");
    }

    #[test]
    fn threads_on_their_own_shards_lose_nothing() {
        let sharded: Sharded<Shard> = Sharded::new(4);
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let shard = sharded.shard(worker);
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        shard.hits.add(1);
                        shard.open.add(1);
                    }
                    shard.open.add(-9_999);
                });
            }
        });
        assert_eq!(sharded.sum(|shard| shard.hits.get()), 40_000);
        assert_eq!(sharded.level(|shard| shard.open.get()), 4);
    }

    #[test]
    fn there_is_always_a_shard() {
        assert_eq!(Sharded::<Cell>::new(0).workers(), 1);
    }
}

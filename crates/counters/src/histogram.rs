//! Latencies in fixed buckets whose width grows with the value: four to every power of two.
//!
//! A value is known by its bucket, and a bucket speaks as its middle: off by 12.5 % at most from 1 µs to 67 s. 102 numbers,
//! 816 bytes. Recording takes 28 instructions (`examples/record_cost` under callgrind, its loop included), 2 ns.

use crate::{Cell, Sharded};

/// Values below this have a bucket each.
const EXACT: u64 = 4;
/// Values from here on share the last bucket: 2^26 µs, 67 s.
const TOP: u64 = 1 << 26;
/// 4 exact ones, 4 for each power from 2^2 to 2^25, and what is beyond.
const BUCKETS: usize = 4 + 24 * 4 + 1;

/// How long things took. One writer, any readers.
#[derive(Debug)]
pub struct Histogram {
    buckets: [Cell; BUCKETS],
    sum: Cell,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [const { Cell::new() }; BUCKETS], sum: Cell::new() }
    }
}

impl Histogram {
    /// One more that took so long.
    #[inline]
    pub fn record(&self, micros: u64) {
        self.buckets[bucket(micros)].add(1);
        self.sum.add(micros);
    }

    /// Adds what was recorded so far to a reading.
    pub fn add_to(&self, reading: &mut Distribution) {
        for (total, bucket) in reading.buckets.iter_mut().zip(&self.buckets) {
            *total = total.wrapping_add(bucket.get());
        }
        reading.sum = reading.sum.wrapping_add(self.sum.get());
    }
}

impl Sharded<Histogram> {
    /// What all workers recorded.
    #[must_use]
    pub fn distribution(&self) -> Distribution {
        let mut reading = Distribution::default();
        self.iter().for_each(|shard| shard.add_to(&mut reading));
        reading
    }
}

/// A reading of one or many histograms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    buckets: [u64; BUCKETS],
    sum: u64,
}

impl Default for Distribution {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], sum: 0 }
    }
}

impl Distribution {
    /// Adds another reading.
    pub fn merge(&mut self, other: &Self) {
        for (total, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *total = total.wrapping_add(*more);
        }
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// How many values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Their sum, exact.
    #[must_use]
    pub fn sum_micros(&self) -> u64 {
        self.sum
    }

    /// Their mean; `None` without values.
    #[must_use]
    pub fn mean(&self) -> Option<u64> {
        self.sum.checked_div(self.count())
    }

    /// The value that the part `q` (0 to 1) of all values does not exceed, within 12.5 %; what is beyond 67 s is called 67 s.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        // Counts beyond 2^53 lose their last digits here; no percentile cares.
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count);
        let mut seen = 0;
        let at = self.buckets.iter().position(|bucket| {
            seen += bucket;
            seen >= rank
        })?;
        Some(if at == BUCKETS - 1 { TOP } else { low(at).midpoint(low(at + 1) - 1) })
    }

    /// For each bound (microseconds, ascending) how many values do not exceed it, as Prometheus's `le` buckets want it. A bound inside
    /// a bucket gets its part of it; the counts never fall, from bound to bound or from scrape to scrape. `+Inf` is [`count`](Self::count).
    #[must_use]
    pub fn cumulative(&self, bounds: &[u64]) -> Vec<u64> {
        let (mut at, mut below) = (0, 0u64);
        let mut counts = Vec::with_capacity(bounds.len());
        for &bound in bounds {
            // `bound` itself is in.
            let end = bound.saturating_add(1);
            while at < BUCKETS - 1 && low(at + 1) <= end {
                below += self.buckets[at];
                at += 1;
            }
            // Beyond the last bound nothing is known, so it is in no bucket but `+Inf`.
            let part = if at == BUCKETS - 1 {
                0
            } else {
                let inside = u128::from(end.saturating_sub(low(at)));
                u128::from(self.buckets[at]) * inside / u128::from(low(at + 1) - low(at))
            };
            counts.push(below + part as u64);
        }
        counts
    }
}

/// Which bucket a value falls into.
#[inline]
fn bucket(micros: u64) -> usize {
    if micros < EXACT {
        return micros as usize;
    }
    let value = micros.min(TOP);
    let power = 63 - value.leading_zeros();
    // The two bits below the leading one choose among four.
    let quarter = (value >> (power - 2)) & 3;
    ((power - 1) * 4) as usize + quarter as usize
}

/// The least value of a bucket.
fn low(bucket: usize) -> u64 {
    if bucket < EXACT as usize {
        return bucket as u64;
    }
    let power = bucket / 4 + 1;
    (4 + (bucket % 4) as u64) << (power - 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Distribution {
        let sharded: Sharded<Histogram> = Sharded::new(2);
        for (at, &value) in values.iter().enumerate() {
            sharded.shard(at % 2).record(value);
        }
        sharded.distribution()
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for at in 0..BUCKETS {
            assert_eq!(bucket(low(at)), at);
            if at > 0 {
                assert_eq!(bucket(low(at) - 1), at - 1);
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(low(BUCKETS - 1), TOP);
    }

    #[test]
    fn nothing_recorded_has_no_quantile() {
        assert_eq!(Distribution::default().quantile(0.5), None);
        assert_eq!(Distribution::default().mean(), None);
        assert_eq!(Distribution::default().cumulative(&[1, 2]), [0, 0]);
    }

    #[test]
    fn what_is_too_long_counts_only_for_infinity() {
        let all = of(&[10, 100_000_000]);
        assert_eq!(all.cumulative(&[5, 1_000, 70_000_000]), [0, 1, 1]);
        assert_eq!(all.count(), 2);
        assert_eq!(all.quantile(1.0), Some(TOP));
        assert_eq!(all.sum_micros(), 100_000_010);
    }

    #[test]
    fn merging_is_adding() {
        let mut one = of(&[1, 2, 3]);
        one.merge(&of(&[3, 4_000]));
        assert_eq!(one, of(&[1, 2, 3, 3, 4_000]));
    }

    proptest! {
        #[test]
        fn a_quantile_is_within_an_eighth_of_the_exact_one(mut values in prop::collection::vec(1u64..TOP, 1..200), q in 0.0f64..=1.0) {
            let found = of(&values).quantile(q).unwrap();
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1];
            prop_assert!(found.abs_diff(exact) * 8 <= exact, "{found} for {exact}");
        }

        #[test]
        fn cumulative_counts_never_fall_and_are_right_within_a_bucket(values in prop::collection::vec(0u64..TOP, 0..200), mut bounds in prop::collection::vec(0u64..TOP, 1..12)) {
            bounds.sort_unstable();
            let counts = of(&values).cumulative(&bounds);
            prop_assert!(counts.is_sorted());
            for (&bound, &count) in bounds.iter().zip(&counts) {
                let surely = values.iter().filter(|&&value| bucket(value) < bucket(bound)).count() as u64;
                let perhaps = values.iter().filter(|&&value| bucket(value) <= bucket(bound)).count() as u64;
                prop_assert!(surely <= count && count <= perhaps);
            }
        }
    }
}

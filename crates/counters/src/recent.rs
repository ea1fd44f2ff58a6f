//! The mean of the last thousand values and the largest of all.

use crate::Cell;

/// How many values weigh.
const WINDOW: u64 = 1024;

/// One worker's last values: exact while they are few, then each new one takes the place of a mean one. One writer.
#[derive(Debug, Default)]
pub struct Recent {
    count: Cell,
    sum: Cell,
    most: Cell,
}

impl Recent {
    /// One more.
    #[inline]
    pub fn record(&self, value: u64) {
        let (count, sum) = (self.count.get(), self.sum.get());
        if count < WINDOW {
            self.count.set(count + 1);
            self.sum.set(sum + value);
        } else {
            self.sum.set(sum - sum / WINDOW + value);
        }
        if value > self.most.get() {
            self.most.set(value);
        }
    }

    /// Adds what was recorded here to a reading.
    pub fn add_to(&self, reading: &mut Mean) {
        reading.count += self.count.get();
        reading.sum = reading.sum.saturating_add(self.sum.get());
        reading.most = reading.most.max(self.most.get());
    }
}

/// A reading of the last values of one or many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mean {
    count: u64,
    sum: u64,
    most: u64,
}

impl Mean {
    /// Adds another reading.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.most = self.most.max(other.most);
    }

    /// The mean of the last values, 0 without any.
    #[must_use]
    pub fn mean(&self) -> u64 {
        self.sum.checked_div(self.count).unwrap_or(0)
    }

    /// The largest of all.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Mean {
        let recent = Recent::default();
        values.into_iter().for_each(|value| recent.record(value));
        let mut mean = Mean::default();
        recent.add_to(&mut mean);
        mean
    }

    #[test]
    fn few_values_have_their_exact_mean() {
        assert_eq!((of([]).mean(), of([]).most()), (0, 0));
        assert_eq!((of([5_000, 1_000, 3_000]).mean(), of([5_000, 1_000, 3_000]).most()), (3_000, 5_000));
    }

    #[test]
    fn what_is_long_ago_is_forgotten_but_for_the_largest() {
        let mean = of(std::iter::repeat_n(900_000, 1024).chain(std::iter::repeat_n(1_000, 8 * 1024)));
        assert!((1_000..=2_400).contains(&mean.mean()), "{mean:?}");
        assert_eq!(mean.most(), 900_000);
    }

    #[test]
    fn readings_of_several_add_up() {
        let mut all = of([10, 20]);
        all.merge(&of([60]));
        assert_eq!((all.mean(), all.most()), (30, 60));
    }
}

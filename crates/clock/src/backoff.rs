//! How long to wait before the next try: doubling, bounded, jittered.

use std::time::Duration;

/// Exponential back-off with jitter. Randomness is an argument.
///
/// ```
/// # use plimsoll_clock::Backoff; use std::time::Duration;
/// let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
/// let no_jitter = |_| 0;
/// assert_eq!(backoff.next(no_jitter), Duration::from_millis(50));  // the lower half is certain, the upper one is drawn
/// assert_eq!(backoff.next(no_jitter), Duration::from_millis(100));
/// backoff.reset();
/// assert_eq!(backoff.next(no_jitter), Duration::from_millis(50));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    tries: u32,
}

impl Backoff {
    /// Waits about `first`, then twice as long each time, never more than `max`.
    #[must_use]
    pub fn new(first: Duration, max: Duration) -> Self {
        Backoff { first, max: max.max(first), tries: 0 }
    }

    /// The next wait: half of the current step plus a draw from the other half. `below(n)` returns a number in `0..n`.
    pub fn next(&mut self, below: impl FnOnce(u64) -> u64) -> Duration {
        let step = self.first.saturating_mul(1_u32 << self.tries.min(20)).min(self.max);
        self.tries = self.tries.saturating_add(1);
        let half = step / 2;
        let span = u64::try_from((step - half).as_micros()).unwrap_or(u64::MAX);
        half + Duration::from_micros(if span == 0 { 0 } else { below(span.saturating_add(1)) })
    }

    /// How many waits were asked for since the last success.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// It worked: the next failure starts small again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_maximum() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(300));
        let most = |n: u64| n - 1;
        let waits: Vec<u128> = (0..4).map(|_| backoff.next(most).as_millis()).collect();
        assert_eq!(waits, [100, 200, 300, 300]);
        assert_eq!(backoff.tries(), 4);
    }

    #[test]
    fn never_overflows_however_often_it_fails() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::MAX);
        for _ in 0..100 {
            assert!(backoff.next(|n| n - 1) <= Duration::from_secs(1 << 20));
        }
    }

    #[test]
    fn a_zero_step_waits_zero() {
        assert_eq!(Backoff::new(Duration::ZERO, Duration::ZERO).next(|_| 0), Duration::ZERO);
    }
}

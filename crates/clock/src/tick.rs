//! A moment of CLOCK_MONOTONIC in microseconds, and the wall clock.

use std::time::{Duration, SystemTime};

/// A moment of `CLOCK_MONOTONIC`, in microseconds. Copied freely and passed as an argument below `proxy`. The default is the clock's
/// origin, which nothing that runs can have seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// Later than every other tick: a timer armed for it never fires.
    pub const NEVER: Tick = Tick(u64::MAX);

    /// Reads the clock; no system call where there is a vDSO.
    #[must_use]
    pub fn now() -> Tick {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        // The monotonic clock starts at boot and is never negative.
        Tick(now.tv_sec.unsigned_abs() * 1_000_000 + now.tv_nsec.unsigned_abs() / 1_000)
    }

    /// The clock as of the kernel's last tick, up to 4 ms ago (10 ms where it ticks 100 times a second): a tenth of the cost of [`Tick::now`],
    /// for watching how long steps take. Not to be mixed with it.
    #[must_use]
    pub fn coarse() -> Tick {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
        Tick(now.tv_sec.unsigned_abs() * 1_000_000 + now.tv_nsec.unsigned_abs() / 1_000)
    }

    /// A tick from a number of microseconds; what tests and simulators use for a clock.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Tick {
        Tick(micros)
    }

    /// Microseconds since the clock's origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// This moment plus `wait`, in whole microseconds rounded up; saturates at [`Tick::NEVER`].
    #[must_use]
    pub const fn after(self, wait: Duration) -> Tick {
        let micros = wait.as_nanos().div_ceil(1_000);
        if micros >= u64::MAX as u128 {
            return Tick::NEVER;
        }
        Tick(self.0.saturating_add(micros as u64))
    }

    /// The time that passed since `earlier`, zero if that is in the future.
    #[must_use]
    pub const fn since(self, earlier: Tick) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// The time of day, for logs and HTTP dates only; it may jump.
#[must_use]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_does_not_go_back() {
        let first = Tick::now();
        assert!(Tick::now() >= first);
        assert!(first < Tick::NEVER);
    }

    #[test]
    fn after_rounds_up_and_saturates() {
        let start = Tick::from_micros(10);
        assert_eq!(start.after(Duration::from_nanos(1)), Tick::from_micros(11));
        assert_eq!(start.after(Duration::from_micros(5)), Tick::from_micros(15));
        assert_eq!(start.after(Duration::MAX), Tick::NEVER);
        assert_eq!(Tick::NEVER.after(Duration::from_secs(1)), Tick::NEVER);
    }

    #[test]
    fn since_a_later_tick_is_zero() {
        let (early, late) = (Tick::from_micros(5), Tick::from_micros(9));
        assert_eq!(late.since(early), Duration::from_micros(4));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}

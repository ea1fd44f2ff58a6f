//! The sliding count against an exact one.

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;
use crate::Sharded;

const SECOND: Duration = Duration::from_secs(1);

fn at(micros: u64) -> Tick {
    Tick::from_micros(micros)
}

/// Every event in `(now - period, now]`.
fn exact(events: &[u64], now: u64, period: u64) -> u64 {
    events.iter().filter(|&&event| event <= now && event + period > now).count() as u64
}

#[test]
fn a_steady_stream_has_its_rate_at_every_moment() {
    let mut freq = Freq::default();
    for event in 0..400 {
        let now = 5_000_000 + event * 10_000;
        freq.add(at(now), SECOND, 1);
        if event >= 200 {
            let rate = freq.rate(at(now), SECOND);
            assert!((98..=102).contains(&rate), "{rate} at {now}");
        }
    }
}

#[test]
fn what_is_two_periods_old_is_forgotten() {
    let mut freq = Freq::default();
    freq.add(at(1_500_000), SECOND, 10);
    assert_eq!(freq.rate(at(1_999_999), SECOND), 10);
    assert_eq!(freq.rate(at(2_250_000), SECOND), 7, "a quarter of the second that held them has left the window");
    assert_eq!(freq.last(at(2_250_000), SECOND), 10);
    assert_eq!(freq.rate(at(3_000_000), SECOND), 0);
    assert_eq!(freq.last(at(3_000_000), SECOND), 0);
}

#[test]
fn a_clock_that_is_read_late_counts_for_the_running_period() {
    let mut freq = Freq::default();
    freq.add(at(3_000_000), SECOND, 1);
    freq.add(at(2_999_999), SECOND, 1);
    assert_eq!(freq.rate(at(3_000_000), SECOND), 2);
}

#[test]
fn the_shards_of_a_rate_add_up() {
    let rates: Sharded<FreqCell> = Sharded::new(2);
    rates.shard(0).add(at(1_000_000), SECOND, 3);
    rates.shard(1).add(at(1_700_000), SECOND, 4);
    assert_eq!(rates.rate(at(1_800_000), SECOND), 7);
    assert_eq!(rates.last(at(2_100_000), SECOND), 7);
}

#[test]
fn a_reader_never_sees_half_a_turn() {
    // Two events a microsecond and a period of two: any reading of one instant is 0 to 8; a torn one would pair an old start
    // with new counts and, over time, show more.
    let cell = FreqCell::default();
    let stop = AtomicBool::new(false);
    let period = Duration::from_micros(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for now in 2..200_000 {
                cell.add(at(now), period, 2);
            }
            stop.store(true, Relaxed);
        });
        while !stop.load(Relaxed) {
            let seen = cell.read();
            assert!(seen.current <= 4 && seen.before <= 4, "{seen:?}");
            assert!(seen.start.is_multiple_of(2), "{seen:?}");
        }
    });
}

proptest! {
    #[test]
    fn the_rate_is_never_off_by_more_than_the_stated_bound(
        gaps in prop::collection::vec(0u64..3_000, 1..300),
        period in 1u64..20_000,
        ask in 0u64..60_000,
    ) {
        let (mut freq, cell) = (Freq::default(), FreqCell::default());
        let length = Duration::from_micros(period);
        let mut events = Vec::new();
        let mut now = 1_000_000;
        for gap in gaps {
            now += gap;
            events.push(now);
            freq.add(at(now), length, 1);
            cell.add(at(now), length, 1);
        }
        now += ask;
        let start = now - now % period;
        let before = events.iter().filter(|&&event| event < start && event + period >= start).count() as f64;
        let r = (period - (now - start)) as f64 / period as f64;
        let bound = before * r.max(1.0 - r) + 1.0;
        let rate = freq.rate(at(now), length);
        let off = rate.abs_diff(exact(&events, now, period));
        prop_assert!(off as f64 <= bound, "off by {off}, bound {bound}");
        prop_assert_eq!(cell.rate(at(now), length), rate);
        prop_assert_eq!(cell.last(at(now), length), before as u64);
    }

    #[test]
    fn evenly_spaced_events_are_counted_to_within_two(gap in 1u64..5_000, period in 1u64..50_000, count in 1u64..400) {
        let mut freq = Freq::default();
        let length = Duration::from_micros(period);
        let mut events = Vec::new();
        // From the clock's start on, so that the former period is full.
        for n in 0..count {
            let now = 10 * period + n * gap;
            events.push(now);
            freq.add(at(now), length, 1);
            if n * gap >= 2 * period {
                let off = freq.rate(at(now), length).abs_diff(exact(&events, now, period));
                prop_assert!(off <= 2, "off by {off} at {now}");
            }
        }
    }
}

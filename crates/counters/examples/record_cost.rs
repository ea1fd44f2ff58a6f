//! What recording a latency costs. Without an argument it prints nanoseconds; with a number it records so often and reads no clock, which
//! is what `cargo xtask ratchet histogram` counts.

use std::hint::black_box;

use plimsoll_clock::Tick;
use plimsoll_counters::Histogram;

const TIMES: u64 = 100_000_000;

fn record(times: u64) {
    let histogram = Histogram::default();
    for n in 0..times {
        black_box(&histogram).record(black_box(n & 0xF_FFFF));
    }
}

fn main() {
    if let Some(times) = std::env::args().nth(1) {
        record(times.parse().expect("a number of records"));
        return;
    }
    let start = Tick::now();
    record(TIMES);
    println!("{:.2} ns a record", Tick::now().since(start).as_nanos() as f64 / TIMES as f64);
}

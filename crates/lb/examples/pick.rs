//! Prints what one pick with its `took` and `released` costs: `pick ALGORITHM SERVERS NANOSECONDS`, the median of
//! eleven rounds, with eight different weights and some load on the servers. `cargo xtask bench pick` reads it.

use std::hint::black_box;
use std::time::Instant;

use plimsoll_lb::{ALGORITHMS, Balance};

#[path = "../tests/group/mod.rs"]
mod group;

use group::Group;

const ROUNDS: usize = 11;
const PICKS: usize = 200_000;

fn main() {
    for algorithm in ALGORITHMS {
        for servers in [10, 1_000, 10_000] {
            println!("pick {} {servers} {:.1}", algorithm.name, nanoseconds(&Balance::from(algorithm), servers));
        }
    }
}

fn nanoseconds(balance: &Balance, servers: usize) -> f64 {
    let order = Group::new(balance, servers);
    let mut numbers = fastrand::Rng::with_seed(1);
    for server in 0..servers {
        order.update(server, 1 + (server % 8) as u32);
    }
    // As many requests in progress as there are servers, and the oldest ends when a new one begins.
    let pick = |numbers: &mut fastrand::Rng| {
        let server = order.pick(0, None, &mut || numbers.u64(..)).expect("all are usable");
        order.took(server);
        server
    };
    let mut running: Vec<usize> = (0..servers).map(|_| pick(&mut numbers)).collect();
    let mut oldest = 0;
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..PICKS {
                let server = black_box(pick(&mut numbers));
                order.released(std::mem::replace(&mut running[oldest], server));
                oldest = if oldest + 1 == servers { 0 } else { oldest + 1 };
            }
            start.elapsed().as_nanos() as f64 / PICKS as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

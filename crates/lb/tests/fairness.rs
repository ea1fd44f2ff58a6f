//! Shares follow weights, loads are conserved, nobody unusable is picked: simulated traffic over explicit seeds.

mod group;

use group::Group;
use plimsoll_lb::{ALGORITHMS, Balance};

fn order(name: &str, weights: &[u32]) -> Group {
    let balance: Balance = name.parse().expect("a known name");
    let order = Group::new(&balance, weights.len());
    weights.iter().enumerate().for_each(|(server, weight)| order.update(server, *weight));
    order
}

fn shares(order: &Group, servers: usize, picks: usize, seed: u64) -> Vec<f64> {
    let (mut numbers, mut counts) = (fastrand::Rng::with_seed(seed), vec![0_usize; servers]);
    for _ in 0..picks {
        counts[order.pick(0, None, &mut || numbers.u64(..)).expect("some are usable")] += 1;
    }
    counts.iter().map(|count| *count as f64).collect()
}

#[test]
fn roundrobin_gives_each_server_its_exact_share_in_every_round() {
    for weights in [vec![1; 7], vec![1, 2, 3], vec![256, 1, 100], vec![13, 7, 5, 3, 2], (1..=40).collect()] {
        let order = order("roundrobin", &weights);
        let sum: u32 = weights.iter().sum();
        for _ in 0..40 {
            let counts = shares(&order, weights.len(), sum as usize, 0);
            assert_eq!(counts, weights.iter().map(|weight| f64::from(*weight)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn roundrobin_never_strays_far_from_the_share_within_a_round() {
    let weights: Vec<u32> = vec![50, 30, 20, 7, 3, 1];
    let (order, sum) = (order("roundrobin", &weights), 111.0);
    let mut counts = [0.0; 6];
    for pick in 1..=2000 {
        counts[order.pick(0, None, &mut || 0).unwrap()] += 1.0;
        for (count, weight) in counts.iter().zip(&weights) {
            let due = f64::from(pick) * f64::from(*weight) / sum;
            assert!((count - due).abs() <= 2.0, "after {pick} picks: {count} instead of {due} for weight {weight}");
        }
    }
}

#[test]
fn random_follows_the_weights_within_four_standard_deviations() {
    for seed in 1..=5 {
        let weights = [1, 2, 3, 10, 100, 0, 28];
        let counts = shares(&order("random(1)", &weights), weights.len(), 144_000, seed);
        for (count, weight) in counts.iter().zip(weights) {
            let due = f64::from(weight) * 1000.0;
            assert!((count - due).abs() <= 4.0 * due.sqrt(), "seed {seed}: {count} instead of {due}");
        }
    }
}

#[test]
fn two_draws_balance_far_better_than_one() {
    let worst = |name: &str, seed| {
        let (order, mut numbers) = (order(name, &[1; 100]), fastrand::Rng::with_seed(seed));
        let mut served = vec![0_u32; 100];
        for _ in 0..10_000 {
            let server = order.pick(0, None, &mut || numbers.u64(..)).unwrap();
            order.took(server);
            served[server] += 1;
        }
        served.iter().map(|served| served.abs_diff(100)).max().unwrap()
    };
    for seed in 1..=5 {
        assert!(worst("random(1)", seed) > 15 && worst("random(2)", seed) <= 6, "seed {seed}");
    }
}

#[test]
fn leastconn_keeps_loads_in_proportion_while_work_of_any_length_comes_and_goes() {
    for seed in 1..=5 {
        let weights = [1, 2, 4, 8];
        let (order, mut numbers) = (order("leastconn", &weights), fastrand::Rng::with_seed(seed));
        let (mut served, mut running) = ([0_u32; 4], Vec::new());
        for step in 0..20_000 {
            if running.len() < 150 {
                let server = order.pick(0, None, &mut || 0).unwrap();
                // The picked one never carries more for its weight than any other, beyond one request.
                for other in 0..4 {
                    let load = |server: usize, more: u32| f64::from(served[server] + more) / f64::from(weights[server]);
                    assert!(load(server, 0) <= load(other, 1), "step {step}: {served:?} and {server} was picked");
                }
                order.took(server);
                served[server] += 1;
                running.push(server);
            } else {
                for _ in 0..1 + numbers.usize(..100) {
                    let server = running.swap_remove(numbers.usize(..running.len()));
                    order.released(server);
                    served[server] -= 1;
                }
            }
            assert_eq!(served.iter().sum::<u32>() as usize, running.len());
        }
    }
}

#[test]
fn avoid_is_honoured_unless_it_is_the_only_one() {
    for algorithm in ALGORITHMS {
        let mut numbers = fastrand::Rng::with_seed(3);
        let heavy = order(algorithm.name, &[256, 1, 1]);
        for _ in 0..2000 {
            assert_ne!(heavy.pick(0, Some(0), &mut || numbers.u64(..)), Some(0), "{}", algorithm.name);
        }
        let alone = order(algorithm.name, &[0, 5, 0]);
        assert_eq!(alone.pick(0, Some(1), &mut || numbers.u64(..)), Some(1), "{}", algorithm.name);
        assert_eq!(order(algorithm.name, &[0, 0]).pick(0, None, &mut || 0), None);
        assert_eq!(order(algorithm.name, &[]).pick(0, Some(0), &mut || 0), None);
    }
}

#[test]
fn four_threads_picking_at_once_lose_and_duplicate_nothing() {
    const PICKS: usize = 50_000;
    for algorithm in ALGORITHMS {
        let servers = 7;
        let order = order(algorithm.name, &vec![1; servers]);
        let start = std::sync::Barrier::new(4);
        let counts: Vec<Vec<usize>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|seed| {
                    let (order, start) = (&order, &start);
                    scope.spawn(move || {
                        let (mut numbers, mut counts) = (fastrand::Rng::with_seed(seed), vec![0; servers]);
                        start.wait();
                        for _ in 0..PICKS {
                            let server = order.pick(0, None, &mut || numbers.u64(..)).unwrap();
                            order.took(server);
                            counts[server] += 1;
                            order.released(server);
                        }
                        counts
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let totals: Vec<usize> = (0..servers).map(|server| counts.iter().map(|counts| counts[server]).sum()).collect();
        assert_eq!(totals.iter().sum::<usize>(), 4 * PICKS);
        if algorithm.name == "roundrobin" {
            assert!(totals.iter().max().unwrap() - totals.iter().min().unwrap() <= 1, "{totals:?}");
        }
        // Nothing is left in progress: the next picks go round as if nothing had been.
        let mut next: Vec<usize> = (0..servers)
            .map(|_| {
                let server = order.pick(0, None, &mut || 0).unwrap();
                order.took(server);
                server
            })
            .collect();
        next.sort_unstable();
        if algorithm.name != "random" {
            assert_eq!(next, (0..servers).collect::<Vec<_>>(), "{}", algorithm.name);
        }
    }
}

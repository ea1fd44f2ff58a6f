//! Random histories of changes, picks and work against naive models of the same algorithms.

mod group;

use group::Group;
use plimsoll_lb::{ALGORITHMS, Balance};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Pick,
    PickBut(usize),
    Release(usize),
    Weight(usize, u32),
}

fn steps(servers: usize) -> impl Strategy<Value = Vec<Step>> {
    let weight = prop_oneof![Just(0), Just(1), Just(2), 1..=256_u32];
    prop::collection::vec(
        prop_oneof![
            6 => Just(Step::Pick),
            1 => (0..servers).prop_map(Step::PickBut),
            3 => any::<usize>().prop_map(Step::Release),
            1 => (0..servers, weight).prop_map(|(server, weight)| Step::Weight(server, weight)),
        ],
        1..400,
    )
}

/// Every server by itself; the answer by looking at all of them.
struct Naive {
    weights: Vec<u32>,
    served: Vec<u32>,
    /// When it last changed its place: what leastconn compares among equals.
    moved: Vec<usize>,
    time: usize,
}

impl Naive {
    fn leastconn(&self, avoid: Option<usize>) -> Option<usize> {
        let load = |server: usize| match self.served[server] {
            0 => 0,
            served => (served + 1) * 256 / self.weights[server],
        };
        let best = |avoid| {
            let usable = (0..self.weights.len()).filter(|server| self.weights[*server] > 0 && Some(*server) != avoid);
            usable.min_by_key(|server| (load(*server), self.moved[*server]))
        };
        best(avoid).or_else(|| best(None))
    }

    fn touch(&mut self, server: usize) {
        self.time += 1;
        self.moved[server] = self.time;
    }
}

proptest! {
    #[test]
    fn any_history_keeps_to_the_model(steps in steps(6), start in prop::collection::vec(0..5_u32, 6)) {
        for algorithm in ALGORITHMS {
            let balance = Balance::from(algorithm);
            let order = Group::new(&balance, 6);
            let mut naive = Naive { weights: vec![0; 6], served: vec![0; 6], moved: vec![0; 6], time: 0 };
            let (mut running, mut numbers) = (Vec::new(), fastrand::Rng::with_seed(1));
            let first = start.iter().enumerate().map(|(server, weight)| Step::Weight(server, *weight));
            for step in first.chain(steps.iter().cloned()) {
                let avoid = match step {
                    Step::Weight(server, weight) => {
                        order.update(server, weight);
                        if naive.weights[server] != weight {
                            naive.weights[server] = weight;
                            naive.touch(server);
                        }
                        continue;
                    }
                    Step::Release(which) => {
                        if !running.is_empty() {
                            let server = running.swap_remove(which % running.len());
                            order.released(server);
                            naive.served[server] -= 1;
                            naive.touch(server);
                        }
                        continue;
                    }
                    Step::PickBut(server) => Some(server),
                    Step::Pick => None,
                };
                let picked = order.pick(0, avoid, &mut || numbers.u64(..));
                let usable = naive.weights.iter().filter(|weight| **weight > 0).count();
                prop_assert_eq!(picked.is_some(), usable > 0);
                let Some(server) = picked else { continue };
                prop_assert!(naive.weights[server] > 0, "{} picked an unusable server", algorithm.name);
                prop_assert!(avoid != Some(server) || usable == 1, "{} picked the one to avoid", algorithm.name);
                if algorithm.name == "leastconn" {
                    prop_assert_eq!(picked, naive.leastconn(avoid));
                }
                order.took(server);
                naive.served[server] += 1;
                naive.touch(server);
                running.push(server);
            }
        }
    }
}

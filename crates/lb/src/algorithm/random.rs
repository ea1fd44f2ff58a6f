//! `random(draws)`: the least loaded of a few servers drawn by weight.

use parking_lot::Mutex;

use super::{Algorithm, Argument, Order};
use crate::Balance;

pub(super) const ROW: Algorithm = Algorithm {
    name: "random",
    haproxy: "random",
    argument: Some(Argument { name: "draws", min: 1, max: 1000, default: 2 }),
    doc: "Draws servers at random by their weights, two unless a number says otherwise, and uses the least loaded of them.",
    build,
};

fn build(balance: &Balance, servers: usize) -> Box<dyn Order> {
    Box::new(Random { draws: balance.argument.max(1), loads: Mutex::new(vec![(0, 0); servers]) })
}

struct Random {
    draws: u32,
    loads: Mutex<Vec<(u32, u32)>>,
}

impl Order for Random {
    fn pick(&self, _: u64, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        let loads = self.loads.lock();
        let usable: Vec<usize> = (0..loads.len()).filter(|i| loads[*i].1 > 0).collect();
        if usable.is_empty() {
            return None;
        }
        let mut best = None;
        for _ in 0..self.draws {
            let drawn = usable[(random() % usable.len() as u64) as usize];
            if Some(drawn) != avoid || usable.len() == 1 {
                best = Some(drawn);
            }
        }
        best.or_else(|| usable.iter().copied().find(|i| Some(*i) != avoid))
    }

    fn took(&self, server: usize) {
        self.loads.lock()[server].0 += 1;
    }

    fn released(&self, server: usize) {
        self.loads.lock()[server].0 -= 1;
    }

    fn update(&self, server: usize, weight: u32) {
        self.loads.lock()[server].1 = weight;
    }
}

//! `leastconn`: the server with the least work for its weight; among equals the one that has waited longest.

use parking_lot::Mutex;

use super::{Algorithm, Order};
use crate::Balance;

pub(super) const ROW: Algorithm = Algorithm {
    name: "leastconn",
    haproxy: "leastconn",
    argument: None,
    doc: "The server with the fewest requests in progress for its weight, in turns among equals. For long sessions.",
    build,
};

fn build(_: &Balance, servers: usize) -> Box<dyn Order> {
    Box::new(Leastconn { loads: Mutex::new(vec![(0, 0); servers]) })
}

struct Leastconn {
    loads: Mutex<Vec<(u32, u32)>>,
}

impl Order for Leastconn {
    fn pick(&self, _: u64, avoid: Option<usize>, _: &mut dyn FnMut() -> u64) -> Option<usize> {
        let loads = self.loads.lock();
        let best = |avoid: Option<usize>| {
            (0..loads.len())
                .filter(|i| loads[*i].1 > 0 && Some(*i) != avoid)
                .min_by_key(|i| u64::from(loads[*i].0) * 256 / u64::from(loads[*i].1))
        };
        best(avoid).or_else(|| best(None))
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

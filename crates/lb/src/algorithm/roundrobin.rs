//! `roundrobin`: servers in turn, each as often as its weight says, in HAProxy's order.

use std::sync::Arc;

use parking_lot::Mutex;
use plimsoll_server::Load;

use super::{Algorithm, Order};
use crate::Balance;
use crate::ring::Ring;

pub(super) const ROW: Algorithm = Algorithm {
    name: "roundrobin",
    haproxy: "roundrobin",
    argument: None,
    doc: "Each server in turn, as often as its weight says. Weights may change at any time.",
    build,
};

fn build(_: &Balance) -> Box<dyn Order> {
    Box::new(Roundrobin(Mutex::new(Ring::new())))
}

struct Roundrobin(Mutex<Ring>);

impl Order for Roundrobin {
    fn pick(&self, _: u64, avoid: Option<usize>, _: &mut dyn FnMut() -> u64) -> Option<usize> {
        self.0.lock().pick(avoid)
    }

    fn moved(&self, _: usize) {}

    fn join(&self, server: usize, _: &Arc<Load>) {
        self.0.lock().join(server);
    }

    fn update(&self, server: usize, weight: u32) {
        self.0.lock().update(server, weight);
    }
}

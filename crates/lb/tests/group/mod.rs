//! An order with the loads of its servers, as a balancer and its set of servers have them.

use std::sync::Arc;

use plimsoll_lb::{Balance, Order};
use plimsoll_server::Load;

pub struct Group {
    pub order: Box<dyn Order>,
    loads: Vec<Arc<Load>>,
}

#[allow(dead_code, reason = "each test uses a part of it")]
impl Group {
    pub fn new(balance: &Balance, servers: usize) -> Self {
        let order = (balance.algorithm.build)(balance);
        let loads: Vec<Arc<Load>> = (0..servers).map(|_| Arc::default()).collect();
        loads.iter().enumerate().for_each(|(slot, load)| order.join(slot, load));
        Self { order, loads }
    }

    pub fn pick(&self, key: u64, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        self.order.pick(key, avoid, random)
    }

    pub fn update(&self, server: usize, weight: u32) {
        self.order.update(server, weight);
    }

    pub fn took(&self, server: usize) {
        self.loads[server].begin();
        self.order.moved(server);
    }

    pub fn released(&self, server: usize) {
        self.loads[server].end();
        self.order.moved(server);
    }
}

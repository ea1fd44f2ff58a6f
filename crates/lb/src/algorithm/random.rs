//! `random(draws)`: the least loaded of a few servers drawn by weight.
//!
//! A draw chooses a weight by the share that its servers have together, then one of these servers evenly: the cost
//! grows with the logarithm of the number of different weights, and not with the number of servers.

use std::sync::Arc;

use parking_lot::Mutex;
use plimsoll_server::Load;

use super::{Algorithm, Argument, Order};
use crate::Balance;

pub(super) const ROW: Algorithm = Algorithm {
    name: "random",
    haproxy: "random",
    argument: Some(Argument { name: "draws", min: 1, max: 1000, default: 2 }),
    doc: "Draws servers at random by their weights, two unless a number says otherwise, and uses the least loaded.",
    build,
};

fn build(balance: &Balance) -> Box<dyn Order> {
    let urn = Mutex::new(Urn { places: Vec::new(), groups: Vec::new(), total: 0 });
    Box::new(Random { draws: balance.argument.max(1), urn })
}

struct Random {
    draws: u32,
    urn: Mutex<Urn>,
}

impl Order for Random {
    fn pick(&self, _: u64, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        let urn = self.urn.lock();
        if urn.total == 0 {
            return None;
        }
        let mut best: Option<(usize, u64, u64)> = None;
        for _ in 0..self.draws {
            let (server, weight) = urn.draw(random());
            if Some(server) == avoid {
                continue;
            }
            let served = u64::from(urn.places[server].load.now());
            // served / weight, compared without a division.
            if best.is_none_or(|(_, least, its_weight)| served * its_weight < least * weight) {
                best = Some((server, served, weight));
            }
        }
        best.map_or_else(|| urn.any_but(avoid), |(server, ..)| Some(server))
    }

    // A pick looks at the loads themselves: to take and to release need no lock.
    fn moved(&self, _: usize) {}

    fn join(&self, server: usize, load: &Arc<Load>) {
        self.urn.lock().join(server, load);
    }

    fn update(&self, server: usize, weight: u32) {
        self.urn.lock().update(server, weight);
    }
}

#[derive(Default)]
struct Place {
    load: Arc<Load>,
    weight: u32,
    /// Where in its group.
    at: u32,
}

/// The usable servers of one weight.
struct Group {
    weight: u32,
    servers: Vec<u32>,
    /// The sum of the weights of all groups before this one.
    before: u64,
}

struct Urn {
    places: Vec<Place>,
    groups: Vec<Group>,
    total: u64,
}

impl Urn {
    /// A server and its weight, by 64 random bits.
    #[inline]
    fn draw(&self, random: u64) -> (usize, u64) {
        // The high half of the product is even over 0..total, but for a bias of total / 2^64.
        let ticket = ((u128::from(random) * u128::from(self.total)) >> 64) as u64;
        let group = &self.groups[self.groups.partition_point(|group| group.before <= ticket) - 1];
        let weight = u64::from(group.weight);
        (group.servers[((ticket - group.before) / weight) as usize] as usize, weight)
    }

    /// When every draw gave the server to avoid: any other one, or that one if it is alone.
    #[cold]
    fn any_but(&self, avoid: Option<usize>) -> Option<usize> {
        let mut usable = self.groups.iter().flat_map(|group| &group.servers).map(|server| *server as usize);
        usable.find(|server| Some(*server) != avoid).or(avoid)
    }

    fn join(&mut self, server: usize, load: &Arc<Load>) {
        self.update(server, 0);
        if server >= self.places.len() {
            self.places.resize_with(server + 1, Place::default);
        }
        self.places[server].load = Arc::clone(load);
    }

    fn update(&mut self, server: usize, weight: u32) {
        let Some(&Place { weight: old, at, .. }) = self.places.get(server) else { return };
        if old == weight {
            return;
        }
        if let Some(group) = self.groups.iter_mut().find(|group| group.weight == old) {
            group.servers.swap_remove(at as usize);
            if let Some(moved) = group.servers.get(at as usize) {
                self.places[*moved as usize].at = at;
            }
        }
        self.places[server].weight = weight;
        if weight > 0 {
            let group = self.groups.iter().position(|group| group.weight == weight).unwrap_or_else(|| {
                self.groups.push(Group { weight, servers: Vec::new(), before: 0 });
                self.groups.len() - 1
            });
            let servers = &mut self.groups[group].servers;
            self.places[server].at = u32::try_from(servers.len()).expect("fewer than 2^32 servers");
            servers.push(server as u32);
        }
        self.groups.retain(|group| !group.servers.is_empty());
        self.total = 0;
        for group in &mut self.groups {
            group.before = self.total;
            self.total += u64::from(group.weight) * group.servers.len() as u64;
        }
    }
}

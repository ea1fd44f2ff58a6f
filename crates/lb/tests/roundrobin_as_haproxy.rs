//! `roundrobin` gives the same sequence of servers as the installed HAProxy: with weights, and while they change.

mod group;
mod haproxy;

use group::Group;
use haproxy::{Backend, Client, Haproxy};
use plimsoll_lb::Balance;

fn ours(weights: &[u32]) -> Group {
    let balance: Balance = "roundrobin".parse().expect("a known name");
    let order = Group::new(&balance, weights.len());
    for (server, weight) in weights.iter().enumerate() {
        order.update(server, *weight);
    }
    order
}

fn backend(weights: &[u32]) -> Backend {
    Backend {
        mode: "http",
        balance: "roundrobin",
        servers: weights.iter().map(|weight| format!("weight {weight}")).collect(),
    }
}

fn compare(order: &Group, theirs: &mut Client, picks: usize, what: &str) {
    let theirs: Vec<Option<usize>> = (0..picks).map(|_| theirs.pick()).collect();
    let ours: Vec<Option<usize>> = (0..picks).map(|_| order.pick(0, None, &mut || 0)).collect();
    let differs = theirs.iter().zip(&ours).position(|(one, other)| one != other);
    if let Some(at) = differs {
        let near = at.saturating_sub(20)..(at + 20).min(picks);
        panic!("{what}: pick {at} differs\n haproxy {:?}\n ours    {:?}", &theirs[near.clone()], &ours[near]);
    }
}

#[test]
fn fixed_weights_give_the_same_sequence() {
    let vectors: &[&[u32]] = &[
        &[1],
        &[1, 1, 1],
        &[1, 2, 3],
        &[3, 2, 1],
        &[5, 1, 1],
        &[256, 1],
        &[1, 256],
        &[10, 20, 30, 40],
        &[1, 1, 2],
        &[7, 3],
        &[100, 50, 25],
        &[1, 0, 1],
        &[0, 0, 3],
        &[0, 0],
        &[1, 1, 1, 1, 5],
        &[13, 7, 5, 3, 2],
        &[256, 255, 254],
        &[2, 3, 5, 7, 11, 13],
        &[6, 6, 4, 4, 9, 9, 1],
        &[50, 50, 49, 1, 1, 1, 1, 200],
    ];
    let backends: Vec<Backend> = vectors.iter().map(|weights| backend(weights)).collect();
    let Some(haproxy) = Haproxy::start(&backends) else { return };
    for (number, weights) in vectors.iter().enumerate() {
        compare(&ours(weights), &mut haproxy.client(number), 700, &format!("{weights:?}"));
    }
}

/// Numbers for scenarios: the same in every run, so that a failure can be looked at again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn one_of(&mut self, from: &[u32]) -> u32 {
        from[self.below(from.len())]
    }
}

#[test]
fn servers_that_go_come_back_and_change_weight_keep_the_same_sequence() {
    let mut numbers = Numbers(7);
    let vectors: Vec<Vec<u32>> = (0..60)
        .map(|_| (0..2 + numbers.below(5)).map(|_| numbers.one_of(&[1, 1, 2, 3, 4, 5, 10, 100, 256])).collect())
        .collect();
    let backends: Vec<Backend> = vectors.iter().map(|weights| backend(weights)).collect();
    let Some(haproxy) = Haproxy::start(&backends) else { return };
    for (number, vector) in vectors.iter().enumerate() {
        let (order, mut client) = (ours(vector), haproxy.client(number));
        let (mut weights, mut up) = (vector.clone(), vec![true; vector.len()]);
        // A server whose weight changes between its return and its first pick is a known difference: see `ring`.
        let mut returned = vec![false; vector.len()];
        let mut told = format!("backend {number} {vector:?}");
        for _ in 0..6 {
            let picks = 1 + numbers.below(70);
            told += &format!(", {picks} picks");
            compare(&order, &mut client, picks, &told);
            let server = numbers.below(vector.len());
            if !up[server] {
                told += &format!(", {server} returns");
                haproxy.command(&format!("set server b{number}/s{server} state ready"));
                (up[server], returned[server]) = (true, true);
                order.update(server, weights[server]);
            } else if numbers.below(2) == 0 && up.iter().filter(|up| **up).count() > 1 {
                told += &format!(", {server} goes");
                haproxy.command(&format!("set server b{number}/s{server} state maint"));
                up[server] = false;
                order.update(server, 0);
            } else if !returned[server] {
                let weight = numbers.one_of(&[1, 2, 3, 5, 8, 20, 100, 256]);
                told += &format!(", {server} weighs {weight}");
                haproxy.command(&format!("set weight b{number}/s{server} {weight}"));
                weights[server] = weight;
                order.update(server, weight);
            }
        }
        compare(&order, &mut client, 300, &told);
    }
}

//! `leastconn` gives the same sequence of servers as the installed HAProxy while requests begin and end at random.

mod group;
mod haproxy;

use std::time::Duration;

use group::Group;
use haproxy::{Backend, Client, Haproxy};
use plimsoll_lb::Balance;
use plimsoll_testkit::eventually;

#[test]
fn requests_that_begin_and_end_at_random_give_the_same_sequence() {
    let vectors: &[&[u32]] =
        &[&[1, 1, 1], &[1, 2], &[1, 2, 3], &[3, 1], &[5, 3, 2, 1], &[256, 1], &[10, 20, 30], &[7, 7, 3], &[100, 0, 50]];
    let backend = |weights: &&[u32]| Backend {
        mode: "tcp",
        balance: "leastconn",
        servers: weights.iter().map(|weight| format!("weight {weight}")).collect(),
    };
    let Some(haproxy) = Haproxy::start(&vectors.iter().map(backend).collect::<Vec<_>>()) else { return };
    let balance: Balance = "leastconn".parse().expect("a known name");
    let mut numbers = fastrand::Rng::with_seed(4);
    for (number, weights) in vectors.iter().enumerate() {
        let order = Group::new(&balance, weights.len());
        weights.iter().enumerate().for_each(|(server, weight)| order.update(server, *weight));
        let (mut held, mut serving): (Vec<(Client, usize)>, _) = (Vec::new(), vec![0; weights.len()]);
        for step in 0..90 {
            if !held.is_empty() && numbers.u32(..100) < if step < 45 { 25 } else { 50 } {
                let (client, server) = held.swap_remove(numbers.usize(..held.len()));
                drop(client);
                serving[server] -= 1;
                order.released(server);
                eventually("haproxy sees the end", Duration::from_secs(10), || haproxy.serving(number) == serving);
                continue;
            }
            let mut client = haproxy.client(number);
            let theirs = client.hold().expect("an answer");
            let ours = order.pick(0, None, &mut || 0);
            assert_eq!(ours, Some(theirs), "weights {weights:?}, step {step}, serving {serving:?}");
            order.took(theirs);
            serving[theirs] += 1;
            held.push((client, theirs));
        }
    }
}

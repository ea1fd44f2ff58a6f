//! Whatever order ports are taken and given back in: each has one owner, all come back, the freshest waits longest.

use std::collections::{HashSet, VecDeque};

use proptest::prelude::*;

use super::*;

fn range(first: u16, last: u16, seed: u64) -> Arc<PortRange> {
    PortRange::new(IpAddr::from([127, 0, 0, 1]), (first, last), seed)
}

#[derive(Clone, Debug)]
enum Step {
    Take,
    /// Gives the port back that is at this place, modulo how many are held.
    Drop(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![3 => Just(Step::Take), 2 => any::<usize>().prop_map(Step::Drop)];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn no_port_has_two_owners_all_come_back_and_the_oldest_free_one_is_next(
        first in 1_u16..=65535,
        size in 1_u16..=20,
        seed: u64,
        steps in steps(),
    ) {
        let last = first.saturating_add(size - 1);
        let range = range(first, last, seed);
        // What is free, in the order of an honest queue; the first round may have any order.
        let mut returned: VecDeque<u16> = VecDeque::new();
        let mut fresh: HashSet<u16> = (first..=last).collect();
        let mut held: Vec<HeldPort> = Vec::new();
        for step in steps {
            match step {
                Step::Take => match range.take() {
                    None => prop_assert_eq!(held.len(), range.size()),
                    Some(port) => {
                        if !fresh.remove(&port.number()) {
                            prop_assert!(fresh.is_empty(), "one that was used, before those that never were");
                            prop_assert_eq!(returned.pop_front(), Some(port.number()));
                        }
                        held.push(port);
                    }
                },
                Step::Drop(_) if held.is_empty() => {}
                Step::Drop(place) => {
                    let port = held.swap_remove(place % held.len());
                    returned.push_back(port.number());
                }
            }
            prop_assert_eq!(range.used(), held.len());
            let numbers: HashSet<u16> = held.iter().map(HeldPort::number).collect();
            prop_assert_eq!(numbers.len(), held.len());
        }
        held.clear();
        prop_assert_eq!(range.used(), 0);
        let all: Vec<HeldPort> = std::iter::from_fn(|| range.take()).collect();
        let numbers: HashSet<u16> = all.iter().map(HeldPort::number).collect();
        prop_assert_eq!(numbers, (first..=last).collect::<HashSet<u16>>());
        prop_assert_eq!(range.most(), range.size());
    }
}

#[test]
fn a_port_that_was_just_closed_is_used_last() {
    let range = range(1000, 1004, 7);
    let port = range.take().unwrap().number();
    let next: Vec<u16> = std::iter::repeat_with(|| range.take().unwrap().number()).take(5).collect();
    assert_eq!(next.iter().position(|other| *other == port), Some(4), "{port} among {next:?}");
}

#[test]
fn two_processes_begin_at_different_ports() {
    let order = |seed| range(1, 65535, seed).shuffled();
    assert_ne!(order(1)[..10], order(2)[..10]);
    let mut all = order(3);
    all.sort_unstable();
    assert!(all.into_iter().eq(1..=65535));
}

#[test]
fn a_lack_of_ports_is_told_once_to_one_who_can_help() {
    let range = range(1000, 1001, 0);
    let (one, other) = (range.take().unwrap(), range.take().unwrap());
    assert!(!one.is_wanted());
    assert!(range.take().is_none());
    assert!(other.is_wanted() && !one.is_wanted());
}

#[test]
fn threads_that_take_and_give_back_without_end_lose_no_port() {
    let range = range(2000, 2006, 1);
    let owned: Vec<AtomicBool> = (0..7).map(|_| false.into()).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let two = [range.take(), range.take()];
                    for port in two.iter().flatten() {
                        assert!(!owned[usize::from(port.number() - 2000)].swap(true, Relaxed), "two owners");
                    }
                    for port in two.iter().flatten() {
                        owned[usize::from(port.number() - 2000)].store(false, Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(range.used(), 0);
    assert!(std::iter::from_fn(|| range.take()).collect::<Vec<_>>().len() == 7);
}

//! The queue of free ports under a model checker: the very source, with the checker's type in place of the real one.
//!
//! All its atomics are sequentially consistent, so an interleaving of its steps is all that can happen, and shuttle tries these.

use std::collections::HashSet;
use std::sync::Arc;

use shuttle::thread;

use crate::queue::Queue;

#[path = "../src/source/queue.rs"]
mod queue;

/// In place of the crate's own module of this name.
mod sync {
    pub(crate) use shuttle::sync::atomic::AtomicU64;
}

/// So many threads, this one among them, each take up to `hold` ports and give them back, `rounds` times.
fn crowd(ports: u16, threads: usize, hold: usize, rounds: usize) {
    let all: Vec<u16> = (100..100 + ports).collect();
    let queue = Arc::new(Queue::new(&all));
    // Not part of the model: a thread looks and writes without a step of the queue in between.
    let owned = Arc::new(std::sync::Mutex::new(HashSet::new()));
    let work = {
        let (queue, owned) = (Arc::clone(&queue), Arc::clone(&owned));
        move || {
            for _ in 0..rounds {
                let mine: Vec<u16> = (0..hold).map_while(|_| queue.take()).collect();
                for port in &mine {
                    assert!(owned.lock().expect("nobody panics with the lock").insert(*port), "{port} has two owners");
                }
                if threads * hold <= usize::from(ports) {
                    assert_eq!(mine.len(), hold, "there are enough for everybody");
                }
                for port in mine {
                    owned.lock().expect("nobody panics with the lock").remove(&port);
                    queue.give_back(port);
                }
            }
        }
    };
    let others: Vec<_> = (1..threads).map(|_| thread::spawn(work.clone())).collect();
    work();
    for other in others {
        other.join().expect("no thread failed");
    }
    assert_eq!(queue.free(), usize::from(ports));
    let left: HashSet<u16> = std::iter::from_fn(|| queue.take()).collect();
    assert_eq!(left, all.into_iter().collect(), "all of them came back");
}

#[test]
fn one_port_goes_from_hand_to_hand() {
    shuttle::check_random(|| crowd(1, 3, 1, 3), 3000);
    shuttle::check_pct(|| crowd(1, 2, 1, 4), 2000, 3);
}

#[test]
fn a_port_is_never_missing_when_there_are_enough() {
    shuttle::check_random(|| crowd(3, 3, 1, 3), 3000);
    shuttle::check_pct(|| crowd(4, 2, 2, 3), 2000, 3);
}

#[test]
fn two_ports_for_three_that_want_two_each() {
    shuttle::check_random(|| crowd(2, 3, 2, 2), 3000);
    shuttle::check_pct(|| crowd(3, 3, 2, 2), 2000, 4);
}

//! The gate under a model checker: the very source, with the checker's types in place of the real ones.
//!
//! All its atomics are sequentially consistent, so an interleaving of its steps is all that can happen, and shuttle tries these. (loom
//! takes `SeqCst` for less than it is and would see failures that cannot be.) A thread that sleeps beside a free place with nobody
//! left to wake it is a deadlock, which shuttle reports.

use std::future::poll_fn;
use std::sync::Arc;
// The real one: it is not part of what is modelled.
use std::sync::atomic::{AtomicUsize as Inside, Ordering::SeqCst};
use std::task::Poll;

use shuttle::future::block_on;
use shuttle::thread;

use crate::gate::Gate;

#[path = "../src/gate.rs"]
mod gate;

/// In place of the crate's own module of this name.
mod sync {
    pub(crate) use shuttle::sync::atomic::AtomicUsize;

    /// With the face of `parking_lot`'s.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn lock(&self) -> shuttle::sync::MutexGuard<'_, T> {
            self.0.lock().expect("nobody panics with the lock")
        }
    }
}

/// Sleeps until there is a place.
fn enter(gate: &Gate) {
    block_on(poll_fn(|cx| gate.poll_enter(cx)));
}

/// Comes once, and stays for a moment in which nobody too many may be inside.
fn visit(gate: &Gate, inside: &Inside, limit: usize) {
    enter(gate);
    assert!(inside.fetch_add(1, SeqCst) < limit, "overfull");
    // A step of the gate, so that others may come meanwhile.
    assert!(gate.used() <= limit);
    inside.fetch_sub(1, SeqCst);
    gate.leave();
}

/// So many workers, this thread among them, come `rounds` times each.
fn crowd(limit: usize, workers: usize, rounds: usize) {
    let gate = Arc::new(Gate::new(limit));
    let inside = Arc::new(Inside::new(0));
    let threads: Vec<_> = (1..workers)
        .map(|_| {
            let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
            thread::spawn(move || (0..rounds).for_each(|_| visit(&gate, &inside, limit)))
        })
        .collect();
    (0..rounds).for_each(|_| visit(&gate, &inside, limit));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(gate.used(), 0);
}

/// Tries all there are; says how many.
fn in_every_order(story: impl Fn() + Send + Sync + 'static) -> usize {
    let all = shuttle::scheduler::DfsScheduler::new(None, false);
    shuttle::Runner::new(all, shuttle::Config::default()).run(story)
}

#[test]
fn two_workers_and_one_place_in_every_order() {
    let orders = in_every_order(|| crowd(1, 2, 1));
    assert!(orders > 1_000, "only {orders}");
}

#[test]
fn a_place_that_is_given_back_while_another_worker_goes_to_sleep_in_every_order() {
    let orders = in_every_order(|| {
        let gate = Arc::new(Gate::new(1));
        assert!(gate.try_enter());
        let sleeper = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || enter(&gate))
        };
        gate.leave();
        sleeper.join().unwrap();
        assert_eq!(gate.used(), 1);
    });
    assert!(orders > 100, "only {orders}");
}

/// As a reload does that raises `maxconn`.
#[test]
fn a_limit_that_is_raised_while_a_worker_goes_to_sleep_in_every_order() {
    let orders = in_every_order(|| {
        let gate = Arc::new(Gate::new(0));
        let sleeper = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || enter(&gate))
        };
        gate.set_limit(1);
        sleeper.join().unwrap();
        assert_eq!((gate.used(), gate.limit()), (1, 1));
    });
    assert!(orders > 100, "only {orders}");
}

/// As in `accept`: the client is gone when its worker is woken, so the worker does not take the place.
#[test]
fn a_worker_that_wants_its_place_no_more_does_not_keep_others_from_it() {
    shuttle::check_random(
        || {
            let gate = Arc::new(Gate::new(1));
            assert!(gate.try_enter());
            let fickle = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || {
                    let mut slept = false;
                    let entered = block_on(poll_fn(|cx| {
                        if slept {
                            return Poll::Ready(false);
                        }
                        slept = true;
                        gate.poll_enter(cx).map(|()| true)
                    }));
                    if entered {
                        gate.leave();
                    }
                })
            };
            let patient = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || enter(&gate))
            };
            gate.leave();
            patient.join().unwrap();
            gate.leave();
            fickle.join().unwrap();
            assert_eq!(gate.used(), 0);
        },
        5_000,
    );
}

#[test]
fn crowds_before_few_places_in_many_orders() {
    shuttle::check_random(|| crowd(1, 3, 2), 5_000);
    shuttle::check_random(|| crowd(2, 4, 2), 5_000);
    shuttle::check_pct(|| crowd(1, 3, 2), 5_000, 3);
}

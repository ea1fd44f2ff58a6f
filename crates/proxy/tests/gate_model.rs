//! The gate under a model checker: the very source, with the checker's types in place of the real ones.
//!
//! All its atomics are sequentially consistent, so an interleaving of its steps is all that can happen, and shuttle tries these. (loom
//! takes `SeqCst` for less than it is and would see failures that cannot be.) A thread that sleeps beside a free place with nobody
//! left to wake it is a deadlock, which shuttle reports.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use shuttle::future::block_on;
use shuttle::thread;

use crate::gate::Gate;
use crate::sync::AtomicUsize;

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

/// So many workers come `rounds` times each, and stay inside for a moment.
fn crowd(limit: usize, workers: usize, rounds: usize) {
    let gate = Arc::new(Gate::new(limit));
    let inside = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..workers)
        .map(|_| {
            let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
            thread::spawn(move || {
                for _ in 0..rounds {
                    enter(&gate);
                    assert!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < gate.limit(), "overfull");
                    inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    gate.leave();
                }
            })
        })
        .collect();
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

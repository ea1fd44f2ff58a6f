//! The gate with real threads: what a place is, who is woken. Its interleavings are in `gate_model`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use plimsoll_proxy::Gate;

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn a_full_gate_wakes_whoever_waits_when_a_place_is_given_back() {
    let gate = Gate::new(1);
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&flag));
    let mut cx = Context::from_waker(&waker);
    assert_eq!(gate.poll_enter(&mut cx), Poll::Ready(()));
    assert_eq!(gate.poll_enter(&mut cx), Poll::Pending);
    assert!(!flag.0.load(SeqCst));
    gate.leave();
    assert!(flag.0.load(SeqCst));
    assert_eq!(gate.poll_enter(&mut cx), Poll::Ready(()));
    assert_eq!(gate.used(), 1);
}

#[test]
fn all_that_wait_are_woken_because_the_first_may_want_its_place_no_more() {
    let gate = Gate::new(1);
    let flags: Vec<_> = (0..3).map(|_| Arc::new(Flag::default())).collect();
    assert!(gate.try_enter());
    for flag in &flags {
        let waker = Waker::from(Arc::clone(flag));
        assert!(gate.poll_enter(&mut Context::from_waker(&waker)).is_pending());
    }
    gate.leave();
    assert!(flags.iter().all(|flag| flag.0.load(SeqCst)));
}

#[test]
fn a_gate_without_places_lets_nobody_in() {
    let gate = Gate::new(0);
    assert!(!gate.try_enter());
    assert_eq!((gate.limit(), gate.used()), (0, 0));
}

#[test]
fn a_lower_limit_lets_nobody_in_until_enough_have_left() {
    let gate = Gate::new(2);
    assert!(gate.try_enter() && gate.try_enter());
    gate.set_limit(1);
    assert_eq!((gate.limit(), gate.used()), (1, 2));
    gate.leave();
    assert!(!gate.try_enter(), "one inside is all there may be");
    gate.leave();
    assert!(gate.try_enter());
}

#[test]
fn threads_never_overfill_a_gate_nor_sleep_beside_a_free_place() {
    let gate = Arc::new(Gate::new(3));
    let inside = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
            std::thread::spawn(move || {
                let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
                let mut cx = Context::from_waker(&waker);
                for _ in 0..5_000 {
                    while gate.poll_enter(&mut cx).is_pending() {
                        std::thread::park();
                    }
                    assert!(inside.fetch_add(1, SeqCst) < 3);
                    inside.fetch_sub(1, SeqCst);
                    gate.leave();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(gate.used(), 0);
}

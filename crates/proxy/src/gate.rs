//! A limit on how many there are at once, reserved before a connection is accepted.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// Places, for all workers together. A release wakes one that waits.
#[derive(Debug)]
pub struct Gate {
    limit: usize,
    used: AtomicUsize,
    waiting: AtomicUsize,
    wakers: Mutex<Vec<Waker>>,
}

impl Gate {
    /// A gate with so many places.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0), waiting: AtomicUsize::new(0), wakers: Mutex::default() }
    }

    /// How many places there are.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many are taken.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(SeqCst)
    }

    /// Takes a place if there is one. Give it back with [`leave`](Self::leave).
    #[must_use]
    pub fn try_enter(&self) -> bool {
        self.used.fetch_update(SeqCst, SeqCst, |used| (used < self.limit).then_some(used + 1)).is_ok()
    }

    /// Takes a place, or wakes the task when one may be free.
    pub fn poll_enter(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.try_enter() {
            return Poll::Ready(());
        }
        self.wait(cx.waker());
        // A place given back before the waker was in the list woke nobody.
        if self.try_enter() { Poll::Ready(()) } else { Poll::Pending }
    }

    #[cold]
    fn wait(&self, waker: &Waker) {
        let mut wakers = self.wakers.lock();
        if !wakers.iter().any(|other| other.will_wake(waker)) {
            wakers.push(waker.clone());
        }
        self.waiting.store(wakers.len(), SeqCst);
    }

    /// Gives a place back.
    pub fn leave(&self) {
        self.used.fetch_sub(1, SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            self.wake();
        }
    }

    /// All that wait are woken: the one that is served first may be of a worker that has no connection to accept any more.
    #[cold]
    fn wake(&self) {
        let wakers = {
            let mut wakers = self.wakers.lock();
            self.waiting.store(0, SeqCst);
            std::mem::take(&mut *wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, SeqCst);
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
    fn threads_never_overfill_a_gate_nor_sleep_beside_a_free_place() {
        let gate = Arc::new(Gate::new(3));
        let inside = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
                std::thread::spawn(move || {
                    struct Unpark(std::thread::Thread);
                    impl Wake for Unpark {
                        fn wake(self: Arc<Self>) {
                            self.0.unpark();
                        }
                    }
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
}

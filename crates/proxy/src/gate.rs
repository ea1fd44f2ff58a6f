//! A limit on how many there are at once, reserved before a connection is accepted.

use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Waker};

use crate::sync::{AtomicUsize, Mutex};

/// Places, for all workers together. A release wakes one that waits.
#[derive(Debug)]
pub struct Gate {
    limit: AtomicUsize,
    used: AtomicUsize,
    waiting: AtomicUsize,
    wakers: Mutex<Vec<Waker>>,
}

impl Gate {
    /// A gate with so many places.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit),
            used: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            wakers: Mutex::default(),
        }
    }

    /// How many places there are.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.load(SeqCst)
    }

    /// Sets how many places there are; those inside stay, even if they are too many now.
    pub fn set_limit(&self, limit: usize) {
        if self.limit.swap(limit, SeqCst) < limit {
            self.wake();
        }
    }

    /// How many are taken.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(SeqCst)
    }

    /// Takes a place if there is one. Give it back with [`leave`](Self::leave).
    #[must_use]
    pub fn try_enter(&self) -> bool {
        self.used.fetch_update(SeqCst, SeqCst, |used| (used < self.limit()).then_some(used + 1)).is_ok()
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

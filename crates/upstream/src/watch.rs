//! Watches every idle connection of a worker with one task: each has a waker that says which one it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Wake, Waker};

use parking_lot::Mutex;

/// Which idle connections something happened to, and the task that looks after them.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<BellState>,
}

#[derive(Debug, Default)]
struct BellState {
    rung: Vec<usize>,
    watcher: Option<Waker>,
}

impl Bell {
    fn ring(&self, place: usize) {
        let mut state = self.state.lock();
        state.rung.push(place);
        if let Some(watcher) = state.watcher.take() {
            drop(state);
            watcher.wake();
        }
    }

    /// The places that rang, or the promise to wake.
    pub(crate) fn listen(&self, waker: &Waker) -> Option<Vec<usize>> {
        let mut state = self.state.lock();
        if state.rung.is_empty() {
            state.watcher = Some(waker.clone());
            return None;
        }
        Some(std::mem::take(&mut state.rung))
    }
}

/// The place that rings when somebody lacks a source port.
pub(crate) const PORTS: usize = usize::MAX - 1;

/// The waker of one server connection; it is made once and used each time the connection is idle.
#[derive(Clone, Debug)]
pub(crate) struct Watch(Arc<Ringer>);

#[derive(Debug)]
struct Ringer {
    bell: Arc<Bell>,
    place: AtomicUsize,
}

impl Watch {
    pub(crate) fn new(bell: &Arc<Bell>) -> Self {
        Self(Arc::new(Ringer { bell: Arc::clone(bell), place: AtomicUsize::new(usize::MAX) }))
    }

    /// From now on it rings for this place.
    pub(crate) fn move_to(&self, place: usize) {
        self.0.place.store(place, Relaxed);
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// It may ring late, for a place that somebody else has by now: the watcher looks, and finds nothing.
    fn wake_by_ref(self: &Arc<Self>) {
        self.bell.ring(self.place.load(Relaxed));
    }
}

//! How much work is in progress on one server: the one count that balancing, logs and statistics read.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use plimsoll_counters::Most;

/// Work in progress, over all workers. The server owns it and balancing orders read it, so a new order starts with the
/// truth, and nothing has to be handed over when an algorithm changes.
///
/// A cache line of its own: every request writes it twice. All accesses are `SeqCst`, which is what
/// `lb::Balancer::reload` relies on; on x86 a locked add and a plain load are exactly that, so it costs nothing.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Load {
    now: AtomicU32,
    most: Most,
}

impl Load {
    /// Requests or connections in progress.
    #[inline]
    #[must_use]
    pub fn now(&self) -> u32 {
        self.now.load(SeqCst)
    }

    /// The most at once so far.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most.get()
    }

    /// One more.
    #[inline]
    pub fn begin(&self) {
        let before = self.now.fetch_add(1, SeqCst);
        self.most.saw(u64::from(before) + 1);
    }

    /// One less.
    #[inline]
    pub fn end(&self) {
        let before = self.now.fetch_sub(1, SeqCst);
        debug_assert!(before > 0, "released more often than taken");
    }
}

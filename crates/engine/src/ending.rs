//! Whether the process is alive, ready, or on its way out: what service managers and orchestrators ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;

use crate::process::{Engine, lock};
use crate::worker::{Command, Handle};

/// One look at whether every thread still turns: each adds one.
#[derive(Debug)]
pub struct Pulse {
    beats: Arc<AtomicUsize>,
    wanted: usize,
}

impl Pulse {
    /// Has every thread answered?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.beats.load(Relaxed) >= self.wanted
    }
}

impl Engine {
    /// From now on it says that it is not ready, and goes on serving: whoever sends clients here has time to notice.
    pub fn leave(&self) {
        self.leaving.store(true, SeqCst);
    }

    /// May clients be sent here?
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.leaving.load(SeqCst) && !self.is_draining()
    }

    /// How long it goes on as ever between the order to stop and the drain.
    #[must_use]
    pub fn grace(&self) -> Option<Duration> {
        lock(&self.running).plan.grace()
    }

    /// Asks every thread for a sign of life. One that ended in a drain is not asked.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        let beats = Arc::new(AtomicUsize::new(0));
        let mut wanted = 0;
        for worker in lock(&self.workers).iter().filter(|worker| !Handle::is_finished(worker)) {
            worker.tell(Command::Pulse(Arc::clone(&beats)));
            wanted += 1;
        }
        if let Some(control) = &*lock(&self.control) {
            control.pulse(Arc::clone(&beats));
            wanted += 1;
        }
        Pulse { beats, wanted }
    }
}

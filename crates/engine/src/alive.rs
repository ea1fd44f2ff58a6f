//! Which snapshots are alive: the one that runs, and old ones that somebody still looks at.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use plimsoll_proxy::Snapshot;

/// Every snapshot that may still be alive. It keeps none so.
#[derive(Debug, Default)]
pub(crate) struct Alive(Mutex<Vec<Weak<Snapshot>>>);

impl Alive {
    /// Another one; those that are gone are forgotten.
    pub(crate) fn add(&self, snapshot: &Arc<Snapshot>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|snapshot| snapshot.strong_count() > 0);
        known.push(Arc::downgrade(snapshot));
    }

    /// How many: one, and a second one while a reload hands over.
    pub(crate) fn count(&self) -> usize {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|snapshot| snapshot.strong_count() > 0).count()
    }
}

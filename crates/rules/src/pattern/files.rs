//! The lists of patterns of a process: by name, and what one configuration asks of them.

use std::sync::Arc;

/// All lists of patterns of a process. What rules and operators change in them outlives a reload.
#[derive(Clone, Debug, Default)]
pub struct PatternFiles(Arc<Store>);

#[derive(Debug, Default)]
struct Store {}

impl PatternFiles {
    /// What a configuration that is being read uses of them. Nothing is changed for others before it is committed.
    #[must_use]
    pub fn load(&self) -> Loading {
        Loading { store: self.clone() }
    }
}

/// The lists that one configuration uses.
#[derive(Debug, Default)]
pub struct Loading {
    store: PatternFiles,
}

impl Loading {
    /// The configuration is in force from now on: files that changed on disk replace what was there.
    pub fn commit(self) {
        drop(self.store);
    }
}

//! What the queue of free source ports is made of. Its model test compiles that file with a model checker's type under this name.

pub(crate) use std::sync::atomic::AtomicU64;

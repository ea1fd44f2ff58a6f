//! What `gate` is made of. Its model test compiles that file with a model checker's types under these names.

pub(crate) use std::sync::atomic::AtomicUsize;

pub(crate) use parking_lot::Mutex;

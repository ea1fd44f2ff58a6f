//! Counters that each worker writes alone and anyone may read.
//!
//! Knows: how to count without a locked instruction (one writer a cell) and without two workers sharing a cache line.
//! Does not know: what is counted, nor time.
//! Start reading at [`Sharded`].

mod cell;
mod sharded;

pub use cell::{Cell, Gauge};
pub use sharded::{Padded, Sharded};

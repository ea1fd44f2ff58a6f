//! Counters that each worker writes alone and anyone may read.
//!
//! Knows: how to count without a locked instruction (one writer a cell) and without two workers sharing a cache line.
//! Knows, too: how often something happens in any period, and how long things took, within a stated error.
//! And the most of a level or a rate, and the mean of the last values.
//! Does not know: what is counted; the time is an argument.
//! Start reading at [`Sharded`], then [`FreqCell`] and [`Histogram`].

mod cell;
mod freq;
mod histogram;
mod most;
mod recent;
mod sharded;

pub use cell::{Cell, Gauge};
pub use freq::{Freq, FreqCell};
pub use histogram::{Distribution, Histogram};
pub use most::{Most, SECOND};
pub use recent::{Mean, Recent};
pub use sharded::{Padded, Sharded};

//! Ticks of the monotonic clock and the timer wheel of a worker.
//!
//! Knows: how to read the time (nothing else in the workspace does), how to hold hundreds of thousands of timers that are
//! re-armed at every request, how long to wait before trying again. Does not know: what a time-out means.
//! Start reading at [`Wheel`]; the lists and bitmaps behind it are in `slots`.

mod backoff;
mod slots;
mod tick;
mod timer;

pub use backoff::Backoff;
pub use tick::{Tick, wall};
pub use timer::{Timer, Wheel};

//! Ticks of the monotonic clock and the timer wheel of a worker.

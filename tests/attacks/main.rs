//! Attacks on the data path: what an adversary, or bad luck, would try.

mod chaos;
mod chaos_proven;
mod closing;
mod corners;
mod corners_proven;
mod desync;
mod memory;
mod timers;

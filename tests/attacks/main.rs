//! Attacks on the data path: what an adversary, or bad luck, would try.

mod chaos;
mod corners;
mod desync;

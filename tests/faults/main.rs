//! Scorecard rows 9, 16 and 18: peers and networks that are slow, stop or fail, and what that costs. Each test prints its figures; its networks need root.

mod clocks;
mod descriptors;
mod full_disk;
mod memory;
mod outages;
mod posts;
mod slow;
mod stage;

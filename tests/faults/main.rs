//! Scorecard rows 9 and 18: peers that are slow or stop, and what that costs. Each test prints its figures; its networks need root.

mod memory;
mod slow;
mod stage;

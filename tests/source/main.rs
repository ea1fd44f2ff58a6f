//! Where connections to servers come from, between hosts of their own: addresses in turn, ports that run out and come back, clients'
//! addresses, and what reloads and upgrades leave alone.

mod peer;
mod ports;
mod reloading;
mod stage;
mod transparent;

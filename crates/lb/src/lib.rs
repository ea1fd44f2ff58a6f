//! Which server gets the next piece of work: one file for each balancing algorithm.
//!
//! Knows: weights, loads, a key, and which servers are usable; the order is one for all workers of a backend.
//! Does not know: sockets, HTTP, where the key comes from, or the time; randomness is an argument.
//! Start reading at [`Balancer`], then [`Order`] and the rows of [`ALGORITHMS`].

pub mod algorithm;
mod balance;
mod balancer;
mod chain;
mod directives;
mod heads;
mod ring;

pub use algorithm::{ALGORITHMS, Algorithm, Order};
pub use balance::Balance;
pub use balancer::{Balancer, among};
pub use directives::DIRECTIVES;

//! What every algorithm is, and the table of all of them. A new one is a file here and a row below.

use std::sync::Arc;

use plimsoll_server::Load;

use crate::Balance;

mod leastconn;
mod random;
mod roundrobin;

/// The order of one group of servers. Servers are slots from 0; all start unusable, with weight 0.
///
/// A pick allocates nothing and holds one short lock at most; its cost does not grow with the number of servers.
pub trait Order: Send + Sync {
    /// Chooses a server and moves on. Never an unusable one, and `avoid` only when there is no other.
    /// `key` is for algorithms that hash; `random` gives 64 fresh random bits.
    fn pick(&self, key: u64, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize>;

    /// The load of a server is not what it was: its [`Load`] says how much it is now. Must be called after each change,
    /// by whoever made it; calls of several workers may come in another order than the changes.
    fn moved(&self, server: usize);

    /// A server comes into a slot, with this load; unusable until [`update`](Self::update) says otherwise. The slot
    /// before it may not exist yet, or was another server's, which is unusable by now. Not on a request's path.
    fn join(&self, server: usize, load: &Arc<Load>);

    /// The weight that counts from now on; 0 is unusable. Not on a request's path.
    fn update(&self, server: usize, weight: u32);
}

/// One row: an algorithm by name.
pub struct Algorithm {
    /// Its word after `balance`.
    pub name: &'static str,
    /// HAProxy's word for it.
    pub haproxy: &'static str,
    /// What a number in parentheses means and which are allowed, if one may follow.
    pub argument: Option<Argument>,
    /// For the reference manual.
    pub doc: &'static str,
    /// Makes the order, of no server yet.
    pub build: fn(&Balance) -> Box<dyn Order>,
}

/// The number in `random(2)`.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// What it is.
    pub name: &'static str,
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// When not written.
    pub default: u32,
}

/// Every algorithm.
pub const ALGORITHMS: &[Algorithm] = &[roundrobin::ROW, leastconn::ROW, random::ROW];

/// The default of a backend that names none.
pub(crate) const DEFAULT: &Algorithm = &ALGORITHMS[0];

impl std::fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

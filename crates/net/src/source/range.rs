//! The ports of one source address towards one destination: each is one connection's at most, and one that was closed is used last.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use parking_lot::Mutex;

use super::queue::Queue;

/// Shared by all workers, and by every server at the same address. It outlives the configuration as long as one of its ports is in use.
#[derive(Debug)]
pub struct PortRange {
    ip: IpAddr,
    first: u16,
    last: u16,
    /// Decides the order in which ports are used for the first time.
    seed: u64,
    /// Half a megabyte for the widest range: made when the first port is asked for.
    free: OnceLock<Queue>,
    most: AtomicUsize,
    /// A connection found no port, and none was given up for it yet.
    wanting: AtomicBool,
    /// Who may have idle connections to give up. Locked when ports have run out, and once by each.
    helpers: Mutex<Vec<Waker>>,
}

impl PortRange {
    pub(super) fn new(ip: IpAddr, (first, last): (u16, u16), seed: u64) -> Arc<Self> {
        let (free, most, wanting, helpers) = Default::default();
        Arc::new(Self { ip, first, last, seed, free, most, wanting, helpers })
    }

    /// How many ports there are.
    #[must_use]
    pub fn size(&self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// How many are in use now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.free.get().map_or(0, |free| self.size() - free.free())
    }

    /// The most that were in use at once.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most.load(Relaxed)
    }

    /// The port that has been free for the longest time, until what this gives is dropped. `None`: all are in use.
    #[must_use]
    pub fn take(self: &Arc<Self>) -> Option<HeldPort> {
        let free = self.free.get_or_init(|| Queue::new(&self.shuffled()));
        let Some(port) = free.take() else {
            self.lacks();
            return None;
        };
        let used = self.size() - free.free();
        if used > self.most.load(Relaxed) {
            self.most.fetch_max(used, Relaxed);
        }
        Some(HeldPort { range: Arc::clone(self), port })
    }

    #[cold]
    fn lacks(&self) {
        self.wanting.store(true, Relaxed);
        self.helpers.lock().iter().for_each(Waker::wake_by_ref);
    }

    /// From now on wakes this one, too, when there is no port: it may have an idle connection that [`is_wanted`](HeldPort::is_wanted).
    pub fn wake_when_wanted(&self, helper: Waker) {
        self.helpers.lock().push(helper);
    }

    /// In no order, so that a process which takes another one's place does not begin where that one's connections are.
    fn shuffled(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = (self.first..=self.last).collect();
        let mut state = self.seed;
        for end in (1..ports.len()).rev() {
            // splitmix64, which is good enough for an order.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ports.swap(end, ((mixed ^ (mixed >> 31)) % (end as u64 + 1)) as usize);
        }
        ports
    }
}

/// `10.0.0.1:2000-3000`
impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::SourceAddress { ip: self.ip, ports: Some((self.first, self.last)) }.fmt(f)
    }
}

/// A port in use. It lives with the connection and is given back after the socket is closed.
#[derive(Debug)]
pub struct HeldPort {
    range: Arc<PortRange>,
    port: u16,
}

impl HeldPort {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.port
    }

    /// Whether a connection failed for lack of a port, and none was given up for it yet. True once for each time it is so: who asks is to
    /// close rather than to keep an idle connection.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.range.wanting.load(Relaxed) && self.range.wanting.swap(false, Relaxed)
    }

    /// Of which it is one.
    #[must_use]
    pub fn range(&self) -> &Arc<PortRange> {
        &self.range
    }
}

impl Drop for HeldPort {
    fn drop(&mut self) {
        if let Some(free) = self.range.free.get() {
            free.give_back(self.port);
        }
    }
}

#[cfg(test)]
mod tests;

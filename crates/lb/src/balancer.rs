//! The balancer of one backend: active servers first, backups when none of those is usable.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use plimsoll_server::Set;

use crate::{Balance, Order};

/// No usable backup.
const NONE: usize = usize::MAX;

/// Chooses among the servers of one [`Set`], and follows their transitions by itself.
///
/// Of the backups, which serve only while no active server is usable, it takes the first usable one, or balances over
/// all of them with `allbackups`.
pub struct Balancer {
    set: Arc<Set>,
    allbackups: bool,
    active: Box<dyn Order>,
    backups: Box<dyn Order>,
    /// The first usable backup.
    first: AtomicUsize,
}

impl Balancer {
    /// The balancer of `set`.
    #[must_use]
    pub fn new(balance: &Balance, allbackups: bool, set: Arc<Set>) -> Arc<Self> {
        let count = set.servers().len();
        let build = balance.algorithm.build;
        let (active, backups) = (build(balance, count), build(balance, count));
        let balancer = Arc::new(Self { set, allbackups, active, backups, first: AtomicUsize::new(NONE) });
        // Subscribe first and then look, so that no change falls between; looking twice does no harm.
        let weak: Weak<Self> = Arc::downgrade(&balancer);
        balancer.set.on_transition(move |server, _| {
            if let Some(balancer) = weak.upgrade() {
                balancer.follow(server.index());
            }
        });
        for index in 0..count {
            balancer.follow(index);
        }
        balancer
    }

    /// The servers it chooses from; an index that [`pick`](Self::pick) gives is one into them.
    #[must_use]
    pub fn set(&self) -> &Arc<Set> {
        &self.set
    }

    /// Takes over what a server's state is now.
    fn follow(&self, index: usize) {
        let servers = self.set.servers();
        let server = &servers[index];
        let group = if server.is_backup() { &self.backups } else { &self.active };
        group.update(index, server.effective_weight());
        if server.is_backup() {
            let first = servers.iter().position(|server| server.is_backup() && server.usable());
            self.first.store(first.unwrap_or(NONE), Relaxed);
        }
    }

    /// Chooses a server; `avoid` is the one that just failed, taken again only when there is no other.
    /// The caller calls [`took`](Self::took) when it uses the answer. `None`: no server is usable.
    #[inline]
    pub fn pick(&self, key: u64, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        self.active.pick(key, avoid, random).or_else(|| self.pick_backup(key, avoid, random))
    }

    #[cold]
    fn pick_backup(&self, key: u64, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        if self.allbackups {
            return self.backups.pick(key, avoid, random);
        }
        match self.first.load(Relaxed) {
            NONE => None,
            first => Some(first),
        }
    }

    fn group(&self, index: usize) -> &dyn Order {
        if self.set.servers()[index].is_backup() { &*self.backups } else { &*self.active }
    }

    /// Work begins on a server, picked or chosen otherwise; counts it as served.
    #[inline]
    pub fn took(&self, index: usize) {
        self.set.servers()[index].begin();
        self.group(index).took(index);
    }

    /// Work that was taken ends.
    #[inline]
    pub fn released(&self, index: usize) {
        self.set.servers()[index].end();
        self.group(index).released(index);
    }
}

impl std::fmt::Debug for Balancer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Balancer").field("set", &self.set).finish_non_exhaustive()
    }
}

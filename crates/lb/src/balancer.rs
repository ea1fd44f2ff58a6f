//! The balancer of one backend: active servers first, backups when none of those is usable.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

use plimsoll_server::{Follow, Server, Set};

use crate::{Balance, Order};

/// No usable backup.
const NONE: usize = usize::MAX;

/// Chooses among the servers of one [`Set`], and follows their transitions and reloads by itself.
///
/// Of the backups, which serve only while no active server is usable, it takes the first usable one, or balances over
/// all of them with `allbackups`.
pub struct Balancer {
    set: Arc<Set>,
    balance: Balance,
    allbackups: AtomicBool,
    active: Box<dyn Order>,
    backups: Box<dyn Order>,
    /// The slot of the first usable backup.
    first: AtomicUsize,
    /// Whether `successor` is there: looked at with each change of a load, after it.
    replaced: AtomicBool,
    successor: OnceLock<Arc<Balancer>>,
}

impl Balancer {
    /// The balancer of `set`; of equals, the first in the file goes first.
    #[must_use]
    pub fn new(balance: &Balance, allbackups: bool, set: Arc<Set>) -> Arc<Self> {
        let balancer = Arc::new(Self::idle(*balance, allbackups, set));
        balancer.set.follow(&balancer);
        balancer
    }

    fn idle(balance: Balance, allbackups: bool, set: Arc<Set>) -> Self {
        let build = balance.algorithm.build;
        Self {
            set,
            balance,
            allbackups: AtomicBool::new(allbackups),
            active: build(&balance),
            backups: build(&balance),
            first: AtomicUsize::new(NONE),
            replaced: AtomicBool::new(false),
            successor: OnceLock::new(),
        }
    }

    /// When only backups are usable: all of them, or the first alone?
    #[must_use]
    pub fn uses_all_backups(&self) -> bool {
        self.allbackups.load(Relaxed)
    }

    /// The balancer of the same set under options that may have changed: this very one, position and all, unless the
    /// algorithm or its argument is another. A new one knows the loads as they are, and hears of every piece of work that
    /// still ends, or even begins, on this one. Call it on the one in force, by one thread.
    #[must_use]
    pub fn reload(self: &Arc<Self>, balance: &Balance, allbackups: bool) -> Arc<Self> {
        if *balance == self.balance {
            self.allbackups.store(allbackups, Relaxed);
            return Arc::clone(self);
        }
        if let Some(next) = self.successor.get() {
            return next.reload(balance, allbackups);
        }
        let next = Arc::new(Self::idle(*balance, allbackups, Arc::clone(&self.set)));
        if self.successor.set(Arc::clone(&next)).is_ok() {
            self.replaced.store(true, SeqCst);
        }
        // Only now does it read the loads: of a change here, either it is read or its worker sees `replaced`, because
        // both sides write first and then look, all SeqCst.
        next.set.follow(&next);
        next
    }

    /// The servers it chooses from.
    #[must_use]
    pub fn set(&self) -> &Arc<Set> {
        &self.set
    }

    /// The algorithm.
    #[must_use]
    pub fn balance(&self) -> &Balance {
        &self.balance
    }

    /// Chooses a server by its slot; `avoid` is the one that just failed, taken again only when there is no other.
    /// The caller calls [`took`](Self::took) when it uses the answer. `None`: no server is usable.
    #[inline]
    pub fn pick(&self, key: u64, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        self.active.pick(key, avoid, random).or_else(|| self.pick_backup(key, avoid, random))
    }

    #[cold]
    fn pick_backup(&self, key: u64, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        if self.allbackups.load(Relaxed) {
            return self.backups.pick(key, avoid, random);
        }
        match self.first.load(Relaxed) {
            NONE => None,
            first => Some(first),
        }
    }

    #[inline]
    fn group(&self, server: &Server) -> &dyn Order {
        if server.is_backup() { &*self.backups } else { &*self.active }
    }

    /// Work begins on a server of this set, picked or chosen otherwise; counts it as served.
    #[inline]
    pub fn took(&self, server: &Server) {
        server.load().begin();
        self.moved(server);
    }

    /// Work that was taken ends, on the same server, whether it still is in the set or not.
    #[inline]
    pub fn released(&self, server: &Server) {
        server.load().end();
        self.moved(server);
    }

    #[inline]
    fn moved(&self, server: &Server) {
        self.group(server).moved(server.slot());
        if self.replaced.load(SeqCst) {
            self.tell_successor(server);
        }
    }

    #[cold]
    fn tell_successor(&self, server: &Server) {
        if let Some(next) = self.successor.get() {
            next.moved(server);
        }
    }

    fn find_first(&self, servers: &[Arc<Server>]) {
        let first = servers.iter().find(|server| server.is_backup() && server.usable());
        self.first.store(first.map_or(NONE, |server| server.slot()), Relaxed);
    }
}

impl Follow for Balancer {
    fn changed(&self, server: &Server) {
        self.group(server).update(server.slot(), server.effective_weight());
        if server.is_backup() {
            self.find_first(&self.set.servers());
        }
    }

    fn reshaped(&self, joined: &[Arc<Server>], servers: &[Arc<Server>], gone: &[Arc<Server>]) {
        for server in gone {
            self.group(server).update(server.slot(), 0);
        }
        for server in joined {
            self.group(server).join(server.slot(), server.load());
            self.group(server).update(server.slot(), server.effective_weight());
        }
        self.find_first(servers);
    }
}

/// The place in `servers` of the one with the least load for its weight: active before backup, `avoid` (a slot) last. For
/// the rare request whose snapshot does not know the server that was picked, being older or newer than the latest
/// reshape. `None`: none of them is usable.
#[cold]
pub fn among<'a>(servers: impl Iterator<Item = &'a Server>, avoid: Option<usize>) -> Option<usize> {
    let usable = servers.enumerate().filter(|(_, server)| server.usable());
    let load = |server: &Server| u64::from(server.served()) * 65_536 / u64::from(server.effective_weight().max(1));
    let best = usable.min_by_key(|(_, server)| (Some(server.slot()) == avoid, server.is_backup(), load(server)));
    best.map(|(place, _)| place)
}

impl fmt::Debug for Balancer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balancer").field("set", &self.set).finish_non_exhaustive()
    }
}

//! The servers of one backend, for as long as the backend lives: the set changes with the file, the servers stay.

use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use plimsoll_clock::Tick;

use crate::bus::Bus;
use crate::{Availability, Follow, Left, Server, Settings, Transition, Wanted};

/// The servers of one backend. Its locks are for changes and statistics; a request reads neither: it has its servers
/// from the snapshot and chooses among them with a balancer that follows the set.
#[derive(Debug)]
pub struct Set {
    pub(crate) bus: Arc<Bus>,
    pub(crate) workers: usize,
    // Taken after the bus's turn, where both are.
    pub(crate) layout: RwLock<Layout>,
}

#[derive(Debug)]
pub(crate) struct Layout {
    /// In the order of the file.
    pub(crate) servers: Arc<[Arc<Server>]>,
    /// Left out by the last reshape, and not retired yet.
    pub(crate) leaving: Vec<Arc<Server>>,
    /// By slot. A slot is free again when nobody holds its server any more, so that no snapshot that is alive finds
    /// another server in it.
    pub(crate) slots: Vec<Weak<Server>>,
}

impl Set {
    /// The servers of `backend`, counted by `workers` workers.
    #[must_use]
    pub fn new(backend: &str, settings: &[Settings], workers: usize, now: Tick) -> Arc<Self> {
        let layout = Layout { servers: Arc::new([]), leaving: Vec::new(), slots: Vec::new() };
        let set = Self { bus: Arc::new(Bus::new(backend, now)), workers, layout: RwLock::new(layout) };
        let wanted: Vec<Wanted> = settings.iter().cloned().map(Wanted::from).collect();
        set.reshape(&wanted, now);
        Arc::new(set)
    }

    /// The backend's name.
    #[must_use]
    pub fn backend(&self) -> &str {
        self.bus.backend()
    }

    /// All servers, in the order of the file.
    #[must_use]
    pub fn servers(&self) -> Arc<[Arc<Server>]> {
        Arc::clone(&self.layout.read().servers)
    }

    /// The server of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Arc<Server>> {
        self.servers().iter().find(|server| server.name() == name).cloned()
    }

    /// How many may be used now.
    #[must_use]
    pub fn left(&self) -> Left {
        self.bus.left()
    }

    /// Whether it has a server that may be used, and since when.
    #[must_use]
    pub fn availability(&self, now: Tick) -> Availability {
        self.bus.availability(now)
    }

    /// Calls `subscriber` on every transition from now on, one at a time for the whole backend, in the order of the
    /// subscriptions. It must be short, and must not itself report or subscribe: that would wait for itself.
    pub fn on_transition(&self, subscriber: impl Fn(&Server, &Transition) + Send + Sync + 'static) {
        self.bus.turn().subscribe(Box::new(subscriber));
    }

    /// Tells `follower` the servers of now and every change from now on, until it is gone. It hears of each change
    /// before those that subscribed to transitions.
    pub fn follow(&self, follower: &Arc<impl Follow + 'static>) {
        let weak: Weak<dyn Follow> = Arc::downgrade(follower) as Weak<dyn Follow>;
        let mut turn = self.bus.turn();
        turn.follow(weak);
        let (servers, leaving) = {
            let layout = self.layout.read();
            (Arc::clone(&layout.servers), layout.leaving.clone())
        };
        // Until they retire, those that leave are in the snapshot that is still in force.
        let joined: Vec<_> = servers.iter().cloned().chain(leaving).collect();
        follower.reshaped(&joined, &servers, &[]);
    }
}

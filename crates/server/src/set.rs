//! The ordered servers of one backend, and who hears of their changes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard};
use plimsoll_clock::Tick;

use crate::{Left, Server, Settings, Transition};

/// What is called on every transition.
pub(crate) type Subscriber = Box<dyn Fn(&Server, &Transition) + Send + Sync>;

/// The servers of one backend, in the order of the configuration.
#[derive(Debug)]
pub struct Set {
    servers: Box<[Arc<Server>]>,
    bus: Arc<Bus>,
}

impl Set {
    /// The servers of `backend`, counted by `workers` workers.
    #[must_use]
    pub fn new(backend: &str, settings: &[Settings], workers: usize, now: Tick) -> Arc<Self> {
        let bus = Arc::new(Bus::new(backend));
        let mut given: Vec<u32> = settings.iter().filter_map(|settings| settings.id).collect();
        given.sort_unstable();
        let mut free = (1..).filter(|id| given.binary_search(id).is_err());
        let servers: Box<[_]> = settings
            .iter()
            .enumerate()
            .map(|(index, settings)| {
                let id = settings.id.or_else(|| free.next()).expect("there are more numbers than servers");
                Arc::new(Server::new(settings, id, index, workers, Arc::clone(&bus), now))
            })
            .collect();
        for server in servers.iter().filter(|server| server.usable()) {
            bus.recount(server.is_backup(), false, true);
        }
        Arc::new(Self { servers, bus })
    }

    /// The backend's name.
    #[must_use]
    pub fn backend(&self) -> &str {
        self.bus.backend()
    }

    /// All servers, in order.
    #[must_use]
    pub fn servers(&self) -> &[Arc<Server>] {
        &self.servers
    }

    /// The server of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<Server>> {
        self.servers.iter().find(|server| server.name() == name)
    }

    /// How many may be used now.
    #[must_use]
    pub fn left(&self) -> Left {
        self.bus.left()
    }

    /// Calls `subscriber` on every transition from now on, one at a time for the whole backend, in the order of the
    /// subscriptions. It must be short, and must not itself report or subscribe: that would wait for itself.
    pub fn on_transition(&self, subscriber: impl Fn(&Server, &Transition) + Send + Sync + 'static) {
        self.bus.subscribers.lock().push(Box::new(subscriber));
    }
}

/// What the servers of one backend share.
pub(crate) struct Bus {
    backend: Box<str>,
    active: AtomicUsize,
    backup: AtomicUsize,
    subscribers: Mutex<Vec<Subscriber>>,
}

impl Bus {
    fn new(backend: &str) -> Self {
        let (active, backup) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { backend: backend.into(), active, backup, subscribers: Mutex::default() }
    }

    pub(crate) fn backend(&self) -> &str {
        &self.backend
    }

    /// Waits until no other server of the backend is changing.
    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn(self.subscribers.lock())
    }

    pub(crate) fn recount(&self, backup: bool, was: bool, is: bool) -> Left {
        let count = if backup { &self.backup } else { &self.active };
        match (was, is) {
            (false, true) => drop(count.fetch_add(1, Relaxed)),
            (true, false) => drop(count.fetch_sub(1, Relaxed)),
            _ => {}
        }
        self.left()
    }

    fn left(&self) -> Left {
        Left { active: self.active.load(Relaxed), backup: self.backup.load(Relaxed) }
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("backend", &self.backend).field("left", &self.left()).finish_non_exhaustive()
    }
}

/// The right to change one server of a backend.
pub(crate) struct Turn<'a>(MutexGuard<'a, Vec<Subscriber>>);

impl Turn<'_> {
    pub(crate) fn tell(&self, server: &Server, transition: &Transition) {
        for subscriber in self.0.iter() {
            subscriber(server, transition);
        }
    }
}

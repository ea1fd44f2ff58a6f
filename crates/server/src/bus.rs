//! What the servers of one backend share: who is told of changes, and how many may be used.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use plimsoll_clock::Tick;

use crate::service::Service;
use crate::{Availability, Left, Server, Transition};

/// What is called on every transition.
pub(crate) type Subscriber = Box<dyn Fn(&Server, &Transition) + Send + Sync>;

/// Who keeps something for every server of a set, such as a balancer. Calls come one at a time for the whole backend,
/// and must neither report nor reshape: that would wait for itself.
pub trait Follow: Send + Sync {
    /// A server's weight or state changed.
    fn changed(&self, server: &Server);

    /// These servers joined, in their slots; those are in the file, in its order; and the last are gone.
    fn reshaped(&self, joined: &[Arc<Server>], servers: &[Arc<Server>], gone: &[Arc<Server>]);
}

#[derive(Default)]
struct Audience {
    subscribers: Vec<Subscriber>,
    followers: Vec<Weak<dyn Follow>>,
}

pub(crate) struct Bus {
    backend: Box<str>,
    active: AtomicUsize,
    backup: AtomicUsize,
    service: Mutex<Service>,
    audience: Mutex<Audience>,
}

impl Bus {
    pub(crate) fn new(backend: &str, now: Tick) -> Self {
        let (active, backup) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let service = Mutex::new(Service::new(now));
        Self { backend: backend.into(), active, backup, service, audience: Mutex::default() }
    }

    /// Whether the backend serves from `now` on; true if that is new.
    pub(crate) fn note(&self, serves: bool, now: Tick) -> bool {
        self.service.lock().note(serves, now)
    }

    pub(crate) fn availability(&self, now: Tick) -> Availability {
        self.service.lock().at(now)
    }

    pub(crate) fn backend(&self) -> &str {
        &self.backend
    }

    /// Waits until no other server of the backend is changing.
    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn(self.audience.lock())
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

    pub(crate) fn left(&self) -> Left {
        Left { active: self.active.load(Relaxed), backup: self.backup.load(Relaxed) }
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("backend", &self.backend).field("left", &self.left()).finish_non_exhaustive()
    }
}

/// The right to change the servers of a backend.
pub(crate) struct Turn<'a>(MutexGuard<'a, Audience>);

impl Turn<'_> {
    pub(crate) fn subscribe(&mut self, subscriber: Subscriber) {
        self.0.subscribers.push(subscriber);
    }

    /// Those that are gone make room.
    pub(crate) fn follow(&mut self, follower: Weak<dyn Follow>) {
        self.0.followers.retain(|follower| follower.strong_count() > 0);
        self.0.followers.push(follower);
    }

    pub(crate) fn tell(&self, server: &Server, transition: &Transition) {
        self.followers().for_each(|follower| follower.changed(server));
        for subscriber in &self.0.subscribers {
            subscriber(server, transition);
        }
    }

    pub(crate) fn tell_shape(&self, joined: &[Arc<Server>], servers: &[Arc<Server>], gone: &[Arc<Server>]) {
        self.followers().for_each(|follower| follower.reshaped(joined, servers, gone));
    }

    fn followers(&self) -> impl Iterator<Item = Arc<dyn Follow>> {
        self.0.followers.iter().filter_map(Weak::upgrade)
    }
}

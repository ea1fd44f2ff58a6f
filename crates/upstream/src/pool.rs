//! The idle connections of one worker, by server.
//!
//! A connection is a value that is either in use ([`Connection`]) or parked (a place in [`Idle`]); nothing else holds it, so
//! that what was closed cannot come back: there is no flag to get wrong (the founding document 004 tells of such a flag).

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use plimsoll_clock::{Tick, Timer, Wheel};
use plimsoll_net::{PortRange, ToServer};
use slab::Slab;

use crate::connection::{Connection, Personal};
use crate::reuse::Reuse;
use crate::watch::{Bell, PORTS, Watch};

/// How often unused connections are thinned out: HAProxy's `pool-purge-delay`.
const PURGE: Duration = Duration::from_secs(5);

/// All pools of one worker, and the task that watches them.
#[derive(Clone, Debug)]
pub struct Pools(Rc<Idle>);

#[derive(Debug)]
struct Idle {
    places: RefCell<Slab<Parked>>,
    bell: Arc<Bell>,
    pools: RefCell<Vec<std::rc::Weak<Pool>>>,
    /// Ranges of source ports that ring when one is lacking.
    heard: RefCell<Vec<Weak<PortRange>>>,
    timer: Timer,
    armed: Cell<bool>,
    now: fn() -> Tick,
}

/// A parked connection.
#[derive(Debug)]
struct Parked {
    stream: ToServer,
    served: u32,
    watch: Watch,
    pool: Rc<Pool>,
}

/// The idle connections to one server, and how many are in use.
#[derive(Debug)]
pub struct Pool {
    idle: Rc<Idle>,
    /// Places, the one parked last at the end: the warmest is used first, the coldest are purged.
    stack: RefCell<Vec<usize>>,
    in_use: Cell<usize>,
    /// The most that were in use at once since the last purge, and in the period before.
    peak: Cell<usize>,
    peak_before: Cell<usize>,
}

impl Pools {
    /// No pool yet. `watch` must be spawned for connections to be looked after. `now`: the clock that the wheel goes by.
    #[must_use]
    pub fn new(wheel: &Wheel, now: fn() -> Tick) -> Self {
        Self(Rc::new(Idle {
            places: RefCell::default(),
            bell: Arc::default(),
            pools: RefCell::default(),
            heard: RefCell::default(),
            timer: wheel.timer(),
            armed: Cell::new(false),
            now,
        }))
    }

    /// A pool for one server.
    #[must_use]
    pub fn pool(&self) -> Rc<Pool> {
        let pool = Rc::new(Pool {
            idle: Rc::clone(&self.0),
            stack: RefCell::default(),
            in_use: Cell::new(0),
            peak: Cell::new(0),
            peak_before: Cell::new(0),
        });
        let mut pools = self.0.pools.borrow_mut();
        if pools.len() == pools.capacity() {
            // Where nothing is ever parked nothing is purged, and reloads bring new servers all the time.
            pools.retain(|pool| pool.strong_count() > 0);
        }
        pools.push(Rc::downgrade(&pool));
        drop(pools);
        pool
    }

    /// How many connections are idle.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.0.places.borrow().len()
    }

    /// Closes every idle connection.
    pub fn clear(&self) {
        let places: Vec<usize> = self.0.places.borrow().iter().map(|(place, _)| place).collect();
        places.into_iter().for_each(|place| self.0.evict(place));
    }

    /// Closes one idle connection, whichever is found first. False: there is none.
    #[cold]
    pub fn evict_one(&self) -> bool {
        let first = self.0.places.borrow().iter().next().map(|(place, _)| place);
        first.is_some_and(|place| {
            self.0.evict(place);
            true
        })
    }

    /// Looks after the idle connections for ever: evicts those that end or speak, thins out those that nobody uses.
    pub async fn watch(self) {
        poll_fn(|cx| {
            while let Some(rung) = self.0.bell.listen(cx.waker()) {
                for place in rung {
                    if place == PORTS { self.0.give_ports_up() } else { self.0.look(place) }
                }
            }
            if self.0.timer.poll_expired(cx).is_ready() {
                self.0.purge();
                let _ = self.0.timer.poll_expired(cx);
            }
            Poll::<()>::Pending
        })
        .await;
    }
}

impl Idle {
    /// Something happened to the connection there, unless it is another one by now.
    fn look(&self, place: usize) {
        let quiet = self.places.borrow().get(place).is_none_or(Parked::is_quiet);
        if !quiet {
            self.evict(place);
        }
    }

    /// Closes an idle connection for each range of source ports of which somebody lacks one.
    #[cold]
    fn give_ports_up(&self) {
        let wanted = |(place, parked): (usize, &Parked)| parked.stream.port()?.is_wanted().then_some(place);
        let places: Vec<usize> = self.places.borrow().iter().filter_map(wanted).collect();
        places.into_iter().for_each(|place| self.evict(place));
    }

    /// Hears from now on when somebody lacks a port of this range.
    #[cold]
    fn listen_to(&self, range: &Arc<PortRange>, heard: &mut Vec<Weak<PortRange>>) {
        heard.retain(|range| range.strong_count() > 0);
        heard.push(Arc::downgrade(range));
        let watch = Watch::new(&self.bell);
        watch.move_to(PORTS);
        range.wake_when_wanted(watch.waker());
    }

    fn evict(&self, place: usize) {
        let Some(parked) = self.places.borrow_mut().try_remove(place) else { return };
        parked.pool.stack.borrow_mut().retain(|&other| other != place);
        parked.stream.close_towards_server();
    }

    fn arm(&self) {
        if !self.armed.replace(true) {
            self.timer.arm((self.now)().after(PURGE));
        }
    }

    /// Each pool keeps what its busiest moment of the last two periods needed; the rest goes.
    fn purge(&self) {
        self.armed.set(false);
        self.timer.disarm();
        let mut surplus = Vec::new();
        self.pools.borrow_mut().retain(|pool| {
            let Some(pool) = pool.upgrade() else { return false };
            surplus.extend(pool.surplus());
            true
        });
        surplus.into_iter().for_each(|place| self.evict(place));
        if !self.places.borrow().is_empty() {
            self.arm();
        }
    }
}

impl Parked {
    /// Neither FIN nor bytes nor an error: its watcher is registered again.
    fn is_quiet(&self) -> bool {
        quiet(&self.stream, &self.watch)
    }
}

/// Polls for a single byte, so that nothing is quiet only because the event loop has not looked.
fn quiet(stream: &ToServer, watch: &Watch) -> bool {
    let waker = watch.waker();
    stream.poll_read(&mut Context::from_waker(&waker), &mut [0]).is_pending()
}

impl Pool {
    /// A connection that a new stream makes.
    #[must_use]
    pub fn adopt(self: &Rc<Self>, stream: ToServer) -> Connection {
        self.adopt_for(None, stream)
    }

    /// The same, for one client only if there is something personal about it: then it is never parked.
    #[must_use]
    pub fn adopt_for(self: &Rc<Self>, personal: Option<Box<Personal>>, stream: ToServer) -> Connection {
        Connection::new(stream, personal, Rc::clone(self))
    }

    /// Of the idle connections that the mode allows this request to take, the one that was used last.
    #[must_use]
    pub fn take(self: &Rc<Self>, reuse: Reuse, first: bool) -> Option<Connection> {
        // Only `aggressive` looks below the top, and only for the first request of a client.
        if !reuse.allows(first, u32::MAX) {
            return None;
        }
        loop {
            let allowed = {
                let places = self.idle.places.borrow();
                self.stack.borrow().iter().rposition(|&place| reuse.allows(first, places[place].served))?
            };
            let place = self.stack.borrow_mut().remove(allowed);
            let Parked { stream, served, watch, pool } = self.idle.places.borrow_mut().remove(place);
            if stream.seems_readable() {
                // The event loop knows already what the watcher has not been told yet.
                stream.close_towards_server();
                continue;
            }
            let mut connection = Connection::new(stream, None, pool);
            connection.served = served;
            connection.watch = Some(watch);
            return Some(connection);
        }
    }

    /// Keeps a connection that is idle from now on, unless it is dead, one client's own, or has a source port that somebody else lacks. If there are then more than were needed at once, the coldest goes.
    pub(crate) fn park(self: Rc<Self>, connection: Connection) {
        if connection.personal().is_some() {
            return;
        }
        let enough = self.stack.borrow().len() + self.in_use.get() > self.peak.get().max(self.peak_before.get());
        let Some((stream, served, watch)) = connection.take_stream() else { return };
        if let Some(port) = stream.port() {
            if port.is_wanted() {
                return;
            }
            let mut heard = self.idle.heard.borrow_mut();
            if !heard.iter().any(|range| Weak::as_ptr(range) == Arc::as_ptr(port.range())) {
                self.idle.listen_to(port.range(), &mut heard);
            }
        }
        let watch = watch.unwrap_or_else(|| Watch::new(&self.idle.bell));
        let mut places = self.idle.places.borrow_mut();
        let entry = places.vacant_entry();
        let place = entry.key();
        watch.move_to(place);
        if !quiet(&stream, &watch) {
            drop(places);
            stream.close_towards_server();
            return;
        }
        entry.insert(Parked { stream, served, watch, pool: Rc::clone(&self) });
        drop(places);
        self.stack.borrow_mut().push(place);
        self.idle.arm();
        if enough {
            let coldest = self.stack.borrow()[0];
            self.idle.evict(coldest);
        }
    }

    /// Closes those that are idle: their server is gone.
    pub fn clear(&self) {
        let places = std::mem::take(&mut *self.stack.borrow_mut());
        places.into_iter().for_each(|place| self.idle.evict(place));
    }

    /// Closes the one that was idle for the longest time. False: none is idle.
    #[cold]
    pub fn evict_coldest(&self) -> bool {
        let coldest = self.stack.borrow().first().copied();
        coldest.is_some_and(|place| {
            self.idle.evict(place);
            true
        })
    }

    /// How many are in use by this worker.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.in_use.get()
    }

    /// How many are idle on this worker.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.stack.borrow().len()
    }

    pub(crate) fn began(&self) {
        let now = self.in_use.get() + 1;
        self.in_use.set(now);
        if now > self.peak.get() {
            self.peak.set(now);
        }
    }

    pub(crate) fn ended(&self) {
        self.in_use.set(self.in_use.get().saturating_sub(1));
    }

    /// The coldest of those that the busiest moment of this period and the one before did not need; starts a new period.
    fn surplus(&self) -> Vec<usize> {
        let stack = self.stack.borrow();
        let needed = self.peak.get().max(self.peak_before.get());
        let surplus = (stack.len() + self.in_use.get()).saturating_sub(needed).min(stack.len());
        self.peak_before.set(self.peak.replace(self.in_use.get()));
        stack[..surplus].to_vec()
    }
}

#[cfg(test)]
mod tests;

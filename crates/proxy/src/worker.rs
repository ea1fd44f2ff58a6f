//! A worker: everything that its connections share, and nobody else touches.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use plimsoll_clock::{Tick, Wheel, wall};
use plimsoll_counters::Gauge;
use plimsoll_net::{Acceptor, Address, ListenOptions, Listener, Outlet, PipePool};
use plimsoll_observe::{Event, Failure, Level, Writer};
use plimsoll_outcome::Outcome;
use plimsoll_server::Server;
use plimsoll_upstream::{Pool, Pools};

use crate::Gate;
use crate::accept::{self, Port};
use crate::dealing::Share;
use crate::site::Route;
use crate::snapshot::{Frontend, Process, Target};
use crate::spread::Spread;
use crate::step::{Mark, Steps, again_and_again};

/// One thread's share of the work. Made and used inside its own runtime.
#[derive(Debug)]
pub struct Worker {
    /// Its number, and its shard of every counter.
    pub(crate) id: usize,
    pub(crate) process: Arc<Process>,
    pub(crate) wheel: Wheel,
    pub(crate) pools: Pools,
    pub(crate) pipes: PipePool,
    pub(crate) log: Option<Writer>,
    pub(crate) random: RefCell<fastrand::Rng>,
    /// The pool of each server that was used: by identity, address and where connections come from, whatever the configuration that names it.
    by_server: RefCell<HashMap<(*const Server, Address, *const Outlet), Known>>,
    ports: RefCell<Vec<Rc<Port>>>,
    /// Listeners of a configuration that is still to come.
    prepared: RefCell<HashMap<u32, Vec<Acceptor>>>,
    /// Servers whose tunnels are to end now. Not kept alive: a thousand reloads would keep a thousand servers.
    revoked: RefCell<HashMap<*const Server, Weak<Server>>>,
    draining: Cell<bool>,
    /// When the drain began, and how it closes idle clients; `None`: at once.
    parting: Cell<Option<(Tick, Spread)>>,
    pub(crate) steps: Steps,
    pub(crate) share: Share,
    /// Sockets that still accept.
    pub(crate) accepting: Cell<usize>,
}

/// A server that was used, kept so that its address in memory stays its own, and the idle connections to it.
#[derive(Debug)]
struct Known {
    server: Arc<Server>,
    /// Weak: a source that the configuration does not have any more is nobody's. Its place in memory stays its own all the same.
    source: Option<Weak<Outlet>>,
    pool: Rc<Pool>,
}

/// Where a listener's clients go from now on.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Which listener: a number that stays with its address.
    pub port: u32,
    /// Which of the frontend's addresses it is, from 1.
    pub number: u32,
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// Which frontend.
    pub frontend: Arc<Frontend>,
    /// `accept-proxy`: each connection begins with a PROXY header.
    pub accept_proxy: bool,
    /// What is chosen for it. On a socket that listens already, what can be changed is.
    pub options: ListenOptions,
    /// The address's own limit on connections.
    pub gate: Option<Arc<Gate>>,
}

impl plimsoll_rules::Outside for Worker {
    fn wall(&self) -> std::time::Duration {
        wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }

    fn random(&self) -> u64 {
        Self::random(self)
    }

    fn worker(&self) -> u32 {
        self.id as u32
    }

    fn debug(&self, prefix: &str, _: &str, value: &plimsoll_rules::Value<'_>) {
        let text = value.text(&plimsoll_rules::Arena::new()).map(|text| text.escape_ascii().to_string());
        let text = format!("[debug] {prefix}: type={} <{}>", value.kind().name(), text.unwrap_or_default());
        let event = Event { time: wall(), level: Level::Notice, slug: "rule.debug", text: &text, fields: &[] };
        self.process.events.send(&event);
    }
}

impl Worker {
    /// A worker without listeners. Must be called inside its runtime: it spawns the tasks that look after timers and idle connections.
    #[must_use]
    pub fn start(id: usize, process: Arc<Process>, log: Option<Writer>, mark: Mark, now: Tick) -> Rc<Self> {
        plimsoll_observe::keep_panics();
        crate::buffer::account(&process, id);
        mark.woke();
        let wheel = Wheel::new(now);
        let pools = Pools::new(&wheel, Tick::now);
        let pipes = PipePool::new(&process.pipes, id);
        let worker = Rc::new(Self {
            id,
            process,
            wheel: wheel.clone(),
            pools: pools.clone(),
            pipes,
            log,
            random: RefCell::new(fastrand::Rng::new()),
            by_server: RefCell::default(),
            ports: RefCell::default(),
            prepared: RefCell::default(),
            revoked: RefCell::default(),
            draining: Cell::new(false),
            parting: Cell::new(None),
            steps: Steps::new(mark),
            share: Share::default(),
            accepting: Cell::new(0),
        });
        let loops = Arc::clone(&worker.process);
        wheel.on_late(move |late| loops.loops.shard(id).lag.record(late.as_micros().try_into().unwrap_or(u64::MAX)));
        worker.keep_running("the timers", {
            let wheel = wheel.clone();
            move || wheel.clone().drive()
        });
        worker.keep_running("the watch over idle connections", move || pools.clone().watch());
        let of = wheel.clone();
        worker.keep_running("the memory", move || crate::trim::trim(of.clone()));
        if worker.process.counters.workers() > 1 {
            let of = Rc::clone(&worker);
            worker.keep_running("what other workers accepted", move || Rc::clone(&of).read_mail());
        }
        if worker.log.is_some() {
            let of = Rc::clone(&worker);
            worker.keep_running("the log", move || Rc::clone(&of).flush_log());
        }
        worker
    }

    /// Spawns a task that the worker cannot do without.
    pub(crate) fn keep_running<F: Future<Output = ()> + 'static>(
        self: &Rc<Self>,
        name: &'static str,
        task: impl Fn() -> F + 'static,
    ) {
        tokio::task::spawn_local(again_and_again(Rc::clone(self), name, task));
    }

    async fn flush_log(self: Rc<Self>) {
        let timer = self.wheel.timer();
        poll_fn(|cx| self.log.as_ref().map_or(std::task::Poll::Ready(()), |log| log.poll_flush(&timer, cx))).await;
    }

    /// Registers new listeners with the event loop, by their numbers; nobody is accepted before [`adopt`](Self::adopt). All that can fail of
    /// taking a configuration over is here.
    pub fn prepare(&self, listeners: Vec<(u32, Listener)>) -> std::io::Result<()> {
        let mut prepared = HashMap::<u32, Vec<Acceptor>>::new();
        for (port, listener) in listeners {
            prepared.entry(port).or_default().push(Acceptor::new(listener)?);
        }
        self.prepared.borrow_mut().extend(prepared);
        Ok(())
    }

    /// The configuration that they were prepared for does not come: closes these listeners.
    pub fn forget_prepared(&self) {
        self.prepared.borrow_mut().clear();
    }

    /// Takes a configuration over: prepared listeners accept, listeners that are assigned go on with their new frontend and options, all others
    /// close. A connection sees the change with its next request.
    pub fn adopt(self: &Rc<Self>, assignments: Vec<Assignment>) {
        let gone = std::mem::take(&mut *self.ports.borrow_mut());
        let mut gone: HashMap<u32, Rc<Port>> = gone.into_iter().map(|port| (port.id, port)).collect();
        let mut prepared = std::mem::take(&mut *self.prepared.borrow_mut());
        let mut stay = Vec::with_capacity(assignments.len());
        for assignment in assignments {
            if let Some(known) = gone.remove(&assignment.port) {
                known.assign(&assignment);
                stay.push(known);
            } else {
                // Another worker may accept for all of them.
                let acceptors = prepared.remove(&assignment.port).unwrap_or_default();
                stay.push(accept::listen(self, acceptors, assignment));
            }
        }
        let newest = stay.iter().map(|port| port.id).max();
        self.ports.replace(stay);
        for port in gone.values() {
            port.retire();
        }
        if !gone.is_empty() {
            self.wheel.nudge();
        }
        self.knows_ports(newest.unwrap_or(0));
    }

    /// Once every worker has adopted and the old servers are retired: closes the idle connections to them.
    pub fn settle(&self) {
        self.by_server.borrow_mut().retain(|_, Known { server, source, pool }| {
            let stays = !server.is_retired() && source.as_ref().is_none_or(|source| source.strong_count() > 0);
            if !stays {
                pool.clear();
            }
            stays
        });
    }

    /// Ends the tunnels that these servers still carry. One that nobody holds carries none.
    pub fn revoke(&self, servers: Vec<Weak<Server>>) {
        let mut revoked = self.revoked.borrow_mut();
        // Here, because nothing else makes it grow.
        revoked.retain(|_, server| server.strong_count() > 0);
        // As long as the weak one is here, no other server has its address.
        revoked.extend(servers.into_iter().map(|server| (server.as_ptr(), server)));
        drop(revoked);
        self.wheel.nudge();
    }

    /// Stops accepting, tells every client at its next response, and closes those that are idle, at once or as `spread` says.
    pub fn drain(self: &Rc<Self>, spread: Option<Spread>, now: Tick) {
        self.draining.set(true);
        self.parting.set(spread.map(|spread| (now, spread)));
        // Each port holds its worker: nobody would go if nobody let go.
        self.ports.borrow_mut().clear();
        self.pools.clear();
        self.wheel.nudge();
        self.serve_early();
    }

    /// The listener of that number.
    pub(crate) fn port(&self, id: u32) -> Option<Rc<Port>> {
        self.ports.borrow().iter().find(|port| port.id == id).map(Rc::clone)
    }

    /// Does it still have clients?
    #[must_use]
    pub fn live(&self) -> usize {
        usize::try_from(self.connections().get()).unwrap_or(0)
    }

    /// Client connections that are open.
    pub(crate) fn connections(&self) -> &Gauge {
        &self.process.counters.shard(self.id).live
    }

    /// Sends what is left of the log.
    pub fn flush(&self) {
        if let Some(log) = &self.log {
            log.flush();
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// When an idle client goes in a drain; `None`: now.
    #[cold]
    pub(crate) fn parting(&self, client: usize) -> Option<Tick> {
        self.parting.get().map(|(began, spread)| spread.moment(began, client))
    }

    pub(crate) fn is_revoked(&self, server: &Arc<Server>) -> bool {
        let revoked = self.revoked.borrow();
        !revoked.is_empty() && revoked.contains_key(&Arc::as_ptr(server))
    }

    pub(crate) fn pool(&self, target: &Target) -> Rc<Pool> {
        let source = target.connect.source.as_ref();
        let key = (Arc::as_ptr(&target.server), target.address.clone(), source.map_or(std::ptr::null(), Arc::as_ptr));
        let mut pools = self.by_server.borrow_mut();
        let known = pools.entry(key).or_insert_with(|| Known {
            server: Arc::clone(&target.server),
            source: source.map(Arc::downgrade),
            pool: self.pools.pool(),
        });
        Rc::clone(&known.pool)
    }

    /// What is routed now by the frontend of that name: this port, or another one if that is not its port any more.
    #[cold]
    pub(crate) fn route_of(&self, port: &Port, frontend: &str) -> Option<Rc<Route>> {
        let of = |route: &Rc<Route>| *route.frontend.name == *frontend;
        let here = Some(port.route()).filter(of).filter(|_| !port.is_retired());
        here.or_else(|| self.ports.borrow().iter().map(|port| port.route()).find(of))
    }

    /// Descriptors ran out: closes the idle connections to servers. False: there were none.
    #[cold]
    pub(crate) fn shed(&self) -> bool {
        let some = self.pools.idle() > 0;
        self.pools.clear();
        some
    }

    /// Descriptors ran out for a client that waits: closes an idle server connection, as long as there are more of them than clients inside, who may
    /// each need one. False: nothing can be spared.
    #[cold]
    pub(crate) fn spare(&self) -> bool {
        self.pools.idle() > self.live() && self.pools.evict_one()
    }

    #[cold]
    pub(crate) fn count(&self, outcome: &Outcome) {
        self.process.tallies[self.id].count(outcome);
    }

    #[cold]
    pub(crate) fn keep(&self, failure: &Failure<'_>) {
        self.process.failures[self.id].push(failure);
    }

    pub(crate) fn random(&self) -> u64 {
        self.random.borrow_mut().u64(..)
    }
}

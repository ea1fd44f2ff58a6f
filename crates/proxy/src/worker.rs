//! A worker: everything that its connections share, and nobody else touches.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;

use plimsoll_clock::Wheel;
use plimsoll_net::{Listener, PipePool};
use plimsoll_observe::{DateCache, Writer};
use plimsoll_outcome::Outcome;
use plimsoll_upstream::{Pool, Pools};

use crate::accept;
use crate::snapshot::Snapshot;

/// The running configuration as this worker sees it: the snapshot, and the worker's own pool for each of its servers.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) pools: Vec<Vec<Rc<Pool>>>,
}

/// One thread's share of the work. Made and used inside its own runtime.
#[derive(Debug)]
pub struct Worker {
    /// Its number, and its shard of every counter.
    pub(crate) id: usize,
    pub(crate) wheel: Wheel,
    pub(crate) pools: Pools,
    pub(crate) pipes: PipePool,
    pub(crate) log: Option<Writer>,
    pub(crate) dates: RefCell<DateCache>,
    pub(crate) random: RefCell<fastrand::Rng>,
    view: RefCell<Rc<View>>,
    draining: Cell<bool>,
    /// Client connections that are open.
    pub(crate) live: Cell<usize>,
}

impl Worker {
    /// A worker without listeners. Must be called inside its runtime: it spawns the tasks that look after timers and idle connections.
    #[must_use]
    pub fn start(
        id: usize,
        snapshot: Arc<Snapshot>,
        pipes: PipePool,
        log: Option<Writer>,
        now: plimsoll_clock::Tick,
    ) -> Rc<Self> {
        let wheel = Wheel::new(now);
        let pools = Pools::new(&wheel, plimsoll_clock::Tick::now);
        let view = RefCell::new(Rc::new(View::new(snapshot, &pools)));
        let worker = Rc::new(Self {
            id,
            wheel: wheel.clone(),
            pools: pools.clone(),
            pipes,
            log,
            dates: RefCell::default(),
            random: RefCell::new(fastrand::Rng::new()),
            view,
            draining: Cell::new(false),
            live: Cell::new(0),
        });
        tokio::task::spawn_local(wheel.drive());
        tokio::task::spawn_local(pools.watch());
        if worker.log.is_some() {
            tokio::task::spawn_local(Rc::clone(&worker).flush_log());
        }
        worker
    }

    async fn flush_log(self: Rc<Self>) {
        let timer = self.wheel.timer();
        poll_fn(|cx| self.log.as_ref().map_or(std::task::Poll::Ready(()), |log| log.poll_flush(&timer, cx))).await;
    }

    /// Accepts clients of that frontend until the worker drains.
    pub fn listen(self: &Rc<Self>, listener: Listener, frontend: usize) -> std::io::Result<()> {
        accept::listen(self, listener, frontend)
    }

    /// Stops accepting, tells every client at its next response, and closes those that are idle now.
    pub fn drain(&self) {
        self.draining.set(true);
        self.pools.clear();
        self.wheel.nudge();
    }

    /// Does it still have clients?
    #[must_use]
    pub fn live(&self) -> usize {
        self.live.get()
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

    pub(crate) fn view(&self) -> Rc<View> {
        Rc::clone(&self.view.borrow())
    }

    #[cold]
    pub(crate) fn count(&self, outcome: &Outcome) {
        self.view.borrow().snapshot.process.tallies[self.id].count(outcome);
    }

    pub(crate) fn random(&self) -> u64 {
        self.random.borrow_mut().u64(..)
    }
}

impl View {
    fn new(snapshot: Arc<Snapshot>, pools: &Pools) -> Self {
        let pools =
            snapshot.backends.iter().map(|backend| backend.targets.iter().map(|_| pools.pool()).collect()).collect();
        Self { snapshot, pools }
    }
}

//! The control thread: runs what no request waits for, such as health checks.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_admin::{Options, Prepared, Serving, State};
use plimsoll_checks::{Checks, Pace, Subject};
use plimsoll_clock::Tick;
use plimsoll_net::Address;
use plimsoll_observe::Panics;
use plimsoll_server::Server;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::worker::Command;

/// Checks that may be under way at once: each takes a descriptor (`budget` counts them).
pub(crate) const CHECKS_AT_ONCE: usize = 32;

/// What it is asked to do.
enum Order {
    /// Check these servers from now on.
    Check(Vec<Subject>),
    /// Say that this thread turns.
    Pulse(Arc<AtomicUsize>),
    /// After so long, end the tunnels of these servers.
    Revoke(Vec<Weak<Server>>, Duration, Vec<UnboundedSender<Command>>),
}

/// The thread, until it is dropped.
#[derive(Debug)]
pub(crate) struct Control {
    orders: Option<UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
    runtime: Handle,
    /// The runtime socket and the pages, once the engine is there to ask.
    serving: Mutex<Option<Serving>>,
}

impl Control {
    /// Starts the thread.
    pub(crate) fn start(panics: Panics) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (orders, received) = unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("control".into())
            .spawn(move || runtime.block_on(obey(received, panics)))?;
        Ok(Self { orders: Some(orders), thread: Some(thread), runtime: handle, serving: Mutex::default() })
    }

    /// These servers are checked from now on; those that were checked the same way before notice nothing.
    pub(crate) fn check(&self, subjects: Vec<Subject>) {
        self.order(Order::Check(subjects));
    }

    /// The runtime socket and the pages are another process's from now on; who is being answered is answered.
    pub(crate) fn hand_over(&self) {
        drop(crate::process::lock(&self.serving).take());
    }

    /// Asks for a sign of life.
    pub(crate) fn pulse(&self, beats: Arc<AtomicUsize>) {
        self.order(Order::Pulse(beats));
    }

    /// Opens what is new of the runtime socket and the pages; nothing changes before [`answer`](Self::answer). Not an order: the control thread
    /// itself may be the one that reloads.
    pub(crate) fn prepare(&self, options: &Options) -> io::Result<Prepared> {
        let _inside = self.runtime.enter();
        plimsoll_admin::prepare(options, self.serving().as_ref())
    }

    /// The runtime socket and the pages follow a new configuration.
    pub(crate) fn answer(&self, prepared: Prepared, state: impl FnOnce() -> Arc<dyn State>) {
        let _inside = self.runtime.enter();
        let mut serving = self.serving();
        for (role, address) in serving.get_or_insert_with(|| Serving::new(state())).follow(prepared) {
            eprintln!("lb: {role} on {address}");
        }
    }

    /// Where they are.
    pub(crate) fn addresses(&self) -> Vec<(&'static str, Address)> {
        self.serving().as_ref().map(Serving::addresses).unwrap_or_default()
    }

    fn serving(&self) -> MutexGuard<'_, Option<Serving>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What these servers still carry ends after `patience`; `None`: when it ends by itself.
    pub(crate) fn revoke(
        &self,
        servers: Vec<Arc<Server>>,
        patience: Option<Duration>,
        workers: Vec<UnboundedSender<Command>>,
    ) {
        if let Some(patience) = patience.filter(|_| !servers.is_empty()) {
            // Only tunnels hold them meanwhile: without any, slot and memory are free before the patience is over.
            let servers = servers.iter().map(Arc::downgrade).collect();
            self.order(Order::Revoke(servers, patience, workers));
        }
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // It ends only when this end is dropped.
            let _ = orders.send(order);
        }
    }
}

async fn obey(mut orders: UnboundedReceiver<Order>, panics: Panics) {
    plimsoll_observe::keep_panics();
    let (seed, mine) = (Tick::now().as_micros(), panics.clone());
    let mut checks = Checks::new(Pace { at_once: CHECKS_AT_ONCE, spread: 0, seed, now: Tick::now, panics });
    while let Some(order) = orders.recv().await {
        let name = || "an order to the control thread".to_owned();
        mine.survive(name, || match order {
            Order::Pulse(beats) => {
                beats.fetch_add(1, Relaxed);
            }
            Order::Check(subjects) => {
                checks.apply(subjects);
            }
            Order::Revoke(servers, patience, workers) => {
                tokio::spawn(revoke(servers, patience, workers));
            }
        });
    }
}

async fn revoke(servers: Vec<Weak<Server>>, patience: Duration, workers: Vec<UnboundedSender<Command>>) {
    tokio::time::sleep(patience).await;
    for worker in workers {
        // One that has ended carries nothing.
        let _ = worker.send(Command::Revoke(servers.clone()));
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // While its runtime is there.
        drop(self.serving().take());
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed.
            let _ = thread.join();
        }
    }
}

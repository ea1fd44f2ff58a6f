//! The control thread: runs what no request waits for, such as health checks.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_admin::{Options, Serving, State};
use plimsoll_checks::{Checks, Pace, Subject};
use plimsoll_clock::Tick;
use plimsoll_server::Server;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::worker::Command;

/// Checks that may be under way at once: each takes a descriptor (`budget` counts them).
pub(crate) const CHECKS_AT_ONCE: usize = 32;

/// What it is asked to do.
enum Order {
    /// Check these servers from now on.
    Check(Vec<Subject>),
    /// Open the runtime socket and the pages; hear whether that went.
    Serve(Options, Arc<dyn State>, Sender<io::Result<()>>),
    /// They follow a new configuration.
    Answer(Options),
    /// After so long, end the tunnels of these servers.
    Revoke(Vec<Weak<Server>>, Duration, Vec<UnboundedSender<Command>>),
}

/// The thread, until it is dropped.
#[derive(Debug)]
pub(crate) struct Control {
    orders: Option<UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Starts checking.
    pub(crate) fn start(subjects: Vec<Subject>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (orders, received) = unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("control".into())
            .spawn(move || runtime.block_on(obey(subjects, received)))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// These servers are checked from now on; those that were checked the same way before notice nothing.
    pub(crate) fn check(&self, subjects: Vec<Subject>) {
        self.order(Order::Check(subjects));
    }

    /// Opens the runtime socket and the pages.
    pub(crate) fn serve(&self, options: Options, state: Arc<dyn State>) -> io::Result<()> {
        let (done, opened) = channel();
        self.order(Order::Serve(options, state, done));
        opened.recv().unwrap_or_else(|_| Err(io::Error::other("the control thread has ended")))
    }

    /// The runtime socket and the pages follow a new configuration; what cannot be opened is told.
    pub(crate) fn answer(&self, options: Options) {
        self.order(Order::Answer(options));
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

async fn obey(subjects: Vec<Subject>, mut orders: UnboundedReceiver<Order>) {
    let mut checks =
        Checks::new(Pace { at_once: CHECKS_AT_ONCE, spread: 0, seed: Tick::now().as_micros(), now: Tick::now });
    checks.apply(subjects);
    let mut serving = None;
    while let Some(order) = orders.recv().await {
        match order {
            Order::Serve(options, state, done) => {
                let opened = plimsoll_admin::serve(&options, state).map(|opened| {
                    for (role, address) in opened.addresses() {
                        eprintln!("lb: {role} on {address}");
                    }
                    serving = Some(opened);
                });
                // Whoever asked waits for it.
                let _ = done.send(opened);
            }
            Order::Answer(options) => {
                if let Some(Err(error)) = serving.as_mut().map(|serving: &mut Serving| serving.apply(&options)) {
                    eprintln!("lb: the runtime socket and the pages stay as they were: {error}");
                }
            }
            Order::Check(subjects) => {
                checks.apply(subjects);
            }
            Order::Revoke(servers, patience, workers) => {
                tokio::spawn(async move {
                    tokio::time::sleep(patience).await;
                    for worker in workers {
                        // One that has ended carries nothing.
                        let _ = worker.send(Command::Revoke(servers.clone()));
                    }
                });
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed.
            let _ = thread.join();
        }
    }
}

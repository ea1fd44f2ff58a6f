//! The process while it runs: workers, checks, the pointer to the snapshot, the end.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use arc_swap::ArcSwap;
use plimsoll_clock::Tick;
use plimsoll_net::{Address, Listener};
use plimsoll_observe::Sink;
use plimsoll_outcome::Outcome;
use plimsoll_proxy::Snapshot;

use crate::budget::{Budget, BudgetError};
use crate::control::Control;
use crate::model::LogTo;
use crate::plan::Plan;
use crate::worker::{Command, Handle, Start};

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration asks for more than the system gives.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} (frontend {frontend}): {error}")]
    Listen {
        /// Which frontend wanted it.
        frontend: String,
        /// Where.
        address: Address,
        /// What the system says.
        error: io::Error,
    },
    /// A thread or an event loop cannot be made.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// A running process.
#[derive(Debug)]
pub struct Engine {
    snapshot: ArcSwap<Snapshot>,
    workers: Vec<Handle>,
    control: Control,
    log: Option<Sink>,
    addresses: Vec<(String, Address)>,
    unlink: Vec<Address>,
}

/// Every crate's outcomes.
#[must_use]
pub fn outcome_tables() -> [&'static [&'static Outcome]; 3] {
    [plimsoll_http::OUTCOMES, plimsoll_upstream::OUTCOMES, plimsoll_proxy::OUTCOMES]
}

impl Engine {
    /// Opens the listeners, starts the workers and the checks. Nothing is left behind when it fails.
    pub fn start(plan: &Plan) -> Result<Self, StartError> {
        let limit = plimsoll_net::limits::raise_descriptors()?.soft;
        let workers = plan.workers;
        let budget = Budget::new(plan.maxconn, (plan.binds.len() * workers) as u64, workers as u64, limit)?;
        let mut shares: Vec<Vec<(usize, Listener)>> = (0..workers).map(|_| Vec::new()).collect();
        let mut addresses = Vec::new();
        for bind in &plan.binds {
            let group = Listener::bind_group(&bind.address, workers, &bind.options).map_err(|error| {
                StartError::Listen { frontend: bind.name.clone(), address: bind.address.clone(), error }
            })?;
            addresses.extend(group.first().map(|listener| (bind.name.clone(), listener.local_addr().clone())));
            for (share, listener) in shares.iter_mut().zip(group) {
                share.push((bind.frontend, listener));
            }
        }
        let snapshot = Arc::new(plan.snapshot(budget.maxconn, Tick::now()));
        tell_transitions(&snapshot);
        let log = plan.log.map(|to| Sink::start(stream(to))).transpose()?;
        let (ready, started) = channel();
        let mut handles = Vec::with_capacity(workers);
        for (id, listeners) in shares.into_iter().enumerate() {
            let start = Start { id, snapshot: Arc::clone(&snapshot), listeners, log: log.as_ref().map(Sink::writer) };
            handles.push(Handle::spawn(start, ready.clone())?);
        }
        drop(ready);
        for worker in &started {
            worker?;
        }
        let control = Control::start(plan.subjects(&snapshot))?;
        let unlink = plan
            .binds
            .iter()
            .map(|bind| bind.address.clone())
            .filter(|address| matches!(address, Address::Unix(_)))
            .collect();
        Ok(Self { snapshot: ArcSwap::new(snapshot), workers: handles, control, log, addresses, unlink })
    }

    /// Where it listens: frontend and address, in the order of the file.
    #[must_use]
    pub fn addresses(&self) -> &[(String, Address)] {
        &self.addresses
    }

    /// The configuration that is running.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Takes no more clients and ends each connection when its request is done.
    pub fn drain(&self) {
        for worker in &self.workers {
            worker.tell(Command::Drain);
        }
    }

    /// Is the last connection gone?
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.workers.iter().all(Handle::is_finished)
    }

    /// Connections of clients that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.snapshot.load().process.gate.used()
    }

    /// Waits for the workers, then writes what is left of the log.
    pub fn finish(self) {
        self.workers.into_iter().for_each(Handle::join);
        drop(self.control);
        if let Some(log) = self.log {
            log.finish();
        }
        for address in &self.unlink {
            if let Address::Unix(path) = address {
                // Somebody may have cleaned up before us.
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// Waits until it is drained, for at most so long. True: it is.
    pub fn wait_drained(&self, at_most: Duration) -> bool {
        let until = Tick::now().after(at_most);
        while !self.is_drained() {
            if Tick::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

fn stream(to: LogTo) -> Box<dyn Write + Send> {
    match to {
        LogTo::Stdout => Box::new(io::stdout()),
        LogTo::Stderr => Box::new(io::stderr()),
    }
}

/// State changes of servers go to stderr, in the words that HAProxy's users' tools look for.
fn tell_transitions(snapshot: &Snapshot) {
    for backend in &snapshot.backends {
        backend.balancer.set().on_transition(|server, transition| {
            for line in transition.lines(server) {
                eprintln!("lb: {line}");
            }
        });
    }
}

//! What this crate is told about the process: the seam to `engine`.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::SystemTime;

use plimsoll_clock::Tick;
use plimsoll_counters::Distribution;
use plimsoll_observe::{Failures, KeptFailure, newest};
use plimsoll_proxy::{Backend, Snapshot, Target};

/// The running process. Called on the control thread, and for services from the pool for what takes long; never by a worker.
pub trait State: Send + Sync + 'static {
    /// The configuration that runs, with the live objects that it points to.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Loads the configuration again. What was or would be done, or why nothing was, in words for people.
    fn reload(&self, how: Reload) -> Result<String, String>;

    /// Sends every listening socket over the descriptor that it gives, to a process that will take this one's place.
    fn hand_over(&self) -> Result<OwnedFd, String> {
        Err("This process hands nothing over.".to_owned())
    }

    /// The last failures of all workers, newest first, and how many there were in all.
    fn failures(&self, most: usize) -> (Vec<KeptFailure>, u64) {
        let process = &self.snapshot().process;
        let total = process.failures.iter().map(Failures::total).sum();
        (newest(process.failures.iter(), most), total)
    }

    /// May clients be sent here?
    fn is_ready(&self) -> bool {
        !self.process().stopping
    }

    /// Facts about the process.
    fn process(&self) -> ProcessFacts;

    /// The time.
    fn now(&self) -> Tick {
        Tick::now()
    }

    /// Whether anything checks this server.
    fn is_checked(&self, target: &Target) -> bool {
        target.checked
    }

    /// How long requests to this backend took, if that is measured.
    fn latencies(&self, backend: &Backend) -> Option<Latencies> {
        let _ = backend;
        None
    }
}

/// How far a reload goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// All the way.
    Now,
    /// Only says what it would do.
    Plan,
}

/// What is said about the process as a whole.
#[derive(Clone, Debug)]
pub struct ProcessFacts {
    /// The product's name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Workers.
    pub threads: usize,
    /// When it started, on the clock that only goes forward.
    pub started: Tick,
    /// When it started, on the wall's.
    pub started_wall: SystemTime,
    /// Descriptors that it may open.
    pub max_fds: u64,
    /// It takes no more clients.
    pub stopping: bool,
    /// Sockets that clients come in by.
    pub listeners: usize,
    /// Configurations that are in memory: one, and another while a reload hands over.
    pub snapshots: usize,
    /// Log lines that no target took.
    pub dropped_logs: u64,
    /// Tasks of all workers, and those of them that are ready to run.
    pub tasks: (usize, usize),
    /// How much of their time the workers were idle lately, in percent.
    pub idle: u64,
}

/// How long the parts of a request took.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    /// Waiting for a place on a server.
    pub queue: Distribution,
    /// Until the server's connection was there.
    pub connect: Distribution,
    /// From the request's end to the response's head.
    pub response: Distribution,
    /// All of it.
    pub total: Distribution,
}

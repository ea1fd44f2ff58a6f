//! What the engine tells those who ask about the process: the runtime socket and the pages.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use plimsoll_admin::{Latencies, ProcessFacts, Reload, State};
use plimsoll_clock::{Tick, wall};
use plimsoll_counters::Distribution;
use plimsoll_observe::KeptFailure;
use plimsoll_proxy::{Backend, Snapshot};

use crate::events::Asked;
use crate::process::Engine;

/// The engine as they see it; it does not keep the engine alive.
#[derive(Debug)]
pub(crate) struct Answers {
    engine: Weak<Engine>,
    /// The engine's own pointer: it outlives the engine while the last questions are being answered, and keeps no old snapshot.
    snapshot: Arc<ArcSwap<Snapshot>>,
    started: (Tick, SystemTime),
    /// When the workers' busy time was last looked at, what it was, and the share of idle time that came out.
    looked: Mutex<(Tick, Duration, u64)>,
}

impl Answers {
    pub(crate) fn of(engine: &Arc<Engine>) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::downgrade(engine),
            snapshot: engine.pointer(),
            started: (Tick::now(), wall()),
            looked: Mutex::new((Tick::now(), Duration::ZERO, 100)),
        })
    }

    /// The share of idle time since the last look, which must be a second ago, so that it means something.
    fn idle(&self, busy: Duration, workers: u64) -> u64 {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, (then, before, idle)) = (Tick::now(), *looked);
        let elapsed = now.since(then).as_micros() as u64 * workers.max(1);
        if now.since(then) < Duration::from_secs(1) {
            return idle;
        }
        let busy_for = (busy.saturating_sub(before).as_micros() as u64).min(elapsed);
        let idle = 100 - busy_for * 100 / elapsed;
        *looked = (now, busy, idle);
        idle
    }
}

impl State for Answers {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    fn reload(&self, how: Reload) -> Result<String, String> {
        let engine = self.engine.upgrade().ok_or("the process is ending")?;
        let changes = match how {
            Reload::Now => engine.reload_files(Asked::Socket),
            Reload::Plan => engine.plan_files(),
        };
        changes.map(|changes| changes.to_string()).map_err(|refused| refused.text)
    }

    fn hand_over(&self) -> Result<OwnedFd, String> {
        self.engine.upgrade().ok_or("the process is ending")?.hand_over()
    }

    fn failures(&self, most: usize) -> (Vec<KeptFailure>, u64) {
        let snapshot = self.snapshot();
        let rings = &snapshot.process.failures;
        (plimsoll_observe::newest(rings, most), rings.iter().map(plimsoll_observe::Failures::total).sum())
    }

    fn latencies(&self, backend: &Backend) -> Option<Latencies> {
        let [connect, response, total] = plimsoll_proxy::latencies(&backend.live.counters);
        // There are no queues yet.
        Some(Latencies { queue: Distribution::default(), connect, response, total })
    }

    fn is_ready(&self) -> bool {
        self.engine.upgrade().is_some_and(|engine| engine.is_ready())
    }

    fn process(&self) -> ProcessFacts {
        let engine = self.engine.upgrade();
        let (started, started_wall) = self.started;
        let (tasks, ready, busy) = engine.as_ref().map_or_else(Default::default, |engine| engine.load());
        ProcessFacts {
            name: "Plimsoll",
            version: env!("CARGO_PKG_VERSION"),
            threads: self.snapshot().process.tallies.len(),
            started,
            started_wall,
            max_fds: plimsoll_net::limits::descriptors().soft,
            stopping: engine.as_ref().is_none_or(|engine| engine.is_draining()),
            listeners: engine.as_ref().map_or(0, |engine| engine.addresses().len()),
            snapshots: engine.as_ref().map_or(0, |engine| engine.live_snapshots()),
            dropped_logs: engine.as_ref().map_or(0, |engine| engine.dropped_log_lines()),
            tasks: (tasks, ready),
            idle: self.idle(busy, self.snapshot().process.tallies.len() as u64),
        }
    }
}

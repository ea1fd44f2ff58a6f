//! One server: what is configured, what is known of it, and what it did.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use parking_lot::Mutex;
use plimsoll_clock::Tick;
use plimsoll_counters::{Cell, Sharded};

use crate::set::Bus;
use crate::transition::{Cause, Transition};
use crate::{Admin, Change, CheckReport, Event, Health, HealthOptions, ServerOptions, Verdict};

/// What a server is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Its name, unique in the backend.
    pub name: Box<str>,
    /// Its number, unique in the backend; the lowest free one when not given.
    pub id: Option<u32>,
    /// Weight, backup, disabled.
    pub options: ServerOptions,
    /// Rise and fall.
    pub health: HealthOptions,
}

/// One worker's counts about one server.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ServerCounters {
    pub sessions: Cell,
    pub requests: Cell,
    pub bytes_in: Cell,
    pub bytes_out: Cell,
    pub connect_errors: Cell,
    pub response_errors: Cell,
    pub retries: Cell,
    pub redispatches: Cell,
}

/// A server of one backend. Shared by all workers; only a change of state takes its lock.
#[derive(Debug)]
pub struct Server {
    // Read, and `served` written, by every request: first, and together on one line.
    served: AtomicU32,
    /// The weight that counts now; 0 when it may not be used.
    effective: AtomicU32,
    weight: AtomicU32,
    index: u32,
    id: u32,
    backup: bool,
    name: Box<str>,
    counters: Sharded<ServerCounters>,
    state: Mutex<State>,
    bus: Arc<Bus>,
}

#[derive(Debug)]
struct State {
    health: Health,
    /// Since when it is up or down, ready or not.
    since: Tick,
    last: Option<(Tick, CheckReport)>,
}

impl Server {
    pub(crate) fn new(settings: &Settings, id: u32, index: usize, workers: usize, bus: Arc<Bus>, now: Tick) -> Self {
        let options = &settings.options;
        let admin = if options.disabled { Admin::Maint } else { Admin::Ready };
        let health = Health::new(settings.health.rise, settings.health.fall, admin);
        let weight = u32::from(options.weight);
        Self {
            served: AtomicU32::new(0),
            effective: AtomicU32::new(if health.is_usable() { weight } else { 0 }),
            weight: AtomicU32::new(weight),
            index: u32::try_from(index).expect("a backend has fewer than 2^32 servers"),
            id,
            backup: options.backup,
            name: settings.name.clone(),
            counters: Sharded::new(workers),
            state: Mutex::new(State { health, since: now, last: None }),
            bus,
        }
    }

    /// Its name, unique in the backend.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its backend.
    #[must_use]
    pub fn backend(&self) -> &str {
        self.bus.backend()
    }

    /// Its number, unique in the backend, from 1.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its place in [`Set::servers`](crate::Set::servers), from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// Whether it serves only when no active server can.
    #[must_use]
    pub fn is_backup(&self) -> bool {
        self.backup
    }

    /// Requests or connections in progress, over all workers.
    #[inline]
    #[must_use]
    pub fn served(&self) -> u32 {
        self.served.load(Relaxed)
    }

    /// One more in progress. `lb::Balancer::took` calls this; nobody else should.
    #[inline]
    pub fn begin(&self) {
        self.served.fetch_add(1, Relaxed);
    }

    /// One less in progress. `lb::Balancer::released` calls this; nobody else should.
    #[inline]
    pub fn end(&self) {
        let before = self.served.fetch_sub(1, Relaxed);
        debug_assert!(before > 0, "released more often than taken");
    }

    /// The weight that was configured or set.
    #[must_use]
    pub fn weight(&self) -> u16 {
        u16::try_from(self.weight.load(Relaxed)).unwrap_or(u16::MAX)
    }

    /// The weight that counts now: 0 when new work must not go here.
    #[inline]
    #[must_use]
    pub fn effective_weight(&self) -> u32 {
        self.effective.load(Relaxed)
    }

    /// Whether the balancer may choose it now.
    #[inline]
    #[must_use]
    pub fn usable(&self) -> bool {
        self.effective_weight() > 0
    }

    /// Health and administrative state now.
    #[must_use]
    pub fn health(&self) -> Health {
        self.state.lock().health
    }

    /// Since when it is in this state.
    #[must_use]
    pub fn since(&self) -> Tick {
        self.state.lock().since
    }

    /// The last check and when it ended.
    #[must_use]
    pub fn last_check(&self) -> Option<(Tick, CheckReport)> {
        self.state.lock().last.clone()
    }

    /// The counters; a worker writes only its own shard.
    #[must_use]
    pub fn counters(&self) -> &Sharded<ServerCounters> {
        &self.counters
    }

    /// A check ended. Subscribers have heard of the transition when this returns.
    pub fn report(&self, now: Tick, report: CheckReport) -> Option<Transition> {
        let event = match report.status.verdict() {
            Verdict::Passed => Some(Event::Passed),
            Verdict::Failed => Some(Event::Failed),
            Verdict::Unknown => None,
        };
        self.change(now, event, Some(report))
    }

    /// The administrator's wish. Subscribers have heard of the transition when this returns.
    pub fn administer(&self, now: Tick, admin: Admin) -> Option<Transition> {
        self.change(now, Some(Event::Admin(admin)), None)
    }

    /// The administrator overrules the checks until they say otherwise.
    pub fn force(&self, now: Tick, up: bool) -> Option<Transition> {
        self.change(now, Some(Event::Force { up }), None)
    }

    /// A new weight, 0 to 256 (more counts as 256).
    pub fn set_weight(&self, now: Tick, weight: u16) -> Option<Transition> {
        let turn = self.bus.turn();
        let from = u16::try_from(self.weight.swap(u32::from(weight.min(256)), Relaxed)).unwrap_or(u16::MAX);
        if from == weight.min(256) {
            return None;
        }
        let health = self.state.lock().health;
        let transition = self.transition(now, Change::Weight { from }, health, health, Cause::Administrator);
        turn.tell(self, &transition);
        Some(transition)
    }

    fn change(&self, now: Tick, event: Option<Event>, report: Option<CheckReport>) -> Option<Transition> {
        // One change of a backend at a time, from the state machine to the last subscriber, so that none of them
        // hears an older state after a newer one.
        let turn = self.bus.turn();
        let mut state = self.state.lock();
        let before = state.health;
        let change = event.and_then(|event| state.health.apply(event));
        let health = state.health;
        if health.is_up() != before.is_up() || health.admin() != before.admin() {
            state.since = now;
        }
        if let Some(report) = &report
            && health.admin() != Admin::Maint
        {
            state.last = Some((now, report.clone()));
        }
        drop(state);
        let cause = report.map_or(Cause::Administrator, Cause::Check);
        let transition = self.transition(now, change?, before, health, cause);
        turn.tell(self, &transition);
        Some(transition)
    }

    fn transition(&self, at: Tick, change: Change, before: Health, health: Health, cause: Cause) -> Transition {
        let effective = if health.is_usable() { self.weight.load(Relaxed) } else { 0 };
        let was = self.effective.swap(effective, Relaxed);
        let left = self.bus.recount(self.backup, was > 0, effective > 0);
        Transition { change, before, health, cause, at, left, served: self.served() }
    }
}

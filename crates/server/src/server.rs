//! One server: what is configured, what is known of it, and what it did.

mod filed;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use plimsoll_clock::Tick;
use plimsoll_counters::{Cell, FreqCell, Most, Recent, Sharded};

use crate::bus::{Bus, Turn};
use crate::state::State;
use crate::{Admin, Cause, Change, CheckReport, Event, Health, HealthOptions, Left, Load, ServerOptions};
use crate::{Standing, Transition, Verdict};

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
pub struct ServerCounters {
    /// Attempts that were sent here (`stot`).
    pub sessions: Cell,
    /// How often the balancer chose it (`lbtot`).
    pub chosen: Cell,
    /// Connections that were tried (`connect`).
    pub connects: Cell,
    /// Requests that an idle connection took (`reuse`).
    pub reuses: Cell,
    /// Its responses by the first digit of their status; 0: another.
    pub responses: [Cell; 6],
    /// To it.
    pub bytes_in: Cell,
    /// From it.
    pub bytes_out: Cell,
    /// Requests that found no connection to it (`econ`).
    pub connect_errors: Cell,
    /// Responses that failed (`eresp`).
    pub response_errors: Cell,
    /// Attempts that failed here and were repeated (`wretr`).
    pub retries: Cell,
    /// Attempts that failed here and went on to another server (`wredis`).
    pub redispatches: Cell,
    /// Clients that went away while data was on its way (`cli_abrt`).
    pub client_aborts: Cell,
    /// The same of the server (`srv_abrt`).
    pub server_aborts: Cell,
    /// When it was last used, as a tick; 0: never.
    pub last: Cell,
    /// Attempts per second.
    pub rate: FreqCell,
    /// Microseconds until the connection was there.
    pub connect_time: Recent,
    /// Microseconds from there to the response's head.
    pub response_time: Recent,
    /// Microseconds of all of it.
    pub total_time: Recent,
}

/// What is counted about a server, by worker; shared with the server that takes its place when its address changes.
#[derive(Debug)]
struct Counted {
    shards: Sharded<ServerCounters>,
    busiest: Most,
}

/// A server of one backend. Shared by all workers; only a change of state takes its lock.
#[derive(Debug)]
pub struct Server {
    load: Arc<Load>,
    /// The weight that counts now; 0 when it may not be used.
    effective: AtomicU32,
    weight: AtomicU32,
    slot: u32,
    id: AtomicU32,
    backup: bool,
    name: Box<str>,
    counters: Arc<Counted>,
    state: Mutex<State>,
    bus: Arc<Bus>,
}

impl Server {
    /// A server that the backend did not have; counts in no [`Left`](crate::Left) yet.
    pub(crate) fn new(settings: &Settings, id: u32, slot: usize, workers: usize, bus: Arc<Bus>, now: Tick) -> Self {
        let state = State::new(settings, now);
        let weight = settings.options.weight;
        let counted = Counted { shards: Sharded::new(workers), busiest: Most::default() };
        Self::with(settings, (id, slot, weight), state, Arc::new(counted), bus)
    }

    fn with(
        settings: &Settings,
        (id, slot, weight): (u32, usize, u16),
        state: State,
        counters: Arc<Counted>,
        bus: Arc<Bus>,
    ) -> Self {
        Self {
            load: Arc::default(),
            effective: AtomicU32::new(0),
            weight: AtomicU32::new(u32::from(weight)),
            slot: u32::try_from(slot).expect("a backend has fewer than 2^32 servers"),
            id: AtomicU32::new(id),
            backup: settings.options.backup,
            name: settings.name.clone(),
            counters,
            state: Mutex::new(state),
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

    /// `backend/name`, as commands and logs write it.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{}/{}", self.backend(), self.name)
    }

    /// Its number, unique in the backend, from 1.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id.load(Relaxed)
    }

    pub(crate) fn set_id(&self, id: u32) {
        self.id.store(id, Relaxed);
    }

    /// Its place in the backend's balancing, from 0: the same for as long as it lives, whatever order the file has.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.slot as usize
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
        self.load.now()
    }

    /// The work in progress. Only `lb::Balancer::took` and `released` write it.
    #[inline]
    #[must_use]
    pub fn load(&self) -> &Arc<Load> {
        &self.load
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

    /// All that statistics show, of one moment.
    #[must_use]
    pub fn standing(&self, now: Tick) -> Standing {
        self.state.lock().standing(self.weight(), now)
    }

    /// The weight in the file.
    #[must_use]
    pub fn file_weight(&self) -> u16 {
        self.state.lock().filed.options.weight
    }

    /// Whether no configuration has it any more; it still serves what it began.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.state.lock().retired
    }

    /// Since when it serves, is drained, or does not serve.
    #[must_use]
    pub fn last_change(&self) -> Tick {
        self.state.lock().history.last_change
    }

    /// How long it did not serve, in all.
    #[must_use]
    pub fn downtime(&self, now: Tick) -> Duration {
        self.state.lock().downtime(now)
    }

    /// The last check and when it ended.
    #[must_use]
    pub fn last_check(&self) -> Option<(Tick, CheckReport)> {
        self.state.lock().history.last_check.clone()
    }

    /// The counters; a worker writes only its own shard.
    #[must_use]
    pub fn counters(&self) -> &Sharded<ServerCounters> {
        &self.counters.shards
    }

    /// Worker `worker` sends an attempt here.
    #[inline]
    pub fn count_session(&self, worker: usize, now: Tick) {
        let Counted { shards, busiest } = &*self.counters;
        let mine = shards.shard(worker);
        mine.sessions.add(1);
        mine.last.set(now.as_micros());
        shards.count(worker, |shard| &shard.rate, busiest, now);
    }

    /// Attempts in the second that ends `now`, and in the busiest one.
    #[must_use]
    pub fn session_rate(&self, now: Tick) -> (u64, u64) {
        let Counted { shards, busiest } = &*self.counters;
        (shards.per_second(|shard| &shard.rate, now), shards.busiest(|shard| &shard.rate, busiest))
    }

    /// When it was last used; `None`: never.
    #[must_use]
    pub fn last_session(&self) -> Option<Tick> {
        let last = self.counters.shards.iter().map(|shard| shard.last.get()).max().unwrap_or(0);
        (last > 0).then(|| Tick::from_micros(last))
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
        self.weigh(&self.bus.turn(), now, weight, Cause::Administrator)
    }

    fn change(&self, now: Tick, event: Option<Event>, report: Option<CheckReport>) -> Option<Transition> {
        // One change of a backend at a time, from the state machine to the last subscriber, so that none of them
        // hears an older state after a newer one.
        let turn = self.bus.turn();
        let mut state = self.state.lock();
        if state.retired {
            return None;
        }
        let before = state.health;
        let change = event.and_then(|event| state.apply(event, now));
        let health = state.health;
        if let Some(report) = &report
            && health.admin() != Admin::Maint
        {
            state.history.last_check = Some((now, report.clone()));
        }
        drop(state);
        let cause = report.map_or(Cause::Administrator, Cause::Check);
        let transition = self.transition(now, change?, before, health, cause);
        turn.tell(self, &transition);
        Some(transition)
    }

    fn weigh(&self, turn: &Turn<'_>, now: Tick, weight: u16, cause: Cause) -> Option<Transition> {
        let (health, retired) = {
            let state = self.state.lock();
            (state.health, state.retired)
        };
        let from = self.weight();
        if retired || from == weight.min(256) {
            return None;
        }
        self.weight.store(u32::from(weight.min(256)), Relaxed);
        let transition = self.transition(now, Change::Weight { from }, health, health, cause);
        turn.tell(self, &transition);
        Some(transition)
    }

    fn transition(&self, at: Tick, change: Change, before: Health, health: Health, cause: Cause) -> Transition {
        let left = self.count(if health.is_usable() { self.weight.load(Relaxed) } else { 0 });
        let serves = left.active + left.backup > 0;
        let backend = self.bus.note(serves, at).then_some(serves);
        Transition { change, before, health, cause, at, left, served: self.served(), backend }
    }

    fn count(&self, effective: u32) -> Left {
        let was = self.effective.swap(effective, Relaxed);
        self.bus.recount(self.backup, was > 0, effective > 0)
    }
}

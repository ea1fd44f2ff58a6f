//! What the configuration says, resolved: names are indexes, options are plain values. It never changes; live state is in the
//! objects that it points to.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use plimsoll_counters::{Most, Sharded};
use plimsoll_http::{Limits, Tolerance};
use plimsoll_lb::Balancer;
use plimsoll_net::{Address, ConnectOptions, Pipes};
use plimsoll_observe::{Events, Failures, Panics};
use plimsoll_outcome::Tally;
use plimsoll_rules::variables::Shared;
use plimsoll_server::{Load, Server};
use plimsoll_upstream::Reuse;
use serde::Deserialize;

use crate::mail::Mailbox;
use crate::rules::{BackendRules, Directory, Formats, FrontendRules, Tells};
use crate::services::Services;
use crate::{
    BackendCounters, FrontendCounters, Gate, Logging, LoopCounters, ProcessCounters, Rate, SendProxy, Splicing,
    Timeouts,
};

/// What a proxy understands of the bytes it forwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing: bytes both ways.
    Tcp,
    /// Requests and responses.
    #[default]
    Http,
}

/// One configuration, compiled.
#[derive(Debug)]
pub struct Snapshot {
    /// What belongs to the process.
    pub process: Arc<Process>,
    /// In the order of the file.
    pub frontends: Vec<Arc<Frontend>>,
    /// In the order of the file.
    pub backends: Vec<Arc<Backend>>,
}

/// What all workers share.
#[derive(Debug)]
pub struct Process {
    /// `global.maxconn`
    pub gate: Gate,
    /// `global.maxconnrate` and `global.maxsessrate`
    pub rates: [Rate; 2],
    /// Failures by slug, one tally a worker.
    pub tallies: Box<[Tally]>,
    /// The last failures, one ring a worker.
    pub failures: Box<[Failures]>,
    /// How the workers' event loops fare.
    pub loops: Sharded<LoopCounters>,
    /// Panics of what belongs to no worker.
    pub panics: Panics,
    /// `global.maxpipes`
    pub pipes: Arc<Pipes>,
    /// Where workers tell what happens to themselves.
    pub events: Events,
    /// Variables of scope `proc`.
    pub variables: Arc<Shared>,
    /// What answers inside proxies; set once the process can be asked.
    pub services: OnceLock<Services>,
    /// Connections that one worker accepted for another.
    pub(crate) mail: Sharded<Mailbox>,
    /// Counted by each worker.
    pub counters: Sharded<ProcessCounters>,
    /// Connections of the busiest second.
    pub busiest: Most,
    /// Numbers that requests and connections got whose frontend has formats: `%rt`.
    pub(crate) numbers: AtomicU64,
}

impl Process {
    /// For so many workers.
    #[must_use]
    pub fn new(workers: usize, maxconn: usize, events: Events) -> Self {
        Self {
            gate: Gate::new(maxconn),
            rates: Default::default(),
            tallies: (0..workers).map(|_| Tally::default()).collect(),
            failures: (0..workers).map(|_| Failures::default()).collect(),
            loops: Sharded::new(workers),
            panics: Panics::new(events.clone()),
            pipes: Pipes::new(workers),
            events,
            mail: Sharded::new(workers),
            counters: Sharded::new(workers),
            busiest: Most::default(),
            numbers: AtomicU64::new(0),
            variables: Arc::default(),
            services: OnceLock::new(),
        }
    }

    /// What the buffers of all connections hold now. It is read while it changes, so it may be off by what a worker does just now.
    #[must_use]
    pub fn buffer_bytes(&self) -> u64 {
        self.counters.iter().map(|shard| shard.buffers.get()).sum::<i64>().try_into().unwrap_or(0)
    }
}

/// Where clients come in, as this configuration says.
#[derive(Debug)]
pub struct Frontend {
    /// Its name, and its identity.
    pub name: Box<str>,
    /// `mode`
    pub mode: Mode,
    /// `timeouts`
    pub timeouts: Timeouts,
    /// `default-backend`
    pub default_backend: Option<Arc<Backend>>,
    /// `forwardfor`, `originalto` and their likes; nothing of them if it is not there.
    pub tells: Option<Arc<Tells>>,
    /// `splice-auto` and its likes
    pub splicing: Splicing,
    /// `httpclose`: the client's connection ends with its first answer.
    pub close: bool,
    /// `http-server-close` or `httpclose`
    pub server_close: bool,
    /// What a client may make us hold.
    pub limits: Limits,
    /// `log` and its likes
    pub log: Logging,
    /// Its rules, if it has any.
    pub rules: Option<Arc<FrontendRules>>,
    /// `log-format` and its likes, if it has any.
    pub formats: Option<Arc<Formats>>,
    /// All proxies of this configuration, for rules.
    pub directory: Arc<Directory>,
    /// What the world did.
    pub live: Arc<FrontendLive>,
}

/// What stays of a frontend when its configuration changes.
#[derive(Debug)]
pub struct FrontendLive {
    /// Its name: for the last line of those that outlive the configuration they came by.
    pub name: Box<str>,
    /// `maxconn`
    pub gate: Gate,
    /// `rate-limit-sessions`
    pub rate: Rate,
    /// Counted by each worker.
    pub counters: Sharded<FrontendCounters>,
    /// The most connections at once.
    pub most: Most,
    /// Connections of the busiest second.
    pub busiest_connections: Most,
    /// Requests of the busiest second.
    pub busiest_requests: Most,
    /// Lines of the log that a format wrote: `%lc`.
    pub(crate) lines: AtomicU64,
}

impl FrontendLive {
    /// For so many connections at once.
    #[must_use]
    pub fn new(name: &str, maxconn: usize, workers: usize) -> Self {
        Self {
            name: name.into(),
            gate: Gate::new(maxconn),
            rate: Rate::default(),
            counters: Sharded::new(workers),
            most: Most::default(),
            busiest_connections: Most::default(),
            busiest_requests: Most::default(),
            lines: AtomicU64::new(0),
        }
    }
}

/// Where requests go, as this configuration says.
#[derive(Debug)]
pub struct Backend {
    /// Its name, and its identity.
    pub name: Box<str>,
    /// `mode`
    pub mode: Mode,
    /// `timeouts`
    pub timeouts: Timeouts,
    /// Chooses among the servers, by slot.
    pub balancer: Arc<Balancer>,
    /// The servers, in the order of the file.
    pub targets: Vec<Target>,
    /// Where in `targets` the server of a slot is; `u32::MAX`: it is not of this configuration.
    pub by_slot: Box<[u32]>,
    /// `retries`
    pub retries: u32,
    /// `redispatch`
    pub redispatch: bool,
    /// `http-reuse`
    pub reuse: Reuse,
    /// `http-server-close` or `httpclose`
    pub server_close: bool,
    /// `forwardfor`, `originalto` and their likes; nothing of them if it is not there.
    pub tells: Option<Arc<Tells>>,
    /// `splice-auto` and its likes
    pub splicing: Splicing,
    /// `abortonclose`
    pub abortonclose: bool,
    /// What a server may make us hold.
    pub limits: Limits,
    /// Its rules, if it has any.
    pub rules: Option<Arc<BackendRules>>,
    /// What the world did.
    pub live: Arc<BackendLive>,
}

impl Backend {
    /// The places of the targets by slot.
    #[must_use]
    pub fn by_slot(targets: &[Target]) -> Box<[u32]> {
        let slots = targets.iter().map(|target| target.server.slot() + 1).max().unwrap_or(0);
        let mut places = vec![u32::MAX; slots].into_boxed_slice();
        for (place, target) in targets.iter().enumerate() {
            places[target.server.slot()] = place as u32;
        }
        places
    }

    /// Chooses a target by the balancer, and counts that.
    pub(crate) fn choose(&self, worker: usize, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        let place = self.pick(avoid, random)?;
        self.live.counters.shard(worker).chosen.add(1);
        self.targets[place].server.counters().shard(worker).chosen.add(1);
        Some(place)
    }

    /// Chooses a target; `avoid` is the one that just failed.
    fn pick(&self, avoid: Option<usize>, random: &mut dyn FnMut() -> u64) -> Option<usize> {
        let avoid = avoid.map(|place| self.targets[place].server.slot());
        let slot = self.balancer.pick(0, avoid, random)?;
        match self.by_slot.get(slot) {
            Some(&place) if place != u32::MAX => Some(place as usize),
            // The balancer knows a server that this configuration does not, for the moment that a reload takes.
            _ => plimsoll_lb::among(self.targets.iter().map(|target| &*target.server), avoid),
        }
    }
}

/// What stays of a backend when its configuration changes; its servers and its position are in the balancer.
#[derive(Debug)]
pub struct BackendLive {
    /// Counted by each worker.
    pub counters: Sharded<BackendCounters>,
    /// Requests and connections under way, whether they have a server or not.
    pub load: Load,
    /// Those of the busiest second.
    pub busiest: Most,
}

impl BackendLive {
    /// Of nothing yet.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { counters: Sharded::new(workers), load: Load::default(), busiest: Most::default() }
    }
}

/// A server as this configuration reaches it.
#[derive(Debug)]
pub struct Target {
    /// Its live state, shared with checks and balancing.
    pub server: Arc<Server>,
    /// Where it is.
    pub address: Address,
    /// How to connect.
    pub connect: ConnectOptions,
    /// `send-proxy`, `send-proxy-v2`
    pub send_proxy: Option<SendProxy>,
    /// `tolerate`
    pub tolerance: Tolerance,
    /// The `Host` for a request that has none.
    pub host: Box<str>,
    /// Something checks its health.
    pub checked: bool,
}

impl Target {
    /// Where it is, if that is an IP address.
    pub(crate) const fn inet(&self) -> Option<SocketAddr> {
        match self.address {
            Address::Inet(address) => Some(address),
            _ => None,
        }
    }
}

//! What the configuration says, resolved: names are indexes, options are plain values. It never changes; live state is in the
//! objects that it points to.

use std::sync::Arc;

use plimsoll_counters::Sharded;
use plimsoll_http::{Limits, Tolerance};
use plimsoll_lb::Balancer;
use plimsoll_net::{Address, ConnectOptions};
use plimsoll_outcome::Tally;
use plimsoll_server::Server;
use plimsoll_upstream::Reuse;
use serde::Deserialize;

use crate::{BackendCounters, FrontendCounters, Gate, Timeouts};

/// What a proxy understands of the bytes it forwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
    /// Failures by slug, one tally a worker.
    pub tallies: Box<[Tally]>,
}

/// Where clients come in.
#[derive(Debug)]
pub struct Frontend {
    /// Its name.
    pub name: Box<str>,
    /// `mode`
    pub mode: Mode,
    /// `timeouts`
    pub timeouts: Timeouts,
    /// `default-backend`, an index.
    pub default_backend: Option<usize>,
    /// `maxconn`
    pub gate: Gate,
    /// `forwardfor`
    pub forwardfor: bool,
    /// `http-server-close`
    pub server_close: bool,
    /// What a client may make us hold.
    pub limits: Limits,
    /// `access-log`
    pub log: bool,
    /// Counted by each worker.
    pub counters: Sharded<FrontendCounters>,
}

/// Where requests go.
#[derive(Debug)]
pub struct Backend {
    /// Its name.
    pub name: Box<str>,
    /// `timeouts`
    pub timeouts: Timeouts,
    /// Chooses among the servers, by index.
    pub balancer: Arc<Balancer>,
    /// The servers, in the order of the file.
    pub targets: Vec<Target>,
    /// `retries`
    pub retries: u32,
    /// `redispatch`
    pub redispatch: bool,
    /// `http-reuse`
    pub reuse: Reuse,
    /// `http-server-close`
    pub server_close: bool,
    /// `forwardfor`
    pub forwardfor: bool,
    /// `splice`
    pub splice: bool,
    /// What a server may make us hold.
    pub limits: Limits,
    /// Counted by each worker.
    pub counters: Sharded<BackendCounters>,
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
    /// `tolerate`
    pub tolerance: Tolerance,
    /// The `Host` for a request that has none.
    pub host: Box<str>,
}

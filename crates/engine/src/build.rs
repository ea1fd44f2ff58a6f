//! From a plan to live objects and the snapshot that points to them: names become indexes.

use std::sync::Arc;

use plimsoll_checks::{Defaults, HealthCheck, Subject};
use plimsoll_clock::Tick;
use plimsoll_counters::Sharded;
use plimsoll_http::{Limits, Tolerance};
use plimsoll_lb::Balancer;
use plimsoll_net::{Address, ConnectOptions};
use plimsoll_outcome::Tally;
use plimsoll_proxy::{Backend, Frontend, Gate, Mode, Process, Snapshot, Target};
use plimsoll_server::{HealthOptions, ServerOptions, Set, Settings};

use crate::model::{self, Tolerated};
use crate::plan::Plan;

impl Plan {
    /// How many workers it wants.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Switches the access log off.
    pub fn without_log(&mut self) {
        self.log = None;
    }

    /// The live objects and the snapshot that points to them.
    pub(crate) fn snapshot(&self, maxconn: usize, now: Tick) -> Snapshot {
        let tallies = (0..self.workers).map(|_| Tally::default()).collect();
        let backends: Vec<_> = self
            .file
            .backends
            .iter()
            .zip(&self.addresses)
            .map(|((name, backend), addresses)| Arc::new(self.backend(name, backend, addresses, now)))
            .collect();
        let frontends = self
            .file
            .frontends
            .iter()
            .map(|(name, frontend)| Arc::new(self.frontend(name, frontend, &backends, maxconn)))
            .collect();
        Snapshot { process: Arc::new(Process { gate: Gate::new(maxconn), tallies }), frontends, backends }
    }

    fn frontend(&self, name: &str, options: &model::Frontend, backends: &[Arc<Backend>], maxconn: usize) -> Frontend {
        let defaults = &self.file.defaults;
        let own = options.maxconn.or(defaults.maxconn).map_or(maxconn, |own| own as usize);
        Frontend {
            name: name.into(),
            mode: options.mode.as_deref().copied().or(defaults.mode).unwrap_or_default(),
            timeouts: options.timeouts.or(&defaults.timeouts),
            default_backend: options
                .default_backend
                .as_ref()
                .and_then(|wanted| backends.iter().position(|backend| *backend.name == *wanted.as_str())),
            gate: Gate::new(own),
            forwardfor: options.forwardfor.or(defaults.forwardfor).unwrap_or(false),
            server_close: options.http_server_close.or(defaults.http_server_close).unwrap_or(false),
            limits: Limits::DEFAULT,
            log: options.access_log.or(defaults.access_log).unwrap_or(true),
            counters: Sharded::new(self.workers),
        }
    }

    fn backend(&self, name: &str, options: &model::Backend, addresses: &[Address], now: Tick) -> Backend {
        let defaults = &self.file.defaults;
        let health = self.health_check(options).map_or_else(HealthOptions::default, HealthCheck::health);
        let settings: Vec<Settings> = options
            .servers
            .iter()
            .map(|(name, server)| Settings {
                name: name.as_str().into(),
                id: None,
                options: ServerOptions {
                    weight: server.weight.as_deref().copied().unwrap_or(1),
                    backup: server.backup,
                    disabled: server.disabled,
                },
                health,
            })
            .collect();
        let set = Set::new(name, &settings, self.workers, now);
        let balance = options.balance.or(defaults.balance).unwrap_or_default();
        let targets =
            set.servers().iter().zip(options.servers.values()).zip(addresses).map(|((server, line), address)| Target {
                server: Arc::clone(server),
                address: address.clone(),
                connect: ConnectOptions {
                    keepalive: line.keepalive.unwrap_or(false),
                    // In HTTP mode a request follows at once and carries the acknowledgement: a packet less for each connection.
                    quickack: options.mode.as_deref().copied().or(defaults.mode).unwrap_or_default() == Mode::Tcp,
                    ..ConnectOptions::default()
                },
                tolerance: tolerance(&line.tolerate),
                host: host(address),
            });
        Backend {
            name: name.into(),
            timeouts: options.timeouts.or(&defaults.timeouts),
            targets: targets.collect(),
            balancer: Balancer::new(&balance, options.allbackups, set),
            retries: options.retries.or(defaults.retries).unwrap_or(3),
            redispatch: options.redispatch.or(defaults.redispatch).unwrap_or(true),
            reuse: options.http_reuse.or(defaults.http_reuse).unwrap_or_default(),
            server_close: options.http_server_close.or(defaults.http_server_close).unwrap_or(false),
            forwardfor: options.forwardfor.unwrap_or(false),
            splice: options.splice.or(defaults.splice).unwrap_or(true),
            limits: Limits::DEFAULT,
            counters: Sharded::new(self.workers),
        }
    }

    fn health_check<'a>(&'a self, backend: &'a model::Backend) -> Option<&'a HealthCheck> {
        backend.health_check.as_deref().or(self.file.defaults.health_check.as_deref())
    }

    /// The servers to check, and how.
    pub(crate) fn subjects(&self, snapshot: &Snapshot) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for (options, backend) in self.file.backends.values().zip(&snapshot.backends) {
            let Some(check) = self.health_check(options) else { continue };
            let timeouts = &backend.timeouts;
            for (line, target) in
                options.servers.values().zip(&backend.targets).filter(|(line, _)| line.check.unwrap_or(true))
            {
                let defaults = Defaults {
                    connect: timeouts.connect.map(plimsoll_config::Duration::as_std),
                    check: timeouts.check.map(plimsoll_config::Duration::as_std),
                    tolerance: tolerance(&line.tolerate),
                };
                subjects
                    .push(Subject { server: Arc::clone(&target.server), plan: check.plan(&target.address, &defaults) });
            }
        }
        subjects
    }
}

fn tolerance(tolerated: &[Tolerated]) -> Tolerance {
    Tolerance {
        bare_lf: tolerated.contains(&Tolerated::BareLf),
        obs_fold: tolerated.contains(&Tolerated::ObsFold),
        duplicate_length: tolerated.contains(&Tolerated::DuplicateContentLength),
        no_reason: tolerated.contains(&Tolerated::NoReason),
    }
}

/// What a request without `Host` is given.
fn host(address: &Address) -> Box<str> {
    match address {
        Address::Inet(address) => address.to_string().into(),
        Address::Unix(_) | Address::Abstract(_) => "localhost".into(),
    }
}

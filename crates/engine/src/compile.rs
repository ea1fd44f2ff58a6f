//! The file's words become indexes, addresses and live objects; what does not fit together is told with its place.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use plimsoll_checks::{Defaults, HealthCheck, Subject};
use plimsoll_clock::Tick;
use plimsoll_config::{Diagnostic, Diagnostics, Span, Spanned};
use plimsoll_counters::Sharded;
use plimsoll_http::{Limits, Tolerance};
use plimsoll_lb::Balancer;
use plimsoll_net::{Address, AddressSpec, ConnectOptions, Family, ListenOptions};
use plimsoll_outcome::Tally;
use plimsoll_proxy::{Backend, Frontend, Gate, Mode, Process, Snapshot, Target};
use plimsoll_server::{HealthOptions, ServerOptions, Set, Settings};

use crate::model::{self, File, LogTo, Threads, Tolerated};

/// Everything that is needed to start.
#[derive(Debug)]
pub struct Plan {
    pub(crate) file: File,
    pub(crate) workers: usize,
    pub(crate) maxconn: Option<usize>,
    pub(crate) log: Option<LogTo>,
    /// Addresses to listen on.
    pub binds: Vec<Bind>,
    addresses: Vec<Vec<Address>>,
}

/// One address to listen on.
#[derive(Clone, Debug)]
pub struct Bind {
    /// Which frontend, an index.
    pub frontend: usize,
    /// Its name.
    pub name: String,
    /// Where.
    pub address: Address,
    pub(crate) options: ListenOptions,
}

/// Checks what only makes sense together. `written`: the names of all backends, also of those that could not be read. `None`: there were
/// errors.
pub(crate) fn compile(file: File, written: &[String], found: &mut Diagnostics) -> Option<Plan> {
    let binds = binds(&file, found);
    references(&file, written, found);
    let addresses = file
        .backends
        .values()
        .map(|backend| {
            backend.servers.iter().filter_map(|(name, server)| address(&server.address, name.span(), found)).collect()
        })
        .collect();
    let workers = match file.global.threads.as_deref() {
        None | Some(Threads::Auto) => plimsoll_net::limits::cpus(),
        Some(Threads::Count(count)) => *count as usize,
    };
    let log = match &file.global.log {
        None => Some(LogTo::Stdout),
        Some(targets) => targets.first().map(|target| target.to),
    };
    let maxconn = file.global.maxconn.as_deref().map(|maxconn| *maxconn as usize);
    if found.has_errors() { None } else { Some(Plan { file, workers, maxconn, log, binds, addresses }) }
}

fn binds(file: &File, found: &mut Diagnostics) -> Vec<Bind> {
    let mut binds = Vec::new();
    for (frontend, (name, options)) in file.frontends.iter().enumerate() {
        if options.bind.is_empty() {
            found.push(
                Diagnostic::error("config.no-bind", name.span(), format!("frontend `{name}` listens nowhere"))
                    .help("give `bind` at least one address"),
            );
        }
        for line in options.bind.iter() {
            let Some(address) = address(&line.address, name.span(), found) else { continue };
            let defaults = ListenOptions::default();
            let options = ListenOptions {
                backlog: line.backlog.unwrap_or(defaults.backlog),
                keepalive: line.keepalive.unwrap_or(defaults.keepalive),
                ..defaults
            };
            binds.push(Bind { frontend, name: name.to_string(), address, options });
        }
    }
    if file.frontends.is_empty() {
        found.push(Diagnostic::warning("config.no-frontend", Span::NONE, "no frontend: nothing would be served"));
    }
    binds
}

/// Names that must exist, and modes that must agree.
fn references(file: &File, written: &[String], found: &mut Diagnostics) {
    let default_mode = file.defaults.mode.unwrap_or_default();
    let mode = |mode: &Option<Spanned<Mode>>| mode.as_deref().copied().unwrap_or(default_mode);
    for (name, frontend) in file.frontends.iter() {
        let Some(wanted) = &frontend.default_backend else {
            found.push(Diagnostic::warning(
                "config.no-backend",
                name.span(),
                format!("frontend `{name}` has no `default-backend`: every request is answered 503"),
            ));
            continue;
        };
        let Some((defined, backend)) = file.backends.iter().find(|(name, _)| name.as_str() == wanted.as_str()) else {
            if written.iter().any(|name| name == wanted.as_str()) {
                continue;
            }
            found.push(
                Diagnostic::error("config.unknown-backend", wanted.span(), format!("unknown backend `{wanted}`"))
                    .suggest(wanted, written.iter().map(String::as_str)),
            );
            continue;
        };
        if mode(&frontend.mode) != mode(&backend.mode) {
            let text = format!("frontend `{name}` and backend `{wanted}` have different modes");
            found.push(
                Diagnostic::error("config.mode-mismatch", wanted.span(), text).also(defined.span(), "the backend"),
            );
        }
    }
    for (name, backend) in file.backends.iter() {
        if backend.servers.is_empty() {
            found.push(Diagnostic::warning("config.no-server", name.span(), format!("backend `{name}` has no server")));
        }
        if let Some(check) = &backend.health_check {
            for key in check.pointless() {
                let text = format!("`{key}` means nothing for a health check of this type");
                found.push(Diagnostic::warning("config.pointless", check.span(), text));
            }
        }
        for server in backend.servers.values() {
            if let Some(weight) = server.weight.as_ref().filter(|weight| ***weight > 256) {
                found.push(Diagnostic::error(
                    "config.bad-value",
                    weight.span(),
                    format!("weight {} is not between 0 and 256", **weight),
                ));
            }
        }
    }
}

/// A name is looked up now. `owner`: the place to name when the short form of a line has none of its own.
fn address(spec: &Spanned<AddressSpec>, owner: Span, found: &mut Diagnostics) -> Option<Address> {
    let span = if spec.span().is_none() { owner } else { spec.span() };
    let (host, port, family) = match &**spec {
        AddressSpec::Known(address) => return Some(address.clone()),
        AddressSpec::Name { host, port, family } => (host, *port, *family),
    };
    let fits = |address: &SocketAddr| match family {
        None => true,
        Some(Family::V4) => address.is_ipv4(),
        Some(Family::V6) => address.is_ipv6(),
    };
    match (host.as_str(), port).to_socket_addrs().map(|mut all| all.find(fits)) {
        Ok(Some(address)) => Some(Address::Inet(address)),
        Ok(None) => {
            found.push(Diagnostic::error("config.unresolved", span, format!("`{host}` has no address of that family")));
            None
        }
        Err(error) => {
            found.push(Diagnostic::error("config.unresolved", span, format!("`{host}` cannot be resolved: {error}")));
            None
        }
    }
}

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

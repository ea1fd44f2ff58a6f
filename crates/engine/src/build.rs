//! From a plan to live objects and the snapshot that points to them: names become indexes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_checks::{Defaults, HealthCheck, Subject};
use plimsoll_clock::Tick;
use plimsoll_config::{ShortForm, Spanned};
use plimsoll_http::{Forwarded, Limits, Switch, Tolerance};
use plimsoll_net::{Address, ConnectOptions, Source, UseSource};
use plimsoll_observe::{Events, LogTarget, Targets};
use plimsoll_proxy::rules::{Directory, Tells};
use plimsoll_proxy::{Backend, Frontend, Logging, Mode, ProxyV2Option, SendProxy, Snapshot, Target};
use plimsoll_proxy_protocol::Version;
use plimsoll_server::{HealthOptions, ServerOptions, Settings};

use crate::budget::Budget;
use crate::model::{self, File, Removed, Tolerated};
use crate::plan::{Plan, splicing};
use crate::world::World;

impl Plan {
    /// How many workers it wants.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Switches the access log off.
    pub fn without_log(&mut self) {
        self.log = crate::plan::Logs::default();
    }

    /// How long what a removed server still carries may go on; `None`: until it ends by itself.
    pub(crate) fn patience(&self) -> Option<Duration> {
        match self.file.global.removed_servers {
            None | Some(Removed::Keep) => None,
            Some(Removed::Close) => Some(Duration::ZERO),
            Some(Removed::Drain(limit)) => Some(limit.as_std()),
        }
    }

    /// The runtime socket and the pages.
    pub(crate) fn admin(&self) -> plimsoll_admin::Options {
        let global = &self.file.global;
        plimsoll_admin::Options {
            runtime_api: global.runtime_api.iter().flat_map(|all| all.iter()).map(|one| one.0.clone()).collect(),
            admin: global.admin.iter().flat_map(|all| all.iter()).map(|one| one.0.clone()).collect(),
        }
    }

    /// How long a drain may take; `None`: until the last connection ends.
    #[must_use]
    pub fn hard_stop_after(&self) -> Option<Duration> {
        self.file.global.hard_stop_after.map(plimsoll_config::Duration::as_std)
    }

    /// The snapshot of this configuration over the objects that live on.
    pub(crate) fn build(&self, world: &mut World, budget: Budget, now: Tick) -> Snapshot {
        let Budget { maxconn, maxpipes, .. } = budget;
        world.process.gate.set_limit(maxconn);
        world.process.pipes.set(maxpipes, self.pipesize());
        let [connections, sessions] = &world.process.rates;
        connections.set_limit(self.file.global.maxconnrate);
        sessions.set_limit(self.file.global.maxsessrate);
        self.route_events(&world.process.events);
        self.rules.start.apply(&world.process.variables, &AtStart);
        let backends: Vec<_> = self
            .file
            .backends
            .iter()
            .zip(&self.addresses)
            .zip(self.rules.backends.iter().zip(&self.rules.forwarded))
            .map(|(((name, backend), addresses), (rules, forwarded))| {
                let tells = self.backend_tells(backend, forwarded.as_ref());
                Arc::new(Backend { rules: rules.clone(), tells, ..self.backend(world, name, backend, addresses, now) })
            })
            .collect();
        for (backend, servers) in backends.iter().zip(&self.servers) {
            let nowhere = backend.targets.iter().zip(servers).filter(|(_, server)| server.known().is_none());
            for (target, _) in nowhere {
                // It has no address yet: nothing is sent there. With one it is another server, which starts up.
                target.server.force(now, false);
            }
        }
        let by_name: HashMap<&str, &Arc<Backend>> = backends.iter().map(|backend| (&*backend.name, backend)).collect();
        let mut frontends: Vec<Frontend> = self
            .file
            .frontends
            .iter()
            .zip(&self.rules.frontends)
            .zip(&self.rules.formats)
            .enumerate()
            .map(|(place, (((name, frontend), rules), formats))| Frontend {
                rules: rules.clone(),
                formats: formats.clone(),
                log: self.logging(place, frontend, &world.process.events),
                ..self.frontend(world, name, frontend, &by_name, maxconn)
            })
            .collect();
        let live = frontends.iter().map(|frontend| Arc::clone(&frontend.live)).collect();
        let directory = Arc::new(Directory::new(live, backends.clone(), self.file.global.tune.vars.limits()));
        for frontend in &mut frontends {
            frontend.directory = Arc::clone(&directory);
        }
        let frontends = frontends.into_iter().map(Arc::new).collect();
        Snapshot { process: Arc::clone(&world.process), frontends, backends }
    }

    fn frontend(
        &self,
        world: &mut World,
        name: &str,
        options: &model::Frontend,
        backends: &HashMap<&str, &Arc<Backend>>,
        maxconn: usize,
    ) -> Frontend {
        let defaults = &self.file.defaults;
        let own = options.maxconn.or(defaults.maxconn).map_or(maxconn, |own| own as usize);
        let wanted = options.default_backend.as_ref().and_then(|wanted| backends.get(wanted.as_str()));
        Frontend {
            name: name.into(),
            mode: options.mode.as_deref().copied().or(defaults.mode).unwrap_or_default(),
            timeouts: options.timeouts.or(&defaults.timeouts).resolved(),
            default_backend: wanted.map(|backend| Arc::clone(backend)),
            tells: self.frontend_tells(options),
            splicing: splicing::of_frontend(&self.file, options),
            close: options.httpclose.or(defaults.httpclose).unwrap_or(false),
            server_close: options.http_server_close.or(defaults.http_server_close).unwrap_or(false)
                || options.httpclose.or(defaults.httpclose).unwrap_or(false),
            limits: Limits::DEFAULT,
            log: Logging::NOTHING,
            rules: None,
            formats: None,
            directory: Arc::default(),
            live: world.frontend(name, own, options.rate_limit_sessions.or(defaults.rate_limit_sessions)),
        }
    }

    /// Which lines a frontend writes, and where to.
    fn logging(&self, place: usize, options: &model::Frontend, events: &Events) -> Logging {
        let defaults = &self.file.defaults;
        let mode = options.mode.as_deref().copied().or(defaults.mode).unwrap_or_default();
        // As in HAProxy, `Connect from …` tells of requests only.
        let format = options.log_format.as_ref().or(defaults.log_format.as_ref());
        let connects = mode == Mode::Http && format.is_some_and(|format| format.as_str() == "default");
        let to = if options.access_log.or(defaults.access_log).unwrap_or(true) {
            self.targets(self.log.frontends.get(place), events)
        } else {
            Targets::NONE
        };
        Logging {
            to,
            null: !connects
                && options.dontlognull.or(defaults.dontlognull).map_or(mode == Mode::Tcp, |without| !without),
            normal: !options.dontlog_normal.or(defaults.dontlog_normal).unwrap_or(false),
            errors_apart: options.log_separate_errors.or(defaults.log_separate_errors).unwrap_or(false),
        }
    }

    /// A proxy's own targets, or those of the process.
    fn targets(&self, own: Option<&Option<Vec<LogTarget>>>, events: &Events) -> Targets {
        match own.and_then(Option::as_ref) {
            Some(own) => events.places(own),
            None if self.log.global.len() == self.log.all.len() => Targets::ALL,
            None => events.places(&self.log.global),
        }
    }

    /// Tells events where to go.
    fn route_events(&self, events: &Events) {
        let names = self.file.backends.names();
        let own = names.zip(&self.log.backends).filter(|(_, own)| own.is_some());
        let backends = own.map(|(name, own)| (name.into(), self.targets(Some(own), events))).collect();
        events.route(self.targets(None, events), backends);
    }

    /// What its frontend tells servers of clients.
    fn frontend_tells(&self, options: &model::Frontend) -> Option<Arc<Tells>> {
        let defaults = &self.file.defaults;
        let tells = Tells {
            forwardfor: options.forwardfor.as_ref().or(defaults.forwardfor.as_ref()).and_then(Switch::on).cloned(),
            originalto: options.originalto.as_ref().or(defaults.originalto.as_ref()).and_then(Switch::on).cloned(),
            restrict: options.http_restrict_req_hdr_names.or(defaults.http_restrict_req_hdr_names).unwrap_or_default(),
            ..Tells::default()
        };
        (!tells.is_nothing()).then(|| Arc::new(tells))
    }

    /// The same of a backend. The addresses of the defaults are the frontend's affair: either counts.
    fn backend_tells(&self, options: &model::Backend, forwarded: Option<&Arc<Forwarded>>) -> Option<Arc<Tells>> {
        let defaults = &self.file.defaults;
        let tells = Tells {
            forwardfor: options.forwardfor.as_ref().and_then(Switch::on).cloned(),
            originalto: options.originalto.as_ref().and_then(Switch::on).cloned(),
            restrict: options.http_restrict_req_hdr_names.or(defaults.http_restrict_req_hdr_names).unwrap_or_default(),
            forwarded: forwarded.map(Arc::clone),
            send_name: options.http_send_name_header.clone().or_else(|| defaults.http_send_name_header.clone()),
        };
        (!tells.is_nothing()).then(|| Arc::new(tells))
    }

    fn backend(
        &self,
        world: &mut World,
        name: &str,
        options: &model::Backend,
        addresses: &[Address],
        now: Tick,
    ) -> Backend {
        let defaults = &self.file.defaults;
        let mode = options.mode.as_deref().copied().or(defaults.mode).unwrap_or_default();
        let balance = options.balance.or(defaults.balance).unwrap_or_default();
        let settings = self.settings(options);
        let living = world.backend(name, balance, options.allbackups, &settings, addresses, now);
        let targets =
            living.servers.into_iter().zip(options.servers.values()).zip(addresses).map(|((server, line), address)| {
                let source = self.source(options, line);
                Target {
                    server,
                    address: address.clone(),
                    connect: ConnectOptions {
                        keepalive: line
                            .keepalive
                            .or(options.server_keepalive)
                            .or(defaults.server_keepalive)
                            .unwrap_or_default(),
                        user_timeout: line.tcp_ut.map(plimsoll_config::Duration::as_std),
                        tfo: line.tfo,
                        nolinger: options.nolinger.or(defaults.nolinger).unwrap_or(false),
                        namespace: line.namespace.as_deref().map(Into::into),
                        // In HTTP mode a request follows at once and carries the acknowledgement: a packet less for each connection.
                        quickack: mode == Mode::Tcp,
                        source: source.and_then(|source| world.outlet(source, address, line.namespace.as_deref())),
                        foreign: source.and_then(|source| match source.usesrc {
                            Some(UseSource::Address(address)) => Some(address),
                            _ => None,
                        }),
                        ..ConnectOptions::default()
                    },
                    send_proxy: send_proxy(line),
                    tolerance: tolerance(&line.tolerate),
                    host: host(address),
                    checked: self.health_check(options, line).is_some(),
                }
            });
        let targets: Vec<Target> = targets.collect();
        Backend {
            name: name.into(),
            mode,
            timeouts: options.timeouts.or(&defaults.timeouts).resolved(),
            by_slot: Backend::by_slot(&targets),
            targets,
            balancer: living.balancer,
            retries: options.retries.or(defaults.retries).unwrap_or(3),
            redispatch: options.redispatch.or(defaults.redispatch).unwrap_or(true),
            reuse: options.http_reuse.or(defaults.http_reuse).unwrap_or_default(),
            server_close: options.http_server_close.or(defaults.http_server_close).unwrap_or(false)
                || options.httpclose.or(defaults.httpclose).unwrap_or(false),
            tells: None,
            abortonclose: options.abortonclose.or(defaults.abortonclose).unwrap_or(false),
            splicing: splicing::of_backend(&self.file, options),
            limits: Limits::DEFAULT,
            rules: None,
            live: living.live,
        }
    }

    fn settings(&self, options: &model::Backend) -> Vec<Settings> {
        let setting = |(name, server): (&Spanned<String>, &Spanned<ShortForm<model::ServerLine>>)| Settings {
            name: name.as_str().into(),
            id: None,
            options: ServerOptions {
                weight: server.weight.as_deref().copied().unwrap_or(1),
                backup: server.backup,
                disabled: server.disabled,
            },
            health: self.health_check(options, server).map_or_else(HealthOptions::default, |check| check.health()),
        };
        options.servers.iter().map(setting).collect()
    }

    /// How a server is checked: what it says itself comes before what its backend says. `None`: it is not.
    fn health_check(&self, backend: &model::Backend, server: &model::ServerLine) -> Option<HealthCheck> {
        let base = backend.health_check.as_deref().or(self.file.defaults.health_check.as_deref());
        let own = server.health_check.as_deref();
        if !server.check.unwrap_or(base.is_some() || own.is_some()) {
            return None;
        }
        let base = base.cloned().unwrap_or_default();
        Some(own.map_or_else(|| base.clone(), |own| own.over(&base)))
    }

    /// From where connections to this server come.
    pub(crate) fn source<'a>(
        &'a self,
        backend: &'a model::Backend,
        server: &'a model::ServerLine,
    ) -> Option<&'a Source> {
        source(&self.file, backend, server).map(|source| &***source)
    }

    /// The servers to check, and how.
    pub(crate) fn subjects(&self, snapshot: &Snapshot) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for (options, backend) in self.file.backends.values().zip(&snapshot.backends) {
            let timeouts = &backend.timeouts;
            for (line, target) in options.servers.values().zip(&backend.targets) {
                let Some(check) = self.health_check(options, line) else { continue };
                let defaults = Defaults {
                    connect: timeouts.connect.map(plimsoll_config::Duration::as_std),
                    check: timeouts.check.map(plimsoll_config::Duration::as_std),
                    tolerance: tolerance(&line.tolerate),
                    send_proxy: target.send_proxy.map(|send| send.version),
                    source: target.connect.source.clone(),
                    namespace: target.connect.namespace.clone(),
                };
                subjects
                    .push(Subject { server: Arc::clone(&target.server), plan: check.plan(&target.address, &defaults) });
            }
        }
        subjects
    }
}

/// Time and chance for what is evaluated before there are workers.
struct AtStart;

impl plimsoll_rules::Outside for AtStart {
    fn wall(&self) -> Duration {
        plimsoll_clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }

    fn random(&self) -> u64 {
        std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0_u8)
    }
}

/// The server's own comes before the backend's, and that before the one of the defaults.
pub(crate) fn source<'a>(
    file: &'a File,
    backend: &'a model::Backend,
    server: &'a model::ServerLine,
) -> Option<&'a Spanned<ShortForm<Source>>> {
    server.source.as_ref().or(backend.source.as_ref()).or(file.defaults.source.as_ref())
}

fn send_proxy(line: &model::ServerLine) -> Option<SendProxy> {
    let version = match (line.send_proxy, line.send_proxy_v2) {
        (_, true) => Version::V2,
        (true, false) => Version::V1,
        (false, false) => return None,
    };
    Some(SendProxy { version, checksum: line.proxy_v2_options.iter().any(|option| **option == ProxyV2Option::Crc32c) })
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
        Address::Unix(_) | Address::Abstract(_) | Address::Inherited(_) => "localhost".into(),
    }
}

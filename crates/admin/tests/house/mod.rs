//! A process that does nothing but have figures: what the tests and the measurement of this crate look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, SystemTime};

use plimsoll_admin::{Latencies, ProcessFacts, Reload, State};
use plimsoll_clock::Tick;
use plimsoll_counters::{Histogram, Sharded};
use plimsoll_http::{Limits, Tolerance};
use plimsoll_lb::{Balance, Balancer};
use plimsoll_net::{Address, ConnectOptions};
use plimsoll_observe::{Failure, Message, Sink};
use plimsoll_proxy::{Backend, BackendLive, Frontend, FrontendLive, Mode, Process, Snapshot, Target, Timeouts};
use plimsoll_server::{CheckReport, CheckStatus, HealthOptions, ServerOptions, Set, Settings};
use plimsoll_upstream::Reuse;

/// The state.
pub struct House {
    pub snapshot: Arc<Snapshot>,
    start: Tick,
    clock: AtomicU64,
    checked: bool,
    /// The next question about the process ends in a panic.
    pub faulty: AtomicBool,
    latency: Sharded<Histogram>,
}

plimsoll_outcome::outcomes! {
    /// For the ring.
    REFUSED = ("server.connect.refused", Server, Connect, Safe, b"SC", 503, "The server refused the connection.");
}

/// How a server starts.
pub fn server(name: &str, weight: u16, backup: bool, disabled: bool) -> Settings {
    Settings {
        name: name.into(),
        id: None,
        options: ServerOptions { weight, backup, disabled },
        health: HealthOptions::default(),
    }
}

impl House {
    /// Frontend `web` before these backends.
    pub fn new(backends: &[(&str, Vec<Settings>)]) -> Self {
        let start = Tick::now();
        let backends: Vec<_> = backends.iter().map(|(name, servers)| Arc::new(backend(name, servers, start))).collect();
        let frontend = Frontend {
            name: "web".into(),
            mode: Mode::Http,
            timeouts: Timeouts::default(),
            default_backend: backends.first().cloned(),
            tells: None,
            splicing: Default::default(),
            close: false,
            server_close: false,
            limits: Limits::DEFAULT,
            log: plimsoll_proxy::Logging::ALL,
            rules: None,
            formats: None,
            directory: Arc::default(),
            live: Arc::new(FrontendLive::new("web", 100, 2)),
        };
        let log = Sink::start(&[]).expect("a log without targets");
        let process = Process::new(1, 1000, log.events());
        let snapshot = Snapshot { process: Arc::new(process), frontends: vec![Arc::new(frontend)], backends };
        let (clock, faulty) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { snapshot: Arc::new(snapshot), start, clock, checked: false, faulty, latency: Sharded::new(1) }
    }

    /// The servers are checked.
    pub fn checked(self) -> Self {
        Self { checked: true, ..self }
    }

    /// Time passes.
    pub fn advance(&self, by: Duration) {
        self.clock.fetch_add(by.as_micros() as u64, SeqCst);
    }

    /// Worker 0 serves that many requests of `web`, by the first server of the first backend.
    pub fn serve(&self, requests: u64) {
        let frontend = self.snapshot.frontends[0].live.counters.shard(0);
        frontend.connections.add(requests);
        frontend.requests.add(requests);
        frontend.responses[2].add(requests);
        frontend.bytes_in.add(requests * 100);
        frontend.bytes_out.add(requests * 2_000);
        let backend = &self.snapshot.backends[0];
        backend.live.counters.shard(0).requests.add(requests);
        let server = &backend.targets[0].server;
        for _ in 0..requests {
            server.count_session(0, self.now());
        }
        server.counters().shard(0).bytes_out.add(requests * 2_000);
        for request in 0..requests.min(1_000) {
            self.latency.shard(0).record(400 + request * 3);
        }
    }

    /// A check of every checked server ended so.
    pub fn check(&self, status: CheckStatus, info: &str) {
        let all = self.snapshot.backends.iter().flat_map(|backend| &backend.targets);
        for target in all.filter(|target| self.is_checked(target)) {
            let report = CheckReport::new(status, Duration::from_millis(3)).with_info(info);
            target.server.report(self.now(), report);
        }
    }

    /// A request failed.
    pub fn fail(&self, bytes: &[u8]) {
        self.snapshot.process.failures[0].push(&Failure {
            time: SystemTime::UNIX_EPOCH,
            client: Some(([192, 0, 2, 7], 5000).into()),
            frontend: "web",
            backend: Some("app"),
            server: Some("a1"),
            outcome: &REFUSED,
            status: Some(503),
            message: Message::Request,
            position: None,
            bytes,
            length: bytes.len(),
        });
    }
}

fn backend(name: &str, servers: &[Settings], now: Tick) -> Backend {
    let set = Set::new(name, servers, 2, now);
    let targets: Vec<Target> = set
        .servers()
        .iter()
        .enumerate()
        .map(|(index, server)| Target {
            server: Arc::clone(server),
            address: Address::Inet(([127, 0, 0, 1], 18713 + (index % 40_000) as u16).into()),
            connect: ConnectOptions::default(),
            send_proxy: None,
            tolerance: Tolerance::default(),
            host: "a".into(),
            checked: false,
        })
        .collect();
    Backend {
        name: name.into(),
        mode: Mode::Http,
        timeouts: Timeouts::default(),
        balancer: Balancer::new(&Balance::default(), false, set),
        by_slot: Backend::by_slot(&targets),
        targets,
        retries: 3,
        redispatch: true,
        reuse: Reuse::default(),
        server_close: false,
        tells: None,
        splicing: Default::default(),
        abortonclose: false,
        limits: Limits::DEFAULT,
        rules: None,
        live: Arc::new(BackendLive::new(2)),
    }
}

impl State for House {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    fn reload(&self, how: Reload) -> Result<String, String> {
        match how {
            Reload::Now => Err("1 error: nothing was changed".into()),
            Reload::Plan => Ok("kept: 1 backend".into()),
        }
    }

    fn process(&self) -> ProcessFacts {
        assert!(!self.faulty.swap(false, SeqCst), "injected");
        ProcessFacts {
            name: "Plimsoll",
            version: "0.1.0",
            threads: 2,
            started: self.start,
            started_wall: SystemTime::UNIX_EPOCH,
            max_fds: 1024,
            stopping: false,
            listeners: 1,
            snapshots: 1,
            dropped_logs: 0,
            tasks: (2, 0),
            idle: 100,
        }
    }

    fn now(&self) -> Tick {
        self.start.after(Duration::from_micros(self.clock.load(SeqCst)))
    }

    fn is_checked(&self, target: &Target) -> bool {
        self.checked && !target.server.is_backup()
    }

    fn latencies(&self, _: &Backend) -> Option<Latencies> {
        let total = self.latency.distribution();
        Some(Latencies { total, ..Latencies::default() })
    }
}

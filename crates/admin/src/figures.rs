//! The figures of every frontend, server and backend at one moment, as plain values that all the outputs print.

use std::sync::Arc;

use plimsoll_clock::Tick;
use plimsoll_proxy::{Backend, Frontend, Snapshot, Target};
use plimsoll_server::{Server, Standing};

use crate::State;

/// HAProxy gives its stats sockets the first number.
const FIRST_PROXY: usize = 2;

/// One line of `show stat`.
#[derive(Debug)]
pub(crate) enum Row {
    Frontend(FrontendFigures),
    Server(Box<ServerFigures>),
    Backend(BackendFigures),
}

#[derive(Debug)]
pub(crate) struct FrontendFigures {
    pub(crate) frontend: Arc<Frontend>,
    pub(crate) proxy: usize,
    pub(crate) current: u64,
    pub(crate) limit: u64,
    pub(crate) connections: u64,
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// By the first digit of the status; 0: another.
    pub(crate) responses: [u64; 6],
}

#[derive(Debug)]
pub(crate) struct ServerFigures {
    pub(crate) backend: Arc<Backend>,
    pub(crate) proxy: usize,
    pub(crate) place: usize,
    pub(crate) standing: Standing,
    pub(crate) checked: bool,
    pub(crate) now: Tick,
    pub(crate) served: u64,
    pub(crate) sessions: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) connect_errors: u64,
    pub(crate) response_errors: u64,
    pub(crate) retries: u64,
    pub(crate) redispatches: u64,
}

#[derive(Debug)]
pub(crate) struct BackendFigures {
    pub(crate) backend: Arc<Backend>,
    pub(crate) proxy: usize,
    pub(crate) current: u64,
    pub(crate) requests: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) connect_errors: u64,
    pub(crate) response_errors: u64,
    pub(crate) retries: u64,
    pub(crate) redispatches: u64,
    pub(crate) active: u64,
    pub(crate) backup: u64,
    /// Of the servers that get new work now.
    pub(crate) weight: u64,
    pub(crate) servers: u64,
}

impl ServerFigures {
    fn read(state: &dyn State, backend: &Arc<Backend>, proxy: usize, place: usize) -> Self {
        let target = &backend.targets[place];
        let (server, now) = (&target.server, state.now());
        let counters = server.counters();
        Self {
            backend: Arc::clone(backend),
            proxy,
            place,
            standing: server.standing(now),
            checked: state.is_checked(target),
            now,
            served: u64::from(server.served()),
            sessions: counters.sum(|shard| shard.sessions.get()),
            bytes_in: counters.sum(|shard| shard.bytes_in.get()),
            bytes_out: counters.sum(|shard| shard.bytes_out.get()),
            connect_errors: counters.sum(|shard| shard.connect_errors.get()),
            response_errors: counters.sum(|shard| shard.response_errors.get()),
            retries: counters.sum(|shard| shard.retries.get()),
            redispatches: counters.sum(|shard| shard.redispatches.get()),
        }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.backend.targets[self.place]
    }

    pub(crate) fn server(&self) -> &Server {
        &self.target().server
    }

    /// As `show stat` prints it: `UP`, `DOWN 1/2`, `no check`, `MAINT`.
    pub(crate) fn status(&self) -> String {
        self.standing.health.word(self.checked)
    }

    /// Seconds since it last began or ceased to serve.
    pub(crate) fn last_change(&self) -> u64 {
        self.now.since(self.standing.last_change).as_secs()
    }
}

impl FrontendFigures {
    fn read(frontend: &Arc<Frontend>, proxy: usize) -> Self {
        let (gate, counters) = (&frontend.live.gate, &frontend.live.counters);
        Self {
            frontend: Arc::clone(frontend),
            proxy,
            current: gate.used() as u64,
            limit: gate.limit() as u64,
            connections: counters.sum(|shard| shard.connections.get()),
            requests: counters.sum(|shard| shard.requests.get()),
            failures: counters.sum(|shard| shard.failures.get()),
            bytes_in: counters.sum(|shard| shard.bytes_in.get()),
            bytes_out: counters.sum(|shard| shard.bytes_out.get()),
            responses: std::array::from_fn(|class| counters.sum(|shard| shard.responses[class].get())),
        }
    }
}

impl BackendFigures {
    fn read(backend: &Arc<Backend>, proxy: usize) -> Self {
        let counters = &backend.live.counters;
        let mut figures = Self {
            backend: Arc::clone(backend),
            proxy,
            current: 0,
            requests: counters.sum(|shard| shard.requests.get()),
            bytes_in: 0,
            bytes_out: 0,
            connect_errors: counters.sum(|shard| shard.connect_errors.get()),
            response_errors: counters.sum(|shard| shard.response_errors.get()),
            retries: counters.sum(|shard| shard.retries.get()),
            redispatches: counters.sum(|shard| shard.redispatches.get()),
            active: 0,
            backup: 0,
            weight: 0,
            servers: backend.targets.len() as u64,
        };
        let mut backup_weight = 0;
        for target in &backend.targets {
            let server = &target.server;
            figures.current += u64::from(server.served());
            figures.bytes_in += server.counters().sum(|shard| shard.bytes_in.get());
            figures.bytes_out += server.counters().sum(|shard| shard.bytes_out.get());
            let weight = u64::from(server.effective_weight());
            let (count, total) = if server.is_backup() {
                (&mut figures.backup, &mut backup_weight)
            } else {
                (&mut figures.active, &mut figures.weight)
            };
            *count += u64::from(weight > 0);
            *total += weight;
        }
        if figures.active == 0 {
            figures.weight = backup_weight;
        }
        figures
    }

    /// Whether it can serve: HAProxy calls a backend without servers up.
    pub(crate) fn is_up(&self) -> bool {
        self.weight > 0 || self.servers == 0
    }
}

impl Row {
    /// The number of its proxy.
    pub(crate) fn proxy(&self) -> usize {
        match self {
            Self::Frontend(row) => row.proxy,
            Self::Server(row) => row.proxy,
            Self::Backend(row) => row.proxy,
        }
    }

    /// The name of its proxy.
    pub(crate) fn proxy_name(&self) -> &str {
        match self {
            Self::Frontend(row) => &row.frontend.name,
            Self::Server(row) => &row.backend.name,
            Self::Backend(row) => &row.backend.name,
        }
    }

    /// The number of the server; 0 for a proxy.
    pub(crate) fn server_id(&self) -> u64 {
        if let Self::Server(row) = self { u64::from(row.server().id()) } else { 0 }
    }
}

/// All rows, each read when it is asked for: frontends, then for each backend its servers and itself.
pub(crate) struct Rows {
    state: Arc<dyn State>,
    snapshot: Arc<Snapshot>,
    next: Next,
}

enum Next {
    Frontend(usize),
    Server(usize, usize),
}

impl Rows {
    pub(crate) fn new(state: &Arc<dyn State>) -> Self {
        Self { state: Arc::clone(state), snapshot: state.snapshot(), next: Next::Frontend(0) }
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if let Next::Frontend(index) = self.next {
            if let Some(frontend) = self.snapshot.frontends.get(index) {
                self.next = Next::Frontend(index + 1);
                return Some(Row::Frontend(FrontendFigures::read(frontend, FIRST_PROXY + index)));
            }
            self.next = Next::Server(0, 0);
        }
        let Next::Server(index, place) = self.next else { return None };
        let backend = self.snapshot.backends.get(index)?;
        let proxy = backend_number(&self.snapshot, index);
        if place < backend.targets.len() {
            self.next = Next::Server(index, place + 1);
            return Some(Row::Server(Box::new(ServerFigures::read(&*self.state, backend, proxy, place))));
        }
        self.next = Next::Server(index + 1, 0);
        Some(Row::Backend(BackendFigures::read(backend, proxy)))
    }
}

/// The number by which `show stat` and `show servers state` know a backend.
pub(crate) fn backend_number(snapshot: &Snapshot, index: usize) -> usize {
    FIRST_PROXY + snapshot.frontends.len() + index
}

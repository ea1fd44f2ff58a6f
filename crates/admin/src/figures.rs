//! The figures of every frontend, server and backend at one moment, as plain values that all the outputs print.

use std::sync::Arc;

use plimsoll_clock::Tick;
use plimsoll_counters::{Cell, Mean, Recent};
use plimsoll_proxy::{Backend, BackendCounters, Frontend, Snapshot, Target};
use plimsoll_server::{Availability, Server, ServerCounters, Standing};

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

/// Events per second: now, and in the busiest second.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    pub(crate) now: u64,
    pub(crate) most: u64,
}

/// How long things took, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) connect: Mean,
    pub(crate) response: Mean,
    pub(crate) total: Mean,
}

/// What rules ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Denied {
    pub(crate) connections: u64,
    pub(crate) sessions: u64,
    pub(crate) requests: u64,
    pub(crate) responses: u64,
}

#[derive(Debug)]
pub(crate) struct FrontendFigures {
    pub(crate) frontend: Arc<Frontend>,
    pub(crate) proxy: usize,
    pub(crate) current: u64,
    pub(crate) most: u64,
    pub(crate) limit: u64,
    /// New sessions a second; 0: there is no limit.
    pub(crate) rate_limit: u64,
    pub(crate) connections: u64,
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    pub(crate) request_errors: u64,
    pub(crate) denied: Denied,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// By the first digit of the status; 0: another.
    pub(crate) responses: [u64; 6],
    pub(crate) connection_rate: Rate,
    pub(crate) request_rate: Rate,
}

/// What is counted of servers, and of a backend as the sum of its servers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sessions: u64,
    pub(crate) chosen: u64,
    pub(crate) connects: u64,
    pub(crate) reuses: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) connect_errors: u64,
    pub(crate) response_errors: u64,
    pub(crate) retries: u64,
    pub(crate) redispatches: u64,
    pub(crate) client_aborts: u64,
    pub(crate) server_aborts: u64,
    pub(crate) responses: [u64; 6],
    pub(crate) times: Times,
}

/// What a server and a backend have both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    /// When it was read.
    pub(crate) now: Tick,
    /// Most at once.
    pub(crate) most: u64,
    pub(crate) counts: Counts,
    pub(crate) rate: Rate,
    pub(crate) last_session: Option<Tick>,
}

#[derive(Debug)]
pub(crate) struct ServerFigures {
    pub(crate) backend: Arc<Backend>,
    pub(crate) proxy: usize,
    pub(crate) place: usize,
    pub(crate) standing: Standing,
    pub(crate) checked: bool,
    pub(crate) served: u64,
    pub(crate) traffic: Traffic,
}

#[derive(Debug)]
pub(crate) struct BackendFigures {
    pub(crate) backend: Arc<Backend>,
    pub(crate) proxy: usize,
    pub(crate) current: u64,
    pub(crate) requests: u64,
    pub(crate) denied: Denied,
    pub(crate) traffic: Traffic,
    pub(crate) availability: Availability,
    pub(crate) active: u64,
    pub(crate) backup: u64,
    /// Of the servers that get new work now.
    pub(crate) weight: u64,
    pub(crate) servers: u64,
}

impl Counts {
    fn of(server: &Server) -> Self {
        let all = server.counters();
        let sum = |cell: fn(&ServerCounters) -> &Cell| all.sum(|shard| cell(shard).get());
        let mean = |recent: fn(&ServerCounters) -> &Recent| {
            let mut mean = Mean::default();
            all.iter().for_each(|shard| recent(shard).add_to(&mut mean));
            mean
        };
        Self {
            sessions: sum(|shard| &shard.sessions),
            chosen: sum(|shard| &shard.chosen),
            connects: sum(|shard| &shard.connects),
            reuses: sum(|shard| &shard.reuses),
            bytes_in: sum(|shard| &shard.bytes_in),
            bytes_out: sum(|shard| &shard.bytes_out),
            connect_errors: sum(|shard| &shard.connect_errors),
            response_errors: sum(|shard| &shard.response_errors),
            retries: sum(|shard| &shard.retries),
            redispatches: sum(|shard| &shard.redispatches),
            client_aborts: sum(|shard| &shard.client_aborts),
            server_aborts: sum(|shard| &shard.server_aborts),
            responses: std::array::from_fn(|class| all.sum(|shard| shard.responses[class].get())),
            times: Times {
                connect: mean(|shard| &shard.connect_time),
                response: mean(|shard| &shard.response_time),
                total: mean(|shard| &shard.total_time),
            },
        }
    }

    /// A backend counts some things itself; the others are the sum over its servers.
    fn of_backend(backend: &Backend) -> Self {
        let all = &backend.live.counters;
        let sum = |cell: fn(&BackendCounters) -> &Cell| all.sum(|shard| cell(shard).get());
        let mut counts = Self {
            sessions: sum(|shard| &shard.requests),
            chosen: sum(|shard| &shard.chosen),
            bytes_in: sum(|shard| &shard.bytes_in),
            bytes_out: sum(|shard| &shard.bytes_out),
            connect_errors: sum(|shard| &shard.connect_errors),
            response_errors: sum(|shard| &shard.response_errors),
            retries: sum(|shard| &shard.retries),
            redispatches: sum(|shard| &shard.redispatches),
            client_aborts: sum(|shard| &shard.client_aborts),
            server_aborts: sum(|shard| &shard.server_aborts),
            responses: std::array::from_fn(|class| all.sum(|shard| shard.answers[class].get())),
            ..Self::default()
        };
        for target in &backend.targets {
            let server = Self::of(&target.server);
            counts.connects += server.connects;
            counts.reuses += server.reuses;
            counts.bytes_in += server.bytes_in;
            counts.bytes_out += server.bytes_out;
            counts.responses.iter_mut().zip(server.responses).for_each(|(sum, more)| *sum += more);
            counts.times.connect.merge(&server.times.connect);
            counts.times.response.merge(&server.times.response);
            counts.times.total.merge(&server.times.total);
        }
        counts
    }
}

impl ServerFigures {
    fn read(state: &dyn State, backend: &Arc<Backend>, proxy: usize, place: usize) -> Self {
        let target = &backend.targets[place];
        let (server, now) = (&target.server, state.now());
        let (rate, most) = server.session_rate(now);
        Self {
            backend: Arc::clone(backend),
            proxy,
            place,
            standing: server.standing(now),
            checked: state.is_checked(target),
            served: u64::from(server.served()),
            traffic: Traffic {
                now,
                most: server.load().most(),
                counts: Counts::of(server),
                rate: Rate { now: rate, most },
                last_session: server.last_session(),
            },
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
        self.traffic.now.since(self.standing.last_change).as_secs()
    }
}

impl FrontendFigures {
    fn read(state: &dyn State, frontend: &Arc<Frontend>, proxy: usize) -> Self {
        let (live, counters, now) = (&*frontend.live, &frontend.live.counters, state.now());
        Self {
            frontend: Arc::clone(frontend),
            proxy,
            current: live.gate.used() as u64,
            most: live.most.get(),
            limit: live.gate.limit() as u64,
            rate_limit: u64::from(live.rate.limit().unwrap_or(0)),
            connections: counters.sum(|shard| shard.connections.get()),
            requests: counters.sum(|shard| shard.requests.get()),
            failures: counters.sum(|shard| shard.failures.get()),
            request_errors: counters.sum(|shard| shard.request_errors.get()),
            denied: Denied {
                connections: counters.sum(|shard| shard.denied_connections.get()),
                sessions: counters.sum(|shard| shard.denied_sessions.get()),
                requests: counters.sum(|shard| shard.denied_requests.get()),
                responses: counters.sum(|shard| shard.denied_responses.get()),
            },
            bytes_in: counters.sum(|shard| shard.bytes_in.get()),
            bytes_out: counters.sum(|shard| shard.bytes_out.get()),
            responses: std::array::from_fn(|class| counters.sum(|shard| shard.responses[class].get())),
            connection_rate: Rate {
                now: counters.per_second(|shard| &shard.connection_rate, now),
                most: counters.busiest(|shard| &shard.connection_rate, &live.busiest_connections),
            },
            request_rate: Rate {
                now: counters.per_second(|shard| &shard.request_rate, now),
                most: counters.busiest(|shard| &shard.request_rate, &live.busiest_requests),
            },
        }
    }
}

impl BackendFigures {
    fn read(state: &dyn State, backend: &Arc<Backend>, proxy: usize) -> Self {
        let (live, counters, now) = (&*backend.live, &backend.live.counters, state.now());
        let last = counters.iter().map(|shard| shard.last.get()).max().filter(|last| *last > 0);
        let counts = Counts::of_backend(backend);
        let mut figures = Self {
            backend: Arc::clone(backend),
            proxy,
            current: u64::from(live.load.now()),
            requests: counts.sessions,
            denied: Denied {
                requests: counters.sum(|shard| shard.denied_requests.get()),
                responses: counters.sum(|shard| shard.denied_responses.get()),
                ..Denied::default()
            },
            traffic: Traffic {
                now,
                most: live.load.most(),
                counts,
                rate: Rate {
                    now: counters.per_second(|shard| &shard.rate, now),
                    most: counters.busiest(|shard| &shard.rate, &live.busiest),
                },
                last_session: last.map(Tick::from_micros),
            },
            availability: backend.balancer.set().availability(now),
            active: 0,
            backup: 0,
            weight: 0,
            servers: backend.targets.len() as u64,
        };
        let mut backup_weight = 0;
        for target in &backend.targets {
            let server = &target.server;
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

    /// Seconds since it last lost its last server, or got one.
    pub(crate) fn last_change(&self) -> u64 {
        self.traffic.now.since(self.availability.last_change).as_secs()
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
    /// Names of the proxies that are shown; all if there are none.
    scope: Vec<Box<str>>,
}

enum Next {
    Frontend(usize),
    Server(usize, usize),
}

impl Rows {
    pub(crate) fn new(state: &Arc<dyn State>) -> Self {
        Self::within(state, &[])
    }

    /// Only those of these proxies, if there are any.
    pub(crate) fn within(state: &Arc<dyn State>, scope: &[Box<str>]) -> Self {
        Self { state: Arc::clone(state), snapshot: state.snapshot(), next: Next::Frontend(0), scope: scope.to_vec() }
    }

    fn hides(&self, name: &str) -> bool {
        !self.scope.is_empty() && !self.scope.iter().any(|have| **have == *name)
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        while let Next::Frontend(index) = self.next {
            if let Some(frontend) = self.snapshot.frontends.get(index) {
                self.next = Next::Frontend(index + 1);
                if self.hides(&frontend.name) {
                    continue;
                }
                return Some(Row::Frontend(FrontendFigures::read(&*self.state, frontend, FIRST_PROXY + index)));
            }
            self.next = Next::Server(0, 0);
        }
        while let Next::Server(index, _) = self.next
            && self.snapshot.backends.get(index).is_some_and(|backend| self.hides(&backend.name))
        {
            self.next = Next::Server(index + 1, 0);
        }
        let Next::Server(index, place) = self.next else { return None };
        let backend = self.snapshot.backends.get(index)?;
        let proxy = backend_number(&self.snapshot, index);
        if place < backend.targets.len() {
            self.next = Next::Server(index, place + 1);
            return Some(Row::Server(Box::new(ServerFigures::read(&*self.state, backend, proxy, place))));
        }
        self.next = Next::Server(index + 1, 0);
        Some(Row::Backend(BackendFigures::read(&*self.state, backend, proxy)))
    }
}

/// The number by which `show stat` and `show servers state` know a backend.
pub(crate) fn backend_number(snapshot: &Snapshot, index: usize) -> usize {
    FIRST_PROXY + snapshot.frontends.len() + index
}

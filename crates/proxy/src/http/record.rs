//! What a request's log line and counters are made of.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plimsoll_clock::{Tick, wall};
use plimsoll_http::{Request, Response, request_stop};
use plimsoll_observe::{Failure, HttpRecord, HttpTimes, Level, Levels, MOST_BYTES, Message, Own, RequestLine, Writer};
use plimsoll_outcome::{Outcome, Side};
use plimsoll_rules::{Arena, Context, Place, Variables};

use super::judge::Judge;
use super::parts::Both;
use crate::client::Client;
use crate::logging::Ended;
use crate::rules::{Logged, Progress, Proxies, Times, between, number};
use crate::snapshot::{Backend, Frontend, Target};
use crate::step::fault::point;
use crate::{NO_BACKEND, OK, RULE_REJECT, RULE_TARPIT};

/// Times and counts of one request. A time of zero: that point was not reached.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) started: Tick,
    pub(super) head: Tick,
    pub(super) connected: Tick,
    pub(super) first: Tick,
    pub(super) status: u16,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) server: Option<usize>,
    pub(super) retries: u32,
    pub(super) redispatched: bool,
    /// The service that answered, as it stands in the place of a server.
    pub(super) service: Option<&'static str>,
    /// Something of a response went to the client.
    pub(super) heard: bool,
    /// The client takes the end of its connection for the end of this response.
    pub(super) until_close: bool,
    /// Time passed between the response's head and its end: there was more to read, or more to write than a socket takes at once.
    pub(super) lasted: bool,
    /// From where the server was connected to, if a format may ask.
    pub(super) source: Option<SocketAddr>,
    /// Which request of the server's connection it is, if a format may ask.
    pub(super) served: u32,
    /// The status that the server sent.
    pub(super) server_status: u16,
    /// What the server said wrong.
    pub(super) blame: Option<Box<Blame>>,
}

/// What else formats of the log look at.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) judge: Option<&'a Judge>,
    /// The response that the client got.
    pub(super) response: Option<&'a Response>,
}

impl<'a> About<'a> {
    /// `set-log-level`; `None`: no line is written.
    fn level(&self) -> Option<Level> {
        self.judge.map_or(Some(Level::Info), Judge::log_level)
    }

    pub(super) fn answered(judge: Option<&'a Judge>, both: &'a Both) -> Self {
        Self { judge, response: Some(&both.response) }
    }

    pub(super) fn unanswered(judge: &'a Judge) -> Self {
        Self { judge: Some(judge), response: None }
    }
}

/// Bytes of a response that was not taken, and where reading it stopped.
#[derive(Debug)]
pub(super) struct Blame {
    bytes: Vec<u8>,
    length: usize,
    position: Option<usize>,
}

impl Blame {
    /// `None`: the server had said nothing.
    #[cold]
    pub(super) fn new(bytes: &[u8], position: Option<usize>) -> Option<Box<Self>> {
        let kept = bytes[..bytes.len().min(MOST_BYTES)].to_vec();
        (!bytes.is_empty()).then(|| Box::new(Self { bytes: kept, length: bytes.len(), position }))
    }
}

impl Record {
    /// How far it has come.
    pub(super) fn progress(&self, client: &Client, backend: Option<&Backend>) -> Progress {
        let target = backend.zip(self.server).and_then(|(backend, server)| backend.targets.get(server));
        Progress {
            since: client.since.get(),
            began: self.started,
            head: self.head,
            connected: self.connected,
            answered: self.first,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            retries: self.retries,
            redispatched: self.redispatched,
            source: self.source,
            server: target.and_then(Target::inet),
            served: self.served,
            server_status: self.server_status,
        }
    }

    /// Counts the request and writes its line.
    pub(super) fn finish(
        &self,
        client: &Client,
        frontend: &Frontend,
        backend: Option<&Backend>,
        request: Option<&Request>,
        outcome: &'static Outcome,
        about: About<'_>,
    ) {
        point("logged");
        let worker = &client.port().worker;
        let counters = frontend.live.counters.shard(worker.id);
        counters.requests.add(1);
        counters.bytes_in.add(self.bytes_in);
        counters.bytes_out.add(self.bytes_out);
        let class = usize::from(self.status / 100);
        counters.responses[if class < 6 { class } else { 0 }].add(1);
        // A short response ends where its head was read: one look at the clock less for most requests (35 ns).
        let now = if self.lasted || self.first == Tick::default() { Tick::now() } else { self.first };
        let since = client.since.replace(now);
        frontend.live.counters.count(worker.id, |shard| &shard.request_rate, &frontend.live.busiest_requests, now);
        if let Some(backend) = backend {
            let of_backend = backend.live.counters.shard(worker.id);
            if *outcome == OK {
                let latencies = of_backend.latencies();
                latencies.connect.record(self.connected.since(self.head).as_micros() as u64);
                latencies.response.record(self.first.since(self.connected).as_micros() as u64);
                latencies.total.record(now.since(self.started).as_micros() as u64);
            }
            let answered = self.first != Tick::default() && (*outcome == OK || self.heard);
            if !answered {
                of_backend.answers[if class < 6 { class } else { 0 }].add(1);
            }
            if let Some(server) = self.server {
                let counters = backend.targets[server].server.counters().shard(worker.id);
                counters.bytes_in.add(self.bytes_in);
                counters.bytes_out.add(self.bytes_out);
                if answered {
                    counters.responses[if class < 6 { class } else { 0 }].add(1);
                    counters.connect_time.record(self.connected.since(self.head).as_micros() as u64);
                    counters.response_time.record(self.first.since(self.connected).as_micros() as u64);
                    counters.total_time.record(now.since(self.started).as_micros() as u64);
                }
            } else {
                of_backend.bytes_in.add(self.bytes_in);
                of_backend.bytes_out.add(self.bytes_out);
            }
        }
        // What rules answer is no failure, but it is counted by its name.
        if outcome.state[0] == b'L' {
            worker.count(outcome);
        } else if *outcome != OK {
            self.failed(client, frontend, backend, request.map_or(Kept::Nothing, Kept::Request), outcome);
        }
        if let Some(log) = worker.log.as_ref()
            && let Some(level) = frontend.log.level(about.level(), self.ended(outcome))
            && log.wants(level, frontend.log.to)
        {
            self.log((log, level), (client, since), frontend, backend, request, (outcome, now), about);
        }
    }

    /// What decides about its line.
    const fn ended(&self, outcome: &'static Outcome) -> Ended {
        let Self { status, retries, redispatched, bytes_in, .. } = *self;
        Ended { outcome, status, retries, redispatched, bytes_in }
    }

    /// Counts a failure and keeps it for `show errors`.
    #[cold]
    fn failed(
        &self,
        client: &Client,
        frontend: &Frontend,
        backend: Option<&Backend>,
        kept: Kept<'_>,
        outcome: &'static Outcome,
    ) {
        let worker = &client.port().worker;
        worker.count(outcome);
        frontend.live.counters.shard(worker.id).failures.add(1);
        if let Some(backend) = backend {
            backend.count_failure(worker.id, self.server, outcome);
        }
        let server = backend.zip(self.server).map(|(backend, index)| &backend.targets[index].server);
        let blame = self.blame.as_deref().filter(|_| outcome.side == Side::Server);
        let (message, bytes, position) = match (blame, kept) {
            (Some(blame), _) => (Message::Response, &*blame.bytes, blame.position),
            (None, Kept::Nothing) => (Message::None, &[][..], None),
            (None, Kept::Refused(bytes)) => {
                // Bytes that stopped coming are at fault nowhere.
                let refused = outcome.side == Side::Client && outcome.state[0] == b'P';
                (Message::Request, bytes, refused.then(|| request_stop(bytes, outcome)))
            }
            (None, Kept::Request(request)) => (Message::Request, request.head.text(), None),
        };
        worker.keep(&Failure {
            time: wall(),
            client: client.address(),
            frontend: &frontend.name,
            backend: backend.map(|backend| &*backend.name),
            server: server.map(|server| server.name()),
            outcome,
            status: Some(self.status).filter(|status| *status > 0),
            message,
            position,
            bytes,
            length: blame.map_or(bytes.len(), |blame| blame.length),
        });
    }

    /// Counts what was no request, and writes its line. `bytes`: what it was.
    #[cold]
    pub(super) fn refused(&self, client: &Client, frontend: &Frontend, bytes: &[u8], outcome: &'static Outcome) {
        let worker = &client.port().worker;
        let counters = frontend.live.counters.shard(worker.id);
        counters.requests.add(1);
        counters.bytes_in.add(self.bytes_in);
        counters.bytes_out.add(self.bytes_out);
        counters.responses[usize::from(self.status / 100).min(5)].add(1);
        counters.request_errors.add(1);
        let live = &frontend.live;
        live.counters.count(worker.id, |shard| &shard.request_rate, &live.busiest_requests, self.started);
        self.failed(client, frontend, None, Kept::Refused(bytes), outcome);
        if let Some(log) = worker.log.as_ref()
            && let Some(level) = frontend.log.level(Some(Level::Info), self.ended(outcome))
            && log.wants(level, frontend.log.to)
        {
            let since = client.since.get();
            self.log((log, level), (client, since), frontend, None, None, (outcome, Tick::now()), About::default());
        }
    }

    #[cold]
    fn log(
        &self,
        (log, level): (&Writer, Level),
        (client, since): (&Client, Tick),
        frontend: &Frontend,
        backend: Option<&Backend>,
        request: Option<&Request>,
        (outcome, now): (&'static Outcome, Tick),
        about: About<'_>,
    ) {
        let server = backend.zip(self.server).map(|(backend, index)| &backend.targets[index].server);
        let target = backend.zip(self.server).map(|(backend, index)| &backend.targets[index]);
        let record = HttpRecord {
            client: client.address(),
            date: wall() - now.since(self.started),
            frontend: &frontend.name,
            backend: backend.map(|backend| &*backend.name),
            server: self.service.or_else(|| server.map(|server| server.name())),
            times: HttpTimes {
                // As in HAProxy: such a request was never done with, and a tarpit is a queue.
                request: if [&RULE_REJECT, &RULE_TARPIT, &NO_BACKEND].contains(&outcome) {
                    -1
                } else {
                    between(self.started, self.head)
                },
                queue: match server {
                    None if *outcome == RULE_TARPIT => between(self.head, now),
                    None => -1,
                    Some(_) => 0,
                },
                connect: between(self.head, self.connected),
                response: between(self.connected, self.first),
                total: micros(now.since(self.started)),
            },
            status: Some(self.status).filter(|status| *status > 0),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            outcome,
            levels: Levels {
                process: client.port().worker.process.gate.used(),
                frontend: frontend.live.gate.used(),
                backend: backend.map_or(0, |backend| backend.live.load.now() as usize),
                server: server.map_or(0, |server| server.served() as usize),
                retries: self.retries,
                redispatched: self.redispatched,
            },
            request: request.map(|request| {
                let (method, path) = request.received();
                RequestLine { method, path, version: if request.minor == 0 { "HTTP/1.0" } else { "HTTP/1.1" } }
            }),
        };
        let Some(formats) = frontend.formats.as_ref().filter(|formats| formats.shapes_lines()) else {
            return log.http_as((level, frontend.log.to), &record, Own::default());
        };
        let idle = micros(if self.started > since { self.started.since(since) } else { Duration::ZERO });
        let times = Times {
            idle,
            request: record.times.request,
            queue: record.times.queue,
            connect: record.times.connect,
            response: record.times.response,
            data: between(self.first, now),
            active: record.times.total,
            total: idle + record.times.total,
        };
        let worker = &client.port().worker;
        let fresh;
        let proxies = match about.judge {
            Some(judge) => &judge.proxies,
            None => {
                fresh = Proxies { number: number(&worker.process), ..Proxies::of(&client.port().route()) };
                &fresh
            }
        };
        let logged = Logged {
            client: record.client,
            destination: client.destination(),
            source: self.source.filter(|_| self.connected != Tick::default()),
            frontend: record.frontend.into(),
            backend: record.backend.map(Into::into),
            server: record.server.map(Into::into),
            server_address: target.and_then(Target::inet),
            accepted: wall() - now.since(since),
            began: record.date,
            times,
            status: record.status,
            bytes_in: record.bytes_in,
            bytes_out: record.bytes_out,
            served: if self.connected == Tick::default() { 0 } else { self.served },
            server_status: self.server_status,
            error: Logged::NO_ERROR,
            state: outcome.state,
            levels: record.levels,
            number: proxies.number,
            count: frontend.live.lines.fetch_add(1, Ordering::Relaxed),
            id: proxies.id.clone(),
            origin: "txn_close",
        };
        let (arena, mut none) = (Arena::new(), Variables::default());
        let mut state = about.judge.map(|judge| judge.state.borrow_mut());
        let variables = state.as_mut().map_or(&mut none, |state| &mut state.variables);
        let mut cx = Context::new(Place::HttpLog, &arena, &**worker, variables)
            .with_shared(client)
            .with_shared(proxies)
            .with_shared(&logged);
        if let Some(request) = request {
            cx = cx.with_shared(request);
        }
        if let Some(response) = about.response {
            cx = cx.with_shared(response);
        }
        log.http_as((level, frontend.log.to), &record, formats.render(&cx));
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The message of a failure.
enum Kept<'a> {
    Nothing,
    /// Bytes that are no request.
    Refused(&'a [u8]),
    Request(&'a Request),
}

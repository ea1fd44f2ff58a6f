//! What a request's log line and counters are made of.

use std::time::Duration;

use plimsoll_clock::{Tick, wall};
use plimsoll_http::{Request, request_stop};
use plimsoll_observe::{Failure, HttpRecord, HttpTimes, Levels, MOST_BYTES, Message, RequestLine, Writer};
use plimsoll_outcome::{Outcome, Side};

use crate::OK;
use crate::client::Client;
use crate::snapshot::{Backend, Frontend};
use crate::step::fault::point;

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
    /// Something of a response went to the client.
    pub(super) heard: bool,
    /// The client takes the end of its connection for the end of this response.
    pub(super) until_close: bool,
    /// Time passed between the response's head and its end: there was more to read, or more to write than a socket takes at once.
    pub(super) lasted: bool,
    /// What the server said wrong.
    pub(super) blame: Option<Box<Blame>>,
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
    /// Counts the request and writes its line.
    pub(super) fn finish(
        &self,
        client: &Client,
        frontend: &Frontend,
        backend: Option<&Backend>,
        request: Option<&Request>,
        outcome: &'static Outcome,
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
        client.since.set(now);
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
        if frontend.log
            && let Some(log) = worker.log.as_ref().filter(|log| log.wants_lines())
        {
            self.log(log, client, frontend, backend, request, outcome, now);
        }
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
        if frontend.log
            && let Some(log) = worker.log.as_ref().filter(|log| log.wants_lines())
        {
            self.log(log, client, frontend, None, None, outcome, Tick::now());
        }
    }

    #[cold]
    fn log(
        &self,
        log: &Writer,
        client: &Client,
        frontend: &Frontend,
        backend: Option<&Backend>,
        request: Option<&Request>,
        outcome: &'static Outcome,
        now: Tick,
    ) {
        let between = |from: Tick, to: Tick| -> i64 {
            if from == Tick::default() || to == Tick::default() { -1 } else { micros(to.since(from)) }
        };
        let server = backend.zip(self.server).map(|(backend, index)| &backend.targets[index].server);
        log.http(&HttpRecord {
            client: client.address(),
            date: wall() - now.since(self.started),
            frontend: &frontend.name,
            backend: backend.map(|backend| &*backend.name),
            server: server.map(|server| server.name()),
            times: HttpTimes {
                request: between(self.started, self.head),
                queue: if server.is_some() { 0 } else { -1 },
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
            request: request.map(|request| RequestLine {
                method: request.head.get(request.method_text),
                path: request.head.get(request.target),
                version: if request.minor == 0 { "HTTP/1.0" } else { "HTTP/1.1" },
            }),
        });
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

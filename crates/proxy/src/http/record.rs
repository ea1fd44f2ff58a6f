//! What a request's log line and counters are made of.

use std::time::Duration;

use plimsoll_clock::{Tick, wall};
use plimsoll_http::Request;
use plimsoll_observe::{HttpRecord, HttpTimes, Levels, RequestLine, Writer};
use plimsoll_outcome::{Outcome, Side};

use crate::OK;
use crate::client::Client;
use crate::snapshot::{Backend, Frontend};
use crate::worker::Worker;

/// Times and counts of one request. A time of zero: that point was not reached.
#[derive(Clone, Copy, Debug, Default)]
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
        let worker = &client.port().worker;
        let counters = frontend.live.counters.shard(worker.id);
        counters.requests.add(1);
        counters.bytes_in.add(self.bytes_in);
        counters.bytes_out.add(self.bytes_out);
        let class = usize::from(self.status / 100);
        counters.responses[if class < 6 { class } else { 0 }].add(1);
        if let Some(backend) = backend {
            backend.live.counters.shard(worker.id).requests.add(1);
            if let Some(server) = self.server {
                let counters = backend.targets[server].server.counters().shard(worker.id);
                counters.requests.add(1);
                counters.bytes_in.add(self.bytes_in);
                counters.bytes_out.add(self.bytes_out);
            }
        }
        if *outcome != OK {
            failed(worker, frontend, backend, outcome);
        }
        if frontend.log
            && let Some(log) = worker.log.as_ref().filter(|log| log.wants_lines())
        {
            self.log(log, client, frontend, backend, request, outcome);
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
    ) {
        let now = Tick::now();
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
                backend: backend
                    .map_or(0, |backend| backend.targets.iter().map(|target| target.server.served() as usize).sum()),
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

#[cold]
fn failed(worker: &Worker, frontend: &Frontend, backend: Option<&Backend>, outcome: &Outcome) {
    worker.count(outcome);
    frontend.live.counters.shard(worker.id).failures.add(1);
    if let Some(backend) = backend
        && outcome.side == Side::Server
    {
        backend.live.counters.shard(worker.id).response_errors.add(1);
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

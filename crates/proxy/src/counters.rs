//! What a worker counts per frontend and backend.

use std::sync::OnceLock;

use plimsoll_counters::{Cell, Distribution, FreqCell, Gauge, Histogram, Sharded};

/// Counters of one frontend, of one worker.
#[derive(Debug, Default)]
pub struct FrontendCounters {
    /// Connections accepted.
    pub connections: Cell,
    /// Requests begun.
    pub requests: Cell,
    /// Requests refused or failed.
    pub failures: Cell,
    /// Requests that were none, or did not arrive whole (`ereq`).
    pub request_errors: Cell,
    /// Connections that `tcp-request connection` rejected (`dcon`).
    pub denied_connections: Cell,
    /// Connections that `tcp-request session` rejected (`dses`).
    pub denied_sessions: Cell,
    /// Requests that rules denied (`dreq`).
    pub denied_requests: Cell,
    /// Responses that rules denied (`dresp`).
    pub denied_responses: Cell,
    /// Bytes from clients.
    pub bytes_in: Cell,
    /// Bytes to clients.
    pub bytes_out: Cell,
    /// Responses by the first digit of their status; 0: none or another.
    pub responses: [Cell; 6],
    /// Connections per second.
    pub connection_rate: FreqCell,
    /// Requests per second.
    pub request_rate: FreqCell,
}

/// Counters of the process, of one worker.
#[derive(Debug, Default)]
pub struct ProcessCounters {
    /// Connections of clients per second.
    pub connection_rate: FreqCell,
    /// Bytes of the buffers that connections hold now.
    pub buffers: Gauge,
    /// Connections of clients that it serves now.
    pub live: Gauge,
    /// Connections that it accepted and gave to another worker.
    pub given: Cell,
    /// Connections that it serves or served for another worker.
    pub taken: Cell,
}

/// Counters of one backend, of one worker.
#[derive(Debug, Default)]
pub struct BackendCounters {
    /// Requests or connections routed here.
    pub requests: Cell,
    /// How often the balancer chose a server (`lbtot`).
    pub chosen: Cell,
    /// Attempts repeated.
    pub retries: Cell,
    /// Attempts moved to another server.
    pub redispatches: Cell,
    /// Requests that found no connection to a server.
    pub connect_errors: Cell,
    /// Responses that failed.
    pub response_errors: Cell,
    /// Clients that went away while data was on its way.
    pub client_aborts: Cell,
    /// The same of servers.
    pub server_aborts: Cell,
    /// Requests that rules denied (`dreq`).
    pub denied_requests: Cell,
    /// Responses that rules denied (`dresp`).
    pub denied_responses: Cell,
    /// Answers of our own, by the first digit of their status; 0: none.
    pub answers: [Cell; 6],
    /// From clients, where no server was chosen.
    pub bytes_in: Cell,
    /// To clients, where no server was chosen.
    pub bytes_out: Cell,
    /// When it was last used, as a tick; 0: never.
    pub last: Cell,
    /// Requests or connections per second.
    pub rate: FreqCell,
    /// Made with the first response: 3 KiB, which thousands of idle backends need not have.
    latencies: OnceLock<Box<Latencies>>,
}

/// How long the parts of requests took.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    pub(crate) connect: Histogram,
    pub(crate) response: Histogram,
    pub(crate) total: Histogram,
}

impl BackendCounters {
    pub(crate) fn latencies(&self) -> &Latencies {
        self.latencies.get_or_init(Box::default)
    }
}

/// Times of all requests of a backend that were answered, of all workers: until the connection was there, until the response's head
/// came, until its end.
#[must_use]
pub fn latencies(counters: &Sharded<BackendCounters>) -> [Distribution; 3] {
    let mut readings = [Distribution::default(), Distribution::default(), Distribution::default()];
    for latencies in counters.iter().filter_map(|counters| counters.latencies.get()) {
        let [connect, response, total] = &mut readings;
        latencies.connect.add_to(connect);
        latencies.response.add_to(response);
        latencies.total.add_to(total);
    }
    readings
}

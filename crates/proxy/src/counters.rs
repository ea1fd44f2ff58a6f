//! What a worker counts per frontend and backend.

use plimsoll_counters::Cell;

/// Counters of one frontend, of one worker.
#[derive(Debug, Default)]
pub struct FrontendCounters {
    /// Connections accepted.
    pub connections: Cell,
    /// Requests begun.
    pub requests: Cell,
    /// Requests refused or failed.
    pub failures: Cell,
    /// Bytes from clients.
    pub bytes_in: Cell,
    /// Bytes to clients.
    pub bytes_out: Cell,
    /// Responses by the first digit of their status; 0: none or another.
    pub responses: [Cell; 6],
}

/// Counters of one backend, of one worker.
#[derive(Debug, Default)]
pub struct BackendCounters {
    /// Requests or connections routed here.
    pub requests: Cell,
    /// Attempts repeated.
    pub retries: Cell,
    /// Attempts moved to another server.
    pub redispatches: Cell,
    /// Connections that failed.
    pub connect_errors: Cell,
    /// Responses that failed.
    pub response_errors: Cell,
}

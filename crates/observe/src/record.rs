//! What a line says, as plain values: the caller fills it, the formats read it.

use std::net::SocketAddr;
use std::time::SystemTime;

use plimsoll_outcome::{Outcome, Phase, Side};

/// Concurrent connections when the line was written, and the retries of this one: `%ac/%fc/%bc/%sc/%rc`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Levels {
    /// Of the process.
    pub process: usize,
    /// Of the frontend.
    pub frontend: usize,
    /// Of the backend.
    pub backend: usize,
    /// Of the server.
    pub server: usize,
    /// How often it was tried again.
    pub retries: u32,
    /// The last try went to another server.
    pub redispatched: bool,
}

/// Microseconds that each part took; -1: that point was not reached. Text shows whole milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct HttpTimes {
    /// Receiving the request's head: `%TR`.
    pub request: i64,
    /// Waiting for a server: `%Tw`.
    pub queue: i64,
    /// Connecting: `%Tc`.
    pub connect: i64,
    /// From the request's being sent to the response's head: `%Tr`.
    pub response: i64,
    /// All of it: `%Ta`.
    pub total: i64,
}

impl Default for HttpTimes {
    fn default() -> Self {
        Self { request: -1, queue: -1, connect: -1, response: -1, total: -1 }
    }
}

/// As [`HttpTimes`].
#[derive(Clone, Copy, Debug)]
pub struct TcpTimes {
    /// Waiting for a server: `%Tw`.
    pub queue: i64,
    /// Connecting: `%Tc`.
    pub connect: i64,
    /// All of it: `%Tt`.
    pub total: i64,
}

impl Default for TcpTimes {
    fn default() -> Self {
        Self { queue: -1, connect: -1, total: -1 }
    }
}

/// The first line of a request, as received.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    /// `GET`
    pub method: &'a [u8],
    /// The target, with its query.
    pub path: &'a [u8],
    /// `HTTP/1.1`
    pub version: &'static str,
}

/// What a line about an HTTP request says.
#[derive(Clone, Copy, Debug)]
pub struct HttpRecord<'a> {
    /// Who asked; a UNIX socket has no address.
    pub client: Option<SocketAddr>,
    /// When its first byte came.
    pub date: SystemTime,
    /// Name of the frontend.
    pub frontend: &'a str,
    /// Name of the backend, if one was chosen.
    pub backend: Option<&'a str>,
    /// Name of the server, if one was chosen.
    pub server: Option<&'a str>,
    /// How long each part took.
    pub times: HttpTimes,
    /// Status sent to the client.
    pub status: Option<u16>,
    /// Bytes received from the client, head included.
    pub bytes_in: u64,
    /// Bytes sent to the client, head included.
    pub bytes_out: u64,
    /// What became of it.
    pub outcome: &'static Outcome,
    /// `%ac/%fc/%bc/%sc/%rc`
    pub levels: Levels,
    /// The request's first line, if there was a good one.
    pub request: Option<RequestLine<'a>>,
}

/// What a line about a TCP connection says.
#[derive(Clone, Copy, Debug)]
pub struct TcpRecord<'a> {
    /// Who connected.
    pub client: Option<SocketAddr>,
    /// When.
    pub date: SystemTime,
    /// Name of the frontend.
    pub frontend: &'a str,
    /// Name of the backend, if one was chosen.
    pub backend: Option<&'a str>,
    /// Name of the server, if one was chosen.
    pub server: Option<&'a str>,
    /// How long each part took.
    pub times: TcpTimes,
    /// Bytes received from the client.
    pub bytes_in: u64,
    /// Bytes sent to the client.
    pub bytes_out: u64,
    /// What became of it.
    pub outcome: &'static Outcome,
    /// `%ac/%fc/%bc/%sc/%rc`
    pub levels: Levels,
}

/// A side, as logs write it.
#[must_use]
pub const fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
        Side::Proxy => "proxy",
    }
}

/// A phase, as logs write it.
#[must_use]
pub const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Request => "request",
        Phase::Queue => "queue",
        Phase::Connect => "connect",
        Phase::Header => "header",
        Phase::Data => "data",
        Phase::Done => "done",
    }
}

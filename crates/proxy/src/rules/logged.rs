//! What is known of a request or connection that is over, as a fact for the formats of its log line.

use std::net::SocketAddr;
use std::time::SystemTime;

use plimsoll_observe::Levels;
use plimsoll_rules::{Fact, Slot};

/// Microseconds; -1: that point was not reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Between the end of what was before on this connection and the request: `%Ti`.
    pub(crate) idle: i64,
    /// `%TR`
    pub(crate) request: i64,
    /// `%Tw`
    pub(crate) queue: i64,
    /// `%Tc`
    pub(crate) connect: i64,
    /// `%Tr`
    pub(crate) response: i64,
    /// `%Td`
    pub(crate) data: i64,
    /// `%Ta`
    pub(crate) active: i64,
    /// `%Tt`
    pub(crate) total: i64,
}

impl Times {
    /// No point was reached.
    pub(crate) const UNKNOWN: Self =
        Self { idle: -1, request: -1, queue: -1, connect: -1, response: -1, data: -1, active: -1, total: -1 };
}

/// One request or connection.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) client: Option<SocketAddr>,
    /// Where the client connected to.
    pub(crate) destination: Option<SocketAddr>,
    /// From where the server saw it come.
    pub(crate) source: Option<SocketAddr>,
    pub(crate) frontend: Box<str>,
    pub(crate) backend: Option<Box<str>>,
    pub(crate) server: Option<Box<str>>,
    pub(crate) server_address: Option<SocketAddr>,
    /// Which request of the server's connection it was, from 1; 0: there was none.
    pub(crate) served: u32,
    /// The status that the server sent; 0: none.
    pub(crate) server_status: u16,
    /// What was wrong with how the client's connection began: HAProxy's number and words.
    pub(crate) error: (u8, &'static str),
    /// When the connection was accepted, or its last request ended.
    pub(crate) accepted: SystemTime,
    /// When the request began.
    pub(crate) began: SystemTime,
    pub(crate) times: Times,
    pub(crate) status: Option<u16>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// The termination state.
    pub(crate) state: [u8; 2],
    pub(crate) levels: Levels,
    /// Of the process, and of the frontend's log.
    pub(crate) number: u64,
    pub(crate) count: u64,
    pub(crate) id: Option<Box<[u8]>>,
    /// What the line is about, as HAProxy 3.1 names it: `%OG`.
    pub(crate) origin: &'static str,
}

impl Logged {
    pub(crate) const NO_ERROR: (u8, &'static str) = (0, "Success");
}

impl Fact for Logged {
    const SLOT: Slot = Slot::Record;
}

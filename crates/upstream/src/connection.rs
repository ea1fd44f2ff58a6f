//! A connection to a server while somebody uses it. It is a value with one owner: parked it belongs to the pool, dropped it is gone.

use std::net::SocketAddr;
use std::rc::Rc;

use plimsoll_net::{Stream, ToServer};

use crate::pool::Pool;
use crate::watch::Watch;

/// What makes a connection one client's own: no other may use it, and this one only for what would begin the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Personal {
    /// A PROXY header that was said first, or nothing.
    pub preface: Box<[u8]>,
    /// The address that the server sees instead of this machine's.
    pub from: Option<SocketAddr>,
}

/// A server connection in use. Dropping it closes it by the rule towards servers: RST, unless the server's FIN is already here.
#[derive(Debug)]
pub struct Connection {
    /// `None` only while it is taken apart.
    stream: Option<ToServer>,
    /// Requests that were sent over it.
    pub(crate) served: u32,
    pub(crate) watch: Option<Watch>,
    /// Whose it is, if it is not for everybody.
    personal: Option<Box<Personal>>,
    pub(crate) pool: Rc<Pool>,
}

impl Connection {
    pub(crate) fn new(stream: ToServer, personal: Option<Box<Personal>>, pool: Rc<Pool>) -> Self {
        pool.began();
        Self { stream: Some(stream), served: 0, watch: None, personal, pool }
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        // Only `into_parts` and `drop` take it, and both consume the connection.
        self.stream.as_ref().expect("a connection in use has its stream")
    }

    /// Its near end, if it is an IP address. One system call in its life.
    #[must_use]
    pub fn near(&self) -> Option<SocketAddr> {
        self.stream.as_ref()?.near()
    }

    /// A request is about to be sent. True: an earlier one was, so the server may be closing it this very moment.
    pub fn begin_request(&mut self) -> bool {
        self.served += 1;
        self.served > 1
    }

    /// How many requests were sent over it.
    #[must_use]
    pub fn served(&self) -> u32 {
        self.served
    }

    /// What makes it one client's own; `None`: nothing does.
    #[must_use]
    pub fn personal(&self) -> Option<&Personal> {
        self.personal.as_deref()
    }

    pub(crate) fn take_stream(mut self) -> Option<(ToServer, u32, Option<Watch>)> {
        let stream = self.stream.take()?;
        Some((stream, self.served, self.watch.take()))
    }

    /// Gives it up for others to use; the pool decides whether it is worth keeping.
    pub fn park(self) {
        let pool = Rc::clone(&self.pool);
        pool.park(self);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.pool.ended();
    }
}

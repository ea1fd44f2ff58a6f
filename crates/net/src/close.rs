//! The ways to close: towards a server without TIME_WAIT, towards a client so that it still reads the answer.

use std::cell::OnceCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use plimsoll_clock::{Tick, Timer};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};

use crate::{Address, HeldPort, Stream};

/// What draining found behind the pending bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// The peer's FIN: it closed first.
    Fin,
    /// The connection is broken.
    HardError,
    /// Nothing, and the connection lives.
    Empty,
    /// More bytes than are worth reading.
    BytesLeft,
}

/// How a lingering close ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lingered {
    /// The client closed too: it has read all that we sent.
    Fin,
    /// The connection broke.
    Broken,
    /// The client kept sending, or kept silent, for too long.
    Bound,
}

/// At most this much is discarded in one call; the queue of a socket seldom holds more.
const CHUNK: usize = 256 * 1024;

thread_local! {
    /// Where discarded bytes go. Zero pages that TCP never touches: MSG_TRUNC drops bytes without copying them.
    static DISCARD: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; CHUNK]);
}

impl Stream {
    /// Discards what is pending, in at most two system calls, to see whether a FIN or an error is behind it.
    pub fn drain(&self) -> Drained {
        DISCARD.with_borrow_mut(|buf| {
            let (flags, len) = if self.is_tcp() {
                (RecvFlags::DONTWAIT | RecvFlags::TRUNC, buf.len())
            } else {
                (RecvFlags::DONTWAIT, 16 * 1024)
            };
            for _ in 0..2 {
                match rustix::io::retry_on_intr(|| rustix::net::recv(self.fd(), &mut buf[..len], flags)) {
                    Ok((_, 0)) => return Drained::Fin,
                    Ok(_) => {}
                    Err(Errno::AGAIN) => return Drained::Empty,
                    Err(_) => return Drained::HardError,
                }
            }
            Drained::BytesLeft
        })
    }

    /// Closes a connection to which we owe nothing unsent, leaving no TIME_WAIT on our side: by RST, unless the server's FIN
    /// (or an error) is already here. Returns what was found.
    pub fn close_towards_server(self) -> Drained {
        let drained = self.drain();
        if matches!(drained, Drained::Empty | Drained::BytesLeft) {
            self.reset();
        }
        drained
    }

    /// Closes by RST; what is queued for sending is lost.
    pub fn reset(self) {
        // On a UNIX socket this changes nothing; on a broken one there is nothing left to change.
        let _ = sockopt::set_socket_linger(self.fd(), Some(Duration::ZERO));
    }

    /// What is sent from now on by closing does not reach the peer: it goes on waiting. Where repairing sockets is not allowed (it takes
    /// CAP_NET_ADMIN), the RST that closes it dies at the first router, which a peer on this machine still sees.
    pub fn forget(&self) {
        if crate::sockopt::repair(&self.fd()).is_err() {
            let _ = crate::sockopt::short_lived(&self.fd());
            let _ = sockopt::set_socket_linger(self.fd(), Some(Duration::ZERO));
        }
    }

    /// Closes after an answer: FIN, then discards what the client still sends until its FIN, `until`, or `max_bytes`, and only
    /// then closes. A close with unread bytes would be a RST that can overtake the answer.
    pub async fn linger_towards_client(self, timer: &Timer, until: Tick, max_bytes: usize) -> Lingered {
        if self.shutdown_write().is_err() {
            return Lingered::Broken;
        }
        timer.arm(until);
        let mut left = max_bytes;
        let ended = poll_fn(|cx| {
            loop {
                match self.poll_discard(cx, left) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Lingered::Fin),
                    Poll::Ready(Ok(count)) => left = left.saturating_sub(count),
                    Poll::Ready(Err(_)) => return Poll::Ready(Lingered::Broken),
                    Poll::Pending => break,
                }
                if left == 0 {
                    return Poll::Ready(Lingered::Bound);
                }
            }
            timer.poll_expired(cx).map(|()| Lingered::Bound)
        })
        .await;
        timer.disarm();
        ended
    }

    fn poll_discard(&self, cx: &mut std::task::Context<'_>, max: usize) -> Poll<io::Result<usize>> {
        DISCARD.with_borrow_mut(|buf| {
            // MSG_TRUNC is not used here: a read is, so that readiness is kept right in one place.
            let len = max.clamp(1, 16 * 1024);
            self.poll_read(cx, &mut buf[..len])
        })
    }
}

/// A connection to a server. Whoever drops it, a task that panics or is ended included, closes it by the rule towards servers.
#[derive(Debug)]
pub struct ToServer {
    /// `None` only while it is closed.
    stream: Option<Stream>,
    /// Given back once the socket is closed. A box, for those that have none: that is nearly all.
    port: Option<Box<HeldPort>>,
    /// Its near end, once somebody asked.
    near: OnceCell<Option<SocketAddr>>,
}

impl ToServer {
    /// Closes by RST at once, whatever is pending.
    pub fn reset(mut self) {
        if let Some(stream) = self.stream.take() {
            stream.reset();
        }
    }

    /// What dropping it does, with what was found.
    pub fn close_towards_server(mut self) -> Drained {
        // Nobody has one without a stream.
        self.stream.take().map_or(Drained::HardError, Stream::close_towards_server)
    }

    pub(crate) fn hold(&mut self, port: Option<HeldPort>) {
        self.port = port.map(Box::new);
    }

    /// Its near end, if it is an IP address. One system call in its life.
    pub fn near(&self) -> Option<SocketAddr> {
        *self.near.get_or_init(|| match self.stream.as_ref()?.local_addr() {
            Ok(Some(Address::Inet(address))) => Some(address),
            _ => None,
        })
    }

    /// The source port that it holds of a range.
    #[must_use]
    pub fn port(&self) -> Option<&HeldPort> {
        self.port.as_deref()
    }
}

impl From<Stream> for ToServer {
    fn from(stream: Stream) -> Self {
        Self { stream: Some(stream), port: None, near: OnceCell::new() }
    }
}

impl std::ops::Deref for ToServer {
    type Target = Stream;

    fn deref(&self) -> &Stream {
        // Only what consumes it takes it.
        self.stream.as_ref().expect("a connection that was not dropped")
    }
}

impl Drop for ToServer {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.close_towards_server();
        }
    }
}

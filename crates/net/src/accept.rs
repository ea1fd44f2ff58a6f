//! Accepting connections from a listener that a worker's event loop watches.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::SocketFlags;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::stream::register;
use crate::{Address, ListenOptions, Listener, Stream};

/// A listener in the current runtime.
pub struct Acceptor {
    fd: AsyncFd<Arc<OwnedFd>>,
    address: Address,
    tcp: bool,
    shared: bool,
}

/// Who connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A TCP client.
    Inet(SocketAddr),
    /// A client of a UNIX socket; those have no names.
    Unix,
}

/// Why nothing was accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Out of descriptors or memory. The connection stays queued; polling again at once fails again: wait for a release.
    #[error("no room to accept a connection: {0}")]
    Exhausted(#[source] io::Error),
    /// That one client went away while it was queued. Poll again.
    #[error("a client went away before it was accepted: {0}")]
    Aborted(#[source] io::Error),
    /// The listener itself is broken.
    #[error("the listener failed: {0}")]
    Fatal(#[source] io::Error),
}

impl Acceptor {
    /// Registers the listener with the current runtime.
    pub fn new(listener: Listener) -> io::Result<Acceptor> {
        let (address, tcp, shared) = (listener.local_addr().clone(), listener.is_tcp(), listener.is_shared());
        Ok(Acceptor { fd: register(listener.into_fd(), Interest::READABLE)?, address, tcp, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> &Address {
        &self.address
    }

    /// Whether it is TCP rather than a UNIX socket.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.tcp
    }

    /// Whether the kernel deals connections to several such sockets at this address.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Changes what can be changed while it listens: the backlog at once, the rest for those who connect from now on.
    pub fn tune(&self, options: &ListenOptions) -> io::Result<()> {
        crate::listen::tune(self.fd.get_ref(), self.tcp, options)
    }

    /// The next connection. Readiness is kept until the queue was seen empty, so nothing queued is forgotten, not even when
    /// this returned [`AcceptError::Exhausted`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<Result<(Stream, Peer), AcceptError>> {
        let (socket, peer) = ready!(self.poll_socket(cx))?;
        Poll::Ready(match Stream::accepted(socket, self.tcp) {
            Ok(stream) => Ok((stream, peer)),
            Err(error) => Err(AcceptError::Exhausted(error)),
        })
    }

    /// The same, for whatever event loop: see [`Stream::accepted`].
    pub fn poll_socket(&self, cx: &mut Context<'_>) -> Poll<Result<(OwnedFd, Peer), AcceptError>> {
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx)).map_err(AcceptError::Fatal)?;
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            match rustix::net::acceptfrom_with(self.fd.get_ref(), flags) {
                Ok((fd, from)) => {
                    let peer = from.and_then(|from| SocketAddr::try_from(from).ok()).map_or(Peer::Unix, Peer::Inet);
                    return Poll::Ready(Ok((fd, peer)));
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(judge(error))),
            }
        }
    }

    /// Ready when a client may be waiting; it is not accepted yet, so that a place for it can be found first.
    pub fn poll_incoming(&self, cx: &mut Context<'_>) -> Poll<Result<(), AcceptError>> {
        self.fd.poll_read_ready(cx).map(|ready| ready.map(drop).map_err(AcceptError::Fatal))
    }

    /// [`Acceptor::poll_accept`] as a future.
    pub async fn accept(&self) -> Result<(Stream, Peer), AcceptError> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// Leaves the event loop; the socket keeps listening.
    pub fn into_listener(self) -> io::Result<Listener> {
        Ok(Listener::kept(self.fd.into_inner(), self.address))
    }
}

/// accept(2), "Error handling": errors already pending on the new socket are passed on by Linux and concern only that one.
#[cold]
fn judge(error: Errno) -> AcceptError {
    match error {
        Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS => AcceptError::Exhausted(error.into()),
        Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::FAULT => AcceptError::Fatal(error.into()),
        _ => AcceptError::Aborted(error.into()),
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("address", &self.address).finish()
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Inet(inet) => inet.fmt(f),
            Peer::Unix => f.write_str("unix"),
        }
    }
}

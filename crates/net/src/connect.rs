//! connect(), and what it came to.
//!
//! Event masks alone decide nothing: a refused connect shows the same mask as a response that was followed by RST. So whenever
//! there is more than "writable", the receive queue is looked at first, and bytes win over the error behind them.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::{Address, Keepalive, Peeked, Stream, namespace, sockopt as more};

/// What can be chosen when connecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectOptions {
    /// The local address. With port 0 the kernel chooses a port when it knows the destination, so that one port serves many of them.
    pub source: Option<SocketAddr>,
    /// TCP keep-alive probes.
    pub keepalive: Keepalive,
    /// Send at once, without waiting to fill a segment. On unless there is a reason.
    pub nodelay: bool,
    /// Acknowledge at once. Off, the server's SYN-ACK is acknowledged only with our first bytes or after some 40 ms: a check that resets before that is
    /// never seen by the server's application.
    pub quickack: bool,
    /// How long bytes may stay without acknowledgement before the connection is given up.
    pub user_timeout: Option<Duration>,
    /// TCP Fast Open: the first bytes go with the SYN, to a server that is known to take them.
    pub tfo: bool,
    /// Close by RST, also when the server has closed already.
    pub nolinger: bool,
    /// The network namespace to connect in.
    pub namespace: Option<Box<str>>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        ConnectOptions {
            source: None,
            keepalive: Keepalive::default(),
            nodelay: true,
            quickack: true,
            user_timeout: None,
            tfo: false,
            nolinger: false,
            namespace: None,
        }
    }
}

impl ConnectOptions {
    fn apply(&self, fd: &OwnedFd) -> io::Result<()> {
        if self.nodelay {
            sockopt::set_tcp_nodelay(fd, true)?;
        }
        if self.keepalive.on {
            self.keepalive.apply(fd)?;
        }
        if !self.quickack {
            sockopt::set_tcp_quickack(fd, false)?;
        }
        if let Some(limit) = self.user_timeout {
            sockopt::set_tcp_user_timeout(fd, u32::try_from(limit.as_millis()).unwrap_or(u32::MAX))?;
        }
        if self.tfo {
            more::fast_open_connect(fd)?;
        }
        if self.nolinger {
            sockopt::set_socket_linger(fd, Some(Duration::ZERO))?;
        }
        Ok(())
    }
}

/// What was already there when the connection was found established.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Early {
    /// Nothing that is known of.
    None,
    /// The server spoke first; the bytes are still to be read, an error may come after them.
    Bytes,
    /// The server has closed already.
    Fin,
}

/// What a connect came to.
#[derive(Debug)]
pub enum Verdict {
    /// There is a connection.
    Connected {
        /// It.
        stream: Stream,
        /// What is known to wait in it.
        early: Early,
    },
    /// There never was a connection: refused, timed out, unreachable. Retry condition `conn-failure`.
    Failed(io::Error),
    /// The server accepted, then reset without a byte. Retry condition `empty-response`, not `conn-failure`.
    ResetAfterConnect,
}

/// A connect under way.
#[derive(Debug)]
pub struct Connecting(State);

#[derive(Debug)]
enum State {
    Waiting(Stream),
    /// connect() itself said so, as UNIX sockets do.
    Established(Stream),
    Refused(Errno),
    Finished,
}

/// Starts a connect. An error here is ours (descriptors, ports, source address), not the server's.
pub fn connect(address: &Address, options: &ConnectOptions) -> io::Result<Connecting> {
    let family = match address {
        Address::Inet(SocketAddr::V4(_)) => AddressFamily::INET,
        Address::Inet(SocketAddr::V6(_)) => AddressFamily::INET6,
        Address::Unix(_) | Address::Abstract(_) => AddressFamily::UNIX,
        Address::Inherited(_) => return Err(Errno::AFNOSUPPORT.into()),
    };
    let socket = || {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        Ok(rustix::net::socket_with(family, SocketType::STREAM, flags, None)?)
    };
    let fd = match &options.namespace {
        None => socket()?,
        Some(name) => namespace::within(name, socket)?,
    };
    let started = if let Address::Inet(inet) = address {
        options.apply(&fd)?;
        if let Some(source) = &options.source {
            bind_source(&fd, source)?;
        }
        rustix::net::connect(&fd, inet)
    } else {
        rustix::net::connect(&fd, &address.to_unix()?)
    };
    match started {
        Ok(()) => Ok(Connecting(State::Established(Stream::registered(fd, address.is_tcp())?))),
        Err(Errno::INPROGRESS | Errno::INTR) => {
            Ok(Connecting(State::Waiting(Stream::registered(fd, address.is_tcp())?)))
        }
        // Out of source ports.
        Err(error @ (Errno::ADDRNOTAVAIL | Errno::ADDRINUSE)) => Err(error.into()),
        Err(error) => Ok(Connecting(State::Refused(error))),
    }
}

fn bind_source(fd: &OwnedFd, source: &SocketAddr) -> io::Result<()> {
    if source.port() == 0 {
        // Since Linux 4.2; without it the port is chosen too early, and serves one destination only.
        let _ = more::bind_address_no_port(fd);
    } else {
        sockopt::set_socket_reuseaddr(fd, true)?;
    }
    Ok(rustix::net::bind(fd, source)?)
}

impl Connecting {
    /// Ready once the outcome is known. Must not be polled after that.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        let all_well = match &self.0 {
            State::Established(stream) => !stream.seems_readable(),
            State::Waiting(stream) => match ready!(stream.async_fd().poll_write_ready(cx)) {
                // "Write closed" stands for HUP, and for ERR beside OUT.
                Ok(guard) => !guard.ready().is_write_closed() && !stream.seems_readable(),
                Err(error) => return Poll::Ready(Verdict::Failed(error)),
            },
            State::Refused(_) | State::Finished => false,
        };
        Poll::Ready(match std::mem::replace(&mut self.0, State::Finished) {
            State::Waiting(stream) | State::Established(stream) if all_well => {
                Verdict::Connected { stream, early: Early::None }
            }
            State::Waiting(stream) | State::Established(stream) => look(stream),
            State::Refused(error) => Verdict::Failed(error.into()),
            State::Finished => Verdict::Failed(io::Error::other("this connect has already been judged")),
        })
    }

    /// [`Connecting::poll`] as a future.
    pub async fn finish(mut self) -> Verdict {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Gives up: the same as dropping it. A handshake that ended behind our back is undone by RST.
    pub fn abort(self) {}

    /// The socket while there is one, to set options before the handshake ends.
    #[must_use]
    pub fn stream(&self) -> Option<&Stream> {
        match &self.0 {
            State::Waiting(stream) | State::Established(stream) => Some(stream),
            State::Refused(_) | State::Finished => None,
        }
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        if let State::Waiting(stream) | State::Established(stream) = std::mem::replace(&mut self.0, State::Finished) {
            stream.reset();
        }
    }
}

/// The mask shows more than "writable": the receive queue decides.
#[cold]
fn look(stream: Stream) -> Verdict {
    match stream.peek() {
        Ok(Peeked::Bytes) => Verdict::Connected { stream, early: Early::Bytes },
        Ok(Peeked::Fin) => Verdict::Connected { stream, early: Early::Fin },
        Ok(Peeked::Nothing) => match sockopt::socket_error(stream.fd()) {
            Ok(Err(error)) | Err(error) => judge(error),
            Ok(Ok(())) => Verdict::Connected { stream, early: Early::None },
        },
        Err(error) => {
            error.raw_os_error().map_or_else(|| Verdict::Failed(error), |raw| judge(Errno::from_raw_os_error(raw)))
        }
    }
}

/// A reset can only follow a handshake (during it, it is ECONNREFUSED); EPIPE is a reset after the server's FIN.
fn judge(error: Errno) -> Verdict {
    match error {
        Errno::CONNRESET | Errno::PIPE => Verdict::ResetAfterConnect,
        _ => Verdict::Failed(error.into()),
    }
}

#[cfg(test)]
mod tests;

//! connect(), and what it came to.
//!
//! Event masks alone decide nothing: a refused connect shows the same mask as a response that was followed by RST. So whenever
//! there is more than "writable", the receive queue is looked at first, and bytes win over the error behind them.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::source::{Departure, Refusal};
use crate::{Address, Keepalive, Outlet, Peeked, Stream, ToServer, namespace, sockopt as more};

/// What can be chosen when connecting.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The local addresses and ports. Where no port is given the kernel chooses one when it knows the destination, so that one port serves
    /// many of them.
    pub source: Option<Arc<Outlet>>,
    /// The address that the server is to see, which need not be this machine's. With port 0 the kernel chooses one.
    pub foreign: Option<SocketAddr>,
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
            foreign: None,
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
        /// It, with the source port that it holds.
        stream: ToServer,
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
    Waiting(ToServer),
    /// connect() itself said so, as UNIX sockets do.
    Established(ToServer),
    Refused(Errno),
    Finished,
}

/// Why a connect did not even begin. It is ours, not the server's.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// Every port that the source has is in use.
    #[error("every source port is in use")]
    NoPort,
    /// The socket cannot have this address.
    #[error("cannot connect from {0}: {1}")]
    Source(IpAddr, #[source] io::Error),
    /// Descriptors, memory, a namespace.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// Starts a connect.
pub fn connect(address: &Address, options: &ConnectOptions) -> Result<Connecting, NotStarted> {
    connect_as(address, options, None)
}

/// Starts a connect that shows the server this address, if one is given: a client's, say.
pub fn connect_as(
    address: &Address,
    options: &ConnectOptions,
    foreign: Option<SocketAddr>,
) -> Result<Connecting, NotStarted> {
    let inet = match address {
        Address::Inet(inet) => inet,
        Address::Unix(_) | Address::Abstract(_) => return Ok(to_unix(address, options)?),
        Address::Inherited(_) => return Err(io::Error::from(Errno::AFNOSUPPORT).into()),
    };
    if let Some(foreign) = foreign.or(options.foreign) {
        return from_foreign(inet, options, foreign);
    }
    let Some(outlet) = &options.source else {
        return from(inet, options, None, false).map_err(|refusal| match refusal {
            Refusal::Port => NotStarted::System(Errno::ADDRNOTAVAIL.into()),
            Refusal::Address(error) | Refusal::Other(error) => NotStarted::System(error),
        });
    };
    let (mut connecting, port) = outlet.depart(|departure| from(inet, options, departure, false))?;
    if let State::Waiting(stream) | State::Established(stream) = &mut connecting.0 {
        stream.hold(port);
    }
    Ok(connecting)
}

fn to_unix(address: &Address, options: &ConnectOptions) -> io::Result<Connecting> {
    let fd = socket(AddressFamily::UNIX, options)?;
    let to = address.to_unix()?;
    begun(rustix::net::connect(&fd, &to), fd, false)
}

/// An address of an IPv4 client may come in the form that IPv6 sockets give it.
fn from_foreign(inet: &SocketAddr, options: &ConnectOptions, foreign: SocketAddr) -> Result<Connecting, NotStarted> {
    let foreign = SocketAddr::new(foreign.ip().to_canonical(), foreign.port());
    let refused = |error: io::Error| NotStarted::Source(foreign.ip(), error);
    if foreign.is_ipv4() != inet.is_ipv4() {
        return Err(refused(Errno::AFNOSUPPORT.into()));
    }
    from(inet, options, Some(foreign), true).map_err(|refusal| match refusal {
        Refusal::Port if foreign.port() == 0 => NotStarted::NoPort,
        Refusal::Port => refused(Errno::ADDRINUSE.into()),
        Refusal::Address(error) => refused(error),
        Refusal::Other(error) => NotStarted::System(error),
    })
}

/// One try, from one address and port.
fn from(
    inet: &SocketAddr,
    options: &ConnectOptions,
    departure: Departure,
    transparent: bool,
) -> Result<Connecting, Refusal> {
    let family = if inet.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let fd = socket(family, options).map_err(Refusal::Other)?;
    options.apply(&fd).map_err(Refusal::Other)?;
    if let Some(name) = options.source.as_ref().and_then(|outlet| outlet.interface()) {
        more::interface(&fd, name).map_err(Refusal::Address)?;
    }
    if let Some(source) = &departure {
        if transparent {
            more::transparent(&fd, inet.is_ipv4()).map_err(Refusal::Address)?;
        }
        bind_source(&fd, source)?;
    }
    match rustix::net::connect(&fd, inet) {
        // Out of source ports; or, where the port was ours to choose, another connection has it to this very destination.
        Err(Errno::ADDRNOTAVAIL | Errno::ADDRINUSE) => Err(Refusal::Port),
        started => begun(started, fd, true).map_err(Refusal::Other),
    }
}

fn socket(family: AddressFamily, options: &ConnectOptions) -> io::Result<OwnedFd> {
    let make = || {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        Ok(rustix::net::socket_with(family, SocketType::STREAM, flags, None)?)
    };
    match &options.namespace {
        None => make(),
        Some(name) => namespace::within(name, make),
    }
}

/// What connect() said of this socket.
fn begun(started: rustix::io::Result<()>, fd: OwnedFd, tcp: bool) -> io::Result<Connecting> {
    Ok(Connecting(match started {
        Ok(()) => State::Established(Stream::registered(fd, tcp)?.into()),
        Err(Errno::INPROGRESS | Errno::INTR) => State::Waiting(Stream::registered(fd, tcp)?.into()),
        Err(error) => State::Refused(error),
    }))
}

fn bind_source(fd: &OwnedFd, source: &SocketAddr) -> Result<(), Refusal> {
    if source.port() == 0 {
        // Since Linux 4.2; without it the port is chosen too early, and serves one destination only.
        let _ = more::bind_address_no_port(fd);
    } else {
        // The same port may be in use towards other destinations.
        sockopt::set_socket_reuseaddr(fd, true).map_err(|error| Refusal::Other(error.into()))?;
    }
    match rustix::net::bind(fd, source) {
        Ok(()) => Ok(()),
        Err(Errno::ADDRINUSE) => Err(Refusal::Port),
        Err(error) => Err(Refusal::Address(error.into())),
    }
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
fn look(stream: ToServer) -> Verdict {
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

//! Listening sockets: bind one, or a group of which each worker gets a member where the kernel can deal.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::{Address, Keepalive, heritage, inherited, namespace, sockopt as more};

/// What can be chosen when listening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// Connections that the kernel queues for us; capped by `net.core.somaxconn`.
    pub backlog: u32,
    /// Let others share the port. [`Listener::bind_group`] decides this itself.
    pub reuse_port: bool,
    /// TCP keep-alive probes on accepted connections.
    pub keepalive: Keepalive,
    /// Send at once, without waiting to fill a segment. On unless there is a reason.
    pub nodelay: bool,
    /// Only packets of this interface.
    pub interface: Option<Box<str>>,
    /// On an IPv6 address: take no IPv4 (`true`), take it as well (`false`), or as the system has it.
    pub v6only: Option<bool>,
    /// Connections to addresses that are not this machine's.
    pub transparent: bool,
    /// The largest segment that is announced, in bytes.
    pub mss: Option<u16>,
    /// TCP Fast Open: so many clients may wait for the end of their handshake.
    pub tfo: Option<u32>,
    /// A connection is offered once its client has spoken, or after about a second.
    pub defer_accept: bool,
    /// How long bytes may stay without acknowledgement before a connection is given up.
    pub user_timeout: Option<Duration>,
    /// The answer carries the acknowledgement of the request: a packet less for each connection.
    pub smart_accept: bool,
    /// Close by RST, whatever is still to be sent.
    pub nolinger: bool,
    /// Multipath TCP, where the kernel has it.
    pub mptcp: bool,
    /// Rights of a UNIX socket's file; what the umask leaves if not given.
    pub mode: Option<u32>,
    /// The network namespace to listen in.
    pub namespace: Option<Box<str>>,
}

impl Default for ListenOptions {
    fn default() -> Self {
        ListenOptions {
            backlog: 4096,
            reuse_port: false,
            keepalive: Keepalive::default(),
            nodelay: true,
            interface: None,
            v6only: None,
            transparent: false,
            mss: None,
            tfo: None,
            defer_accept: false,
            user_timeout: None,
            smart_accept: false,
            nolinger: false,
            mptcp: false,
            mode: None,
            namespace: None,
        }
    }
}

impl ListenOptions {
    /// What accepted connections inherit from their listener, a system call each saved per connection. Only what differs from a new socket
    /// is set, so that a plain listener costs what it did.
    fn apply(&self, fd: &OwnedFd) -> io::Result<()> {
        sockopt::set_tcp_nodelay(fd, self.nodelay)?;
        self.keepalive.apply(fd)?;
        if let Some(mss) = self.mss {
            more::max_segment(fd, mss).map_err(|error| said("mss", error))?;
        }
        if let Some(limit) = self.user_timeout {
            let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
            sockopt::set_tcp_user_timeout(fd, millis)?;
        }
        if self.nolinger {
            sockopt::set_socket_linger(fd, Some(Duration::ZERO))?;
        }
        if self.defer_accept {
            more::defer_accept(fd, true)?;
        }
        Ok(())
    }

    /// What decides which packets come here: it is set before the bind.
    fn aim(&self, fd: &OwnedFd, v4: bool) -> io::Result<()> {
        if let Some(name) = &self.interface {
            more::interface(fd, name).map_err(|error| said(&format!("interface `{name}`"), error))?;
        }
        if let Some(only) = self.v6only.filter(|_| !v4) {
            sockopt::set_ipv6_v6only(fd, only)?;
        }
        if self.transparent {
            more::transparent(fd, v4).map_err(|error| said("transparent", error))?;
        }
        Ok(())
    }
}

/// Which option it was that the system refused.
#[cold]
fn said(what: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// A listening socket that belongs to no event loop yet; it may be sent to the worker that will use it.
#[derive(Debug)]
pub struct Listener {
    fd: Arc<OwnedFd>,
    address: Address,
}

const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

impl Listener {
    /// Binds and listens.
    pub fn bind(address: &Address, options: &ListenOptions) -> io::Result<Listener> {
        let mut left = Listener::left(address, options)?;
        let bound = match left.pop() {
            Some(first) => first,
            None => Listener::bound(address, options, options.reuse_port)?,
        };
        bound.listen(options)?;
        heritage::register(&key(address, options), std::iter::once(&bound.fd));
        Ok(bound)
    }

    /// What a predecessor left at this address.
    fn left(address: &Address, options: &ListenOptions) -> io::Result<Vec<Listener>> {
        let take = |socket: OwnedFd| {
            // The port that the kernel chose is known to the socket only.
            let bound = Address::from_kernel(rustix::net::getsockname(&socket)?).filter(Address::is_tcp);
            Listener::taken(socket, bound.as_ref().unwrap_or(address), options)
        };
        heritage::claim(&key(address, options)).into_iter().map(take).collect()
    }

    /// Binds `members` sockets that share one address, so that the kernel deals connections to workers.
    ///
    /// A TCP port that somebody else listens on is `AddrInUse` even if they would share it: the first member binds alone and
    /// opens the port to the others only afterwards. Port 0 is chosen once, by the first member. A UNIX address and an inherited socket
    /// cannot be shared that way: there is one, and who accepts from it has to deal by himself.
    ///
    /// What a predecessor left there (see [`heritage`]) is taken over whole: there may be more than `members` then, and each has clients.
    pub fn bind_group(address: &Address, members: usize, options: &ListenOptions) -> io::Result<Vec<Listener>> {
        let mut group = Listener::left(address, options)?;
        if group.is_empty() {
            group.push(Listener::bound(address, options, false)?);
            if let Address::Inet(_) = address {
                sockopt::set_socket_reuseport(&group[0].fd, true)?;
            }
        }
        let members = if group[0].is_shared() { members } else { 1 };
        while group.len() < members {
            group.push(Listener::bound(&group[0].address, options, true)?);
        }
        // Only now, when nothing can fail for lack of the port any more, may clients queue.
        for member in &group {
            member.listen(options)?;
        }
        heritage::register(&key(address, options), group.iter().map(|member| &member.fd));
        Ok(group)
    }

    /// Makes a UNIX socket's file for another process, which will listen: the far end of [`crate::outside`].
    pub fn bind_only(address: &Address, options: &ListenOptions) -> io::Result<OwnedFd> {
        bind_unix_here(address, options.mode)?.duplicate()
    }

    /// Takes over a socket that already listens, such as one inherited from a predecessor.
    pub fn adopt(fd: OwnedFd) -> io::Result<Listener> {
        if !sockopt::socket_acceptconn(&fd)? {
            return Err(Errno::INVAL.into());
        }
        rustix::io::ioctl_fionbio(&fd, true)?;
        let address = Address::from_kernel(rustix::net::getsockname(&fd)?).ok_or(Errno::AFNOSUPPORT)?;
        Ok(Listener { fd: fd.into(), address })
    }

    /// It listened already, in an event loop.
    pub(crate) fn kept(fd: Arc<OwnedFd>, address: Address) -> Listener {
        Listener { fd, address }
    }

    /// Another descriptor of the same socket.
    pub fn duplicate(&self) -> io::Result<OwnedFd> {
        Ok(rustix::io::fcntl_dupfd_cloexec(&self.fd, 0)?)
    }

    fn bound(address: &Address, options: &ListenOptions, reuse_port: bool) -> io::Result<Listener> {
        let inet = match address {
            Address::Inet(inet) => inet,
            Address::Inherited(passed) => return Listener::taken(inherited(passed)?, address, options),
            Address::Unix(_) | Address::Abstract(_) => return bind_unix(address, options.mode),
        };
        let fd = match &options.namespace {
            None => socket(inet.is_ipv4(), options.mptcp)?,
            Some(name) => namespace::within(name, || socket(inet.is_ipv4(), options.mptcp))?,
        };
        sockopt::set_socket_reuseaddr(&fd, true)?;
        if reuse_port {
            sockopt::set_socket_reuseport(&fd, true)?;
        }
        options.aim(&fd, inet.is_ipv4())?;
        options.apply(&fd)?;
        rustix::net::bind(&fd, inet)?;
        let address = Address::from_kernel(rustix::net::getsockname(&fd)?).ok_or(Errno::AFNOSUPPORT)?;
        Ok(Listener { fd: fd.into(), address })
    }

    /// An inherited socket is bound; it need not listen yet, and may be in blocking mode, in which it would hold its worker.
    fn taken(fd: OwnedFd, address: &Address, options: &ListenOptions) -> io::Result<Listener> {
        if sockopt::socket_type(&fd)? != SocketType::STREAM {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no stream socket"));
        }
        rustix::io::ioctl_fionbio(&fd, true)?;
        if sockopt::socket_domain(&fd)? != AddressFamily::UNIX {
            options.apply(&fd)?;
        }
        Ok(Listener { fd: fd.into(), address: address.clone() })
    }

    fn listen(&self, options: &ListenOptions) -> io::Result<()> {
        queue(&self.fd, self.is_tcp(), options)
    }

    /// Whether it is TCP rather than a UNIX socket; an inherited one may be either.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        match self.address {
            Address::Inet(_) => true,
            Address::Unix(_) | Address::Abstract(_) => false,
            Address::Inherited(_) => sockopt::socket_domain(&self.fd).is_ok_and(|family| family != AddressFamily::UNIX),
        }
    }

    /// Whether several workers can have one each at this address, to which the kernel deals connections.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.address, Address::Inet(_))
    }

    /// Where it listens, with the port that the kernel chose.
    #[must_use]
    pub fn local_addr(&self) -> &Address {
        &self.address
    }

    /// Removes the file of a UNIX socket. Never done by dropping: a successor may be using the same file.
    pub fn unlink(&self) -> io::Result<()> {
        match &self.address {
            Address::Unix(path) => crate::outside::remove(path),
            _ => Ok(()),
        }
    }

    /// The descriptor, shared with whoever keeps it known as a listener of this process.
    #[must_use]
    pub fn into_fd(self) -> Arc<OwnedFd> {
        self.fd
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The name under which a successor finds it: a place may be the same but for the interface or the namespace.
fn key(address: &Address, options: &ListenOptions) -> String {
    let name = |name: &Option<Box<str>>| name.as_deref().unwrap_or_default().to_owned();
    format!("{address}|{}|{}", name(&options.interface), name(&options.namespace))
}

/// Begins to listen, or goes on with another queue.
fn queue(fd: &OwnedFd, tcp: bool, options: &ListenOptions) -> io::Result<()> {
    if let Some(queue) = options.tfo.filter(|_| tcp) {
        more::fast_open(fd, queue).map_err(|error| said("tfo", error))?;
    }
    let backlog = i32::try_from(options.backlog).unwrap_or(i32::MAX);
    rustix::net::listen(fd, backlog)?;
    if options.smart_accept && tcp {
        // Beginning to listen forgets it.
        sockopt::set_tcp_quickack(fd, false)?;
    }
    Ok(())
}

/// Takes over what can change while a socket listens: a reload keeps the very socket.
pub(crate) fn tune(fd: &OwnedFd, tcp: bool, options: &ListenOptions) -> io::Result<()> {
    if tcp {
        more::defer_accept(fd, options.defer_accept)?;
        sockopt::set_tcp_user_timeout(fd, 0)?;
        sockopt::set_socket_linger(fd, None)?;
        sockopt::set_tcp_quickack(fd, true)?;
        options.apply(fd)?;
    }
    queue(fd, tcp, options)
}

/// A kernel without Multipath TCP, or with it switched off, gives a plain socket instead.
fn socket(v4: bool, mptcp: bool) -> io::Result<OwnedFd> {
    let family = if v4 { AddressFamily::INET } else { AddressFamily::INET6 };
    if mptcp
        && let Ok(fd) = rustix::net::socket_with(family, SocketType::STREAM, FLAGS, Some(rustix::net::ipproto::MPTCP))
    {
        return Ok(fd);
    }
    Ok(rustix::net::socket_with(family, SocketType::STREAM, FLAGS, None)?)
}

/// Whether this kernel makes Multipath TCP sockets.
#[must_use]
pub fn has_mptcp() -> bool {
    let mptcp = Some(rustix::net::ipproto::MPTCP);
    rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, FLAGS, mptcp).is_ok()
}

fn bind_unix(address: &Address, mode: Option<u32>) -> io::Result<Listener> {
    if let Address::Unix(path) = address
        && let Some(opened) = crate::outside::bind(path, mode)
    {
        let fd = opened?;
        rustix::io::ioctl_fionbio(&fd, true)?;
        return Ok(Listener { fd: fd.into(), address: address.clone() });
    }
    bind_unix_here(address, mode)
}

/// By this process itself; also what [`crate::outside`] does in the other one.
fn bind_unix_here(address: &Address, mode: Option<u32>) -> io::Result<Listener> {
    let name = address.to_unix()?;
    let socket = || rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None);
    let fd = socket()?;
    match rustix::net::bind(&fd, &name) {
        // A file left behind by a process that died: only a refused connect proves that nobody answers on it.
        Err(Errno::ADDRINUSE) if rustix::net::connect(socket()?, &name) == Err(Errno::CONNREFUSED) => {
            let Address::Unix(path) = address else { return Err(Errno::ADDRINUSE.into()) };
            // connect() refuses on plain files too, and those are not ours to remove.
            if !std::os::unix::fs::FileTypeExt::is_socket(&std::fs::symlink_metadata(path)?.file_type()) {
                return Err(Errno::ADDRINUSE.into());
            }
            std::fs::remove_file(path)?;
            rustix::net::bind(&fd, &name)?;
        }
        bound => bound?,
    }
    if let (Address::Unix(path), Some(mode)) = (address, mode) {
        // Before it listens: nobody connects with the rights that the umask left.
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    }
    Ok(Listener { fd: fd.into(), address: address.clone() })
}

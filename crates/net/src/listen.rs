//! Listening sockets: bind one, or a group of which each worker gets a member.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::Address;

/// What can be chosen when listening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// Connections that the kernel queues for us; capped by `net.core.somaxconn`.
    pub backlog: u32,
    /// Let others share the port. [`Listener::bind_group`] decides this itself.
    pub reuse_port: bool,
    /// TCP keep-alive probes on accepted connections.
    pub keepalive: bool,
    /// Send at once, without waiting to fill a segment. On unless there is a reason.
    pub nodelay: bool,
}

impl Default for ListenOptions {
    fn default() -> Self {
        ListenOptions { backlog: 4096, reuse_port: false, keepalive: false, nodelay: true }
    }
}

/// A listening socket that belongs to no event loop yet; it may be sent to the worker that will use it.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    address: Address,
}

const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

impl Listener {
    /// Binds and listens.
    pub fn bind(address: &Address, options: &ListenOptions) -> io::Result<Listener> {
        let bound = Listener::bound(address, options, options.reuse_port)?;
        bound.listen(options)?;
        Ok(bound)
    }

    /// Binds `members` sockets that share one address, so that the kernel deals connections to workers.
    ///
    /// A TCP port that somebody else listens on is `AddrInUse` even if they would share it: the first member binds alone and
    /// opens the port to the others only afterwards. Port 0 is chosen once, by the first member. A UNIX address cannot be
    /// shared that way: its members are one socket, duplicated.
    pub fn bind_group(address: &Address, members: usize, options: &ListenOptions) -> io::Result<Vec<Listener>> {
        let first = Listener::bound(address, options, false)?;
        let mut group = Vec::with_capacity(members.max(1));
        if let Address::Inet(_) = address {
            sockopt::set_socket_reuseport(&first.fd, true)?;
            for _ in 1..members {
                group.push(Listener::bound(&first.address, options, true)?);
            }
        } else {
            for _ in 1..members {
                let fd = rustix::io::fcntl_dupfd_cloexec(&first.fd, 0)?;
                group.push(Listener { fd, address: first.address.clone() });
            }
        }
        group.insert(0, first);
        // Only now, when nothing can fail for lack of the port any more, may clients queue.
        for member in &group {
            member.listen(options)?;
        }
        Ok(group)
    }

    /// Takes over a socket that already listens, such as one inherited from a predecessor.
    pub fn adopt(fd: OwnedFd) -> io::Result<Listener> {
        if !sockopt::socket_acceptconn(&fd)? {
            return Err(Errno::INVAL.into());
        }
        rustix::io::ioctl_fionbio(&fd, true)?;
        let address = Address::from_kernel(rustix::net::getsockname(&fd)?).ok_or(Errno::AFNOSUPPORT)?;
        Ok(Listener { fd, address })
    }

    fn bound(address: &Address, options: &ListenOptions, reuse_port: bool) -> io::Result<Listener> {
        let Address::Inet(inet) = address else { return bind_unix(address) };
        let family = if inet.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let fd = rustix::net::socket_with(family, SocketType::STREAM, FLAGS, None)?;
        sockopt::set_socket_reuseaddr(&fd, true)?;
        if reuse_port {
            sockopt::set_socket_reuseport(&fd, true)?;
        }
        inherited(&fd, options)?;
        rustix::net::bind(&fd, inet)?;
        let address = Address::from_kernel(rustix::net::getsockname(&fd)?).ok_or(Errno::AFNOSUPPORT)?;
        Ok(Listener { fd, address })
    }

    fn listen(&self, options: &ListenOptions) -> io::Result<()> {
        listen(&self.fd, options)
    }

    /// Where it listens, with the port that the kernel chose.
    #[must_use]
    pub fn local_addr(&self) -> &Address {
        &self.address
    }

    /// Removes the file of a UNIX socket. Never done by dropping: a successor may be using the same file.
    pub fn unlink(&self) -> io::Result<()> {
        match &self.address {
            Address::Unix(path) => std::fs::remove_file(path),
            _ => Ok(()),
        }
    }

    /// The descriptor, to hand it to a successor or to another member.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }
}

/// What accepted sockets inherit: a system call saved per connection.
fn inherited(fd: &OwnedFd, options: &ListenOptions) -> io::Result<()> {
    sockopt::set_tcp_nodelay(fd, options.nodelay)?;
    Ok(sockopt::set_socket_keepalive(fd, options.keepalive)?)
}

/// On a socket that listens already Linux only takes the new length of the queue.
fn listen(fd: &OwnedFd, options: &ListenOptions) -> io::Result<()> {
    let backlog = i32::try_from(options.backlog).unwrap_or(i32::MAX);
    Ok(rustix::net::listen(fd, backlog)?)
}

/// Applies options to a socket that listens already.
pub(crate) fn tune(fd: &OwnedFd, address: &Address, options: &ListenOptions) -> io::Result<()> {
    if address.is_tcp() {
        inherited(fd, options)?;
    }
    listen(fd, options)
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn bind_unix(address: &Address) -> io::Result<Listener> {
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
    Ok(Listener { fd, address: address.clone() })
}

//! One connected stream socket, TCP or UNIX, registered with the worker's event loop.
//!
//! epoll is edge-triggered here: readiness is remembered until a system call shows that it is used up. A read shorter than its
//! buffer shows that as well as EAGAIN does, and saves that call; three cases where it does not are told apart in
//! [`Stream::used_up`].

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::{Address, TcpInfo, sockopt};

/// A connected stream socket. Methods take `&self`: one task may read and write at once.
pub struct Stream {
    fd: AsyncFd<OwnedFd>,
    tcp: bool,
}

/// What waits in the receive queue, without taking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peeked {
    /// At least one byte.
    Bytes,
    /// The peer's FIN and nothing before it.
    Fin,
    /// Nothing yet.
    Nothing,
}

/// Registers a descriptor with the current runtime's event loop.
#[expect(
    deprecated,
    reason = "its successor is unsafe only for types whose descriptor may change; an OwnedFd's never does. Goes when \
              tokio offers a safe constructor for owned descriptors"
)]
pub(crate) fn register<T: std::os::fd::AsRawFd>(fd: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(fd, interest)
}

impl Stream {
    /// Takes a connected, non-blocking stream socket into the current runtime.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Stream> {
        let tcp = rustix::net::sockopt::socket_domain(&fd)? != rustix::net::AddressFamily::UNIX;
        Stream::registered(fd, tcp)
    }

    /// Takes a socket that [`Acceptor::poll_socket`](crate::Acceptor::poll_socket) gave into the current runtime, which need not be the one
    /// that accepted it.
    pub fn accepted(fd: OwnedFd, tcp: bool) -> io::Result<Stream> {
        Stream::registered(fd, tcp)
    }

    pub(crate) fn registered(fd: OwnedFd, tcp: bool) -> io::Result<Stream> {
        // PRIORITY only so that `used_up` can see urgent data.
        let fd = register(fd, Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY)?;
        Ok(Stream { fd, tcp })
    }

    /// Leaves the event loop; the descriptor may be sent to another worker and join there with [`Stream::from_fd`].
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd.into_inner()
    }

    /// The descriptor, to set options or to ask for addresses.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.get_ref().as_fd()
    }

    pub(crate) fn async_fd(&self) -> &AsyncFd<OwnedFd> {
        &self.fd
    }

    /// Whether this is TCP rather than a UNIX stream socket.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.tcp
    }

    /// The address of the other end; an unnamed UNIX socket has none.
    pub fn peer_addr(&self) -> io::Result<Option<Address>> {
        Ok(rustix::net::getpeername(self.fd())?.and_then(Address::from_kernel))
    }

    /// The address of this end; an unnamed UNIX socket has none.
    pub fn local_addr(&self) -> io::Result<Option<Address>> {
        Ok(Address::from_kernel(rustix::net::getsockname(self.fd())?))
    }

    /// Reads what is there; 0 is the peer's FIN (or an empty `buf`).
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx))?;
            match rustix::net::recv(self.fd(), &mut *buf, RecvFlags::empty()) {
                Ok((count, _)) => {
                    if 0 < count && count < buf.len() && self.used_up() {
                        guard.clear_ready();
                    }
                    return Poll::Ready(Ok(count));
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    /// Like [`Stream::poll_read`], into the spare capacity of `buf`, which is never zeroed nor grown.
    pub fn poll_read_spare(&self, cx: &mut Context<'_>, buf: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        let room = buf.capacity() - buf.len();
        if room == 0 {
            return Poll::Ready(Ok(0));
        }
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx))?;
            match rustix::net::recv(self.fd(), rustix::buffer::spare_capacity(buf), RecvFlags::empty()) {
                Ok((count, _)) => {
                    if 0 < count && count < room && self.used_up() {
                        guard.clear_ready();
                    }
                    return Poll::Ready(Ok(count));
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    /// Whether a short read means that the receive queue is empty. It does not
    /// 1. on UNIX sockets, where a read stops behind a message that carried descriptors;
    /// 2. when the peer sent urgent data: a read stops at its mark with more bytes behind it;
    /// 3. when the FIN is already known: it still waits to be read, and no further edge will come.
    #[inline]
    pub(crate) fn used_up(&self) -> bool {
        // PRIORITY's mask contains "read closed": one atomic load answers 2 and 3.
        self.tcp && self.fd.try_io(Interest::PRIORITY, |_| Ok(())).is_err()
    }

    /// Writes what fits now. A dead peer is EPIPE or ECONNRESET, never a signal.
    pub fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(cx, bytes.len(), |fd| rustix::net::send(fd, bytes, SendFlags::NOSIGNAL))
    }

    /// Writes what fits now of several buffers, in one system call.
    pub fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let total = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_send(cx, total, |fd| {
            rustix::net::sendmsg(fd, bufs, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
        })
    }

    #[inline]
    fn poll_send(
        &self,
        cx: &mut Context<'_>,
        len: usize,
        send: impl Fn(BorrowedFd<'_>) -> rustix::io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if len == 0 {
            return Poll::Ready(Ok(0));
        }
        loop {
            let mut guard = ready!(self.fd.poll_write_ready(cx))?;
            match send(self.fd()) {
                Ok(count) => {
                    // A short write means a full queue. So does EAGAIN, and saves asking for it.
                    if count < len {
                        guard.clear_ready();
                    }
                    return Poll::Ready(Ok(count));
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    /// Ready once a read would not block: bytes, FIN or error. Needs no buffer; may rarely be ready for nothing.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_read_ready(cx).map_ok(drop)
    }

    /// Waits until the connection is broken: a reset, though nobody reads the bytes before it. A FIN is none.
    pub async fn broken(&self) {
        // An error of the event loop itself shows in the next call that needs it.
        let _ = self.fd.ready(Interest::ERROR).await;
    }

    /// Ready once a write is worth trying.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_write_ready(cx).map_ok(drop)
    }

    /// Whether the event loop has seen bytes, FIN or an error that nobody has read. No system call: what arrived since the
    /// loop's last turn is not seen. `true` for a connection that sits in a pool means that it cannot be reused.
    #[must_use]
    pub fn seems_readable(&self) -> bool {
        self.fd.try_io(Interest::READABLE, |_| Ok(())).is_ok()
    }

    /// Looks at the receive queue with one system call. An error found here is consumed.
    pub fn peek(&self) -> io::Result<Peeked> {
        match rustix::io::retry_on_intr(|| {
            rustix::net::recv(self.fd(), &mut [0_u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT)
        }) {
            Ok((0, _)) => Ok(Peeked::Fin),
            Ok(_) => Ok(Peeked::Bytes),
            Err(Errno::AGAIN) => Ok(Peeked::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads at once or fails with `WouldBlock`, whatever the event loop believes.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let (count, _) = rustix::io::retry_on_intr(|| rustix::net::recv(self.fd(), &mut *buf, RecvFlags::DONTWAIT))?;
        Ok(count)
    }

    /// Writes at once or fails with `WouldBlock`, whatever the event loop believes.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        Ok(rustix::io::retry_on_intr(|| rustix::net::send(self.fd(), bytes, flags))?)
    }

    /// Acknowledges what comes from now on at once, after a connect that was told not to (`ConnectOptions::quickack`): a peer that writes in
    /// pieces and waits for each to be acknowledged would otherwise be held for 40 ms.
    pub fn acknowledge_at_once(&self) {
        // A hint: where it is refused, only time is lost.
        let _ = rustix::net::sockopt::set_tcp_quickack(self.fd(), true);
    }

    /// What the kernel measured of it; `None`: it is no TCP connection.
    #[must_use]
    pub fn tcp_info(&self) -> Option<TcpInfo> {
        if self.is_tcp() { TcpInfo::of(&self.fd()) } else { None }
    }

    /// Marks what it sends from now on, for routes and packet filters.
    pub fn set_mark(&self, mark: u32) -> io::Result<()> {
        sockopt::mark(&self.fd(), mark)
    }

    /// The type of service of what it sends from now on.
    pub fn set_tos(&self, tos: u8) -> io::Result<()> {
        let v6 = matches!(self.local_addr()?, Some(Address::Inet(SocketAddr::V6(_))));
        sockopt::tos(&self.fd(), v6, tos)
    }

    /// Sends FIN; reading goes on.
    pub fn shutdown_write(&self) -> io::Result<()> {
        Ok(rustix::net::shutdown(self.fd(), Shutdown::Write)?)
    }

    /// [`Stream::poll_read`] as a future.
    pub async fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.poll_read(cx, buf)).await
    }

    /// [`Stream::poll_readable`] as a future.
    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_readable(cx)).await
    }

    /// Writes all of `bytes`.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = poll_fn(|cx| self.poll_write(cx, bytes)).await?;
            bytes = &bytes[count..];
        }
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd()
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("fd", self.fd.get_ref()).field("tcp", &self.tcp).finish()
    }
}

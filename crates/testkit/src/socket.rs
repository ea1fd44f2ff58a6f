//! One type for the stream sockets that tests use, with the closes that matter: FIN, RST, half.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A connected TCP or UNIX stream.
#[derive(Debug)]
pub enum Socket {
    /// Loopback TCP, without Nagle: a write is a segment.
    Tcp(TcpStream),
    /// A UNIX stream.
    Unix(UnixStream),
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        // Not fatal: a peer that has already reset the connection makes this fail, and the next read says so.
        let _ = stream.set_nodelay(true);
        Self::Tcp(stream)
    }
}

impl From<UnixStream> for Socket {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
    }
}

impl Socket {
    /// Connects to a TCP address.
    pub fn connect(to: SocketAddr) -> io::Result<Self> {
        TcpStream::connect_timeout(&to, Duration::from_secs(10)).map(Self::from)
    }

    /// A second handle of the same connection.
    pub fn again(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
    }

    /// Bounds every following read.
    pub fn read_within(&self, limit: Duration) -> io::Result<()> {
        // Zero means "for ever" to the system.
        let limit = Some(limit.max(Duration::from_millis(1)));
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(limit),
            Self::Unix(stream) => stream.set_read_timeout(limit),
        }
    }

    /// Bounds every following write.
    pub fn write_within(&self, limit: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_write_timeout(Some(limit)),
            Self::Unix(stream) => stream.set_write_timeout(Some(limit)),
        }
    }

    /// Sends FIN; reading goes on.
    pub fn half_close(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    /// Ends both directions of every handle of this connection.
    pub fn shut(&self) {
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Closes with RST instead of FIN (`SO_LINGER` of zero). Other handles of the connection delay it until they go.
    pub fn reset(self) {
        let _ = rustix::net::sockopt::set_socket_linger(self.as_fd(), Some(Duration::ZERO));
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(into),
            Self::Unix(stream) => stream.read(into),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A port that refuses: bound, so that nobody else gets it, but never listening.
#[derive(Debug)]
pub struct RefusedPort {
    _bound: OwnedFd,
    /// Where a connection is refused.
    pub addr: SocketAddr,
}

impl RefusedPort {
    /// Takes a port that the kernel chooses.
    pub fn take() -> io::Result<Self> {
        use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
        let bound = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        bind(&bound, &SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let addr = SocketAddr::try_from(getsockname(&bound)?)?;
        Ok(Self { _bound: bound, addr })
    }
}

/// A listener on a loopback port that the kernel chose; its backlog holds every burst of the tests (std's holds 128).
pub fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    rustix::net::listen(&listener, 4096)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_port_refuses() {
        let port = RefusedPort::take().unwrap();
        assert_eq!(TcpStream::connect(port.addr).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_reset_is_seen_as_a_reset() {
        let listener = listen().unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Socket::from(listener.accept().unwrap().0).reset();
        assert_eq!(client.read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}

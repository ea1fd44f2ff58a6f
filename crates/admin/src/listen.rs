//! Sockets of the control thread, whatever their family: a listener that can be closed from any thread, and streams out of it.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use plimsoll_net::{Address, ListenOptions, Listener};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::options::FileMode;

/// A connection to an operator.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// Itself, if it can carry descriptors.
    fn carrier(&self) -> Option<BorrowedFd<'_>>;
}

impl Stream for TcpStream {
    fn carrier(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Stream for UnixStream {
    fn carrier(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener),
}

#[derive(Debug)]
struct Open {
    listening: Listening,
    /// As long as it is there, a successor of this process is given the socket.
    _known: Listener,
}

/// A socket that listens on the control thread's runtime, until it is closed or dropped; then the file of a UNIX socket goes with it.
#[derive(Debug)]
pub(crate) struct Door {
    /// The lock is held for one poll at a time.
    listening: Mutex<Option<Open>>,
    address: Address,
}

impl Door {
    /// Opens it, inside the runtime's context.
    pub(crate) fn open(address: &Address, mode: FileMode) -> io::Result<Self> {
        let options = ListenOptions { backlog: 64, mode: Some(mode.0), ..ListenOptions::default() };
        let listener = Listener::bind(address, &options)?;
        let door = Self { address: listener.local_addr().clone(), listening: Mutex::default() };
        let ours = listener.duplicate()?;
        let listening = match &door.address {
            Address::Inet(_) => Listening::Tcp(TcpListener::from_std(ours.into())?),
            Address::Unix(_) | Address::Abstract(_) => Listening::Unix(UnixListener::from_std(ours.into())?),
            // No key of ours leads here.
            Address::Inherited(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        *door.lock() = Some(Open { listening, _known: listener });
        Ok(door)
    }

    /// Where it is, with the port that the kernel chose.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Sets the rights of a UNIX socket's file.
    pub(crate) fn allow(&self, mode: FileMode) -> io::Result<()> {
        match &self.address {
            Address::Unix(path) => std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode.0)),
            _ => Ok(()),
        }
    }

    /// Stops listening now, whoever else still holds it.
    pub(crate) fn close(&self) {
        if self.lock().take().is_some()
            && let Address::Unix(path) = &self.address
        {
            // Somebody may have cleaned up before us.
            let _ = plimsoll_net::outside::remove(path);
        }
    }

    /// The next connection; `None`: it is closed.
    pub(crate) async fn accept(&self) -> io::Result<Option<Box<dyn Stream>>> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Box<dyn Stream>>>> {
        Poll::Ready(Ok(match self.lock().as_ref().map(|open| &open.listening) {
            None => None,
            Some(Listening::Tcp(listener)) => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                stream.set_nodelay(true)?;
                Some(Box::new(stream))
            }
            Some(Listening::Unix(listener)) => Some(Box::new(ready!(listener.poll_accept(cx))?.0)),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.close();
    }
}

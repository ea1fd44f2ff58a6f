//! Sockets of the control thread, whatever their family: a listener, and streams out of it.

use std::io;
use std::os::unix::fs::PermissionsExt;

use plimsoll_net::{Address, ListenOptions, Listener};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

use crate::options::FileMode;

/// A connection to an operator.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A socket that listens on the control thread's runtime.
#[derive(Debug)]
pub(crate) enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listening {
    /// Opens it; the address is the one that the kernel chose.
    pub(crate) fn open(address: &Address, mode: FileMode) -> io::Result<(Self, Address)> {
        let options = ListenOptions { backlog: 64, ..ListenOptions::default() };
        let listener = Listener::bind(address, &options)?;
        let address = listener.local_addr().clone();
        let listening = match &address {
            Address::Inet(_) => Self::Tcp(TcpListener::from_std(listener.into_fd().into())?),
            Address::Unix(path) => {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode.0))?;
                Self::Unix(UnixListener::from_std(listener.into_fd().into())?)
            }
            Address::Abstract(_) => Self::Unix(UnixListener::from_std(listener.into_fd().into())?),
        };
        Ok((listening, address))
    }

    pub(crate) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

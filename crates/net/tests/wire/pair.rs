//! A connected pair: our stream and the standard library's socket.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll, Waker};

use plimsoll_net::Stream;

pub fn tcp() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    peer.set_nodelay(true).unwrap();
    let ours = listener.accept().unwrap().0;
    ours.set_nonblocking(true).unwrap();
    (Stream::from_fd(OwnedFd::from(ours)).unwrap(), peer)
}

pub fn unix() -> (Stream, UnixStream) {
    let (ours, peer) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Stream::from_fd(OwnedFd::from(ours)).unwrap(), peer)
}

/// The outcome of a read that must not wait, without letting the event loop turn.
pub fn now(stream: &Stream, buf: &mut [u8]) -> Option<io::Result<usize>> {
    match stream.poll_read(&mut Context::from_waker(Waker::noop()), buf) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// Resets the connection from the peer's side.
pub fn reset(peer: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&peer, Some(std::time::Duration::ZERO)).unwrap();
}

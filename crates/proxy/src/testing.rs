//! For tests of this crate: real sockets, of which one end is ours and the other the test's.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_net::Stream;

pub(crate) fn on_a_runtime<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::LocalRuntime::new().expect("an event loop").block_on(test)
}

/// A connection: our end, and the peer, which does not block either.
pub(crate) fn pair() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let ours = TcpStream::connect(listener.local_addr().expect("its address")).expect("a connection");
    let peer = listener.accept().expect("its other end").0;
    for end in [&ours, &peer] {
        end.set_nonblocking(true).expect("a socket that does not block");
    }
    (Stream::from_fd(OwnedFd::from(ours)).expect("a place in the event loop"), peer)
}

/// Polls until there is something; the event loop turns in between.
pub(crate) async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Tick::now().after(Duration::from_secs(20));
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Tick::now() < until, "not within 20 s: {what}");
        tokio::task::yield_now().await;
    }
}

//! One attempt to connect, with its verdict put into words.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use plimsoll_clock::{Tick, Timer};
use plimsoll_net::{Address, ConnectOptions, Stream, Verdict};
use plimsoll_outcome::Outcome;

use crate::{CONNECT_FAILED, CONNECT_REFUSED, CONNECT_RESET, CONNECT_RESOURCES, CONNECT_TIMEOUT, CONNECT_UNREACHABLE};

/// Connects, until `until` at most. A server that answered or closed already is connected: what it said is still to be read.
pub async fn connect(
    address: &Address,
    options: &ConnectOptions,
    timer: &Timer,
    until: Tick,
) -> Result<Stream, &'static Outcome> {
    let mut connecting = plimsoll_net::connect(address, options).map_err(|_| &CONNECT_RESOURCES)?;
    timer.arm(until);
    let verdict = poll_fn(|cx| match connecting.poll(cx) {
        Poll::Ready(verdict) => Poll::Ready(Some(verdict)),
        Poll::Pending => timer.poll_expired(cx).map(|()| None),
    })
    .await;
    match verdict {
        Some(Verdict::Connected { stream, .. }) => Ok(stream),
        Some(Verdict::ResetAfterConnect) => Err(&CONNECT_RESET),
        Some(Verdict::Failed(error)) => Err(name(&error)),
        None => Err(&CONNECT_TIMEOUT),
    }
}

#[cold]
fn name(error: &io::Error) -> &'static Outcome {
    match error.kind() {
        // A UNIX socket that nobody has made yet is as closed as a port nobody listens on.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => &CONNECT_REFUSED,
        io::ErrorKind::TimedOut => &CONNECT_TIMEOUT,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            &CONNECT_UNREACHABLE
        }
        _ => &CONNECT_FAILED,
    }
}

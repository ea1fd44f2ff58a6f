//! One attempt to connect, with its verdict put into words.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use plimsoll_clock::{Tick, Timer};
use plimsoll_net::{Address, ConnectOptions, Stream, Verdict};
use plimsoll_outcome::Outcome;

use crate::{CONNECT_FAILED, CONNECT_REFUSED, CONNECT_RESET, CONNECT_RESOURCES, CONNECT_TIMEOUT, CONNECT_UNREACHABLE};

/// Connects, until `until` at most, and says `preface` first: nothing, or a PROXY header. A server that answered or closed already is connected: what it said is still to be read.
pub async fn connect(
    address: &Address,
    options: &ConnectOptions,
    preface: &[u8],
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
        Some(Verdict::Connected { stream, .. }) if preface.is_empty() => Ok(stream),
        Some(Verdict::Connected { stream, .. }) => introduce(stream, preface, timer).await,
        Some(Verdict::ResetAfterConnect) => Err(&CONNECT_RESET),
        Some(Verdict::Failed(error)) => Err(name(&error)),
        None => Err(&CONNECT_TIMEOUT),
    }
}

/// It fits into an empty socket's buffer; waiting is for machines that are out of memory. The timer is still armed.
async fn introduce(stream: Stream, mut preface: &[u8], timer: &Timer) -> Result<Stream, &'static Outcome> {
    while !preface.is_empty() {
        let wrote = poll_fn(|cx| match stream.poll_write(cx, preface) {
            Poll::Ready(wrote) => Poll::Ready(Some(wrote)),
            Poll::Pending => timer.poll_expired(cx).map(|()| None),
        })
        .await;
        match wrote {
            Some(Ok(count)) => preface = &preface[count..],
            // It closed already: what it said is still to be read.
            Some(Err(_)) => break,
            None => return Err(&CONNECT_TIMEOUT),
        }
    }
    Ok(stream)
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

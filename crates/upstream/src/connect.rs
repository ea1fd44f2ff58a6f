//! One attempt to connect, with its verdict put into words.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use plimsoll_clock::{Tick, Timer};
use plimsoll_net::{Address, ConnectOptions, NotStarted, ToServer, Verdict};
use plimsoll_outcome::Outcome;

use crate::{
    CONNECT_FAILED, CONNECT_PORTS, CONNECT_REFUSED, CONNECT_RESET, CONNECT_RESOURCES, CONNECT_SOURCE, CONNECT_TIMEOUT,
    CONNECT_UNREACHABLE, Personal,
};

/// Connects, until `until` at most, as `personal` has it: from a client's address, with a PROXY header first. A server that answered or closed already is connected: what it said is still to be read.
pub async fn connect(
    address: &Address,
    options: &ConnectOptions,
    personal: Option<&Personal>,
    timer: &Timer,
    until: Tick,
) -> Result<ToServer, &'static Outcome> {
    let foreign = personal.and_then(|personal| personal.from);
    let mut connecting = plimsoll_net::connect_as(address, options, foreign).map_err(ours)?;
    timer.arm(until);
    let verdict = poll_fn(|cx| match connecting.poll(cx) {
        Poll::Ready(verdict) => Poll::Ready(Some(verdict)),
        Poll::Pending => timer.poll_expired(cx).map(|()| None),
    })
    .await;
    match verdict {
        Some(Verdict::Connected { stream, .. }) => match personal {
            Some(Personal { preface, .. }) if !preface.is_empty() => introduce(stream, preface, timer).await,
            _ => Ok(stream),
        },
        Some(Verdict::ResetAfterConnect) => Err(&CONNECT_RESET),
        Some(Verdict::Failed(error)) => Err(name(&error)),
        None => Err(&CONNECT_TIMEOUT),
    }
}

/// It fits into an empty socket's buffer; waiting is for machines that are out of memory. The timer is still armed.
async fn introduce(stream: ToServer, mut preface: &[u8], timer: &Timer) -> Result<ToServer, &'static Outcome> {
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
fn ours(error: NotStarted) -> &'static Outcome {
    match error {
        NotStarted::NoPort => &CONNECT_PORTS,
        NotStarted::Source(..) => &CONNECT_SOURCE,
        NotStarted::System(_) => &CONNECT_RESOURCES,
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

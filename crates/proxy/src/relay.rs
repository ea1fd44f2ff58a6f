//! Bytes both ways between two streams: TCP mode and tunnels.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use plimsoll_clock::{Tick, Timer};
use plimsoll_config::Duration as Written;
use plimsoll_net::{PipePool, SpliceEnd, SplicePump, SpliceSide, Stream};
use plimsoll_outcome::Outcome;

use crate::buffer::Buffer;
use crate::client::Closing;
use crate::splicing::Splice;
use crate::timeouts::{Timeouts, deadline};
use crate::{IDLE_TIMEOUT, OK, REVOKED, TUNNEL_CLIENT_RESET, TUNNEL_SERVER_RESET};

/// Who talks to whom, and with how much patience.
pub(crate) struct Ends<'a> {
    pub(crate) client: &'a Stream,
    pub(crate) server: &'a Stream,
    pub(crate) timer: &'a Timer,
    pub(crate) patience: &'a Patience,
    pub(crate) pipes: &'a PipePool,
    /// From the client to the server, and back.
    pub(crate) splice: [Splice; 2],
    /// The server was taken away and its time is up.
    pub(crate) revoked: &'a dyn Fn() -> bool,
}

/// Bytes that were forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) up: u64,
    pub(crate) down: u64,
}

/// A read of this size is a large one.
const LARGE: usize = 16 << 10;
/// After so many bytes in large reads a direction goes through a pipe.
const START: u64 = 64 << 10;
/// After so many small reads in a row it goes back.
const STOP: u32 = 4;

/// One direction.
#[derive(Default)]
struct Way {
    buffer: Buffer,
    splice: Splice,
    pump: Option<SplicePump>,
    /// It goes through a pipe, but has none while nothing comes.
    resting: bool,
    /// Bytes of large reads in a row, then reads that were small in a row.
    large: u64,
    small: u32,
    moved: u64,
    ended: bool,
    done: bool,
    /// The source broke: its last bytes are passed on, but no FIN that would make them look complete.
    mute: bool,
}

/// Which end an error was on, seen from this direction.
enum Broken {
    From,
    To,
}

impl Way {
    fn new(buffer: Buffer, splice: Splice) -> Self {
        // What came early is written first, and then it is decided by what comes.
        let resting = splice == Splice::Always && buffer.is_empty();
        Self { buffer, splice, resting, ..Self::default() }
    }

    /// Moves what can be moved. Ready: FIN was passed on.
    fn poll(&mut self, from: &Stream, to: &Stream, pipes: &PipePool, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        while !self.done {
            if self.resting {
                ready!(from.poll_readable(cx)).map_err(|_| Broken::From)?;
                self.resting = false;
                self.take_pump(from, to, pipes);
            } else if self.pump.is_some() {
                ready!(self.poll_pump(from, to, cx))?;
            } else if !self.buffer.is_empty() {
                let wrote = ready!(self.buffer.poll_flush(to, cx)).map_err(|_| Broken::To)?;
                self.moved += wrote as u64;
                self.buffer.release();
            } else if self.ended {
                // The other direction may be over and its socket gone: then there is nobody to tell.
                if !self.mute {
                    let _ = to.shutdown_write();
                }
                self.done = true;
            } else {
                let Poll::Ready(got) = self.buffer.poll_fill(from, cx) else {
                    self.buffer.release();
                    return Poll::Pending;
                };
                self.read(got.map_err(|_| Broken::From)?, from, to, pipes);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn read(&mut self, count: usize, from: &Stream, to: &Stream, pipes: &PipePool) {
        self.ended = count == 0;
        let counts = count >= LARGE || self.splice == Splice::Always;
        self.large = if counts { self.large + count as u64 } else { 0 };
        if self.large >= START && self.splice != Splice::Never {
            self.large = 0;
            self.small = 0;
            // What is in the buffer is written first: the pump starts when it is empty.
            self.take_pump(from, to, pipes);
        }
    }

    /// Where there is no pipe it is copied.
    fn take_pump(&mut self, from: &Stream, to: &Stream, pipes: &PipePool) {
        if from.is_tcp() && to.is_tcp() {
            self.pump = SplicePump::new(pipes, u64::MAX).ok().flatten();
        }
    }

    fn poll_pump(&mut self, from: &Stream, to: &Stream, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if !self.buffer.is_empty() {
            let wrote = ready!(self.buffer.poll_flush(to, cx)).map_err(|_| Broken::To)?;
            self.moved += wrote as u64;
            self.buffer.release();
            return Poll::Ready(Ok(()));
        }
        let Some(pump) = &mut self.pump else { return Poll::Ready(Ok(())) };
        let Poll::Ready(polled) = pump.poll(cx, from, to) else {
            if pump.is_empty() {
                self.pump = None;
                self.resting = true;
            }
            return Poll::Pending;
        };
        let moved = match polled {
            Ok(moved) => moved,
            Err(error) => {
                self.moved += error.moved.written;
                return Poll::Ready(Err(if error.side == SpliceSide::From { Broken::From } else { Broken::To }));
            }
        };
        self.moved += moved.written;
        if moved.read > 0 {
            self.small = if moved.read < LARGE as u64 { self.small + 1 } else { 0 };
        }
        self.ended = moved.end == Some(SpliceEnd::Fin);
        let slow = self.small >= STOP && self.splice != Splice::Always;
        if self.ended || (slow && pump.is_empty()) {
            self.pump = None;
        }
        Poll::Ready(Ok(()))
    }

    /// There are bytes that the destination does not take.
    fn is_held(&self) -> bool {
        !self.buffer.is_empty() || self.pump.as_ref().is_some_and(|pump| !pump.is_empty())
    }

    /// Everything that counts as a sign of life.
    fn seen(&self) -> (u64, bool) {
        (self.moved, self.ended)
    }
}

/// Relays until both sides have ended or one broke. Either buffer may hold bytes that came early.
pub(crate) async fn relay(ends: Ends<'_>, to_server: Buffer, to_client: Buffer) -> (Moved, &'static Outcome) {
    let [splice_up, splice_down] = ends.splice;
    let (mut up, mut down) = (Way::new(to_server, splice_up), Way::new(to_client, splice_down));
    let mut seen = None;
    // The server takes no more.
    let mut refused = false;
    // Nothing is read of a client whose server takes nothing: its reset is heard of in no other way. Made when that first happens.
    let mut gone = None;
    let outcome = poll_fn(|cx| {
        if !refused {
            match up.poll(ends.client, ends.server, ends.pipes, cx) {
                Poll::Ready(Err(Broken::From)) => return Poll::Ready(&TUNNEL_CLIENT_RESET),
                // What the server said before it broke still arrives, however slow the client is.
                Poll::Ready(Err(Broken::To)) => (refused, down.mute) = (true, true),
                Poll::Pending if up.is_held() => {
                    let gone = gone.get_or_insert_with(|| Box::pin(ends.client.broken()));
                    if gone.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(&TUNNEL_CLIENT_RESET);
                    }
                }
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
        }
        if let Poll::Ready(Err(broken)) = down.poll(ends.server, ends.client, ends.pipes, cx) {
            return Poll::Ready(match broken {
                Broken::From => &TUNNEL_SERVER_RESET,
                Broken::To => &TUNNEL_CLIENT_RESET,
            });
        }
        if down.done && refused {
            return Poll::Ready(&TUNNEL_SERVER_RESET);
        }
        if up.done && down.done {
            return Poll::Ready(&OK);
        }
        if (ends.revoked)() {
            return Poll::Ready(&REVOKED);
        }
        let now = (up.seen(), down.seen());
        if seen.replace(now) != Some(now) {
            ends.timer.arm(deadline(Tick::now(), ends.patience.now(up.ended, down.ended)));
        }
        ends.timer.poll_expired(cx).map(|()| &IDLE_TIMEOUT)
    })
    .await;
    (Moved { up: up.moved, down: down.moved }, outcome)
}

/// How long both directions together may be silent: what the time-outs of a frontend and a backend come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    client: Option<Written>,
    server: Option<Written>,
    /// Half-closed connections have limits of their own.
    client_fin: Option<Written>,
    server_fin: Option<Written>,
}

impl Patience {
    pub(crate) fn new(frontend: &Timeouts, backend: &Timeouts) -> Self {
        let tunnel = frontend.tunnel.or(backend.tunnel);
        Self {
            client: tunnel.or(frontend.client),
            server: tunnel.or(backend.server),
            client_fin: frontend.client_fin,
            server_fin: backend.server_fin,
        }
    }

    /// `set-timeout tunnel`
    pub(crate) fn set(&mut self, tunnel: Written) {
        (self.client, self.server) = (Some(tunnel), Some(tunnel));
    }

    fn now(&self, client_ended: bool, server_ended: bool) -> Option<Written> {
        let client = self.client_fin.filter(|_| client_ended).or(self.client);
        let server = self.server_fin.filter(|_| server_ended).or(self.server);
        match (client, server) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

/// How the client's connection ends. What it was sent before its server broke may still be on its way, and a RST would take that back.
pub(crate) fn closing(moved: Moved, outcome: &'static Outcome) -> Closing {
    if *outcome == OK {
        Closing::Plain
    } else if *outcome == TUNNEL_SERVER_RESET && moved.down > 0 {
        Closing::Linger
    } else {
        Closing::Reset
    }
}

#[cfg(test)]
mod tests;

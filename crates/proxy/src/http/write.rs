//! Writing with patience: a deadline runs only while a peer keeps us waiting.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::task::{Context, Poll};

use plimsoll_clock::{Tick, Timer};
use plimsoll_net::{PipePool, SpliceEnd, SplicePump, SpliceSide, Stream};

use crate::buffer::Buffer;
use crate::splicing::Splice;
use crate::timeouts::{Pace, deadline};

/// Up to here a copy is cheaper than a second slice for the kernel.
const COPY: usize = 4096;

/// Why writing stopped.
pub(super) enum Stopped {
    /// The peer is gone.
    Gone,
    /// It does not read.
    Stalled,
}

/// Arms the timer when a peer first keeps us waiting, and again after each progress.
pub(super) struct Patience<'a> {
    timer: &'a Timer,
    pace: Pace,
    armed: bool,
    /// Bytes that moved since the wait began, too few to end it.
    moved: u64,
    /// What the peer had taken when that was looked at last.
    taken: u64,
}

impl<'a> Patience<'a> {
    pub(super) fn new(timer: &'a Timer, pace: impl Into<Pace>) -> Self {
        Self { timer, pace: pace.into(), armed: false, moved: 0, taken: 0 }
    }

    /// So many bytes moved.
    pub(super) fn progress(&mut self, bytes: u64) {
        self.moved += bytes;
        if self.moved >= self.pace.least {
            self.moved = 0;
            self.armed = false;
        }
    }

    /// It was spent, but a peer that took something meanwhile in the other direction is alive: waiting begins anew.
    pub(super) fn alive(&mut self, taken: u64) -> bool {
        self.moved = 0;
        self.armed = false;
        std::mem::replace(&mut self.taken, taken) != taken
    }

    /// Nothing moves: ready when that has lasted too long.
    pub(super) fn poll_spent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.armed, true) {
            self.timer.arm(deadline(Tick::now(), self.pace.limit));
        }
        self.timer.poll_expired(cx)
    }
}

/// Writes all of `head`, then the first `count` bytes of `data`, and takes them out of their buffers.
pub(super) async fn all(
    stream: &Stream,
    head: &mut Buffer,
    data: &mut Buffer,
    count: usize,
    patience: &mut Patience<'_>,
) -> Result<u64, Stopped> {
    let mut left = count;
    let mut written = 0;
    if !head.is_empty() && left <= COPY {
        head.vec().extend_from_slice(&data.bytes()[..left]);
        data.consume(left);
        left = 0;
    }
    while left > 0 || !head.is_empty() {
        let wrote = poll_fn(|cx| match poll_some(stream, head, &data.bytes()[..left], cx) {
            Poll::Ready(wrote) => Poll::Ready(wrote.map_err(|_| Stopped::Gone)),
            Poll::Pending => patience.poll_spent(cx).map(|()| Err(Stopped::Stalled)),
        })
        .await?;
        patience.progress(wrote as u64);
        let of_head = wrote.min(head.len());
        head.consume(of_head);
        data.consume(wrote - of_head);
        left -= wrote - of_head;
        written += wrote as u64;
    }
    Ok(written)
}

/// Writes all of `out`. Should that take a while, `waiting`, which comes after it, is not held in a large buffer for a few bytes.
pub(super) async fn all_leaving_little(
    stream: &Stream,
    out: &mut Buffer,
    waiting: &mut Buffer,
    patience: &mut Patience<'_>,
) -> Result<u64, Stopped> {
    let mut none = Buffer::default();
    let mut writing = pin!(all(stream, out, &mut none, 0, patience));
    poll_fn(|cx| {
        let polled = writing.as_mut().poll(cx);
        if polled.is_pending() {
            waiting.make_small();
        }
        polled
    })
    .await
}

fn poll_some(stream: &Stream, head: &Buffer, data: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    match (head.is_empty(), data.is_empty()) {
        (true, _) => stream.poll_write(cx, data),
        (false, true) => stream.poll_write(cx, head.bytes()),
        (false, false) => stream.poll_write_vectored(cx, &[IoSlice::new(head.bytes()), IoSlice::new(data)]),
    }
}

/// From this size on a body goes by itself through a pipe instead of through our memory.
const SPLICE: u64 = 128 << 10;

/// How a spliced transfer ended.
pub(super) enum Pumped {
    /// All of it went.
    Whole,
    /// The source ended too early.
    Cut,
    /// That side kept us waiting for too long: the source with its bytes, or the destination with its room.
    Stalled(SpliceSide),
    /// An error on this side.
    Broken(SpliceSide),
}

/// Whether these bytes are worth a pipe, and there is one.
pub(super) fn pump(pipes: &PipePool, from: &Stream, to: &Stream, count: u64, splice: Splice) -> Option<SplicePump> {
    let enough = match splice {
        Splice::Never => false,
        Splice::Large => count >= SPLICE,
        Splice::Always => count > 0,
    };
    if !enough || !from.is_tcp() || !to.is_tcp() {
        return None;
    }
    SplicePump::new(pipes, count).ok().flatten()
}

/// Moves the pump's budget; each side has its own patience. Gives how it ended and how much went.
pub(super) async fn run(
    mut pump: SplicePump,
    timer: &Timer,
    from: (&Stream, Pace),
    to: (&Stream, Pace),
) -> (Pumped, u64) {
    let mut written = 0;
    let mut waiting: Option<SpliceSide> = None;
    // Bytes that the side moved that is waited for, since then.
    let mut since = 0;
    loop {
        let moved = poll_fn(|cx| {
            if let Poll::Ready(moved) = pump.poll(cx, from.0, to.0) {
                return Poll::Ready(Ok(moved));
            }
            // Bytes in the pipe wait for the destination; an empty pipe waits for the source.
            let (side, pace) = if pump.is_empty() { (SpliceSide::From, from.1) } else { (SpliceSide::To, to.1) };
            if waiting.replace(side) != Some(side) {
                since = 0;
                timer.arm(deadline(Tick::now(), pace.limit));
            }
            timer.poll_expired(cx).map(|()| Err(side))
        })
        .await;
        match moved {
            Err(side) => return (Pumped::Stalled(side), written),
            Ok(Err(error)) => return (Pumped::Broken(error.side), written + error.moved.written),
            Ok(Ok(moved)) => {
                written += moved.written;
                // A pipe that fills further is no sign of life of a client who takes nothing.
                let (more, least) = match waiting {
                    Some(SpliceSide::To) => (moved.written, to.1.least),
                    _ => (moved.read, from.1.least),
                };
                since += more;
                waiting = waiting.filter(|_| since < least);
                match moved.end {
                    Some(SpliceEnd::Budget) => return (Pumped::Whole, written),
                    Some(SpliceEnd::Fin) => return (Pumped::Cut, written),
                    None => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

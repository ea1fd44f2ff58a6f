//! Buffers of one size, taken from the worker's pool when bytes arrive and given back when they are gone.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use plimsoll_net::Stream;
use plimsoll_rules::{Download, Upload};

use crate::snapshot::Process;
use crate::trim::much_was_freed;

/// Large enough for the largest head and for a cheap copy of a large body (64 KiB: measured against 16 and 256), and small enough that
/// a connection whose peer has stopped holds less than 64 KiB with everything else.
pub(crate) const SIZE: usize = 56 << 10;
/// Less than this is worth moving out of a buffer that would be held for it.
const LITTLE: usize = 4 << 10;
/// So many stay with the worker; what a spike took beyond that goes back to the allocator.
const KEPT: usize = 64;

thread_local! {
    static SPARE: RefCell<Spare> = const { RefCell::new(Spare { kept: Vec::new(), account: None }) };
}

/// A worker's memory for buffers.
#[derive(Default)]
struct Spare {
    kept: Vec<Vec<u8>>,
    /// Where the worker counts what its connections hold, and its number.
    account: Option<(Arc<Process>, usize)>,
}

impl Spare {
    /// Counted as the memory of one buffer however large it grew, and to the byte what is smaller.
    fn holds(&self, capacity: usize, sign: i64) {
        if let Some((process, worker)) = &self.account {
            process.counters.shard(*worker).buffers.add(sign * capacity.min(SIZE) as i64);
        }
    }

    fn take(&mut self) -> Vec<u8> {
        self.holds(SIZE, 1);
        self.kept.pop().unwrap_or_else(|| Vec::with_capacity(SIZE))
    }
}

/// From now on this thread counts its buffers as this worker's.
pub(crate) fn account(process: &Arc<Process>, worker: usize) {
    SPARE.with_borrow_mut(|spare| spare.account = Some((Arc::clone(process), worker)));
}

/// Bytes between a reader and a writer. Without memory until bytes come: nothing is held for a peer that is silent. Memory is used
/// last in, first out, so that it is still in the cache.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    data: Vec<u8>,
    start: usize,
}

/// Bytes that wait, as a fact.
pub(crate) trait Lent {
    fn of(bytes: Vec<u8>, start: usize) -> Self;
    fn give_back(&mut self) -> Vec<u8>;
}

impl Lent for Upload {
    fn of(bytes: Vec<u8>, start: usize) -> Self {
        Self { bytes, start }
    }

    fn give_back(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl Lent for Download {
    fn of(bytes: Vec<u8>, start: usize) -> Self {
        Self { bytes, start }
    }

    fn give_back(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl Buffer {
    fn need_memory(&mut self) {
        if self.data.capacity() < SIZE {
            let mut data = SPARE.with_borrow_mut(Spare::take);
            if self.data.capacity() > 0 {
                data.extend_from_slice(&self.data);
                self.forget();
            }
            self.data = data;
        }
    }

    /// Gives the memory back as it is.
    fn forget(&mut self) {
        give_back(std::mem::take(&mut self.data));
    }

    /// For a wait that may be long: little bytes need no memory of that size.
    #[cold]
    pub(crate) fn make_small(&mut self) {
        if self.data.capacity() < SIZE || self.len() > LITTLE {
            return;
        }
        let little = self.bytes().to_vec();
        self.start = 0;
        self.forget();
        SPARE.with_borrow(|spare| spare.holds(little.capacity(), 1));
        self.data = little;
    }

    /// Gives the memory back if nothing is in it.
    pub(crate) fn release(&mut self) {
        if self.is_empty() && self.data.capacity() > 0 {
            self.start = 0;
            self.forget();
        }
    }

    /// The memory itself, for rules that look at it; it comes back by [`take_back`](Self::take_back).
    pub(crate) fn lend<L: Lent>(&mut self) -> L {
        L::of(std::mem::take(&mut self.data), self.start)
    }

    /// What was lent.
    pub(crate) fn take_back<L: Lent>(&mut self, lent: &mut L) {
        self.data = lent.give_back();
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.data[self.start..]
    }

    pub(crate) fn len(&self) -> usize {
        self.data.len() - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `count` bytes are done with.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start >= self.data.len() {
            self.clear();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.data.clear();
        self.start = 0;
    }

    /// For what is appended; never while it is being written in part.
    pub(crate) fn vec(&mut self) -> &mut Vec<u8> {
        self.need_memory();
        &mut self.data
    }

    /// Reads behind what is there. 0: FIN, for a full buffer is never read into.
    pub(crate) fn poll_fill(&mut self, stream: &Stream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.data.capacity() == 0 {
            // The read that follows asks the event loop again; who has seen bytes need not ask it twice.
            if !stream.seems_readable() {
                ready!(stream.poll_readable(cx))?;
            }
            self.need_memory();
        } else if self.data.capacity() < SIZE {
            self.need_memory();
        } else if self.start > 0 && self.data.capacity() - self.data.len() < SIZE / 4 {
            self.data.drain(..self.start);
            self.start = 0;
        }
        debug_assert!(self.data.len() < self.data.capacity(), "a full buffer would look like FIN");
        stream.poll_read_spare(cx, &mut self.data)
    }

    /// Writes from the start of what is there until it is empty.
    pub(crate) fn poll_flush(&mut self, stream: &Stream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut written = 0;
        while !self.is_empty() {
            match stream.poll_write(cx, self.bytes()) {
                Poll::Ready(Ok(count)) => {
                    self.consume(count);
                    written += count;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if written > 0 => return Poll::Ready(Ok(written)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(written))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.data.capacity() > 0 {
            self.forget();
        }
    }
}

fn give_back(mut data: Vec<u8>) {
    data.clear();
    // The worker may be ending; then the memory just goes.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        spare.holds(data.capacity(), -1);
        if data.capacity() == SIZE && spare.kept.len() < KEPT {
            spare.kept.push(data);
        } else if data.capacity() >= SIZE {
            much_was_freed();
        }
    });
}

#[cfg(test)]
mod tests;

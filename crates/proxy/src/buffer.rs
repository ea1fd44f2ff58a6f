//! Buffers of one size, taken from the worker's pool when bytes arrive and given back when they are gone.

use std::cell::RefCell;
use std::io;
use std::task::{Context, Poll, ready};

use plimsoll_net::Stream;

/// Large enough for the largest head and for a cheap copy of a large body (64 KiB: measured against 16 and 256).
pub(crate) const SIZE: usize = 64 << 10;
/// So many stay with the worker; what a spike took beyond that goes back to the allocator.
const KEPT: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes between a reader and a writer. Without memory until bytes come: nothing is held for a peer that is silent. Memory is used
/// last in, first out, so that it is still in the cache.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    data: Vec<u8>,
    start: usize,
}

impl Buffer {
    fn need_memory(&mut self) {
        if self.data.capacity() == 0 {
            self.data = SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| Vec::with_capacity(SIZE));
        }
    }

    /// Gives the memory back if nothing is in it.
    pub(crate) fn release(&mut self) {
        if self.is_empty() {
            self.start = 0;
            give_back(std::mem::take(&mut self.data));
        }
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
            ready!(stream.poll_readable(cx))?;
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
        give_back(std::mem::take(&mut self.data));
    }
}

fn give_back(mut data: Vec<u8>) {
    if data.capacity() != SIZE {
        return;
    }
    data.clear();
    // The worker may be ending; then the memory just goes.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push(data);
        }
    });
}

#[cfg(test)]
mod tests;

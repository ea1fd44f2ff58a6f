//! The free ports of a range, in the order in which they became free: all workers take and give back, nobody waits for anybody.
//!
//! It is a ring of as many cells as there are ports. A cell is one word: the position whose turn it is, whether a port is in it, and
//! the port. One compare-and-swap on the cell is the whole step; `head` and `tail` only say where to look, and whoever finds one of them
//! behind moves it on. So a thread that is stopped between two instructions holds nobody up.
//!
//! Position `p` lives in cell `p % n`. `empty(p)`: position `p` will be filled next. `full(p)`: its port waits. Taking makes `full(p)`
//! into `empty(p + n)`. As there are never more than `n` ports, the cell of the next position is always free for who gives one back.

use std::sync::atomic::Ordering::SeqCst;

use crate::sync::AtomicU64;

/// Bits of a port, and the one that says that there is one. The position has the rest: it comes round after 2^47 connections.
const PORT: u32 = 16;
const FULL: u64 = 1 << PORT;

/// Free ports, first in, first out.
#[derive(Debug)]
pub(crate) struct Queue {
    cells: Box<[AtomicU64]>,
    /// The position that is taken next, or one before it.
    head: AtomicU64,
    /// The position that is filled next, or one before it.
    tail: AtomicU64,
}

const fn empty(position: u64) -> u64 {
    position << (PORT + 1)
}

const fn full(position: u64, port: u16) -> u64 {
    empty(position) | FULL | port as u64
}

impl Queue {
    /// With all of these free, in this order.
    pub(crate) fn new(ports: &[u16]) -> Self {
        let cells = (0..).zip(ports).map(|(position, port)| AtomicU64::new(full(position, *port))).collect();
        Self { cells, head: AtomicU64::new(0), tail: AtomicU64::new(ports.len() as u64) }
    }

    fn len(&self) -> u64 {
        self.cells.len() as u64
    }

    fn cell(&self, position: u64) -> &AtomicU64 {
        // Less than the number of cells, so it is an index.
        &self.cells[(position % self.len()) as usize]
    }

    /// How many are free: exact when nobody takes or gives back meanwhile.
    pub(crate) fn free(&self) -> usize {
        let head = self.head.load(SeqCst);
        (self.tail.load(SeqCst).saturating_sub(head)).min(self.len()) as usize
    }

    /// The one that has been free for the longest time; `None`: none is free.
    pub(crate) fn take(&self) -> Option<u16> {
        loop {
            let head = self.head.load(SeqCst);
            let cell = self.cell(head);
            let found = cell.load(SeqCst);
            if found == empty(head) {
                return None;
            }
            let port = found as u16;
            let taken = found == full(head, port)
                && cell.compare_exchange(found, empty(head + self.len()), SeqCst, SeqCst).is_ok();
            // Of those who took it and those who came too late one moves on, whoever is first.
            let _ = self.head.compare_exchange(head, head + 1, SeqCst, SeqCst);
            if taken {
                return Some(port);
            }
        }
    }

    /// Puts one behind all others. Only for a port that was taken here and not given back yet.
    pub(crate) fn give_back(&self, port: u16) {
        loop {
            let tail = self.tail.load(SeqCst);
            let cell = self.cell(tail);
            let found = cell.load(SeqCst);
            let given = found == empty(tail) && cell.compare_exchange(found, full(tail, port), SeqCst, SeqCst).is_ok();
            let _ = self.tail.compare_exchange(tail, tail + 1, SeqCst, SeqCst);
            if given {
                return;
            }
        }
    }
}

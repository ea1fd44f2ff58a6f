//! Lines on their way from a worker to the targets: many lines in one buffer, and buffers that come back by themselves.

use std::sync::Arc;

use crate::Level;

/// Lines, each with its end and its level.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    marks: Vec<(u32, Level)>,
}

impl Batch {
    pub(crate) fn lines(&self) -> usize {
        self.marks.len()
    }

    /// Appends a line and its end.
    #[inline]
    pub(crate) fn line(&mut self, level: Level, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.bytes.push(b'\n');
        // A batch goes at 32 KiB and a line has 64 KiB at most.
        self.marks.push((self.bytes.len() as u32, level));
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.marks.clear();
    }

    /// Each line with its end.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], Level)> {
        let mut start = 0;
        self.marks.iter().map(move |&(end, level)| {
            let line = &self.bytes[start..end as usize];
            start = end as usize;
            (line, level)
        })
    }
}

/// The buffers of one worker. One that is on its way is shared with the targets; when the last of them lets go, it is
/// found again here: nothing is sent back, nothing allocated anew.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    slots: Vec<Arc<Batch>>,
}

impl Buffers {
    /// Beyond this many, free ones are given back to the system.
    const KEPT: usize = 4;

    /// Swaps what is in `batch` against an empty buffer and gives it out for sending. `None`, with the batch as it was, when `most`
    /// buffers are on their way.
    pub(crate) fn swap(&mut self, batch: &mut Batch, most: usize) -> Option<Arc<Batch>> {
        if self.slots.len() > Self::KEPT && self.slots.last_mut().is_some_and(|last| Arc::get_mut(last).is_some()) {
            self.slots.pop();
        }
        let free = match self.slots.iter_mut().position(|slot| Arc::get_mut(slot).is_some()) {
            Some(free) => free,
            None if self.slots.len() < most => {
                self.slots.push(Arc::default());
                self.slots.len() - 1
            }
            None => return None,
        };
        let slot = &mut self.slots[free];
        let inside = Arc::get_mut(slot)?;
        inside.clear();
        std::mem::swap(inside, batch);
        Some(Arc::clone(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_everyone_let_go_is_used_again() {
        let mut buffers = Buffers::default();
        let mut batch = Batch::default();
        for turn in 0..10 {
            batch.line(Level::Info, |out| out.push(b'x'));
            let sent = buffers.swap(&mut batch, 4).unwrap();
            assert_eq!((sent.bytes.as_slice(), sent.lines()), (&b"x\n"[..], 1), "turn {turn}");
            assert_eq!(batch.lines(), 0);
        }
        assert_eq!(buffers.slots.len(), 1);
    }

    #[test]
    fn no_more_buffers_are_out_than_allowed_and_the_free_ones_go() {
        let mut buffers = Buffers::default();
        let mut batch = Batch::default();
        let out: Vec<_> = (0..8).map(|_| buffers.swap(&mut batch, 8).unwrap()).collect();
        batch.line(Level::Info, |out| out.push(b'x'));
        assert!(buffers.swap(&mut batch, 8).is_none());
        assert_eq!(batch.lines(), 1, "what was not sent is still there");
        drop(out);
        for _ in 0..8 {
            assert!(buffers.swap(&mut batch, 8).is_some());
        }
        assert_eq!(buffers.slots.len(), Buffers::KEPT);
    }
}

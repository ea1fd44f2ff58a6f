//! Which of a few queues has the first server: a heap over the heads of the queues, one queue for each weight.
//!
//! Most backends have one weight or a handful, so this costs almost nothing, however many servers there are.

/// The place of a queue's head in the order of all; the least goes first.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    /// When, or how much: [`u64::MAX`] when the queue is empty.
    pub(crate) at: u64,
    /// Decides between equals.
    pub(crate) spare: i64,
    /// A running number that decides the rest, compared modulo 2^32.
    pub(crate) stamp: u32,
}

impl Key {
    /// Of an empty queue.
    pub(crate) const NEVER: Self = Self { at: u64::MAX, spare: 0, stamp: 0 };

    #[inline]
    pub(crate) fn before(&self, other: &Self) -> bool {
        if self.at != other.at {
            return self.at < other.at;
        }
        if self.spare != other.spare {
            return self.spare < other.spare;
        }
        self.stamp.wrapping_sub(other.stamp) > u32::MAX / 2
    }
}

/// The keys of all queues.
#[derive(Default)]
pub(crate) struct Heads {
    heads: Vec<Head>,
    /// Queues, as a binary heap with the least key first.
    heap: Vec<u16>,
}

struct Head {
    key: Key,
    /// Its place in the heap.
    place: u16,
}

impl Heads {
    /// One more queue, empty.
    pub(crate) fn add(&mut self) {
        let queue = u16::try_from(self.heap.len()).expect("fewer than 2^16 different weights");
        self.heads.push(Head { key: Key::NEVER, place: queue });
        self.heap.push(queue);
    }

    /// The queue whose head goes first, and its key; empty queues come last.
    ///
    /// # Panics
    /// Before the first [`add`](Self::add).
    #[inline]
    pub(crate) fn first(&self) -> (usize, &Key) {
        let queue = usize::from(self.heap[0]);
        (queue, &self.heads[queue].key)
    }

    /// A queue has another head.
    #[inline]
    pub(crate) fn set(&mut self, queue: usize, key: Key) {
        let head = &mut self.heads[queue];
        head.key = key;
        let mut at = usize::from(head.place);
        while at > 0 && self.earlier(at, (at - 1) / 2) {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        loop {
            let mut child = 2 * at + 1;
            if child >= self.heap.len() {
                return;
            }
            if child + 1 < self.heap.len() && self.earlier(child + 1, child) {
                child += 1;
            }
            if !self.earlier(child, at) {
                return;
            }
            self.swap(at, child);
            at = child;
        }
    }

    #[inline]
    fn earlier(&self, one: usize, other: usize) -> bool {
        let key = |at: usize| &self.heads[usize::from(self.heap[at])].key;
        key(one).before(key(other))
    }

    #[inline]
    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        for at in [one, other] {
            // A place fits as the number of queues does.
            self.heads[usize::from(self.heap[at])].place = at as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_key_comes_first_through_any_changes() {
        let (mut heads, mut keys, mut seed) = (Heads::default(), vec![Key::NEVER; 40], 1_u64);
        (0..keys.len()).for_each(|_| heads.add());
        for stamp in 0..5000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let queue = (seed >> 40) as usize % keys.len();
            keys[queue] = Key { at: seed >> 58, spare: (seed >> 56 & 3) as i64, stamp };
            heads.set(queue, keys[queue]);
            let first = heads.first().0;
            assert!(keys.iter().all(|key| !key.before(&keys[first])));
        }
    }

    #[test]
    fn stamps_decide_across_their_overflow() {
        let key = |stamp| Key { at: 1, spare: 0, stamp };
        assert!(key(u32::MAX).before(&key(0)));
        assert!(!key(0).before(&key(u32::MAX)));
        assert!(!key(5).before(&key(5)));
    }
}

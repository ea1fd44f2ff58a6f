//! The wheel without a clock: two levels of 256 slots, intrusive lists by index, bitmaps of what is occupied.
//!
//! Level 0 has slots of 8 ms (2 s in all), level 1 slots of 2 s (9 minutes); what lies beyond waits in the last slot of level 1
//! and is queued again from there. A timer's slot only has to be **at or before** its deadline: moving a deadline later, which
//! every request does, only stores a number; when the old slot fires the timer is put where it belongs.

use std::task::Waker;

/// Width of a slot of level 0, in microseconds.
pub(crate) const SLOT: u64 = 8_000;
const NIL: u32 = u32::MAX;
const UNQUEUED: u16 = u16::MAX;
const NEVER: u64 = u64::MAX;

/// One timer, 48 bytes.
pub(crate) struct Entry {
    deadline: u64,
    /// When its slot fires, in microseconds; meaningless while unqueued.
    queued_at: u64,
    waker: Option<Waker>,
    prev: u32,
    /// Next in the slot; next free entry while the entry is free.
    next: u32,
    /// 0..256 level 0, 256..512 level 1.
    slot: u16,
    expired: bool,
}

/// All timers of one worker; sans-IO.
pub(crate) struct Slots {
    entries: Vec<Entry>,
    free: u32,
    live: usize,
    /// Every slot up to and including this one has fired (in units of [`SLOT`]).
    current: u64,
    heads: Box<[u32; 512]>,
    occupied: [u64; 8],
}

impl Slots {
    pub(crate) fn new(now: u64) -> Self {
        let heads = Box::new([NIL; 512]);
        Slots { entries: Vec::new(), free: NIL, live: 0, current: now / SLOT, heads, occupied: [0; 8] }
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }

    pub(crate) fn insert(&mut self) -> u32 {
        self.live += 1;
        let fresh =
            Entry { deadline: NEVER, queued_at: 0, waker: None, prev: NIL, next: NIL, slot: UNQUEUED, expired: false };
        if self.free == NIL {
            self.entries.push(fresh);
            return u32::try_from(self.entries.len() - 1).expect("fewer than 2^32 timers");
        }
        let index = self.free;
        self.free = self.entries[index as usize].next;
        self.entries[index as usize] = fresh;
        index
    }

    /// Frees the entry; its waker is handed back so that it is dropped outside the wheel's borrow.
    pub(crate) fn remove(&mut self, index: u32) -> Option<Waker> {
        self.unlink(index);
        self.live -= 1;
        let entry = &mut self.entries[index as usize];
        entry.next = self.free;
        self.free = index;
        entry.waker.take()
    }

    /// Arms the timer. Returns when its slot fires if the timer had to be queued, which may be earlier than all others.
    #[inline]
    pub(crate) fn arm(&mut self, index: u32, at: u64) -> Option<u64> {
        let entry = &mut self.entries[index as usize];
        entry.expired = false;
        entry.deadline = at;
        // "At or before" in slots: ceil(at / SLOT) >= queued_at / SLOT, without the division.
        if entry.slot != UNQUEUED && entry.queued_at < at.saturating_add(SLOT) {
            return None;
        }
        self.requeue(index)
    }

    #[cold]
    fn requeue(&mut self, index: u32) -> Option<u64> {
        self.unlink(index);
        if self.entries[index as usize].deadline == NEVER {
            return None;
        }
        self.enqueue(index);
        Some(self.entries[index as usize].queued_at)
    }

    pub(crate) fn deadline(&self, index: u32) -> u64 {
        self.entries[index as usize].deadline
    }

    pub(crate) fn expired(&self, index: u32) -> bool {
        self.entries[index as usize].expired
    }

    /// Stores the waker unless the timer has expired; returns the one it replaced.
    pub(crate) fn watch(&mut self, index: u32, waker: &Waker) -> Option<Waker> {
        let entry = &mut self.entries[index as usize];
        match &entry.waker {
            Some(known) if known.will_wake(waker) => None,
            _ => entry.waker.replace(waker.clone()),
        }
    }

    /// Takes the wakers of all timers, expired or not.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        self.entries.iter_mut().filter_map(|entry| entry.waker.take()).collect()
    }

    /// Fires all slots up to `now`; wakers of expired timers are pushed to `woken`.
    pub(crate) fn advance(&mut self, now: u64, woken: &mut Vec<Waker>) {
        let target = now / SLOT;
        while let Some(due) = self.next_slot().filter(|due| *due <= target) {
            // One slot back, so that a timer that cascades into the slot that is due now lands in it.
            self.current = due - 1;
            if due.is_multiple_of(256) {
                self.fire(256 + ((due >> 8) & 255) as usize, due * SLOT, woken);
            }
            self.current = due;
            self.fire((due & 255) as usize, due * SLOT, woken);
        }
        self.current = self.current.max(target);
    }

    /// When the next occupied slot fires, in microseconds.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.next_slot().map(|slot| slot * SLOT)
    }

    fn next_slot(&self) -> Option<u64> {
        let near = next_occupied(&self.occupied[..4], self.current);
        let far = next_occupied(&self.occupied[4..], self.current >> 8).map(|block| block << 8);
        match (near, far) {
            (Some(near), Some(far)) => Some(near.min(far)),
            (near, far) => near.or(far),
        }
    }

    fn fire(&mut self, slot: usize, now: u64, woken: &mut Vec<Waker>) {
        let mut index = std::mem::replace(&mut self.heads[slot], NIL);
        self.occupied[slot / 64] &= !(1 << (slot % 64));
        while index != NIL {
            let entry = &mut self.entries[index as usize];
            let next = entry.next;
            entry.slot = UNQUEUED;
            if entry.deadline <= now && slot < 256 {
                entry.expired = true;
                woken.extend(entry.waker.take());
            } else if entry.deadline != NEVER {
                self.enqueue(index);
            }
            index = next;
        }
    }

    fn enqueue(&mut self, index: u32) {
        let wanted = self.entries[index as usize].deadline.div_ceil(SLOT).max(self.current + 1);
        // 256 slots ahead is the place of the current slot, which has fired. It must count as near: while a block of level 1
        // cascades, its last slot is exactly that far, and the block's own place will not be looked at again.
        let (slot, fires) = if wanted - self.current <= 256 {
            ((wanted & 255) as usize, wanted)
        } else {
            let block = (wanted >> 8).min((self.current >> 8) + 255);
            (256 + (block & 255) as usize, block << 8)
        };
        let head = std::mem::replace(&mut self.heads[slot], index);
        self.occupied[slot / 64] |= 1 << (slot % 64);
        if head != NIL {
            self.entries[head as usize].prev = index;
        }
        let entry = &mut self.entries[index as usize];
        entry.slot = slot as u16;
        entry.queued_at = fires * SLOT;
        entry.prev = NIL;
        entry.next = head;
    }

    fn unlink(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        let slot = usize::from(std::mem::replace(&mut entry.slot, UNQUEUED));
        let (prev, next) = (entry.prev, entry.next);
        if slot == usize::from(UNQUEUED) {
            return;
        }
        if next != NIL {
            self.entries[next as usize].prev = prev;
        }
        if prev != NIL {
            self.entries[prev as usize].next = next;
            return;
        }
        self.heads[slot] = next;
        if next == NIL {
            self.occupied[slot / 64] &= !(1 << (slot % 64));
        }
    }
}

/// The first occupied slot after `current` in a ring of 256, as an absolute number.
fn next_occupied(bits: &[u64], current: u64) -> Option<u64> {
    let start = (current + 1) & 255;
    // The first word is looked at twice: from the start bit on, and at the end for the bits before it.
    for step in 0..5 {
        let word = ((start >> 6) + step) & 3;
        let mut found = bits[word as usize];
        if step == 0 {
            found &= u64::MAX << (start & 63);
        }
        if found != 0 {
            let slot = (word << 6) + u64::from(found.trailing_zeros());
            return Some(current + 1 + (slot.wrapping_sub(start) & 255));
        }
    }
    None
}

#[cfg(test)]
mod tests;

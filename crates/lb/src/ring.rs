//! The ring of `roundrobin`: an earliest-due-first order over weights, the same pick for pick as HAProxy's.
//!
//! Time is counted in picks. Work is dealt in *turns* of 16 times the sum of the weights; a server of weight `w` is
//! due every `total / w` picks, its remainder carried along, so its dues in a turn are those of an exact fraction. At
//! any moment a usable server is in one of three places:
//!
//! 1. *waiting*: not yet seen in this turn. The heaviest goes first, whenever nobody is due.
//! 2. *placed*: due at a known pick. The earliest goes first; of two due together, the one that has less spare
//!    (remainder less weight), then the one placed first.
//! 3. *done*: its next due lies beyond this turn. When nobody is left, the done wait for the next turn.
//!
//! How turns react to changes was established by observing HAProxy 2.6 (`tests/haproxy_order.rs` does it again): a
//! turn's length is fixed when it starts, but ends early if the weights shrink; a returning server is placed where
//! its first due would be if the rest of a turn began now; a changed weight moves the next due nearer, never away.
//! Known to differ at times: a server whose weight changes between its return and its first pick (5 of 132 such histories).
//!
//! Servers of one weight are due in the order in which they were placed, so each weight is one queue and only the
//! heads of the queues are compared: a pick costs the same for ten servers and for ten thousand.

use crate::chain::{Chain, List, NIL};
use crate::heads::{Heads, Key};

/// A turn is that many times the sum of the weights.
const ROUNDS: u64 = 16;

/// 32 bytes with its links, so that ten thousand servers stay within the second-level cache.
#[derive(Clone)]
struct Entry {
    /// The pick of this turn at which it is due, when placed or done.
    due: u64,
    /// The fraction of a pick beyond `due`, in units of 1/weight.
    rest: u32,
    /// How long before `due` it was last due.
    gap: u32,
    /// Ties: a running number of placements, compared modulo 2^32.
    stamp: u32,
    class: u16,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Unusable.
    Out,
    Placed,
    /// Placed after it came back, and not picked since.
    Back,
    /// Waiting or done, by the parity of the turn.
    Queued(bool),
}

/// All servers of one weight.
struct Class {
    weight: u32,
    /// The weights' sum divided by this weight, and the remainder.
    step: u64,
    rest: u32,
    placed: List,
    /// Waiting and done, by the parity of the turn.
    queued: [List; 2],
}

/// The order of one group of servers.
pub(crate) struct Ring {
    entries: Chain<Entry>,
    classes: Vec<Class>,
    /// Classes, heaviest first.
    heaviest: Vec<u16>,
    /// The earliest placed server of each class.
    heads: Heads,
    /// The place in `heaviest` before which nobody waits.
    waiting: usize,
    usable: usize,
    /// The sum of the weights.
    total: u64,
    /// The length of this turn in picks.
    length: u64,
    /// Picks made in this turn.
    now: u64,
    /// Changes with every turn.
    parity: bool,
    stamp: u32,
}

impl Ring {
    /// No servers.
    pub(crate) fn new() -> Self {
        Self {
            entries: Chain::new(),
            classes: Vec::new(),
            heaviest: Vec::new(),
            heads: Heads::default(),
            waiting: 0,
            usable: 0,
            total: 0,
            length: 0,
            now: 0,
            parity: false,
            stamp: 0,
        }
    }

    /// A server comes into a slot, unusable.
    pub(crate) fn join(&mut self, server: usize) {
        self.update(server, 0);
        self.entries.join(server, Entry { due: 0, rest: 0, gap: 0, stamp: 0, class: 0, place: Place::Out });
    }

    /// The next server; `avoid` loses its turn, unless nobody else is usable.
    #[inline]
    pub(crate) fn pick(&mut self, avoid: Option<usize>) -> Option<usize> {
        let server = self.take()?;
        if Some(server as usize) == avoid && self.usable > 1 {
            return Some(self.pick_another(server));
        }
        self.requeue(server);
        Some(server as usize)
    }

    #[cold]
    fn pick_another(&mut self, avoided: u32) -> usize {
        let turn = self.parity;
        let server = self.take().expect("another server is usable");
        self.requeue(server);
        if self.parity == turn {
            self.requeue(avoided);
        } else {
            // Its due belongs to the turn that ended meanwhile.
            self.wait(avoided);
        }
        server as usize
    }

    /// Takes the next server out, and moves its due by one step.
    #[inline]
    fn take(&mut self) -> Option<u32> {
        if self.usable == 0 {
            return None;
        }
        let server = match self.first() {
            Some(server) => server,
            None => {
                self.turn();
                self.first()?
            }
        };
        self.now += 1;
        let entry = &mut self.entries[server];
        let class = &self.classes[usize::from(entry.class)];
        let (mut gap, mut rest) = (class.step, entry.rest + class.rest);
        if rest >= class.weight {
            rest -= class.weight;
            gap += 1;
        }
        entry.due += gap;
        entry.gap = gap as u32;
        entry.rest = rest;
        Some(server)
    }

    /// Unlinks who comes next in this turn.
    #[inline]
    fn first(&mut self) -> Option<u32> {
        let (earliest, key) = self.heads.first();
        let due = key.at;
        if due <= self.now {
            return Some(self.take_placed(earliest));
        }
        if let Some(server) = self.take_waiting() {
            return Some(server);
        }
        (due != u64::MAX).then(|| self.take_placed(earliest))
    }

    #[inline]
    fn take_placed(&mut self, class: usize) -> u32 {
        let list = &mut self.classes[class].placed;
        let server = list.head;
        self.entries.unlink(list, server);
        self.rekey(class);
        server
    }

    #[inline]
    fn take_waiting(&mut self) -> Option<u32> {
        while let Some(class) = self.heaviest.get(self.waiting) {
            let list = &mut self.classes[usize::from(*class)].queued[usize::from(self.parity)];
            let server = list.head;
            if server != NIL {
                self.entries.unlink(list, server);
                let entry = &mut self.entries[server];
                entry.due = self.now;
                entry.rest = 0;
                return Some(server);
            }
            self.waiting += 1;
        }
        None
    }

    /// The next turn: who was done waits.
    #[cold]
    fn turn(&mut self) {
        self.parity = !self.parity;
        self.waiting = 0;
        self.now = 0;
        self.length = self.total * ROUNDS;
    }

    /// Puts a server where its due says.
    #[inline]
    fn requeue(&mut self, server: u32) {
        if self.entries[server].due >= self.length.min(self.total * ROUNDS) {
            self.queue(server, !self.parity);
        } else {
            self.place(server, Place::Placed);
        }
    }

    #[inline]
    fn place(&mut self, server: u32, place: Place) {
        self.stamp = self.stamp.wrapping_add(1);
        let entry = &mut self.entries[server];
        entry.stamp = self.stamp;
        entry.place = place;
        let (due, rest, class) = (entry.due, entry.rest, usize::from(entry.class));
        let list = &mut self.classes[class].placed;
        // In steady state the newest is the last; only after a change of weights must it pass some.
        let mut after = list.tail;
        while after != NIL {
            let other = &self.entries[after];
            if (other.due, other.rest) <= (due, rest) {
                break;
            }
            after = self.entries.prev(after);
        }
        self.entries.insert(list, server, after);
        if after == NIL {
            self.rekey(class);
        }
    }

    fn wait(&mut self, server: u32) {
        self.queue(server, self.parity);
        self.waiting = 0;
    }

    #[inline]
    fn queue(&mut self, server: u32, parity: bool) {
        let entry = &mut self.entries[server];
        entry.place = Place::Queued(parity);
        let list = &mut self.classes[usize::from(entry.class)].queued[usize::from(parity)];
        self.entries.push(list, server);
    }

    /// The weight that counts from now on; 0 takes the server out.
    pub(crate) fn update(&mut self, server: usize, weight: u32) {
        if server >= self.entries.len() {
            return;
        }
        let server = u32::try_from(server).expect("a server of this group");
        let Entry { place, class, .. } = self.entries[server];
        let old = if place == Place::Out { 0 } else { self.classes[usize::from(class)].weight };
        if old == weight {
            return;
        }
        if self.total == 0 {
            self.now = 0;
        }
        self.remove(server);
        self.total = self.total - u64::from(old) + u64::from(weight);
        self.usable = self.usable + usize::from(weight > 0) - usize::from(old > 0);
        for class in &mut self.classes {
            class.step = self.total / u64::from(class.weight);
            class.rest = (self.total % u64::from(class.weight)) as u32;
        }
        if weight == 0 {
            return;
        }
        let class = self.class(weight);
        self.entries[server].class = class;
        if self.now == 0 {
            // Nothing was picked yet: it waits like everybody else.
            self.length = self.total * ROUNDS;
            self.wait(server);
            return;
        }
        self.reinsert(server, place, weight);
    }

    fn reinsert(&mut self, server: u32, place: Place, weight: u32) {
        let step = self.classes[usize::from(self.entries[server].class)].step;
        let (now, end) = (self.now, self.length.min(self.total * ROUNDS));
        let entry = &mut self.entries[server];
        match place {
            Place::Queued(parity) if parity == self.parity => return self.wait(server),
            Place::Out => {
                entry.due = now + (self.total * ROUNDS).saturating_sub(now) / (u64::from(weight) * ROUNDS);
            }
            Place::Placed | Place::Back | Place::Queued(_) => {
                let last = entry.due.saturating_sub(u64::from(entry.gap));
                let due = (last + step).min(entry.due);
                entry.due = if due < now + 2 || place == Place::Back { now + step } else { due };
                entry.gap = entry.due.saturating_sub(last) as u32;
                entry.rest = 0;
            }
        }
        if entry.due >= end {
            self.queue(server, !self.parity);
        } else {
            self.place(server, if matches!(place, Place::Out | Place::Back) { Place::Back } else { Place::Placed });
        }
    }

    fn remove(&mut self, server: u32) {
        let entry = &mut self.entries[server];
        let class = usize::from(entry.class);
        match std::mem::replace(&mut entry.place, Place::Out) {
            Place::Out => {}
            Place::Queued(parity) => {
                self.entries.unlink(&mut self.classes[class].queued[usize::from(parity)], server);
            }
            Place::Placed | Place::Back => {
                self.entries.unlink(&mut self.classes[class].placed, server);
                self.rekey(class);
            }
        }
    }

    /// The class of that weight, made when it is the first.
    fn class(&mut self, weight: u32) -> u16 {
        let found = self.heaviest.binary_search_by(|class| weight.cmp(&self.classes[usize::from(*class)].weight));
        let at = match found {
            Ok(at) => return self.heaviest[at],
            Err(at) => at,
        };
        let class = u16::try_from(self.classes.len()).expect("fewer than 2^16 different weights");
        self.classes.push(Class {
            weight,
            step: self.total / u64::from(weight),
            rest: (self.total % u64::from(weight)) as u32,
            placed: List::EMPTY,
            queued: [List::EMPTY; 2],
        });
        self.heaviest.insert(at, class);
        self.heads.add();
        self.waiting = 0;
        class
    }

    /// Takes over the key of a class's new head.
    #[inline]
    fn rekey(&mut self, class: usize) {
        let this = &self.classes[class];
        let key = match this.placed.head {
            NIL => Key::NEVER,
            head => {
                let head = &self.entries[head];
                Key { at: head.due, spare: i64::from(head.rest) - i64::from(this.weight), stamp: head.stamp }
            }
        };
        self.heads.set(class, key);
    }
}

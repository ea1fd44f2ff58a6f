//! `leastconn`: the server with the least work for its weight; among equals the one that has waited longest.
//!
//! As HAProxy 2.6 (observed; `tests/leastconn_as_haproxy.rs` does it again), the load of an idle server is 0 and else
//! `(served + 1) * 256 / weight` rounded down; whoever takes or releases goes behind all others of its new load.
//!
//! For one weight the load grows with `served`, so each weight is a row of levels, one for each count in use, and to
//! take or release is a step to the neighbouring level: no search, whatever the number of servers.

use parking_lot::Mutex;

use super::{Algorithm, Order};
use crate::Balance;
use crate::chain::{Chain, List, NIL};
use crate::heads::{Heads, Key};

pub(super) const ROW: Algorithm = Algorithm {
    name: "leastconn",
    haproxy: "leastconn",
    argument: None,
    doc: "The server with the fewest requests in progress for its weight, in turns among equals. For long sessions.",
    build,
};

fn build(_: &Balance, servers: usize) -> Box<dyn Order> {
    Box::new(Leastconn(Mutex::new(Levels::new(servers))))
}

struct Leastconn(Mutex<Levels>);

impl Order for Leastconn {
    fn pick(&self, _: u64, avoid: Option<usize>, _: &mut dyn FnMut() -> u64) -> Option<usize> {
        self.0.lock().pick(avoid)
    }

    fn took(&self, server: usize) {
        self.0.lock().serve(server, 1);
    }

    fn released(&self, server: usize) {
        self.0.lock().serve(server, -1);
    }

    fn update(&self, server: usize, weight: u32) {
        self.0.lock().update(server, weight);
    }
}

#[derive(Clone)]
struct Entry {
    served: u32,
    stamp: u32,
    /// [`NIL`] when unusable.
    level: u32,
    class: u16,
}

/// The servers of one weight that serve as many.
#[derive(Clone, Copy)]
struct Level {
    served: u32,
    servers: List,
    less: u32,
    more: u32,
}

/// All servers of one weight.
struct Class {
    weight: u32,
    least: u32,
}

struct Levels {
    entries: Chain<Entry>,
    levels: Vec<Level>,
    /// Levels that may be used again.
    free: Vec<u32>,
    classes: Vec<Class>,
    heads: Heads,
    stamp: u32,
}

impl Levels {
    fn new(servers: usize) -> Self {
        let entries = Chain::new(servers, Entry { served: 0, stamp: 0, level: NIL, class: 0 });
        let (levels, free, classes) = (Vec::new(), Vec::new(), Vec::new());
        Self { entries, levels, free, classes, heads: Heads::default(), stamp: 0 }
    }

    #[inline]
    fn pick(&self, avoid: Option<usize>) -> Option<usize> {
        if self.classes.is_empty() {
            return None;
        }
        let (class, key) = self.heads.first();
        if key.at == u64::MAX {
            return None;
        }
        let first = self.levels[self.classes[class].least as usize].servers.head as usize;
        if Some(first) == avoid { Some(self.another(first)) } else { Some(first) }
    }

    /// The best but one, if there is one.
    #[cold]
    fn another(&self, avoided: usize) -> usize {
        let mut best = (Key::NEVER, avoided);
        for (number, class) in self.classes.iter().enumerate() {
            let mut level = class.least;
            while let Some(this) = self.levels.get(level as usize) {
                let mut server = this.servers.head;
                if server as usize == avoided {
                    server = self.entries.next(server);
                }
                if server != NIL {
                    let key = self.key(number, server);
                    if key.before(&best.0) {
                        best = (key, server as usize);
                    }
                    break;
                }
                level = this.more;
            }
        }
        best.1
    }

    #[inline]
    fn key(&self, class: usize, server: u32) -> Key {
        let entry = &self.entries[server];
        let at = match u64::from(entry.served) {
            0 => 0,
            served => (served + 1) * 256 / u64::from(self.classes[class].weight),
        };
        Key { at, spare: 0, stamp: entry.stamp }
    }

    #[inline]
    fn serve(&mut self, server: usize, more: i32) {
        let server = server as u32;
        let entry = &mut self.entries[server];
        debug_assert!(entry.served > 0 || more > 0, "released more often than taken");
        entry.served = entry.served.saturating_add_signed(more);
        if entry.level == NIL {
            return;
        }
        let (class, served, from) = (usize::from(entry.class), entry.served, entry.level);
        // The new level first: the old one may go when it is left, and is the new one's neighbour.
        let to = if more > 0 { self.above(class, from, served) } else { self.below(class, from, served) };
        self.leave(class, from, server);
        self.enter(class, to, server);
    }

    /// The level of `served` above `level`, which is the next lower one that exists; [`NIL`] is below all.
    #[inline]
    fn above(&mut self, class: usize, level: u32, served: u32) -> u32 {
        let next = if level == NIL { self.classes[class].least } else { self.levels[level as usize].more };
        if next != NIL && self.levels[next as usize].served == served {
            return next;
        }
        self.add_level(class, level, next, served)
    }

    #[inline]
    fn below(&mut self, class: usize, level: u32, served: u32) -> u32 {
        let prev = self.levels[level as usize].less;
        if prev != NIL && self.levels[prev as usize].served == served {
            return prev;
        }
        self.add_level(class, prev, level, served)
    }

    fn add_level(&mut self, class: usize, less: u32, more: u32, served: u32) -> u32 {
        let new = Level { served, servers: List::EMPTY, less, more };
        let at = if let Some(at) = self.free.pop() {
            self.levels[at as usize] = new;
            at
        } else {
            self.levels.push(new);
            (self.levels.len() - 1) as u32
        };
        if less == NIL {
            self.classes[class].least = at;
        } else {
            self.levels[less as usize].more = at;
        }
        if more != NIL {
            self.levels[more as usize].less = at;
        }
        at
    }

    #[inline]
    fn enter(&mut self, class: usize, level: u32, server: u32) {
        self.stamp = self.stamp.wrapping_add(1);
        let entry = &mut self.entries[server];
        (entry.stamp, entry.level) = (self.stamp, level);
        self.entries.push(&mut self.levels[level as usize].servers, server);
        self.rekey(class);
    }

    #[inline]
    fn leave(&mut self, class: usize, level: u32, server: u32) {
        self.entries.unlink(&mut self.levels[level as usize].servers, server);
        self.entries[server].level = NIL;
        let Level { servers, less, more, .. } = self.levels[level as usize];
        if servers.head == NIL {
            if less == NIL {
                self.classes[class].least = more;
            } else {
                self.levels[less as usize].more = more;
            }
            if more != NIL {
                self.levels[more as usize].less = less;
            }
            self.free.push(level);
        }
    }

    #[inline]
    fn rekey(&mut self, class: usize) {
        let key = match self.classes[class].least {
            NIL => Key::NEVER,
            least => self.key(class, self.levels[least as usize].servers.head),
        };
        self.heads.set(class, key);
    }

    fn update(&mut self, server: usize, weight: u32) {
        let server = server as u32;
        let Entry { served, level, class, .. } = self.entries[server];
        let class = usize::from(class);
        if level != NIL {
            if self.classes[class].weight == weight {
                return;
            }
            self.leave(class, level, server);
            self.rekey(class);
        }
        if weight == 0 {
            return;
        }
        let class = self.classes.iter().position(|class| class.weight == weight).unwrap_or_else(|| {
            self.classes.push(Class { weight, least: NIL });
            self.heads.add();
            self.classes.len() - 1
        });
        self.entries[server].class = class as u16;
        let (mut below, mut next) = (NIL, self.classes[class].least);
        while next != NIL && self.levels[next as usize].served < served {
            (below, next) = (next, self.levels[next as usize].more);
        }
        let level = self.above(class, below, served);
        self.enter(class, level, server);
    }
}

//! `leastconn`: the server with the least work for its weight; among equals the one that has waited longest.
//!
//! As HAProxy 2.6 (observed; `tests/leastconn_as_haproxy.rs` does it again), the load of an idle server is 0 and else
//! `(served + 1) * 256 / weight` rounded down; whoever takes or releases goes behind all others of its new load.
//!
//! For one weight the load grows with `served`, so each weight is a row of levels, one for each count in use, and to
//! take or release is nearly always a step to the neighbouring level: no search, whatever the number of servers.

use std::sync::Arc;

use parking_lot::Mutex;
use plimsoll_server::Load;

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

fn build(_: &Balance) -> Box<dyn Order> {
    Box::new(Leastconn(Mutex::new(Levels::new())))
}

struct Leastconn(Mutex<Levels>);

impl Order for Leastconn {
    fn pick(&self, _: u64, avoid: Option<usize>, _: &mut dyn FnMut() -> u64) -> Option<usize> {
        self.0.lock().pick(avoid)
    }

    fn moved(&self, server: usize) {
        self.0.lock().moved(server);
    }

    fn join(&self, server: usize, load: &Arc<Load>) {
        self.0.lock().join(server, load);
    }

    fn update(&self, server: usize, weight: u32) {
        self.0.lock().update(server, weight);
    }
}

#[derive(Clone)]
struct Entry {
    /// What the load was when it last moved: its level's, when it is in one.
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
    loads: Vec<Arc<Load>>,
    levels: Vec<Level>,
    /// Levels that may be used again.
    free: Vec<u32>,
    classes: Vec<Class>,
    heads: Heads,
    stamp: u32,
}

impl Levels {
    fn new() -> Self {
        let (levels, free, classes) = (Vec::new(), Vec::new(), Vec::new());
        let (entries, loads, heads) = (Chain::new(), Vec::new(), Heads::default());
        Self { entries, loads, levels, free, classes, heads, stamp: 0 }
    }

    fn join(&mut self, server: usize, load: &Arc<Load>) {
        self.update(server, 0);
        self.entries.join(server, Entry { served: 0, stamp: 0, level: NIL, class: 0 });
        if server >= self.loads.len() {
            self.loads.resize_with(server + 1, Arc::default);
        }
        self.loads[server] = Arc::clone(load);
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

    /// Follows the load. Under the lock, so whoever comes last sees every change whose worker came before, whatever
    /// the order of the changes was.
    #[inline]
    fn moved(&mut self, server: usize) {
        let Some(load) = self.loads.get(server) else { return };
        let (server, served) = (server as u32, load.now());
        let entry = &mut self.entries[server];
        let before = std::mem::replace(&mut entry.served, served);
        if entry.level == NIL {
            return;
        }
        let (class, from) = (usize::from(entry.class), entry.level);
        if served == before {
            self.entries.unlink(&mut self.levels[from as usize].servers, server);
            return self.enter(class, from, server);
        }
        // The new level first: the old one may go when it is left, and is the new one's neighbour.
        let to = match served.wrapping_sub(before).cast_signed() {
            1 => self.above(class, from, served),
            -1 => self.below(class, from, served),
            _ => self.level(class, served),
        };
        self.leave(class, from, server);
        self.enter(class, to, server);
    }

    /// The level of `served` by search: two workers moved a server at once, or nobody knows where it was.
    #[cold]
    fn level(&mut self, class: usize, served: u32) -> u32 {
        let (mut below, mut next) = (NIL, self.classes[class].least);
        while next != NIL && self.levels[next as usize].served < served {
            (below, next) = (next, self.levels[next as usize].more);
        }
        self.above(class, below, served)
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
        if server >= self.loads.len() {
            return;
        }
        let server = server as u32;
        let Entry { level, class, .. } = self.entries[server];
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
        let served = self.loads[server as usize].now();
        self.entries[server].served = served;
        let level = self.level(class, served);
        self.enter(class, level, server);
    }
}

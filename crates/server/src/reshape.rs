//! A reload, as the servers of one backend see it: who stays, who is new, who leaves.
//!
//! It goes in two steps, with the swap of the snapshot between them, so that at every moment both the old and the new
//! snapshot have servers that may be used: first [`Set::reshape`] adds and changes, at last [`Set::retire`] removes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use plimsoll_clock::Tick;

use crate::set::Layout;
use crate::{Server, Set, Settings};

/// A server as the file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What it is made from; the name is its identity.
    pub settings: Settings,
    /// It is not the one that had this name, its address being another: a new server for health, the same for
    /// counters and for what was set at run time.
    pub fresh: bool,
}

impl From<Settings> for Wanted {
    fn from(settings: Settings) -> Self {
        Self { settings, fresh: false }
    }
}

/// The names of servers by what a reload means to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// New names.
    pub added: Vec<Box<str>>,
    /// Names that are gone.
    pub removed: Vec<Box<str>>,
    /// Kept, with other settings or another address.
    pub changed: Vec<Box<str>>,
    /// Kept as they are.
    pub kept: Vec<Box<str>>,
}

/// What a reshape gave.
#[derive(Clone, Debug)]
pub struct Reshaped {
    /// In the order of the file.
    pub servers: Arc<[Arc<Server>]>,
    /// The slot of each.
    pub slots: Vec<usize>,
    /// What happened to whom.
    pub difference: Difference,
}

impl Set {
    /// What [`reshape`](Self::reshape) would do, without doing it.
    #[must_use]
    pub fn compare(&self, wanted: &[Wanted]) -> Difference {
        let servers = self.servers();
        let known = by_name(&servers, &[]);
        let mut difference = Difference::default();
        for Wanted { settings, fresh } in wanted {
            let names = match known.get(&*settings.name) {
                None => &mut difference.added,
                Some(server) if *fresh || !server.is_filed_as(settings) => &mut difference.changed,
                Some(_) => &mut difference.kept,
            };
            names.push(settings.name.clone());
        }
        let stays: HashSet<&str> = wanted.iter().map(|wanted| &*wanted.settings.name).collect();
        let gone = servers.iter().filter(|server| !stays.contains(server.name()));
        difference.removed = gone.map(|server| server.name().into()).collect();
        difference
    }

    /// Takes over what the file says now. A server that keeps its name keeps everything else: health, counters, load,
    /// slot, and what was set at run time unless the file's own value for it changed. New ones may get work at once;
    /// those left out go on until [`retire`](Self::retire). Names must be unique.
    pub fn reshape(&self, wanted: &[Wanted], now: Tick) -> Reshaped {
        let turn = self.bus.turn();
        let difference = self.compare(wanted);
        let mut layout = self.layout.write();
        let before = Arc::clone(&layout.servers);
        let leaving = layout.leaving.clone();
        let known = by_name(&before, &leaving);
        let ids = ids(wanted, &known);
        let mut looked_at = 0;
        let mut joined = Vec::new();
        let servers: Vec<Arc<Server>> = wanted
            .iter()
            .zip(ids)
            .map(|(Wanted { settings, fresh }, id)| {
                let old = known.get(&*settings.name);
                // Another group of the balancer is another place to count its load.
                if let Some(old) = old.filter(|old| !fresh && old.is_backup() == settings.options.backup) {
                    old.set_id(id);
                    return Arc::clone(old);
                }
                let slot = layout.free_slot(&mut looked_at);
                let server = Arc::new(match old {
                    Some(old) => old.replaced_by(settings, slot, *fresh, now),
                    None => Server::new(settings, id, slot, self.workers, Arc::clone(&self.bus), now),
                });
                server.set_id(id);
                layout.slots[slot] = Arc::downgrade(&server);
                joined.push(Arc::clone(&server));
                server
            })
            .collect();
        let servers: Arc<[Arc<Server>]> = servers.into();
        let mut used = vec![false; layout.slots.len()];
        servers.iter().for_each(|server| used[server.slot()] = true);
        layout.leaving.extend(before.iter().cloned());
        layout.leaving.retain(|server| !used[server.slot()]);
        layout.servers = Arc::clone(&servers);
        drop(layout);
        joined.iter().for_each(|server| server.join());
        let same_order = before.len() == servers.len() && before.iter().zip(&*servers).all(|(a, b)| Arc::ptr_eq(a, b));
        if !same_order {
            turn.tell_shape(&joined, &servers, &[]);
        }
        for (server, Wanted { settings, .. }) in servers.iter().zip(wanted) {
            server.file(&turn, settings, now);
        }
        // What leaves does not count any more; a backend without servers counts as one that serves, as in HAProxy.
        self.bus.note(servers.is_empty() || servers.iter().any(|server| server.usable()), now);
        let slots = servers.iter().map(|server| server.slot()).collect();
        Reshaped { servers, slots, difference }
    }

    /// Those that the last reshape left out get no more work; what they serve, they end.
    pub fn retire(&self) {
        let turn = self.bus.turn();
        let (servers, gone) = {
            let mut layout = self.layout.write();
            (Arc::clone(&layout.servers), std::mem::take(&mut layout.leaving))
        };
        if !gone.is_empty() {
            gone.iter().for_each(|server| server.retire());
            turn.tell_shape(&[], &servers, &gone);
        }
    }
}

impl Layout {
    /// The next free slot from `from` on, which moves behind it.
    fn free_slot(&mut self, from: &mut usize) -> usize {
        let free = self.slots[*from..].iter().position(|server| server.strong_count() == 0);
        let slot = free.map_or(self.slots.len(), |free| *from + free);
        if slot == self.slots.len() {
            self.slots.push(Weak::new());
        }
        *from = slot + 1;
        slot
    }
}

/// Those that are leaving come back if a reload that left them out is undone.
fn by_name<'a>(servers: &'a [Arc<Server>], leaving: &'a [Arc<Server>]) -> HashMap<&'a str, &'a Arc<Server>> {
    leaving.iter().chain(servers).map(|server| (server.name(), server)).collect()
}

/// The number of each: as given, or as it had, or the lowest free one.
fn ids(wanted: &[Wanted], known: &HashMap<&str, &Arc<Server>>) -> Vec<u32> {
    let mut ids: Vec<Option<u32>> = wanted.iter().map(|wanted| wanted.settings.id).collect();
    let mut taken: HashSet<u32> = ids.iter().flatten().copied().collect();
    for (id, wanted) in ids.iter_mut().zip(wanted).filter(|(id, _)| id.is_none()) {
        let had = known.get(&*wanted.settings.name).map(|server| server.id());
        *id = had.filter(|had| taken.insert(*had));
    }
    let mut free = (1..).filter(|id| !taken.contains(id));
    ids.into_iter().map(|id| id.or_else(|| free.next()).expect("there are more numbers than servers")).collect()
}

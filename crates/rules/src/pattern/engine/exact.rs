//! The same text: a few are compared one by one, many are hashed.

use std::hash::{BuildHasher, Hasher, RandomState};

use hashbrown::HashTable;

use super::few::Few;
use super::keys::Keys;
use super::{FEW, NONE, Seek};

#[derive(Debug)]
pub(crate) struct Exact {
    keys: Keys,
    shortest: usize,
    longest: usize,
    by: By,
}

/// How a text is found.
#[derive(Debug)]
enum By {
    Each(Few),
    Hash(Table),
}

#[derive(Debug)]
struct Table {
    /// Seeded anew for each: rules may fill a list with what clients say.
    seed: RandomState,
    /// The first of those that are the same.
    first: HashTable<First>,
    /// The next one that is the same; empty if none is.
    next: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct First {
    at: u32,
    /// Where its text begins.
    start: u32,
}

impl First {
    #[inline]
    fn is(self, text: &[u8], keys: &Keys) -> bool {
        keys.same(keys.bytes(self.start, text.len()), text) && keys.get(self.at).len() == text.len()
    }
}

impl Exact {
    pub(super) fn new(keys: Keys) -> Self {
        let lengths = || (0..keys.len() as u32).map(|at| keys.get(at).len());
        let (shortest, longest) = (lengths().min().unwrap_or(1), lengths().max().unwrap_or(0));
        let by = if keys.len() > FEW { By::Hash(Table::new(&keys)) } else { By::Each(Few::new(&keys, false)) };
        Self { keys, shortest, longest, by }
    }

    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    pub(super) const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Its few texts, if they are not hashed.
    pub(super) const fn few(&self) -> Option<&Few> {
        match &self.by {
            By::Each(few) => Some(few),
            By::Hash(_) => None,
        }
    }

    /// Visits all that are the same text, the first ones first.
    #[inline]
    pub(super) fn each(&self, text: &[u8], mut visit: impl FnMut(u32) -> bool) -> bool {
        if text.len() < self.shortest || text.len() > self.longest {
            return false;
        }
        let table = match &self.by {
            By::Each(few) => return few.same(&self.keys, text, visit),
            By::Hash(table) => table,
        };
        let hash = hash(&table.seed, text, self.keys.fold);
        let mut next = table.first.find(hash, |first| first.is(text, &self.keys)).map(|first| first.at);
        while let Some(at) = next {
            if visit(at) {
                return true;
            }
            next = table.next.get(at as usize).copied().filter(|at| *at != NONE);
        }
        false
    }

    #[inline]
    pub(super) fn seek(&self, text: &[u8], seek: &mut Seek<'_>) -> bool {
        self.each(text, |at| seek.take(at, 0))
    }
}

impl Table {
    fn new(keys: &Keys) -> Self {
        let count = keys.len() as u32;
        let mut table =
            Self { seed: RandomState::new(), first: HashTable::with_capacity(keys.len()), next: Vec::new() };
        let seed = table.seed.clone();
        let hash_of = |at: u32| hash(&seed, keys.get(at), false);
        // From the last to the first, so that the first of equals is found first.
        for at in (0..count).rev() {
            let (text, this) = (keys.get(at), First { at, start: keys.start(at) });
            let entry = table.first.entry(hash_of(at), |have| keys.get(have.at) == text, |have| hash_of(have.at));
            match entry {
                hashbrown::hash_table::Entry::Occupied(mut same) => {
                    if table.next.is_empty() {
                        table.next = vec![NONE; keys.len()];
                    }
                    if let Some(next) = table.next.get_mut(at as usize) {
                        *next = std::mem::replace(same.get_mut(), this).at;
                    }
                }
                hashbrown::hash_table::Entry::Vacant(free) => {
                    free.insert(this);
                }
            }
        }
        table
    }
}

/// Without copying the text: what is folded goes through 64 bytes of the stack.
#[inline]
fn hash(seed: &RandomState, text: &[u8], fold: bool) -> u64 {
    let mut hasher = seed.build_hasher();
    if fold {
        for chunk in text.chunks(64) {
            let mut lower = [0; 64];
            if let Some(lower) = lower.get_mut(..chunk.len()) {
                lower.copy_from_slice(chunk);
                lower.make_ascii_lowercase();
                hasher.write(lower);
            }
        }
    } else {
        hasher.write(text);
    }
    hasher.finish()
}

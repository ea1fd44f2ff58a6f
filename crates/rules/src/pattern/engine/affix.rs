//! How texts begin and end: many patterns are found by the lengths that they have.
//!
//! Of each length a text has one beginning, so hashes find the patterns among its beginnings. The lengths are searched by halves. For that,
//! each pattern leaves marks: hashes of its own beginnings, at those lengths that such a search passes on its way to it. Where a mark is, the
//! search goes on with greater lengths, otherwise with lesser ones. A mark knows the longest pattern that it begins with, and each pattern
//! the next shorter one, so what is found last leads to all others. (Waldvogel et al., Scalable High Speed IP Routing Lookups, 1997.)

use std::ops::Range;

use hashbrown::HashTable;

use super::few::Few;
use super::hash::Seeds;
use super::keys::Keys;
use super::{FEW, NONE, Seek};

#[derive(Debug)]
pub(crate) struct Affix {
    keys: Keys,
    backwards: bool,
    /// The longest is taken; otherwise the first.
    longest: bool,
    by: By,
}

/// How texts are found.
#[derive(Debug)]
enum By {
    Each(Few),
    Length(Lengths),
}

#[derive(Debug)]
struct Lengths {
    /// Those that keys have, in order.
    lengths: Vec<u32>,
    seeds: Seeds,
    marks: HashTable<Mark>,
    /// For each key the next one that it begins with: one that is the same, or the longest that is shorter.
    next: Vec<u32>,
}

/// Some key begins so.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Of its text. Texts themselves are compared at the end of a search.
    hash: u64,
    /// Where its text stands.
    start: u32,
    /// The longest key that this begins with.
    longest: u32,
}

impl Affix {
    pub(super) fn new(keys: Keys, backwards: bool, longest: bool) -> Self {
        let by = if keys.len() > FEW {
            By::Length(Lengths::new(&keys, backwards))
        } else {
            By::Each(Few::new(&keys, backwards))
        };
        Self { keys, backwards, longest, by }
    }

    #[inline]
    pub(super) fn seek(&self, text: &[u8], seek: &mut Seek<'_>) {
        let lengths = match &self.by {
            By::Each(few) => {
                few.affixes(&self.keys, text, |at| seek.offer(at, self.score(at)));
                return;
            }
            By::Length(lengths) => lengths,
        };
        let mut at = lengths.longest(&self.keys, text, self.backwards);
        while let Some(next) = lengths.next.get(at as usize) {
            let done = if self.longest { seek.take(at, self.score(at)) } else { seek.offer(at, 0) };
            if done {
                return;
            }
            at = *next;
        }
    }

    fn score(&self, at: u32) -> u32 {
        if self.longest { self.keys.get(at).len() as u32 } else { 0 }
    }
}

impl Lengths {
    fn new(keys: &Keys, backwards: bool) -> Self {
        // Shorter ones first; of equals the last first, so that the first is what a search finds.
        let mut order: Vec<(u32, u32)> =
            (0..keys.len() as u32).map(|at| (keys.get(at).len() as u32, u32::MAX - at)).collect();
        order.sort_unstable();
        let mut lengths: Vec<u32> = order.iter().map(|(length, _)| *length).collect();
        lengths.dedup();
        let marks = HashTable::with_capacity(2 * keys.len());
        let mut all = Self { lengths, seeds: Seeds::new(), marks, next: vec![NONE; keys.len()] };
        for (length, at) in order {
            all.put(u32::MAX - at, length, keys, backwards);
        }
        all.marks.shrink_to_fit(|mark| mark.hash);
        all
    }

    /// Adds a key behind all that are shorter.
    fn put(&mut self, at: u32, length: u32, keys: &Keys, backwards: bool) {
        let (key, start) = (keys.get(at), keys.start(at));
        let (mut low, mut high, mut longest) = (0, self.lengths.len(), NONE);
        while low < high {
            let middle = low.midpoint(high);
            let Some(&this) = self.lengths.get(middle).filter(|this| **this <= length) else {
                high = middle;
                continue;
            };
            let Some(part) = part(key, this, backwards) else { return };
            let hash = self.seeds.hash(part, false);
            let there = self.marks.find(hash, |mark| mark.is(hash, part, keys)).map(|mark| mark.longest);
            // Of a new one: what is between this length and the last one that was passed, or what was found there.
            longest = there.unwrap_or_else(|| match self.search(low..middle, part, keys, backwards) {
                NONE => longest,
                between => between,
            });
            if this == length {
                if let Some(next) = self.next.get_mut(at as usize) {
                    *next = longest;
                }
                longest = at;
            }
            if this == length || there.is_none() {
                let start = if backwards { start + (length - this) } else { start };
                let mark = Mark { hash, start, longest };
                match self.marks.find_mut(hash, |mark| mark.is(hash, part, keys)) {
                    Some(have) => *have = mark,
                    None => {
                        self.marks.insert_unique(hash, mark, |mark| mark.hash);
                    }
                }
            }
            low = middle + 1;
        }
    }

    /// The longest key that a text begins with.
    #[inline]
    fn longest(&self, keys: &Keys, text: &[u8], backwards: bool) -> u32 {
        self.search(0..self.lengths.len(), text, keys, backwards)
    }

    /// The same of keys of some of the lengths: those that a search comes to behind a mark that was there, or from the start.
    #[inline]
    fn search(&self, among: Range<usize>, text: &[u8], keys: &Keys, backwards: bool) -> u32 {
        let Range { start: mut low, end: mut high } = among.clone();
        let mut last = None;
        while low < high {
            let middle = low.midpoint(high);
            let part = self.lengths.get(middle).and_then(|length| part(text, *length, backwards));
            let mark = part.and_then(|part| {
                let hash = self.seeds.hash(part, keys.fold);
                self.marks.find(hash, |mark| mark.hash == hash)
            });
            match (mark, part) {
                (Some(mark), Some(part)) => {
                    last = Some((mark, part));
                    low = middle + 1;
                }
                _ => high = middle,
            }
        }
        match last {
            None => NONE,
            Some((mark, part)) if mark.is(mark.hash, part, keys) => mark.longest,
            Some(_) => self.one_by_one(among, text, keys, backwards),
        }
    }

    /// Two texts have the same hash: nobody will ever see that.
    #[cold]
    fn one_by_one(&self, among: Range<usize>, text: &[u8], keys: &Keys, backwards: bool) -> u32 {
        let lengths = self.lengths.get(among).unwrap_or_default().iter().rev();
        let mut parts = lengths.filter_map(|length| part(text, *length, backwards));
        let found = parts.find_map(|part| {
            let hash = self.seeds.hash(part, keys.fold);
            self.marks.find(hash, |mark| mark.is(hash, part, keys))
        });
        found.map_or(NONE, |mark| mark.longest)
    }
}

impl Mark {
    /// Is it the one of this text?
    #[inline]
    fn is(&self, hash: u64, text: &[u8], keys: &Keys) -> bool {
        self.hash == hash && keys.same(keys.bytes(self.start, text.len()), text)
    }
}

/// The first bytes of a text, or the last.
#[inline]
fn part(text: &[u8], length: u32, backwards: bool) -> Option<&[u8]> {
    match text.len().checked_sub(length as usize) {
        Some(rest) if backwards => text.get(rest..),
        _ => text.get(..length as usize),
    }
}

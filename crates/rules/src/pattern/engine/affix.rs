//! How texts begin and end: patterns in order, each linked to the longest other one that it begins with.
//!
//! Of all patterns that a text begins with, the longest is the one just before the text in order, or one that this one begins with: so a
//! search and a few links find them all.

use super::keys::Keys;
use super::{FEW, NONE, Seek};

#[derive(Debug)]
pub(crate) struct Affix {
    keys: Keys,
    backwards: bool,
    /// The longest is taken; otherwise the first.
    longest: bool,
    /// In order; of equals the first is last. Empty for a few.
    sorted: Vec<u32>,
    /// For each of those the place of the longest one that it begins with.
    shorter: Vec<u32>,
}

impl Affix {
    pub(super) fn new(keys: Keys, backwards: bool, longest: bool) -> Self {
        let mut this = Self { keys, backwards, longest, sorted: Vec::new(), shorter: Vec::new() };
        if this.keys.len() > FEW {
            this.sort();
        }
        this
    }

    fn sort(&mut self) {
        let (keys, backwards) = (&self.keys, self.backwards);
        let mut sorted: Vec<u32> = (0..keys.len() as u32).collect();
        sorted.sort_unstable_by(|a, b| keys.order(*a, keys.get(*b), backwards).then(b.cmp(a)));
        let (mut open, mut shorter) = (Vec::<u32>::new(), Vec::with_capacity(sorted.len()));
        for (place, at) in sorted.iter().enumerate() {
            let key = keys.get(*at);
            while open.last().is_some_and(|last| !keys.is_affix(sorted[*last as usize], key, backwards)) {
                open.pop();
            }
            shorter.push(open.last().copied().unwrap_or(NONE));
            open.push(place as u32);
        }
        (self.sorted, self.shorter) = (sorted, shorter);
    }

    #[inline]
    pub(super) fn seek(&self, text: &[u8], seek: &mut Seek<'_>) {
        if self.sorted.is_empty() {
            for at in 0..self.keys.len() as u32 {
                if self.keys.is_affix(at, text, self.backwards) && seek.offer(at, self.score(at)) {
                    return;
                }
            }
            return;
        }
        let behind = self.sorted.partition_point(|at| self.keys.order(*at, text, self.backwards).is_le());
        let mut place = behind.checked_sub(1);
        while let Some(at) = place.and_then(|place| self.sorted.get(place).copied()) {
            if self.keys.is_affix(at, text, self.backwards) {
                let done = if self.longest { seek.take(at, self.score(at)) } else { seek.offer(at, 0) };
                if done {
                    return;
                }
            }
            place =
                place.and_then(|place| self.shorter.get(place).copied()).filter(|up| *up != NONE).map(|up| up as usize);
        }
    }

    fn score(&self, at: u32) -> u32 {
        if self.longest { self.keys.get(at).len() as u32 } else { 0 }
    }
}

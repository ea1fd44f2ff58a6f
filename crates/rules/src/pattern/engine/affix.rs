//! How texts begin and end: patterns in order, each linked to the longest other one that it begins with.
//!
//! Of all patterns that a text begins with, the longest is the one just before the text in order, or one that this one begins with: so a
//! search and a few links find them all. The search goes by the first 16 bytes, which lie side by side.

use super::few::Few;
use super::keys::Keys;
use super::{FEW, NONE, Seek};

#[derive(Debug)]
pub(crate) struct Affix {
    /// In order, if they are many; of equals the first is last.
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
    Order(Many),
}

#[derive(Debug)]
struct Many {
    /// The first bytes of each.
    heads: Vec<u128>,
    /// Which entry it is, and the place of the longest key that it begins with.
    links: Vec<(u32, u32)>,
}

impl Affix {
    pub(super) fn new(keys: Keys, backwards: bool, longest: bool) -> Self {
        if keys.len() <= FEW {
            let by = By::Each(Few::new(&keys, backwards));
            return Self { keys, backwards, longest, by };
        }
        let mut order: Vec<(u128, u32)> =
            (0..keys.len() as u32).map(|at| (head(keys.get(at), false, backwards), at)).collect();
        order.sort_unstable_by(|(head, a), (other, b)| {
            head.cmp(other).then_with(|| keys.order(*a, keys.get(*b), backwards)).then(b.cmp(a))
        });
        let mut sorted = Keys::new(order.iter().map(|(_, at)| keys.get(*at)), false);
        let (mut open, mut links) = (Vec::<u32>::new(), Vec::with_capacity(order.len()));
        for (place, (_, at)) in order.iter().enumerate() {
            let key = keys.get(*at);
            while open.last().is_some_and(|last| !sorted.is_affix(*last, key, backwards)) {
                open.pop();
            }
            links.push((*at, open.last().copied().unwrap_or(NONE)));
            open.push(place as u32);
        }
        let heads = order.into_iter().map(|(head, _)| head).collect();
        sorted.fold = keys.fold;
        Self { keys: sorted, backwards, longest, by: By::Order(Many { heads, links }) }
    }

    #[inline]
    pub(super) fn seek(&self, text: &[u8], seek: &mut Seek<'_>) {
        let many = match &self.by {
            By::Each(few) => {
                few.affixes(&self.keys, text, |at| seek.offer(at, self.score(at)));
                return;
            }
            By::Order(many) => many,
        };
        let mut place = self.before(text, many);
        while let Some((at, shorter)) = many.links.get(place as usize) {
            if self.keys.is_affix(place, text, self.backwards) {
                let done = if self.longest { seek.take(*at, self.score(place)) } else { seek.offer(*at, 0) };
                if done {
                    return;
                }
            }
            place = *shorter;
        }
    }

    /// The place of the last key that is not behind a text in order.
    fn before(&self, text: &[u8], many: &Many) -> u32 {
        let head = head(text, self.keys.fold, self.backwards);
        let start = many.heads.partition_point(|have| *have < head);
        let (mut low, mut high) = (start, start);
        // Mostly there is one that begins alike, or none.
        let mut step = 1;
        while many.heads.get(high).is_some_and(|have| *have == head) {
            high = (high + step).min(many.heads.len());
            step *= 2;
        }
        while low < high {
            let middle = low.midpoint(high);
            let alike = many.heads.get(middle).is_some_and(|have| *have == head);
            if alike && self.keys.order(middle as u32, text, self.backwards).is_le() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1).map_or(NONE, |place| place as u32)
    }

    fn score(&self, at: u32) -> u32 {
        if self.longest { self.keys.get(at).len() as u32 } else { 0 }
    }
}

/// The first 16 bytes, or the last ones from the end; what is lacking is zeros.
#[inline]
fn head(text: &[u8], fold: bool, backwards: bool) -> u128 {
    let mut bytes = [0; 16];
    let length = text.len().min(16);
    let part = if backwards { text.get(text.len() - length..) } else { text.get(..length) };
    if let (Some(part), Some(bytes)) = (part, bytes.get_mut(..length)) {
        bytes.copy_from_slice(part);
        if backwards {
            bytes.reverse();
        }
        if fold {
            bytes.make_ascii_lowercase();
        }
    }
    u128::from_be_bytes(bytes)
}

//! Addresses in networks: a prefix trie laid out as a sorted array, in which each network is linked to the one around it.
//!
//! Networks contain each other or have nothing in common. So those that an address lies in are the last one that begins at or before it, or
//! networks around that one; the smallest comes first.

use super::{NONE, Seek};
use crate::pattern::parse::Pattern;

#[derive(Debug)]
pub(crate) struct Addresses {
    v4: Networks<u32>,
    v6: Networks<u128>,
    /// Masks with holes, in order: address, mask, which.
    masked: Vec<(u32, u32, u32)>,
}

/// A network of the address's own family counts more than one of the other, and that more than a mask with holes.
const OWN: u32 = 512;
const OTHER: u32 = 256;

impl Addresses {
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let (mut v4, mut v6, mut masked) = (Vec::new(), Vec::new(), Vec::new());
        for (at, pattern) in patterns.iter().enumerate() {
            let at = at as u32;
            match *pattern {
                Pattern::V4(address, bits) => v4.push((address, bits, at)),
                Pattern::V6(address, bits) => v6.push((address, bits, at)),
                Pattern::Masked(address, mask) => masked.push((address, mask, at)),
                _ => {}
            }
        }
        Self { v4: Networks::new(v4), v6: Networks::new(v6), masked }
    }

    #[inline]
    pub(super) fn v4(&self, address: u32, seek: &mut Seek<'_>) {
        if self.v4.seek(address, OWN, seek) || self.masked.is_empty() && self.v6.is_empty() {
            return;
        }
        let mapped = 0xffff << 32 | u128::from(address);
        let _ = self.v6.seek(mapped, OTHER, seek) || self.masked(address, seek);
    }

    #[inline]
    pub(super) fn v6(&self, address: u128, seek: &mut Seek<'_>) {
        if self.v6.seek(address, OWN, seek) {
            return;
        }
        let inner = match address >> 32 {
            0 | 0xffff => address as u32,
            _ if address >> 112 == 0x2002 => (address >> 80) as u32,
            _ => return,
        };
        let _ = self.v4.seek(inner, OTHER, seek) || self.masked(inner, seek);
    }

    fn masked(&self, address: u32, seek: &mut Seek<'_>) -> bool {
        self.masked.iter().any(|(network, mask, at)| address & mask == *network && seek.take(*at, 0))
    }
}

/// An address as a number.
pub(super) trait Bits: Copy + Ord {
    /// Are the first bits of both the same?
    fn alike(self, other: Self, bits: u8) -> bool;
}

impl Bits for u32 {
    #[inline]
    fn alike(self, other: Self, bits: u8) -> bool {
        (self ^ other).leading_zeros() >= u32::from(bits)
    }
}

impl Bits for u128 {
    #[inline]
    fn alike(self, other: Self, bits: u8) -> bool {
        (self ^ other).leading_zeros() >= u32::from(bits)
    }
}

#[derive(Debug)]
struct Networks<T> {
    starts: Vec<T>,
    rest: Vec<Rest>,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    at: u32,
    around: u32,
    bits: u8,
}

impl<T: Bits> Networks<T> {
    fn new(mut networks: Vec<(T, u8, u32)>) -> Self {
        // Larger ones before what is in them; of equals the first is last, and so found first.
        networks.sort_unstable_by_key(|(start, bits, at)| (*start, *bits, std::cmp::Reverse(*at)));
        let mut open = Vec::<u32>::new();
        let mut rest = Vec::with_capacity(networks.len());
        for (place, (start, bits, at)) in networks.iter().enumerate() {
            let holds = |outer: &u32| networks.get(*outer as usize).is_some_and(|outer| start.alike(outer.0, outer.1));
            while open.last().is_some_and(|last| !holds(last)) {
                open.pop();
            }
            rest.push(Rest { at: *at, around: open.last().copied().unwrap_or(NONE), bits: *bits });
            open.push(place as u32);
        }
        Self { starts: networks.into_iter().map(|(start, ..)| start).collect(), rest }
    }

    const fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    #[inline]
    fn seek(&self, address: T, more: u32, seek: &mut Seek<'_>) -> bool {
        let mut place = self.starts.partition_point(|start| *start <= address).wrapping_sub(1);
        while let (Some(start), Some(rest)) = (self.starts.get(place), self.rest.get(place)) {
            if start.alike(address, rest.bits) && seek.take(rest.at, more + u32::from(rest.bits)) {
                return true;
            }
            place = rest.around as usize;
        }
        false
    }
}

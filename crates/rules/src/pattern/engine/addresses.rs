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
    /// How many it has.
    const ALL: u32;

    /// How many of the first bits of both are the same.
    fn alike(self, other: Self) -> u32;

    /// So many bits, behind so many others: at least one, at most 16, and none of them beyond the last.
    fn bits(self, behind: u32, count: u32) -> usize;
}

impl Bits for u32 {
    const ALL: u32 = Self::BITS;

    #[inline]
    fn alike(self, other: Self) -> u32 {
        (self ^ other).leading_zeros()
    }

    #[inline]
    fn bits(self, behind: u32, count: u32) -> usize {
        (self << behind >> (Self::BITS - count)) as usize
    }
}

impl Bits for u128 {
    const ALL: u32 = Self::BITS;

    #[inline]
    fn alike(self, other: Self) -> u32 {
        (self ^ other).leading_zeros()
    }

    #[inline]
    fn bits(self, behind: u32, count: u32) -> usize {
        (self << behind >> (Self::BITS - count)) as usize
    }
}

#[derive(Debug)]
struct Networks<T> {
    /// In order.
    all: Vec<Network<T>>,
    index: Option<Index<T>>,
}

#[derive(Clone, Copy, Debug)]
struct Network<T> {
    start: T,
    at: u32,
    /// The place of the one around it.
    around: u32,
    bits: u8,
}

/// Where among many to begin: by the first bits in which they differ.
#[derive(Debug)]
struct Index<T> {
    first: T,
    last: T,
    /// How many bits are the same in all, and how many are looked at behind those.
    behind: u32,
    count: u32,
    /// How many networks begin with less, for each value of those bits and one more.
    less: Vec<u32>,
}

/// Fewer are searched without an index.
const MANY: usize = 64;
/// The most bits of an index.
const MOST_BITS: u32 = 16;

impl<T: Bits> Networks<T> {
    fn new(mut networks: Vec<(T, u8, u32)>) -> Self {
        // Larger ones before what is in them; of equals the first is last, and so found first.
        networks.sort_unstable_by_key(|(start, bits, at)| (*start, *bits, std::cmp::Reverse(*at)));
        let mut open = Vec::<u32>::new();
        let mut all: Vec<Network<T>> = Vec::with_capacity(networks.len());
        for (start, bits, at) in networks {
            while open.last().is_some_and(|last| !all.get(*last as usize).is_some_and(|outer| outer.holds(start))) {
                open.pop();
            }
            open.push(all.len() as u32);
            let around = open.len().checked_sub(2).and_then(|before| open.get(before)).copied().unwrap_or(NONE);
            all.push(Network { start, at, around, bits });
        }
        Self { index: Index::new(&all), all }
    }

    const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    #[inline]
    fn seek(&self, address: T, more: u32, seek: &mut Seek<'_>) -> bool {
        let (low, high) = self.index.as_ref().map_or((0, self.all.len()), |index| index.range(address, self.all.len()));
        let these = self.all.get(low..high).unwrap_or_default();
        let mut place = (low + these.partition_point(|network| network.start <= address)).wrapping_sub(1);
        while let Some(network) = self.all.get(place) {
            if network.holds(address) && seek.take(network.at, more + u32::from(network.bits)) {
                return true;
            }
            place = network.around as usize;
        }
        false
    }
}

impl<T: Bits> Network<T> {
    #[inline]
    fn holds(&self, address: T) -> bool {
        self.start.alike(address) >= u32::from(self.bits)
    }
}

impl<T: Bits> Index<T> {
    fn new(all: &[Network<T>]) -> Option<Self> {
        let (first, last) = (all.first()?.start, all.last()?.start);
        let behind = first.alike(last);
        let count = all.len().ilog2().min(MOST_BITS).min(T::ALL - behind);
        if all.len() < MANY || count == 0 {
            return None;
        }
        let mut less = vec![0; (1 << count) + 1];
        for network in all {
            if let Some(next) = less.get_mut(network.start.bits(behind, count) + 1) {
                *next += 1;
            }
        }
        let mut sum = 0;
        for count in &mut less {
            sum += *count;
            *count = sum;
        }
        Some(Self { first, last, behind, count, less })
    }

    /// Those that begin like an address. The last one that begins at or before it is one of them, or the one before the first.
    #[inline]
    fn range(&self, address: T, all: usize) -> (usize, usize) {
        if address < self.first {
            return (0, 0);
        }
        if address >= self.last {
            return (all, all);
        }
        let value = address.bits(self.behind, self.count);
        match self.less.get(value..).and_then(<[u32]>::first_chunk) {
            Some([low, high]) => (*low as usize, *high as usize),
            None => (0, all),
        }
    }
}

//! Texts in a row, in one piece of memory.

use std::sync::Arc;

use crate::pattern::entries::Entries;

/// Texts by number. With `fold` they are in lower case, and so is taken what they are compared with.
#[derive(Debug)]
pub(super) struct Keys {
    texts: Texts,
    pub(super) fold: bool,
}

#[derive(Debug)]
enum Texts {
    Own {
        bytes: Vec<u8>,
        /// Where each begins, and where the last one ends.
        starts: Vec<u32>,
    },
    /// As they are written: where a key of a map was just read, its value is near.
    Of(Arc<Entries>),
}

impl Keys {
    /// The keys of entries, as they are written.
    pub(super) fn of(entries: &Arc<Entries>, fold: bool) -> Self {
        if fold || !entries.has_values() {
            return Self::new(entries.keys(), fold);
        }
        Self { texts: Texts::Of(Arc::clone(entries)), fold }
    }

    pub(super) fn new<'k>(keys: impl Iterator<Item = &'k [u8]>, fold: bool) -> Self {
        let (mut bytes, mut starts) = (Vec::new(), vec![0]);
        for key in keys {
            let start = bytes.len();
            bytes.extend_from_slice(key);
            if fold {
                bytes[start..].make_ascii_lowercase();
            }
            starts.push(bytes.len() as u32);
        }
        bytes.shrink_to_fit();
        starts.shrink_to_fit();
        Self { texts: Texts::Own { bytes, starts }, fold }
    }

    pub(super) fn len(&self) -> usize {
        match &self.texts {
            Texts::Own { starts, .. } => starts.len().saturating_sub(1),
            Texts::Of(entries) => entries.len(),
        }
    }

    #[inline]
    pub(super) fn get(&self, at: u32) -> &[u8] {
        let (bytes, starts) = match &self.texts {
            Texts::Own { bytes, starts } => (bytes, starts),
            Texts::Of(entries) => return entries.key(at),
        };
        match starts.get(at as usize..).and_then(<[u32]>::first_chunk) {
            Some([start, end]) => bytes.get(*start as usize..*end as usize).unwrap_or_default(),
            None => &[],
        }
    }

    /// Where one begins in the piece of memory.
    pub(super) fn start(&self, at: u32) -> u32 {
        match &self.texts {
            Texts::Own { starts, .. } => starts.get(at as usize).copied().unwrap_or(0),
            Texts::Of(entries) => entries.key_start(at),
        }
    }

    /// So many bytes from a place in the piece of memory on: one load less than to ask for a text by its number.
    #[inline]
    pub(super) fn bytes(&self, start: u32, length: usize) -> &[u8] {
        let bytes = match &self.texts {
            Texts::Own { bytes, .. } => bytes,
            Texts::Of(entries) => entries.text(),
        };
        bytes.get(start as usize..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }

    #[inline]
    pub(super) fn is(&self, at: u32, text: &[u8]) -> bool {
        self.same(self.get(at), text)
    }

    /// Are these the same?
    #[inline]
    pub(super) fn same(&self, key: &[u8], text: &[u8]) -> bool {
        if self.fold { key.eq_ignore_ascii_case(text) } else { key == text }
    }

    /// Does a text begin, or end, with it?
    #[inline]
    pub(super) fn is_affix(&self, at: u32, text: &[u8], backwards: bool) -> bool {
        let length = self.get(at).len();
        let part = match text.len().checked_sub(length) {
            None => return false,
            Some(rest) if backwards => text.get(rest..),
            Some(_) => text.get(..length),
        };
        part.is_some_and(|part| self.is(at, part))
    }
}

/// Up to seven bytes, in two loads that overlap.
#[inline]
pub(super) fn short(text: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (text.len() - 4));
    }
    text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Eight bytes in lower case.
#[inline]
pub(super) const fn fold(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = EACH << 7;
    let low = word & !TOP;
    let behind_z = low + EACH * (0x7f - b'Z' as u64);
    let from_a = low + EACH * (0x80 - b'A' as u64);
    let upper = (from_a ^ behind_z) & !word & TOP;
    word | upper >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_are_folded_as_each_of_them() {
        for byte in 0..=u8::MAX {
            for beside in [0, b'@', b'A', b'Z', b'[', 0x7f, 0xc1, 0xff] {
                let mut bytes = [byte, beside, byte, beside, byte, byte, beside, byte];
                let folded = fold(u64::from_le_bytes(bytes));
                bytes.make_ascii_lowercase();
                assert_eq!(folded.to_le_bytes(), bytes);
            }
        }
    }
}

//! A few texts, compared one after another: by their first or last eight bytes at once, and by the rest where those are the same.

use super::keys::{Keys, fold, short};

/// What is compared at once.
const WORD: usize = 8;

#[derive(Debug)]
pub(super) struct Few {
    heads: Box<[Head]>,
    /// Their last bytes are compared first.
    backwards: bool,
}

/// The end of a text that is compared first.
#[derive(Debug)]
struct Head {
    bytes: u64,
    /// Which bytes of a word it has.
    mask: u64,
    length: u32,
}

impl Few {
    pub(super) fn new(keys: &Keys, backwards: bool) -> Self {
        let head = |at| {
            let key = keys.get(at);
            let unused = 8 * (WORD - key.len().min(WORD)) as u32;
            let mask = if backwards { u64::MAX.checked_shl(unused) } else { u64::MAX.checked_shr(unused) };
            Head { bytes: word(key, backwards), mask: mask.unwrap_or(0), length: key.len() as u32 }
        };
        Self { heads: (0..keys.len() as u32).map(head).collect(), backwards }
    }

    /// Visits those that a text begins with, or ends with, in order. True: the visitor wants no more.
    #[inline]
    pub(super) fn affixes(&self, keys: &Keys, text: &[u8], visit: impl FnMut(u32) -> bool) -> bool {
        self.visit(keys, text, |length| length <= text.len(), visit)
    }

    /// Visits those that are the same text.
    #[inline]
    pub(super) fn same(&self, keys: &Keys, text: &[u8], visit: impl FnMut(u32) -> bool) -> bool {
        self.visit(keys, text, |length| length == text.len(), visit)
    }

    #[inline]
    fn visit(
        &self,
        keys: &Keys,
        text: &[u8],
        fits: impl Fn(usize) -> bool,
        mut visit: impl FnMut(u32) -> bool,
    ) -> bool {
        let plain = word(text, self.backwards);
        let have = if keys.fold { fold(plain) } else { plain };
        for (head, at) in self.heads.iter().zip(0..) {
            let length = head.length as usize;
            if fits(length)
                && (head.bytes ^ have) & head.mask == 0
                && (length <= WORD || keys.is_affix(at, text, self.backwards))
                && visit(at)
            {
                return true;
            }
        }
        false
    }
}

/// The first eight bytes, the first one lowest, or the last eight, the last one highest; what is lacking is zeros.
#[inline]
fn word(text: &[u8], backwards: bool) -> u64 {
    let whole = if backwards { text.last_chunk::<WORD>() } else { text.first_chunk() };
    match whole {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None if backwards => short(text).checked_shl(8 * (WORD - text.len()) as u32).unwrap_or(0),
        None => short(text),
    }
}

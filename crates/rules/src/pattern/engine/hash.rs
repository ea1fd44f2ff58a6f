//! A hash of short texts that costs a few multiplications. Its seeds are drawn anew for each list and told to nobody: rules may fill a list
//! with what clients say.

use std::hash::{BuildHasher, RandomState};

use super::keys::{fold, short};

#[derive(Debug)]
pub(super) struct Seeds(u64, u64);

impl Seeds {
    pub(super) fn new() -> Self {
        let drawn = RandomState::new();
        Self(drawn.hash_one(1), drawn.hash_one(2))
    }

    /// Of a text, or of what it is in lower case.
    #[inline]
    pub(super) fn hash(&self, text: &[u8], caseless: bool) -> u64 {
        let Self(first, second) = *self;
        let step = |state: u64, low: u64, high: u64| {
            let (low, high) = if caseless { (fold(low), fold(high)) } else { (low, high) };
            mixed(state ^ low, second ^ high)
        };
        let mut state = first;
        let mut rest = text;
        while let Some((low, behind)) = rest.split_first_chunk()
            && let Some((high, behind)) = behind.split_first_chunk()
        {
            state = step(state, u64::from_le_bytes(*low), u64::from_le_bytes(*high));
            rest = behind;
        }
        // Loads that overlap: the length is in the hash as well.
        let (low, high) = match (rest.first_chunk(), rest.last_chunk()) {
            (Some(low), Some(high)) => (u64::from_le_bytes(*low), u64::from_le_bytes(*high)),
            _ => (short(rest), 0),
        };
        // A length beside a byte might cancel it out.
        mixed(step(state, low, high), second ^ (text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

#[inline]
fn mixed(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_that_differ_a_little_have_other_hashes() {
        let seeds = Seeds::new();
        let mut seen = HashSet::new();
        for length in 0..70 {
            let mut text = vec![b'a'; length];
            assert!(seen.insert(seeds.hash(&text, false)), "{length}");
            for at in 0..length {
                text[at] ^= 1;
                assert!(seen.insert(seeds.hash(&text, false)), "{length} {at}");
                text[at] ^= 1;
            }
        }
    }

    #[test]
    fn without_case_a_hash_is_that_of_the_lower_case() {
        let seeds = Seeds::new();
        for length in 0..70 {
            let text: Vec<u8> = (0..length).map(|at| b"aBc-Z9@["[at % 8]).collect();
            assert_eq!(seeds.hash(&text, true), seeds.hash(&text.to_ascii_lowercase(), false));
        }
    }
}

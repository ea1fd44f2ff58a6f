//! Regular expressions: tried in order, behind one that tells whether any of them can match.

use regex::bytes::{Regex, RegexSet, RegexSetBuilder};

use super::{FEW, Seek};

/// The most memory that the gate of many may take.
const GATE_BYTES: usize = 32 << 20;

#[derive(Debug)]
pub(crate) struct Regexes {
    each: Vec<Regex>,
    /// All at once. None for a few, and for so many that they would need too much memory.
    gate: Option<RegexSet>,
}

impl Regexes {
    pub(super) fn new(each: Vec<Regex>, caseless: bool) -> Self {
        let gate = (each.len() > FEW).then(|| {
            let texts = each.iter().map(Regex::as_str);
            let set =
                RegexSetBuilder::new(texts).unicode(false).case_insensitive(caseless).size_limit(GATE_BYTES).build();
            set.ok()
        });
        Self { each, gate: gate.flatten() }
    }

    pub(super) fn get(&self, at: u32) -> Option<&Regex> {
        self.each.get(at as usize)
    }

    #[inline]
    pub(super) fn seek(&self, text: &[u8], seek: &mut Seek<'_>) {
        if self.gate.as_ref().is_some_and(|gate| !gate.is_match(text)) {
            return;
        }
        if self.gate.is_some() && seek.any_at_all() {
            seek.take(0, 0);
            return;
        }
        for (at, regex) in self.each.iter().enumerate() {
            if regex.is_match(text) && seek.take(at as u32, 0) {
                return;
            }
        }
    }
}

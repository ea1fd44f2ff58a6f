//! Regular expressions: tried in order, behind one that tells whether any of them can match.

use regex::bytes::{Regex, RegexSet, RegexSetBuilder};

use super::{FEW, Seek};

/// The most memory that the gate of many may take.
const GATE_BYTES: usize = 32 << 20;

#[derive(Debug)]
pub(crate) struct Regexes {
    each: Vec<Regex>,
    /// What a text begins with that one of them matches.
    begins: Vec<Box<[u8]>>,
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
        let begins = each.iter().map(|regex| if caseless { [].into() } else { begin(regex.as_str()).into() });
        Self { begins: begins.collect(), each, gate: gate.flatten() }
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
        for (at, (regex, begin)) in self.each.iter().zip(&self.begins).enumerate() {
            if text.starts_with(begin) && regex.is_match(text) && seek.take(at as u32, 0) {
                return;
            }
        }
    }
}

/// What stands plainly behind a `^` that every match begins with: this is compared in no time, and a regular expression is not.
fn begin(regex: &str) -> &[u8] {
    let Some(rest) = regex.strip_prefix('^').filter(|_| !regex.contains('|')) else { return b"" };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'=' | b':' | b',');
    let length = rest.bytes().take_while(plain).count();
    // The last one may be there any number of times.
    let counted = matches!(rest.as_bytes().get(length), Some(b'?' | b'*' | b'+' | b'{'));
    rest.as_bytes().get(..length - usize::from(counted && length > 0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::begin;

    #[test]
    fn only_what_every_match_begins_with_is_compared_before() {
        for (regex, want) in [
            ("^/v[0-9]+/secret", "/v"),
            ("^/ab?c", "/a"),
            ("^a*", ""),
            ("^/x{0,3}", "/"),
            ("^/x+y", "/"),
            ("^/a|b", ""),
            ("^(?i)/a", ""),
            ("/a", ""),
            ("^/a.b", "/a"),
            ("^/a\\.b", "/a"),
            ("^^/a", ""),
            ("^", ""),
            ("^abc$", "abc"),
        ] {
            assert_eq!(begin(regex), want.as_bytes(), "{regex}");
        }
    }
}

//! Engines: what finds the pattern that matches. Which one it is follows from the method and the number of patterns.
//!
//! None of them allocates while it searches, and none copies what it searches in.

mod addresses;
mod affix;
mod exact;
mod few;
mod hash;
mod keys;
mod parts;
mod ranges;
mod regexes;
#[cfg(test)]
mod tests;
mod within;

use std::sync::Arc;

use self::addresses::Addresses;
use self::affix::Affix;
use self::exact::Exact;
use self::keys::Keys;
use self::parts::Parts;
use self::ranges::Ranges;
use self::regexes::Regexes;
use self::within::Within;
use super::entries::Entries;
use super::parse::{self, Pattern};
use super::way::{Input, Match, Way};

/// Up to so many patterns are just compared one after another.
const FEW: usize = 4;
/// No place: the end of links.
const NONE: u32 = u32::MAX;

/// Finds entries that match.
#[derive(Debug)]
pub(crate) enum Engine {
    Exact(Exact),
    Affix(Affix),
    Within(Within),
    Parts(Parts),
    Regexes(Regexes),
    Ranges(Ranges),
    Addresses(Addresses),
    /// Nothing matches.
    Never,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub at: u32,
    pub text: String,
}

impl Engine {
    /// For entries.
    pub(crate) fn new(way: Way, entries: &Arc<Entries>, regexes: &mut crate::Regexes) -> Result<Self, Wrong> {
        if entries.len() == 0 || !way.how.has_patterns() {
            return Ok(Self::Never);
        }
        if way.how == Match::Str {
            return Ok(Self::Exact(Exact::new(Keys::of(entries, way.caseless))));
        }
        let mut patterns = Vec::with_capacity(entries.len());
        for (at, key) in entries.keys().enumerate() {
            let pattern = parse::pattern(way, key, regexes).map_err(|text| Wrong { at: at as u32, text })?;
            patterns.push(pattern);
        }
        let keys = |fold| {
            let texts = entries.keys().zip(&patterns).map(|(key, pattern)| match pattern {
                Pattern::Bytes(bytes) => bytes.as_slice(),
                _ => key,
            });
            Keys::new(texts, fold)
        };
        Ok(match way.how {
            Match::Found | Match::Bool => Self::Never,
            Match::Str => Self::Exact(Exact::new(Keys::of(entries, way.caseless))),
            Match::Bin => Self::Exact(Exact::new(keys(false))),
            // As in HAProxy, whose tree knows no case: the longest of exact case, the first without.
            Match::Beg => Self::Affix(Affix::new(Keys::of(entries, way.caseless), false, !way.caseless)),
            Match::End => Self::Affix(Affix::new(Keys::of(entries, way.caseless), true, false)),
            Match::Sub => Self::Within(Within::new(&keys(way.caseless)).map_err(|text| Wrong { at: 0, text })?),
            Match::Dir | Match::Dom => Self::Parts(Parts::new(keys(way.caseless), parse::delimiters(way.how))),
            Match::Ip => Self::Addresses(Addresses::new(&patterns)),
            Match::Int | Match::Len => Self::Ranges(Ranges::new(patterns.iter().filter_map(|pattern| match pattern {
                Pattern::Range(low, high) => Some((*low, *high)),
                _ => None,
            }))),
            Match::Reg => {
                let each = patterns.into_iter().filter_map(|pattern| match pattern {
                    Pattern::Regex(regex) => Some(regex),
                    _ => None,
                });
                Self::Regexes(Regexes::new(each.collect(), way.caseless))
            }
        })
    }

    /// Finds keys as they are written.
    pub(crate) fn index(entries: &Arc<Entries>) -> Self {
        Self::Exact(Exact::new(Keys::of(entries, false)))
    }

    /// Searches.
    #[inline]
    pub(crate) fn seek(&self, input: Input<'_>, seek: &mut Seek<'_>) {
        match (self, input) {
            (Self::Exact(exact), Input::Text(text)) => {
                exact.seek(text, seek);
            }
            (Self::Affix(affix), Input::Text(text)) => affix.seek(text, seek),
            (Self::Within(within), Input::Text(text)) => within.seek(text, seek),
            (Self::Parts(parts), Input::Text(text)) => parts.seek(text, seek),
            (Self::Regexes(regexes), Input::Text(text)) => regexes.seek(text, seek),
            (Self::Ranges(ranges), Input::Int(number)) => ranges.seek(number, seek),
            (Self::Addresses(addresses), Input::V4(address)) => addresses.v4(address, seek),
            (Self::Addresses(addresses), Input::V6(address)) => addresses.v6(address, seek),
            _ => {}
        }
    }

    /// Every entry whose key is written exactly so.
    pub(crate) fn each(&self, key: &[u8], mut visit: impl FnMut(u32)) {
        if let Self::Exact(exact) = self {
            exact.each(key, |at| {
                visit(at);
                false
            });
        }
    }

    /// The regular expression of an entry.
    pub(crate) fn regex(&self, at: u32) -> Option<&regex::bytes::Regex> {
        match self {
            Self::Regexes(regexes) => regexes.get(at),
            _ => None,
        }
    }
}

/// What is looked for, and the best that was found: a higher score first, then the first in the list.
#[derive(Debug)]
pub(crate) struct Seek<'s> {
    /// A bit for each entry that is not there any more.
    dead: Option<&'s [u64]>,
    any: bool,
    best: Option<(u32, u32)>,
}

impl<'s> Seek<'s> {
    /// Any that matches will do.
    #[inline]
    pub(crate) const fn any(dead: Option<&'s [u64]>) -> Self {
        Self { dead, any: true, best: None }
    }

    /// The best that matches.
    #[inline]
    pub(crate) const fn best(dead: Option<&'s [u64]>) -> Self {
        Self { dead, any: false, best: None }
    }

    /// The score and place of what was found.
    #[inline]
    pub(crate) const fn found(&self) -> Option<(u32, u32)> {
        self.best
    }

    /// Does it not matter which one matches?
    #[inline]
    const fn any_at_all(&self) -> bool {
        self.any && self.dead.is_none()
    }

    #[inline]
    fn alive(&self, at: u32) -> bool {
        self.dead.is_none_or(|dead| dead.get(at as usize / 64).is_none_or(|bits| bits & (1 << (at % 64)) == 0))
    }

    /// One that matches, from an engine that shows the best first. True: that is all.
    #[inline]
    fn take(&mut self, at: u32, score: u32) -> bool {
        if self.alive(at) {
            self.best = Some((score, at));
            return true;
        }
        false
    }

    /// One that matches, from an engine that knows no order. True: that is all.
    #[inline]
    fn offer(&mut self, at: u32, score: u32) -> bool {
        if !self.alive(at) {
            return false;
        }
        let better = |&(have, first): &(u32, u32)| score > have || score == have && at < first;
        if self.best.as_ref().is_none_or(better) {
            self.best = Some((score, at));
        }
        self.any
    }
}

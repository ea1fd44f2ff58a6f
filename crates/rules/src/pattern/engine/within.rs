//! Text within text: one automaton for all patterns; a few of exact case are searched one by one.

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, Input};
use memchr::memmem::Finder;

use super::keys::Keys;
use super::{FEW, Seek};

#[derive(Debug)]
pub(crate) enum Within {
    Few(Vec<Finder<'static>>),
    Many(AhoCorasick),
}

impl Within {
    /// The error says why no automaton can be made.
    pub(super) fn new(keys: &Keys) -> Result<Self, String> {
        let texts = (0..keys.len() as u32).map(|at| keys.get(at));
        if keys.len() <= FEW && !keys.fold {
            return Ok(Self::Few(texts.map(|text| Finder::new(text).into_owned()).collect()));
        }
        let built = AhoCorasick::builder().ascii_case_insensitive(keys.fold).build(texts);
        built.map(Self::Many).map_err(|error| error.to_string())
    }

    #[inline]
    pub(super) fn seek(&self, text: &[u8], seek: &mut Seek<'_>) {
        match self {
            Self::Few(finders) => {
                for (at, finder) in finders.iter().enumerate() {
                    if finder.find(text).is_some() && seek.take(at as u32, 0) {
                        return;
                    }
                }
            }
            Self::Many(automaton) if seek.any_at_all() => {
                if let Some(found) = automaton.find(text) {
                    seek.take(found.pattern().as_u32(), 0);
                }
            }
            Self::Many(automaton) => {
                let mut state = OverlappingState::start();
                let input = Input::new(text);
                loop {
                    automaton.find_overlapping(input.clone(), &mut state);
                    let Some(found) = state.get_match() else { return };
                    if seek.offer(found.pattern().as_u32(), 0) {
                        return;
                    }
                }
            }
        }
    }
}

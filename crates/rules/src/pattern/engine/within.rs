//! Text within text: one automaton for all patterns; a few of exact case are searched one by one.

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, Input};
use memchr::memmem::Finder;

use super::keys::Keys;
use super::{FEW, Seek};

#[derive(Debug)]
pub(crate) struct Within {
    /// The length of the shortest: nothing is within less.
    shortest: usize,
    by: By,
}

#[derive(Debug)]
enum By {
    Each(Vec<Finder<'static>>),
    Automaton(AhoCorasick),
}

impl Within {
    /// The error says why no automaton can be made.
    pub(super) fn new(keys: &Keys) -> Result<Self, String> {
        let texts = || (0..keys.len() as u32).map(|at| keys.get(at));
        let shortest = texts().map(<[u8]>::len).min().unwrap_or(0);
        let by = if keys.len() <= FEW && !keys.fold {
            By::Each(texts().map(|text| Finder::new(text).into_owned()).collect())
        } else {
            let built = AhoCorasick::builder().ascii_case_insensitive(keys.fold).build(texts());
            By::Automaton(built.map_err(|error| error.to_string())?)
        };
        Ok(Self { shortest, by })
    }

    #[inline]
    pub(super) fn seek(&self, text: &[u8], seek: &mut Seek<'_>) {
        if text.len() < self.shortest {
            return;
        }
        match &self.by {
            By::Each(finders) => {
                for (at, finder) in finders.iter().enumerate() {
                    if text.len() >= finder.needle().len() && finder.find(text).is_some() && seek.take(at as u32, 0) {
                        return;
                    }
                }
            }
            By::Automaton(automaton) if seek.any_at_all() => {
                if let Some(found) = automaton.find(text) {
                    seek.take(found.pattern().as_u32(), 0);
                }
            }
            By::Automaton(automaton) => {
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

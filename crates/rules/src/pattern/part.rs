//! The parts of a list: one large one that was loaded, and smaller ones for what came later.
//!
//! An entry that is added goes into the last part, which is built anew as long as it has fewer than [`TAIL`] entries. Then it stays, and
//! parts are joined when one is not eight times as large as the next: so there are few of them, and an entry is copied about fifty times
//! until it is in a list of 100,000, instead of the whole list for each. An entry that goes is a bit in a copy of its part's bits.

use std::sync::{Arc, OnceLock};

use super::engine::{Engine, Seek, Wrong};
use super::entries::Entries;
use super::way::{Input, Match, Way};
use crate::Regexes;

/// Parts are built anew for each entry up to this size.
const TAIL: usize = 32;
/// How much larger a part is than the one behind it.
const STEP: usize = 8;

/// A way in which a list is looked at. What no configuration uses any more need not fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub way: Way,
    pub used: bool,
}

/// Entries that never change, with their engines: one for each way in which the list is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub entries: Arc<Entries>,
    engines: Vec<Arc<Engine>>,
    /// Finds entries by their keys: the engine for the same text, or one that is made when it is needed.
    index: Arc<OnceLock<Arc<Engine>>>,
    /// A bit for each entry that is gone.
    dead: Option<Arc<[u64]>>,
    gone: usize,
}

impl Part {
    pub(crate) fn new(entries: Entries, views: &[View], regexes: &mut Regexes) -> Result<Self, Wrong> {
        let entries = Arc::new(entries);
        let engines = views.iter().map(|view| match Engine::new(view.way, &entries, regexes) {
            Err(_) if !view.used => Ok(Arc::new(Engine::Never)),
            built => built.map(Arc::new),
        });
        let engines = engines.collect::<Result<_, _>>()?;
        Ok(Self::built(entries, engines, views))
    }

    /// Of engines for these views.
    pub(crate) fn built(entries: Arc<Entries>, engines: Vec<Arc<Engine>>, views: &[View]) -> Self {
        let index = Arc::new(OnceLock::new());
        let same = views.iter().zip(&engines).find(|(view, _)| view.way == Way::of(Match::Str));
        if let Some((_, engine)) = same.filter(|(_, engine)| !matches!(***engine, Engine::Never)) {
            let _ = index.set(Arc::clone(engine));
        }
        Self { entries, engines, index, dead: None, gone: 0 }
    }

    /// An engine for a view. What does not fit it is never matched, and is told.
    pub(crate) fn look(&mut self, view: usize, way: Way, regexes: &mut Regexes) -> Option<Wrong> {
        let (engine, wrong) = match Engine::new(way, &self.entries, regexes) {
            Ok(engine) => (engine, None),
            Err(wrong) => (Engine::Never, Some(wrong)),
        };
        let engine = Arc::new(engine);
        if way == Way::of(Match::Str) && wrong.is_none() {
            let _ = self.index.set(Arc::clone(&engine));
        }
        match self.engines.get_mut(view) {
            Some(have) => *have = engine,
            None => self.engines.push(engine),
        }
        wrong
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.gone
    }

    #[inline]
    pub(crate) fn engine(&self, view: usize) -> Option<&Arc<Engine>> {
        self.engines.get(view)
    }

    #[inline]
    pub(crate) fn any(&self, view: usize, input: Input<'_>) -> bool {
        let mut seek = Seek::any(self.dead.as_deref());
        if let Some(engine) = self.engines.get(view) {
            engine.seek(input, &mut seek);
        }
        seek.found().is_some()
    }

    /// Score and place of the best.
    #[inline]
    pub(crate) fn best(&self, view: usize, input: Input<'_>) -> Option<(u32, u32)> {
        let mut seek = Seek::best(self.dead.as_deref());
        self.engines.get(view)?.seek(input, &mut seek);
        seek.found()
    }

    fn alive(&self, at: u32) -> bool {
        let bits = self.dead.as_ref().and_then(|dead| dead.get(at as usize / 64));
        bits.is_none_or(|bits| bits & (1 << (at % 64)) == 0)
    }

    /// The places of all that are there.
    pub(crate) fn places(&self) -> impl Iterator<Item = u32> {
        (0..self.entries.len() as u32).filter(|at| self.alive(*at))
    }

    /// The places of a key.
    pub(crate) fn with_key(&self, key: &[u8]) -> Vec<u32> {
        if self.entries.len() <= TAIL {
            return self.places().filter(|at| self.entries.key(*at) == key).collect();
        }
        let mut found = Vec::new();
        let index = self.index.get_or_init(|| Arc::new(Engine::index(&self.entries)));
        index.each(key, |at| {
            if self.alive(at) {
                found.push(at);
            }
        });
        found
    }

    /// The place of an id.
    pub(crate) fn with_id(&self, id: u64) -> Option<u32> {
        self.entries.with_id(id).filter(|at| self.alive(*at))
    }

    /// These are gone from now on.
    pub(crate) fn remove(&mut self, places: &[u32]) {
        let mut bits = match &self.dead {
            Some(dead) => dead.to_vec(),
            None => vec![0; self.entries.len().div_ceil(64)],
        };
        for at in places {
            let bit = 1 << (at % 64);
            if let Some(word) = bits.get_mut(*at as usize / 64).filter(|word| **word & bit == 0) {
                *word |= bit;
                self.gone += 1;
            }
        }
        self.dead = Some(bits.into());
    }

    fn is_sparse(&self) -> bool {
        self.gone * 2 > self.entries.len()
    }
}

/// An entry to be put in: id, key, value.
pub(crate) type New<'n> = (u64, &'n [u8], &'n [u8]);

/// Puts entries in. The error says what the engines cannot take; the parts are as they were then.
pub(crate) fn add(parts: &mut Vec<Part>, new: &[New<'_>], views: &[View]) -> Result<(), Wrong> {
    let regexes = &mut Regexes::default();
    let mut kept = parts.clone();
    let tail = kept.pop_if(|last| last.len() < TAIL);
    let joined = join(tail.as_slice(), new, views, regexes)?;
    // What stays is joined with what is not much larger before the new tail is put behind it.
    if tail.is_none() {
        while let [.., before, last] = kept.as_slice()
            && before.len() < STEP * last.len()
        {
            let both = join(&kept[kept.len() - 2..], &[], views, regexes)?;
            kept.truncate(kept.len() - 2);
            kept.push(both);
        }
    }
    kept.push(joined);
    *parts = kept;
    Ok(())
}

/// Gives back the memory of what is gone, where it is worth it.
pub(crate) fn compact(parts: &mut Vec<Part>, views: &[View]) {
    parts.retain(|part| part.len() > 0);
    for part in parts.iter_mut().filter(|part| part.is_sparse()) {
        // It was built once, so it can be built again with less; if not, it stays.
        if let Ok(dense) = join(std::slice::from_ref(part), &[], views, &mut Regexes::default()) {
            *part = dense;
        }
    }
}

fn join(parts: &[Part], new: &[New<'_>], views: &[View], regexes: &mut Regexes) -> Result<Part, Wrong> {
    let old = parts
        .iter()
        .flat_map(|part| part.places().map(|at| (part.entries.id(at), part.entries.key(at), part.entries.value(at))));
    let mut all: Vec<New<'_>> = old.chain(new.iter().copied()).collect();
    all.sort_by_key(|(id, ..)| *id);
    let entries =
        Entries::of(all.into_iter()).ok_or(Wrong { at: 0, text: String::from("more than 4 GiB of entries") })?;
    Part::new(entries, views, regexes)
}

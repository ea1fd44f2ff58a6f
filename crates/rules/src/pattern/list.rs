//! A list of patterns that may change while it is looked at.
//!
//! Who looks sees one state of the whole list, in all ways in which it is looked at, and takes no lock: a state is never changed, but
//! replaced. Who changes it takes a lock, and makes the next state out of the parts of the last one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::engine::{Engine, Wrong};
use super::entries::{Columns, Entries, Entry};
use super::out::Out;
use super::parse;
use super::part::{self, Part, View};
use super::way::{Input, Match, Way};
use crate::{Arena, Regexes, Value};

/// Rules and operators may add so many entries to those that were loaded.
const MOST_ADDED: usize = if cfg!(test) { 1000 } else { 1_000_000 };

/// Why a list was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The key is no pattern for one of the ways in which the list is looked at.
    Pattern(String),
    /// The value is none of the type that a map gives.
    Value(String),
    /// A million entries were added already.
    Full,
    /// No such version is being prepared.
    Version,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(text) | Self::Value(text) => f.write_str(text),
            Self::Full => write!(f, "more than {MOST_ADDED} entries were added"),
            Self::Version => f.write_str("no such version is being prepared"),
        }
    }
}

impl std::error::Error for Refused {}

/// One way in which a list is looked at, and what was found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The way.
    pub way: Way,
    /// The entry that matches.
    pub entry: Option<Entry>,
}

/// A list of patterns, or a map.
pub struct List {
    name: Option<Box<str>>,
    about: Box<str>,
    columns: Columns,
    /// It is not what it was when it was made.
    touched: AtomicBool,
    live: ArcSwap<Vec<Part>>,
    state: Mutex<State>,
}

/// What only those who change a list need.
#[derive(Debug, Default)]
struct State {
    /// The ways in which it is looked at: they are known by their place here, and never go.
    views: Vec<View>,
    outs: Vec<Out>,
    adopted: bool,
    next_id: u64,
    version: u32,
    next_version: u32,
    prepared: BTreeMap<u32, Vec<Entry>>,
    /// How many entries were loaded.
    loaded: usize,
    /// A hash of the file.
    source: Option<u64>,
}

/// What a file says anew, not in force yet.
#[derive(Debug)]
pub(crate) struct Staged {
    pub entries: Arc<Entries>,
    pub source: Option<u64>,
    pub engines: Vec<(Way, Arc<Engine>)>,
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("name", &self.name).field("about", &self.about).finish_non_exhaustive()
    }
}

impl List {
    pub(crate) fn new(
        name: Option<&str>,
        about: &str,
        columns: Columns,
        entries: Entries,
        source: Option<u64>,
    ) -> Self {
        let loaded = entries.len();
        let state = State { next_id: loaded as u64, loaded, source, ..State::default() };
        Self {
            name: name.map(Into::into),
            about: about.into(),
            columns,
            touched: AtomicBool::new(false),
            live: ArcSwap::from_pointee(vec![Part::built(Arc::new(entries), Vec::new(), &[])]),
            state: Mutex::new(state),
        }
    }

    /// The file's name, or `virt@…`; those that stand in a rule have none.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it is used, for people.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Has it values?
    #[must_use]
    pub const fn columns(&self) -> Columns {
        self.columns
    }

    pub(crate) fn source(&self) -> Option<u64> {
        self.state.lock().source
    }

    /// The view of a way, made if it is new, and what does not fit it.
    pub(crate) fn view(&self, way: Way, regexes: &mut Regexes) -> (usize, Option<(Wrong, Arc<Entries>)>) {
        let mut state = self.state.lock();
        let before = state.views.iter().position(|have| have.way == way);
        if let Some(view) = before.filter(|view| state.views.get(*view).is_some_and(|view| view.used)) {
            return (view, None);
        }
        // One that no configuration used for a while may have lost what it knew.
        let view = before.unwrap_or(state.views.len());
        let mut parts = Vec::clone(&self.live.load());
        let mut wrong = None;
        for part in &mut parts {
            let entries = Arc::clone(&part.entries);
            wrong = wrong.or(part.look(view, way, regexes).map(|wrong| (wrong, entries)));
        }
        if before.is_none() {
            // Of a list that is in force already it is used once the new configuration is.
            let used = !state.adopted;
            state.views.push(View { way, used });
        }
        self.live.store(Arc::new(parts));
        (view, wrong)
    }

    /// Its values are read so. Gives the first that is none, with its place.
    pub(crate) fn gives(&self, out: Out) -> Option<(Wrong, Arc<Entries>)> {
        let mut state = self.state.lock();
        if !state.adopted && !state.outs.contains(&out) {
            state.outs.push(out);
        }
        let parts = self.live.load();
        parts.iter().find_map(|part| {
            let wrong = |at| out.check(part.entries.value(at)).err().map(|text| Wrong { at, text });
            part.places().find_map(wrong).map(|wrong| (wrong, Arc::clone(&part.entries)))
        })
    }

    /// A configuration that uses it so is in force, and maybe what a file says anew.
    pub(crate) fn adopt(&self, used: &[Way], outs: &[Out], staged: Option<Staged>) {
        let mut state = self.state.lock();
        (state.outs, state.adopted) = (outs.to_vec(), true);
        for view in &mut state.views {
            view.used = used.contains(&view.way);
        }
        let Some(staged) = staged else { return };
        let engines = state.views.iter().map(|view| {
            let ready = staged.engines.iter().find(|(have, _)| *have == view.way);
            // What no configuration uses any more need not fit.
            ready.map_or_else(|| Arc::new(Engine::Never), |(_, engine)| Arc::clone(engine))
        });
        let part = Part::built(staged.entries, engines.collect(), &state.views);
        state.loaded = part.len();
        state.next_id = state.next_id.max(part.entries.len() as u64);
        state.source = staged.source;
        state.prepared.clear();
        state.version = state.next_version;
        self.show(vec![part]);
    }

    fn show(&self, parts: Vec<Part>) {
        self.touched.store(true, Ordering::Release);
        self.live.store(Arc::new(parts));
    }

    /// The engine of a list that has one part and was not changed since it was made.
    pub(crate) fn fixed(&self, view: usize) -> Option<Arc<Engine>> {
        match self.live.load().as_slice() {
            [part] if !self.is_touched() => part.engine(view).cloned(),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn is_touched(&self) -> bool {
        self.touched.load(Ordering::Acquire)
    }

    /// Does an entry match?
    #[inline]
    pub(crate) fn any(&self, view: usize, input: Input<'_>) -> bool {
        self.live.load().iter().any(|part| part.any(view, input))
    }

    /// Shows the part and place of the entry that matches best.
    #[inline]
    pub(crate) fn best<R>(&self, view: usize, input: Input<'_>, show: impl FnOnce(&Part, u32) -> R) -> Option<R> {
        let parts = self.live.load();
        if let [part] = parts.as_slice() {
            return part.best(view, input).map(|(_, at)| show(part, at));
        }
        let mut best: Option<(u32, u64, &Part, u32)> = None;
        for part in parts.iter() {
            let Some((score, at)) = part.best(view, input) else { continue };
            let id = part.entries.id(at);
            let better = |&(have, first, ..): &(u32, u64, &Part, u32)| score > have || score == have && id < first;
            if best.as_ref().is_none_or(better) {
                best = Some((score, id, part, at));
            }
        }
        best.map(|(_, _, part, at)| show(part, at))
    }

    /// How many entries are in force.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.load().iter().map(Part::len).sum()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The version in force, and the last one that was prepared.
    #[must_use]
    pub fn versions(&self) -> (u32, u32) {
        let state = self.state.lock();
        (state.version, state.next_version)
    }

    /// The entries of a version, in order; of the one in force, if none is named.
    #[must_use]
    pub fn entries(&self, version: Option<u32>) -> Vec<Entry> {
        let state = self.state.lock();
        if let Some(version) = version.filter(|version| *version != state.version) {
            return state.prepared.get(&version).cloned().unwrap_or_default();
        }
        let parts = self.live.load();
        let mut all: Vec<Entry> = parts.iter().flat_map(|part| part.places().map(|at| entry(part, at))).collect();
        all.sort_by_key(|entry| entry.id);
        all
    }

    /// What matches a text, in each way in which the list is looked at.
    #[must_use]
    pub fn get(&self, text: &[u8]) -> Vec<Found> {
        let views = self.state.lock().views.clone();
        let arena = Arena::new();
        let find = |place: usize, way: Way| {
            let input = Input::of(Value::Str(text), way.how, &arena)?;
            self.best(place, input, entry)
        };
        let used = views.iter().enumerate().filter(|(_, view)| view.used);
        used.map(|(place, view)| Found { way: view.way, entry: find(place, view.way) }).collect()
    }

    /// Adds an entry, to the version in force or to one that is being prepared. Gives its id. It is not looked whether it is there already.
    pub fn add(&self, key: &[u8], value: &[u8], version: Option<u32>) -> Result<u64, Refused> {
        self.add_to(&mut self.state.lock(), key, value, version)
    }

    fn add_to(&self, state: &mut State, key: &[u8], value: &[u8], version: Option<u32>) -> Result<u64, Refused> {
        state.check(Some(key), value)?;
        let id = state.next_id;
        match version.filter(|version| *version != state.version) {
            Some(version) => {
                let (loaded, entry) = (state.loaded, Entry { id, key: key.into(), value: value.into() });
                let entries = state.prepared.get_mut(&version).ok_or(Refused::Version)?;
                if entries.len() >= loaded.max(MOST_ADDED) {
                    return Err(Refused::Full);
                }
                entries.push(entry);
            }
            None => self.grow(state, Vec::clone(&self.live.load()), &[(id, key, value)])?,
        }
        state.next_id += 1;
        Ok(id)
    }

    fn grow(&self, state: &State, mut parts: Vec<Part>, new: &[part::New<'_>]) -> Result<(), Refused> {
        if parts.iter().map(Part::len).sum::<usize>() >= state.loaded + MOST_ADDED {
            return Err(Refused::Full);
        }
        part::add(&mut parts, new, &state.views).map_err(|wrong| Refused::Pattern(wrong.text))?;
        self.show(parts);
        Ok(())
    }

    /// Adds an entry unless its key is there. False: it is.
    pub fn add_new(&self, key: &[u8], value: &[u8]) -> Result<bool, Refused> {
        let mut state = self.state.lock();
        if self.has(key) {
            return Ok(false);
        }
        self.add_to(&mut state, key, value, None).map(|_| true)
    }

    /// Another value for every entry of a key, or a new entry if there is none.
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<(), Refused> {
        let mut state = self.state.lock();
        match self.change(&state, value, |part| part.with_key(key))? {
            0 => self.add_to(&mut state, key, value, None).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Is this key there, as it is written?
    #[must_use]
    pub fn has(&self, key: &[u8]) -> bool {
        self.live.load().iter().any(|part| !part.with_key(key).is_empty())
    }

    /// Another value for every entry of a key. Gives their number.
    pub fn set(&self, key: &[u8], value: &[u8]) -> Result<usize, Refused> {
        self.change(&self.state.lock(), value, |part| part.with_key(key))
    }

    /// Another value for an entry. False: there is no such entry.
    pub fn set_id(&self, id: u64, value: &[u8]) -> Result<bool, Refused> {
        self.change(&self.state.lock(), value, |part| part.with_id(id).into_iter().collect()).map(|changed| changed > 0)
    }

    fn change(&self, state: &State, value: &[u8], which: impl Fn(&Part) -> Vec<u32>) -> Result<usize, Refused> {
        state.check(None, value)?;
        let before = self.live.load_full();
        let (mut parts, mut new, mut same) = (Vec::clone(&before), Vec::new(), 0);
        for (part, old) in parts.iter_mut().zip(before.iter()) {
            let mut places = which(old);
            let found = places.len();
            places.retain(|at| old.entries.value(*at) != value);
            same += found - places.len();
            if !places.is_empty() {
                new.extend(places.iter().map(|at| (old.entries.id(*at), old.entries.key(*at), value)));
                part.remove(&places);
            }
        }
        if !new.is_empty() {
            part::add(&mut parts, &new, &state.views).map_err(|wrong| Refused::Pattern(wrong.text))?;
            part::compact(&mut parts, &state.views);
            self.show(parts);
        }
        Ok(same + new.len())
    }

    /// Takes every entry of a key away. Gives their number.
    pub fn remove(&self, key: &[u8]) -> usize {
        self.take(|part| part.with_key(key))
    }

    /// Takes an entry away. False: there is no such entry.
    pub fn remove_id(&self, id: u64) -> bool {
        self.take(|part| part.with_id(id).into_iter().collect()) > 0
    }

    fn take(&self, which: impl Fn(&Part) -> Vec<u32>) -> usize {
        let state = self.state.lock();
        let mut parts = Vec::clone(&self.live.load());
        let mut taken = 0;
        for part in &mut parts {
            let places = which(part);
            if !places.is_empty() {
                part.remove(&places);
                taken += places.len();
            }
        }
        if taken > 0 {
            part::compact(&mut parts, &state.views);
            self.show(parts);
        }
        taken
    }

    /// Takes every entry of a version away.
    pub fn clear(&self, version: Option<u32>) -> Result<(), Refused> {
        let mut state = self.state.lock();
        match version.filter(|version| *version != state.version) {
            Some(version) => state.prepared.get_mut(&version).ok_or(Refused::Version)?.clear(),
            None => self.show(Vec::new()),
        }
        Ok(())
    }

    /// A new version, empty: it is filled, and then put in force.
    pub fn prepare(&self) -> u32 {
        let mut state = self.state.lock();
        state.next_version = state.next_version.wrapping_add(1);
        let version = state.next_version;
        state.prepared.insert(version, Vec::new());
        version
    }

    /// Puts a version in force, at once for all who look. Those before it are gone.
    pub fn commit(&self, version: u32) -> Result<(), Refused> {
        let mut state = self.state.lock();
        let entries = state.prepared.get(&version).ok_or(Refused::Version)?;
        let rows = entries.iter().map(|entry| (entry.id, &*entry.key, &*entry.value));
        let entries = Entries::of(rows).ok_or(Refused::Full)?;
        let loaded = entries.len();
        let part = Part::new(entries, &state.views, &mut Regexes::default());
        let part = part.map_err(|wrong| Refused::Pattern(wrong.text))?;
        (state.version, state.loaded) = (version, loaded);
        state.prepared.retain(|other, _| other.wrapping_sub(version) as i32 > 0);
        self.show(vec![part]);
        Ok(())
    }
}

impl State {
    /// Does an entry suit all ways and types in which the list is used?
    fn check(&self, key: Option<&[u8]>, value: &[u8]) -> Result<(), Refused> {
        for out in &self.outs {
            out.check(value).map_err(Refused::Value)?;
        }
        let Some(key) = key else { return Ok(()) };
        let regexes = &mut Regexes::default();
        for view in self.views.iter().filter(|view| view.used && view.way.how != Match::Str) {
            parse::pattern(view.way, key, regexes).map_err(Refused::Pattern)?;
        }
        Ok(())
    }
}

fn entry(part: &Part, at: u32) -> Entry {
    Entry { id: part.entries.id(at), key: part.entries.key(at).into(), value: part.entries.value(at).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_cannot_fill_a_list_without_end() {
        let loaded = Entries::read(b"a\nb\n".to_vec(), Columns::One, 0).unwrap();
        let list = List::new(Some("f"), "", Columns::One, loaded, None);
        for number in 0..MOST_ADDED {
            assert_eq!(list.add_new(number.to_string().as_bytes(), b""), Ok(true));
        }
        assert_eq!(list.add_new(b"more", b""), Err(Refused::Full));
        assert_eq!(list.add_new(b"7", b""), Ok(false), "it is there");
        assert_eq!((list.remove(b"7"), list.add_new(b"more", b"")), (1, Ok(true)));
        assert_eq!(list.len(), MOST_ADDED + 2);
        let version = list.prepare();
        for number in 0..MOST_ADDED {
            assert!(list.add(number.to_string().as_bytes(), b"", Some(version)).is_ok());
        }
        assert_eq!(list.add(b"more", b"", Some(version)), Err(Refused::Full));
    }

    #[test]
    fn what_changes_often_stays_in_few_parts() {
        let list = List::new(None, "", Columns::Two, Entries::default(), None);
        for round in 0..20 {
            for number in 0..900_u32 {
                list.put(number.to_string().as_bytes(), round.to_string().as_bytes()).unwrap();
            }
            let parts = list.live.load();
            let rows: usize = parts.iter().map(|part| part.entries.len()).sum();
            assert!(parts.len() <= 6 && rows <= 2 * 900 + 64, "{} parts of {rows} rows", parts.len());
            assert_eq!(list.len(), 900);
        }
    }
}

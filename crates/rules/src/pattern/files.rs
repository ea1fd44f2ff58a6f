//! The lists of patterns of a process: by name, and what one configuration asks of them.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hasher;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::engine::{Engine, Wrong};
use super::entries::{Columns, Entries};
use super::list::{List, Staged};
use super::out::Out;
use super::way::Way;
use crate::{Names, Regexes};

/// All lists of patterns of a process. What rules and operators change in them outlives a reload.
#[derive(Clone, Debug, Default)]
pub struct PatternFiles(Arc<Mutex<Store>>);

/// The lists of the configuration in force.
#[derive(Debug, Default)]
struct Store {
    by_id: BTreeMap<u32, Arc<List>>,
    by_name: HashMap<Box<str>, Arc<List>>,
}

impl PatternFiles {
    /// What a configuration that is being read uses of them. Nothing is changed for others before it is committed.
    #[must_use]
    pub fn load(&self) -> Loading {
        Loading { store: self.clone(), made: Mutex::default() }
    }

    /// Every list with its id.
    #[must_use]
    pub fn all(&self) -> Vec<(u32, Arc<List>)> {
        self.0.lock().by_id.iter().map(|(id, list)| (*id, Arc::clone(list))).collect()
    }

    /// A list by `#id` or by its name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Arc<List>> {
        let store = self.0.lock();
        match name.strip_prefix('#').and_then(|id| id.parse::<u32>().ok()) {
            Some(id) => store.by_id.get(&id).cloned(),
            None => store.by_name.get(plain(name).0).cloned(),
        }
    }
}

/// The lists that one configuration uses.
#[derive(Debug, Default)]
pub struct Loading {
    store: PatternFiles,
    made: Mutex<Made>,
}

#[derive(Debug, Default)]
struct Made {
    uses: Vec<Use>,
    by_name: HashMap<Box<str>, usize>,
}

/// A list, and what this configuration wants of it.
#[derive(Debug)]
struct Use {
    list: Arc<List>,
    forced: Option<u32>,
    ways: Vec<Way>,
    outs: Vec<Out>,
    staged: Option<Staged>,
}

/// Where the file of a list comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    File,
    /// It may be missing.
    Optional,
    /// There is none.
    Nowhere,
}

/// `virt@` is part of a name, `opt@` and `file@` are not.
fn plain(name: &str) -> (&str, From) {
    if name.starts_with("virt@") {
        return (name, From::Nowhere);
    }
    match name.strip_prefix("opt@") {
        Some(path) => (path, From::Optional),
        None => (name.strip_prefix("file@").unwrap_or(name), From::File),
    }
}

impl Loading {
    /// The configuration is in force from now on: files that changed on disk replace what was there, and lists have ids in the order in
    /// which they were met.
    pub fn commit(self) {
        let Made { uses, by_name } = self.made.into_inner();
        let mut by_id = BTreeMap::new();
        for used in uses.iter().filter(|used| used.forced.is_some()) {
            by_id.extend(used.forced.map(|id| (id, Arc::clone(&used.list))));
        }
        let mut next = 0;
        for used in uses.iter().filter(|used| used.forced.is_none()) {
            while by_id.contains_key(&next) {
                next += 1;
            }
            by_id.insert(next, Arc::clone(&used.list));
        }
        let list = |(name, at): (Box<str>, usize)| uses.get(at).map(|used| (name, Arc::clone(&used.list)));
        let by_name = by_name.into_iter().filter_map(list).collect();
        for used in uses {
            used.list.adopt(&used.ways, &used.outs, used.staged);
        }
        *self.store.0.lock() = Store { by_id, by_name };
    }

    /// A list by its name; it is read when it is asked for first. The error says what is wrong.
    pub(crate) fn list(&self, name: &str, columns: Columns, names: &dyn Names) -> Result<Arc<List>, String> {
        let (name, from) = plain(name);
        if name.is_empty() || name == "virt@" {
            return Err(String::from("a file's name is missing"));
        }
        let mut made = self.made.lock();
        if let Some(used) = made.by_name.get(name).and_then(|at| made.uses.get(*at)) {
            if used.list.columns() != columns {
                let (before, now) = match columns {
                    Columns::One => ("a map", "a list of patterns"),
                    Columns::Two => ("a list of patterns", "a map"),
                };
                return Err(format!("`{name}` is {before} elsewhere, and cannot be {now} as well"));
            }
            return Ok(Arc::clone(&used.list));
        }
        let text = match from {
            From::Nowhere => None,
            From::File | From::Optional => match names.read(name) {
                Ok(text) => Some(text),
                Err(error) if from == From::Optional && error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(format!("`{name}` cannot be read: {error}")),
            },
        };
        let source = text.as_deref().map(hash);
        let before = self.store.0.lock().by_name.get(name).filter(|list| list.columns() == columns).cloned();
        let same = before.as_ref().is_some_and(|list| list.source() == source);
        let entries = match text {
            Some(text) if !same => {
                Entries::read(text, columns, 0).ok_or_else(|| format!("`{name}` is larger than 4 GiB"))?
            }
            _ => Entries::default(),
        };
        let (list, staged) = match before {
            Some(list) if same => (list, None),
            Some(list) => (list, Some(Staged { entries: Arc::new(entries), source, engines: Vec::new() })),
            None => (Arc::new(List::new(Some(name), "", columns, entries, source)), None),
        };
        let at = made.uses.len();
        made.by_name.insert(name.into(), at);
        made.uses.push(Use { list: Arc::clone(&list), forced: None, ways: Vec::new(), outs: Vec::new(), staged });
        Ok(list)
    }

    /// A list that stands in a rule.
    pub(crate) fn inline(&self, about: &str, entries: Entries, id: Option<u32>) -> Result<Arc<List>, String> {
        let mut made = self.made.lock();
        if id.is_some() && made.uses.iter().any(|used| used.forced == id) {
            return Err(String::from("another list has this id"));
        }
        let list = Arc::new(List::new(None, about, Columns::One, entries, None));
        let used = Use { list: Arc::clone(&list), forced: id, ways: Vec::new(), outs: Vec::new(), staged: None };
        made.uses.push(used);
        Ok(list)
    }

    /// A list is looked at in a way: the number of that view. The error says what does not fit it.
    pub(crate) fn view(&self, list: &Arc<List>, way: Way, regexes: &mut Regexes) -> Result<usize, String> {
        let (view, wrong) = list.view(way, regexes);
        let mut made = self.made.lock();
        let used = made.uses.iter_mut().find(|used| Arc::ptr_eq(&used.list, list));
        let Some(used) = used.filter(|used| !used.ways.contains(&way)) else { return Ok(view) };
        used.ways.push(way);
        match &mut used.staged {
            None => wrong.map_or(Ok(view), |(wrong, entries)| Err(told(list, &wrong, &entries, !list.is_touched()))),
            Some(staged) => match Engine::new(way, &staged.entries, regexes) {
                Ok(engine) => {
                    staged.engines.push((way, Arc::new(engine)));
                    Ok(view)
                }
                Err(wrong) => Err(told(list, &wrong, &staged.entries, true)),
            },
        }
    }

    /// The values of a list are read so. The error says which one is not of that type.
    pub(crate) fn gives(&self, list: &Arc<List>, out: Out) -> Result<(), String> {
        let wrong = list.gives(out);
        let mut made = self.made.lock();
        let used = made.uses.iter_mut().find(|used| Arc::ptr_eq(&used.list, list));
        let Some(used) = used.filter(|used| !used.outs.contains(&out)) else { return Ok(()) };
        used.outs.push(out);
        let Some(staged) = &used.staged else {
            return wrong.map_or(Ok(()), |(wrong, entries)| Err(told(list, &wrong, &entries, !list.is_touched())));
        };
        let check = |at| out.check(staged.entries.value(at)).err().map(|text| Wrong { at, text });
        match (0..staged.entries.len() as u32).find_map(check) {
            None => Ok(()),
            Some(wrong) => Err(told(list, &wrong, &staged.entries, true)),
        }
    }
}

/// With the line, if it is one of a file that was just read.
fn told(list: &List, wrong: &Wrong, entries: &Entries, read: bool) -> String {
    match list.name() {
        Some(name) if !read => format!("`{name}`, as it is in force: {}", wrong.text),
        Some(name) => format!("line {} of `{name}`: {}", entries.line(wrong.at), wrong.text),
        None => wrong.text.clone(),
    }
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(text);
    hasher.finish()
}

//! The typed load: a serde `Deserializer` over the tree, run again and again until every error has come out; knows no option.
//!
//! serde stops at the first error. So an error is recorded with its place, the value it is about is left out from then on, and the
//! load runs again; what is merely missing gets a stand-in. Only the findings count then, the value of such a load is thrown away.
//! A pass costs what a load costs, and at most [`MAX_ERRORS`] findings are made, so a broken file is slow, never endless.
//!
//! What owners can use in their structs: plain `#[derive(Deserialize)]` with `rename_all = "kebab-case"` and `deny_unknown_fields`;
//! [`Spanned`](crate::Spanned), [`OrderedMap`](crate::OrderedMap), [`NamedMap`](crate::NamedMap), [`OneOrMany`](crate::OneOrMany),
//! [`ShortForm`](crate::ShortForm) and the [units](crate::units). An error's text may carry advice after a line break and `help: `.
//! `flatten`, `untagged` and `tag = "…"` lose places, because serde buffers what is under them. For the last there is a way that
//! does not: `#[serde(rename(deserialize = "$tag=type"), rename_all = "kebab-case")]` on an ordinary enum reads
//! `{ type: http, path: / }` as variant `http` with the map's other keys.

mod error;
mod key;
mod node;
mod parts;
mod stand_in;
mod variant;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use serde::de::DeserializeOwned;

use crate::code;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Sources, Span};
use crate::tree::{Node, Value};
use error::Place;
use node::NodeDeserializer;

pub use error::Error;

/// The most findings of one typed load.
pub const MAX_ERRORS: usize = 100;
/// The most passes, silent ones included.
const MAX_PASSES: usize = 2000;

/// Fills a `T` from a tree. Findings are added to `found`, unsorted; there is a value exactly when the tree has no fault.
pub fn load_tree<T: DeserializeOwned>(tree: &Node, sources: &Sources, found: &mut Diagnostics) -> Option<T> {
    let (value, whole) = load_rest(tree, sources, found);
    value.filter(|_| whole)
}

/// As [`load_tree`], but of a tree with faults there is what is left without them: good for further findings, never for use. What was
/// required and missing may be filled in with anything.
pub fn salvage_tree<T: DeserializeOwned>(tree: &Node, sources: &Sources, found: &mut Diagnostics) -> Option<T> {
    load_rest(tree, sources, found).0
}

/// The value, and whether nothing was left out of it.
fn load_rest<T: DeserializeOwned>(tree: &Node, sources: &Sources, found: &mut Diagnostics) -> (Option<T>, bool) {
    let mut repairs = Repairs::default();
    let mut told = 0;
    for _ in 0..MAX_PASSES {
        let fault = match T::deserialize(NodeDeserializer::root(tree, &repairs)) {
            Ok(value) => return (Some(value), told == 0 && !repairs.skipped_broken.get()),
            Err(error) => error.into_fault(),
        };
        if !fault.silent {
            if told == MAX_ERRORS {
                let message = format!("there are more than {MAX_ERRORS} errors; the rest is not shown");
                found.push(Diagnostic::error(code::TOO_MANY, Span::NONE, message));
                return (None, false);
            }
            told += 1;
            let place = fault.place.clone();
            let diagnostic = fault.into_diagnostic(tree.span, sources);
            // An alias brings the same mistake to several places; it is made in one.
            if !found.iter().any(|known| *known == diagnostic) {
                found.push(diagnostic);
            }
            if !repairs.apply(place, tree) {
                return (None, false);
            }
        } else if !repairs.apply(fault.place, tree) {
            break;
        }
    }
    // Silence alone must not end a load: something above was said, or the tree was broken before and that was said.
    if told == 0 && !repairs.skipped_broken.get() {
        let message = "the file could not be read as a configuration";
        found.push(Diagnostic::error(code::BAD_VALUE, tree.span, message));
    }
    (None, false)
}

/// A node's identity while its tree is borrowed: its address, since an alias makes several nodes of one place.
type NodeId = usize;

fn id(node: &Node) -> NodeId {
    std::ptr::from_ref(node).addr()
}

/// What the next pass leaves out and fills in; the tree itself is never touched.
#[derive(Default)]
struct Repairs {
    removed: HashSet<NodeId>,
    /// Per map: missing keys and how many guesses were made at a value for them.
    stand_ins: HashMap<NodeId, Vec<(&'static str, usize)>>,
    /// Keys whose absence is explained by a misspelt one in the same map.
    excused: HashSet<(NodeId, &'static str)>,
    /// The tree has faults of its own, told when it was built.
    skipped_broken: Cell<bool>,
}

impl Repairs {
    /// Whether this value is passed over.
    fn skips(&self, node: &Node) -> bool {
        if node.broken || node.incomplete {
            self.skipped_broken.set(true);
        }
        node.broken || self.removed.contains(&id(node))
    }

    /// Whether anything at or below this value was left out or filled in, so that a complaint about the whole may be our own doing.
    fn touched(&self, node: &Node) -> bool {
        self.stand_ins.contains_key(&id(node))
            || match &node.value {
                Value::List(items) => items.iter().any(|node| self.skips(node) || self.touched(node)),
                Value::Map(entries) => entries.iter().any(|(_, node)| self.skips(node) || self.touched(node)),
                _ => false,
            }
    }

    /// Makes the next pass differ at `place`; `false` when it cannot, and the load is over.
    fn apply(&mut self, place: Option<Place>, tree: &Node) -> bool {
        match place {
            None => false,
            Some(Place::Value(node)) => node != id(tree) && self.removed.insert(node),
            Some(Place::Key { value, map, meant }) => {
                self.excused.extend(meant.map(|meant| (map, meant)));
                self.removed.insert(value)
            }
            Some(Place::Missing { map, key }) => {
                let keys = self.stand_ins.entry(map).or_default();
                let new = keys.iter().all(|(known, _)| *known != key);
                keys.push((key, 0));
                new
            }
            Some(Place::StandIn { map, key }) => {
                let guesses = self.stand_ins.get_mut(&map).into_iter().flatten().find(|(known, _)| *known == key);
                match guesses {
                    Some((_, guess)) if *guess + 1 < stand_in::GUESSES.len() => {
                        *guess += 1;
                        true
                    }
                    _ => map != id(tree) && self.removed.insert(map),
                }
            }
        }
    }
}

//! What a reload adds, changes, removes and keeps: two plans compared, before anything is done.

use std::collections::BTreeMap;
use std::fmt;

use crate::plan::Plan;

/// The difference between two configurations, by identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the new one only.
    pub added: Vec<String>,
    /// In both, with other options.
    pub changed: Vec<String>,
    /// In the old one only.
    pub removed: Vec<String>,
    /// In both, the same.
    pub kept: usize,
}

impl Changes {
    /// What `new` makes of `old`.
    #[must_use]
    pub fn between(old: &Plan, new: &Plan) -> Self {
        let mut changes = Self::default();
        changes.note("global", old.file.global == new.file.global);
        changes.note("defaults", old.file.defaults == new.file.defaults);
        changes.compare(&listeners(old), &listeners(new), PartialEq::eq);
        let frontends = |plan: &Plan| -> BTreeMap<String, _> {
            plan.file.frontends.iter().map(|(name, options)| (format!("frontend {name}"), options.clone())).collect()
        };
        changes.compare(&frontends(old), &frontends(new), PartialEq::eq);
        let backends = |plan: &Plan| -> BTreeMap<String, _> {
            plan.file.backends.iter().map(|(name, options)| (format!("backend {name}"), options.clone())).collect()
        };
        changes.compare(&backends(old), &backends(new), |old, new| {
            let bare = |backend: &crate::model::Backend| {
                let mut backend = backend.clone();
                backend.servers = Default::default();
                backend
            };
            bare(old) == bare(new)
        });
        changes.compare(&servers(old), &servers(new), PartialEq::eq);
        changes
    }

    fn note(&mut self, what: &str, same: bool) {
        if same { self.kept += 1 } else { self.changed.push(what.into()) }
    }

    fn compare<T>(&mut self, old: &BTreeMap<String, T>, new: &BTreeMap<String, T>, same: impl Fn(&T, &T) -> bool) {
        for (name, value) in new {
            match old.get(name) {
                None => self.added.push(name.clone()),
                Some(before) => self.note(name, same(before, value)),
            }
        }
        self.removed.extend(old.keys().filter(|name| !new.contains_key(*name)).cloned());
    }

    /// Nothing would be different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

fn listeners(plan: &Plan) -> BTreeMap<String, String> {
    plan.binds
        .iter()
        .map(|bind| (format!("listener {}", bind.address), format!("{} {:?}", bind.name, bind.options)))
        .collect()
}

fn servers(plan: &Plan) -> BTreeMap<String, crate::model::ServerLine> {
    let of = |(backend, options): (&plimsoll_config::Spanned<String>, &crate::model::Backend)| {
        let lines = options.servers.iter().map(|(name, line)| (format!("server {}/{name}", **backend), line.0.clone()));
        lines.collect::<Vec<_>>()
    };
    plan.file.backends.iter().flat_map(of).collect()
}

/// One line for each change, then a count.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (sign, names) in [('+', &self.added), ('~', &self.changed), ('-', &self.removed)] {
            for name in names {
                writeln!(f, "{sign} {name}")?;
            }
        }
        let [added, changed, removed] = [&self.added, &self.changed, &self.removed].map(Vec::len);
        write!(f, "{added} added, {changed} changed, {removed} removed, {} kept", self.kept)
    }
}

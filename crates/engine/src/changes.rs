//! What a reload adds, changes, removes and keeps: two plans compared, before anything is done.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use plimsoll_config::NamedMap;

use crate::model::{Backend, Global, ServerLine};
use crate::plan::{Bind, Plan};

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
    /// What counts at the next start only, in words.
    pub needs_restart: Vec<String>,
}

/// What a process took from its file when it started, and cannot take again.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) workers: usize,
    pub(crate) with: Global,
}

/// The code of [`Changes::needs_restart`].
pub(crate) const NEEDS_RESTART: &str = "reload.needs-restart";

impl Changes {
    /// What `new` makes of `old`.
    #[must_use]
    pub fn between(old: &Plan, new: &Plan) -> Self {
        let mut changes = Self::default();
        changes.note("global", old.file.global == new.file.global);
        changes.note("defaults", old.file.defaults == new.file.defaults);
        changes.compare("listener", &listeners(old), &listeners(new), PartialEq::eq);
        changes.compare("frontend", &named(&old.file.frontends), &named(&new.file.frontends), PartialEq::eq);
        // Servers have lines of their own. Comparing without them takes copies, so only backends that differ are looked at twice.
        changes.compare("backend", &named(&old.file.backends), &named(&new.file.backends), |old, new| {
            let bare = |backend: &Backend| Backend { servers: Default::default(), ..backend.clone() };
            old == new || bare(old) == bare(new)
        });
        changes.compare("server", &servers(old), &servers(new), PartialEq::eq);
        changes
    }

    /// Notes what this process cannot become.
    #[must_use]
    pub(crate) fn of_one_that(mut self, started: &Started, new: &Plan) -> Self {
        let workers = started.workers;
        if workers != new.workers {
            let text = format!("global.threads: {} wanted, {workers} run until the next start", new.workers);
            self.needs_restart.push(text);
        }
        let (old, new) = (&started.with, &new.file.global);
        for (key, same) in [
            ("user", old.user == new.user),
            ("group", old.group == new.group),
            ("chroot", old.chroot == new.chroot),
            ("setcap", old.setcap == new.setcap),
            ("set-dumpable", old.set_dumpable == new.set_dumpable),
            ("pidfile", old.pidfile == new.pidfile),
            ("daemon", old.daemon == new.daemon),
            ("ulimit-n", old.ulimit_n == new.ulimit_n),
            ("fd-hard-limit", old.fd_hard_limit == new.fd_hard_limit),
            ("strict-limits", old.strict_limits == new.strict_limits),
            ("cpu-map", old.cpu_map == new.cpu_map),
        ] {
            if !same {
                self.needs_restart.push(format!("global.{key}: counts from the next start"));
            }
        }
        self
    }

    fn note(&mut self, what: &str, same: bool) {
        if same { self.kept += 1 } else { self.changed.push(what.into()) }
    }

    fn compare<N: Ord + Display, T>(
        &mut self,
        kind: &str,
        old: &BTreeMap<N, T>,
        new: &BTreeMap<N, T>,
        same: impl Fn(&T, &T) -> bool,
    ) {
        // Most are kept, and nobody reads their names.
        for (name, value) in new {
            match old.get(name) {
                None => self.added.push(format!("{kind} {name}")),
                Some(before) if same(before, value) => self.kept += 1,
                Some(_) => self.changed.push(format!("{kind} {name}")),
            }
        }
        self.removed.extend(old.keys().filter(|name| !new.contains_key(*name)).map(|name| format!("{kind} {name}")));
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
        .map(|bind| {
            let Bind { name, place, options, maxconn, accept_proxy, own_name, .. } = bind;
            (place.to_string(), format!("{name} {own_name:?} {accept_proxy} {options:?} {maxconn:?}"))
        })
        .collect()
}

fn named<T>(all: &NamedMap<T>) -> BTreeMap<&str, &T> {
    all.iter().map(|(name, options)| (name.as_str(), options)).collect()
}

/// `backend/server`, without writing it down.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Identity<'a>(&'a str, &'a str);

impl Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

fn servers(plan: &Plan) -> BTreeMap<Identity<'_>, &ServerLine> {
    let backends = plan.file.backends.iter();
    backends
        .flat_map(|(backend, options)| {
            options.servers.iter().map(move |(name, line)| (Identity(backend.as_str(), name.as_str()), &line.0))
        })
        .collect()
}

/// One line for each change and for what only a restart changes, then a count.
impl Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (sign, names) in [('+', &self.added), ('~', &self.changed), ('-', &self.removed)] {
            for name in names {
                writeln!(f, "{sign} {name}")?;
            }
        }
        for what in &self.needs_restart {
            writeln!(f, "! {what} ({NEEDS_RESTART})")?;
        }
        let [added, changed, removed] = [&self.added, &self.changed, &self.removed].map(Vec::len);
        write!(f, "{added} added, {changed} changed, {removed} removed, {} kept", self.kept)
    }
}

//! What the process says of itself in the log: one function an event, with its slug, level, fields and words.
//!
//! Words that users' tools look for are HAProxy's (observed on 2.6); its levels, too, but for maintenance, which somebody asked for.

use std::collections::HashSet;
use std::fmt;

use plimsoll_clock::wall;
use plimsoll_net::Address;
use plimsoll_observe::{Event, Events, Level, Value};
use plimsoll_proxy::{Backend, Frontend, Snapshot};
use plimsoll_server::{Admin, Change, Server, Set, Transition};

use crate::changes::{Changes, NEEDS_RESTART};
use crate::load::Findings;

/// Who wants a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// SIGHUP.
    Signal,
    /// The runtime socket, and so `lb reload`.
    Socket,
    /// A server's name has an address now.
    Names,
}

impl Asked {
    const fn word(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Socket => "runtime socket",
            Self::Names => "names",
        }
    }
}

/// Why a configuration was not taken over.
#[derive(Clone, Debug, Default)]
pub struct Refused {
    /// For people: everything that is wrong.
    pub text: String,
    errors: usize,
    code: Option<&'static str>,
    place: Option<String>,
    first: Option<String>,
}

impl Refused {
    /// The files have errors.
    #[must_use]
    pub fn of(findings: &Findings) -> Self {
        let errors =
            || findings.diagnostics().iter().filter(|found| found.severity == plimsoll_config::Severity::Error);
        let first = errors().next();
        let place = first.and_then(|found| findings.sources().position(found.primary.span));
        Self {
            text: findings.render(false),
            errors: errors().count(),
            code: first.map(|found| found.code),
            place: place.map(|place| format!("{}:{}:{}", place.file, place.line, place.column)),
            first: first.map(|found| found.message.clone()),
        }
    }
}

impl From<String> for Refused {
    fn from(text: String) -> Self {
        Self { first: Some(text.clone()), text, errors: 1, ..Self::default() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn number(count: impl TryInto<i64>) -> Value<'static> {
    count.try_into().map_or(Value::Null, Value::Number)
}

fn optional(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}

fn say(events: &Events, level: Level, slug: &'static str, text: &str, fields: &[(&'static str, Value<'_>)]) {
    events.send(&Event { time: wall(), level, slug, text, fields });
}

/// Without a log it goes to standard error: for what nobody else says there.
fn say_anyway(events: &Events, level: Level, slug: &'static str, text: &str, fields: &[(&'static str, Value<'_>)]) {
    if events.is_heard() {
        say(events, level, slug, text, fields);
    } else {
        eprintln!("lb: {text}");
    }
}

/// It serves.
pub(crate) fn started(events: &Events, workers: usize, listeners: usize) {
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("Plimsoll {version} started: {workers} workers, {listeners} listeners.");
    let fields = [
        ("version", Value::Text(version)),
        ("pid", number(std::process::id())),
        ("workers", number(workers)),
        ("listeners", number(listeners)),
    ];
    say(events, Level::Notice, "process.started", &text, &fields);
}

/// It takes no more clients.
pub(crate) fn stopping(events: &Events, connections: usize) {
    let text = format!("Stopping: no more clients are taken, {connections} connections are left.");
    say(events, Level::Warning, "process.stopping", &text, &[("connections", number(connections))]);
}

/// The time for stopping is up, or somebody has no more patience.
pub(crate) fn hard_stop(events: &Events, connections: usize, why: &str) {
    let text = format!("Stopping now ({why}): {connections} connections end.");
    let fields = [("reason", Value::Text(why)), ("connections", number(connections))];
    say(events, Level::Warning, "process.hard-stop", &text, &fields);
}

/// Its last line.
pub(crate) fn stopped(events: &Events) {
    say(events, Level::Notice, "process.stopped", "Stopped: every connection has ended.", &[]);
}

/// A reload did this.
pub(crate) fn reloaded(events: &Events, asked: Asked, changes: &Changes) {
    let by = asked.word();
    let [added, changed, removed] = [&changes.added, &changes.changed, &changes.removed].map(Vec::len);
    let text = format!("Reloaded ({by}): {added} added, {changed} changed, {removed} removed, {} kept.", changes.kept);
    let fields = [
        ("by", Value::Text(by)),
        ("added", number(added)),
        ("changed", number(changed)),
        ("removed", number(removed)),
        ("kept", number(changes.kept)),
    ];
    say_anyway(events, Level::Notice, "reload.done", &text, &fields);
}

/// Something of a new configuration counts at the next start only.
pub(crate) fn needs_restart(events: &Events, what: &str) {
    say_anyway(events, Level::Warning, NEEDS_RESTART, what, &[]);
}

/// A reload changed nothing.
pub(crate) fn refused(events: &Events, asked: Asked, refused: &Refused) {
    let by = asked.word();
    let first = refused.first.as_deref().unwrap_or("the files cannot be read");
    let code = refused.code.map(|code| format!(" [{code}]")).unwrap_or_default();
    let place = refused.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    let (errors, plural) = (refused.errors, if refused.errors == 1 { "" } else { "s" });
    let text = format!("Not reloaded ({by}), nothing has changed: {errors} error{plural}; {first}{code}{place}");
    let fields = [
        ("by", Value::Text(by)),
        ("errors", number(errors)),
        ("code", optional(refused.code)),
        ("place", optional(refused.place.as_deref())),
    ];
    say_anyway(events, Level::Err, "reload.refused", &text, &fields);
}

/// Listeners that were opened and closed, frontend and address each.
pub(crate) fn listeners(events: &Events, before: &[(String, Address)], now: &[(String, Address)]) {
    let missing = |of: &[(String, Address)], address: &Address| !of.iter().any(|(_, known)| known == address);
    let tell = |slug, (frontend, address): &(String, Address), what: &str| {
        let address = address.to_string();
        let fields = [("frontend", Value::Text(frontend)), ("address", Value::Text(&address))];
        say(events, Level::Notice, slug, &format!("{what} {address} (frontend {frontend})."), &fields);
    };
    for listener in now.iter().filter(|(_, address)| missing(before, address)) {
        tell("listener.opened", listener, "Listening on");
    }
    for listener in before.iter().filter(|(_, address)| missing(now, address)) {
        tell("listener.closed", listener, "No longer listening on");
    }
}

/// Frontends and backends that a reload took away; what they carry goes on as the policy says.
pub(crate) fn removed(events: &Events, before: &Snapshot, now: &Snapshot) {
    let gone = |frontend: &&std::sync::Arc<Frontend>| now.frontends.iter().all(|known| known.name != frontend.name);
    for frontend in before.frontends.iter().filter(gone) {
        let live = &frontend.live;
        let (total, open) = (live.counters.sum(|shard| shard.connections.get()), live.gate.used());
        let text = format!("Proxy {} stopped (cumulated conns: FE: {total}, BE: 0).", frontend.name);
        let fields =
            [("frontend", Value::Text(&frontend.name)), ("connections", number(open)), ("total", number(total))];
        say(events, Level::Warning, "frontend.removed", &text, &fields);
    }
    let gone = |backend: &&std::sync::Arc<Backend>| now.backends.iter().all(|known| known.name != backend.name);
    for backend in before.backends.iter().filter(gone) {
        let live = &backend.live;
        let (total, open) = (live.counters.sum(|shard| shard.requests.get()), live.load.now());
        let text = format!("Proxy {} stopped (cumulated conns: FE: 0, BE: {total}).", backend.name);
        let fields = [("backend", Value::Text(&backend.name)), ("connections", number(open)), ("total", number(total))];
        say(events, Level::Warning, "backend.removed", &text, &fields);
    }
}

/// From now on state changes of servers are told. `known`: backends of which that is so already.
pub(crate) fn follow(snapshot: &Snapshot, known: &[std::sync::Arc<Backend>], events: &Events) {
    let known: HashSet<*const Set> =
        known.iter().map(|backend| std::sync::Arc::as_ptr(backend.balancer.set())).collect();
    for backend in snapshot.backends.iter() {
        let set = backend.balancer.set();
        if !known.contains(&std::sync::Arc::as_ptr(set)) {
            let events = events.clone();
            set.on_transition(move |server: &Server, transition: &Transition| changed(&events, server, transition));
        }
    }
}

/// Losing a server is an alert; what somebody asked for is worth knowing, and so is everything else.
fn grade(transition: &Transition) -> (Level, &'static str) {
    match (transition.change, transition.health.admin()) {
        (Change::Admin { .. }, Admin::Maint) => (Level::Notice, "server.maintenance"),
        (Change::Admin { .. }, Admin::Drain) => (Level::Notice, "server.drain"),
        (Change::Admin { .. }, Admin::Ready) => (Level::Notice, "server.ready"),
        _ => match (transition.before.is_up(), transition.health.is_up()) {
            (true, false) => (Level::Alert, "server.down"),
            (false, true) => (Level::Notice, "server.up"),
            _ => (Level::Notice, "server.changed"),
        },
    }
}

fn changed(events: &Events, server: &Server, transition: &Transition) {
    let (level, slug) = grade(transition);
    let left = transition.left;
    let fields = [
        ("backend", Value::Text(server.backend())),
        ("server", Value::Text(server.name())),
        ("active", number(left.active)),
        ("backup", number(left.backup)),
        ("connections", number(transition.served)),
    ];
    for line in transition.lines(server) {
        say_anyway(events, level, slug, &line, &fields);
    }
    if let Some(line) = transition.backend_line(server) {
        let again = transition.backend == Some(true);
        let (level, slug) = if again { (Level::Notice, "backend.up") } else { (Level::Emerg, "backend.down") };
        let fields = [fields[0], ("active", number(left.active)), ("backup", number(left.backup))];
        say_anyway(events, level, slug, &line, &fields);
    }
}

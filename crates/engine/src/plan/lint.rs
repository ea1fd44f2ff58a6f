//! What can be run and should still be looked at. Each lint is a function and a row of [`LINTS`].

mod rules;
mod sources;

use std::collections::{HashMap, HashSet};

use plimsoll_checks::HealthCheck;
use plimsoll_config::{Diagnostic, Diagnostics, Node, Span, Spanned};
use plimsoll_proxy::{Mode, Timeouts};

use super::Bind;
use super::rules::Compiled;
use crate::budget::{Budget, Demand};
use crate::load::Surroundings;
use crate::model::File;

/// What a lint sees: defaults are filled in, but for `defaults` themselves.
pub(super) struct Look<'a> {
    file: &'a File,
    /// For places that the model does not keep.
    tree: &'a Node,
    /// Proxies in the tree by section and name.
    proxies: HashMap<(&'a str, &'a str), &'a Node>,
    binds: &'a [Bind],
    rules: &'a Compiled,
    workers: usize,
    surroundings: &'a Surroundings<'a>,
}

const LINTS: &[fn(&Look<'_>, &mut Diagnostics)] = &[
    no_server,
    unused_backend,
    missing_timeouts,
    timeouts_of_the_other_side,
    keys_of_the_other_mode,
    proxy_headers_without_effect,
    health_checks_without_effect,
    maxconn_over_descriptors,
    maxconn_over_the_whole,
    sources::maxconn_over_source_ports,
    sources::sources_of_another_family,
    sources::sources_without_effect,
    rules::rules,
];

pub(super) fn lint(look: &Look<'_>, found: &mut Diagnostics) {
    for lint in LINTS {
        lint(look, found);
    }
}

impl<'a> Look<'a> {
    pub fn new(
        file: &'a File,
        tree: &'a Node,
        binds: &'a [Bind],
        rules: &'a Compiled,
        workers: usize,
        surroundings: &'a Surroundings<'a>,
    ) -> Self {
        let sections = ["frontends", "backends"].into_iter().filter_map(|name| Some((name, tree.get(name)?)));
        let proxies =
            sections.flat_map(|(section, node)| node.named().map(move |(name, _, proxy)| ((section, name), proxy)));
        Self { file, tree, proxies: proxies.collect(), binds, rules, workers, surroundings }
    }

    fn mode(&self, own: &Option<Spanned<Mode>>) -> Mode {
        own.as_deref().copied().or(self.file.defaults.mode).unwrap_or_default()
    }

    fn timeouts(&self, own: &Timeouts) -> Timeouts {
        own.or(&self.file.defaults.timeouts)
    }

    /// Where a key of a proxy is written, by its path below the proxy's name.
    fn place(&self, section: &str, name: &str, path: &[&str]) -> Option<Span> {
        let proxy = self.proxies.get(&(section, name))?;
        let (last, parents) = path.split_last()?;
        let holder = parents.iter().try_fold(*proxy, |node, key| node.get(key))?;
        Some(holder.entry(last)?.0.span)
    }
}

fn no_server(look: &Look<'_>, found: &mut Diagnostics) {
    for (name, backend) in look.file.backends.iter() {
        if backend.servers.is_empty() {
            let text = format!("backend `{name}` has no server");
            found.push(
                Diagnostic::warning("config.no-server", name.span(), text).help("every request to it is answered 503"),
            );
        } else if backend.servers.values().all(|server| server.disabled) {
            let text = format!("every server of backend `{name}` is disabled");
            found.push(
                Diagnostic::warning("config.no-server", name.span(), text).help("every request to it is answered 503"),
            );
        }
    }
}

fn unused_backend(look: &Look<'_>, found: &mut Diagnostics) {
    // Without a frontend everything is unused, and that was said; a reference that is misspelt was meant for one of them.
    if look.file.frontends.is_empty() || found.iter().any(|finding| finding.code == "config.unknown-backend") {
        return;
    }
    let frontends = || look.file.frontends.values();
    let switched = || {
        frontends().flat_map(|frontend| frontend.use_backend.iter()).filter_map(|rule| rule.split_whitespace().next())
    };
    if switched().any(|name| name.contains('%')) {
        // Any of them may be the one that a format names.
        return;
    }
    let defaults = frontends().filter_map(|frontend| frontend.default_backend.as_deref()).map(String::as_str);
    let used: HashSet<&str> = defaults.chain(switched().map(|name| name.trim_matches(['"', '\'']))).collect();
    for name in look.file.backends.keys().filter(|name| !used.contains(name.as_str())) {
        let text = format!("no frontend sends anything to backend `{name}`");
        found.push(Diagnostic::warning("config.unused-backend", name.span(), text));
    }
}

/// Without them a peer that stays silent holds its connection for ever.
fn missing_timeouts(look: &Look<'_>, found: &mut Diagnostics) {
    let mut tell = |kind: &str, name: &Spanned<String>, missing: &[(&str, bool)]| {
        let missing: Vec<String> = missing.iter().filter(|(_, set)| !set).map(|(key, _)| format!("`{key}`")).collect();
        if !missing.is_empty() {
            let text = format!("{kind} `{name}` has no time-out for {}", missing.join(" and "));
            let silence = match missing[0].trim_matches('`') {
                "client" => "a client of HTTP is cut when it owes something for 10s, and tunnels are silent for ever",
                _ => "silence lasts for ever",
            };
            let help = format!(
                "without it, {silence}: set `timeouts: {{ {}: … }}` here or in `defaults`",
                missing[0].trim_matches('`')
            );
            found.push(Diagnostic::warning("config.missing-timeout", name.span(), text).help(help));
        }
    };
    for (name, frontend) in look.file.frontends.iter() {
        let set = look.timeouts(&frontend.timeouts);
        tell("frontend", name, &[("client", set.client.is_some())]);
    }
    for (name, backend) in look.file.backends.iter().filter(|(_, backend)| !backend.servers.is_empty()) {
        let set = look.timeouts(&backend.timeouts);
        tell("backend", name, &[("connect", set.connect.is_some()), ("server", set.server.is_some())]);
    }
}

pub(super) fn pointless(key: &str, place: Span, why: &str) -> Diagnostic {
    Diagnostic::warning("config.pointless", place, format!("`{key}` has no effect {why}"))
}

/// `server` in a frontend, `client` in a backend.
fn timeouts_of_the_other_side(look: &Look<'_>, found: &mut Diagnostics) {
    let sides: [(&str, &str, &[&str]); 2] = [
        ("frontends", "in a frontend: it belongs into the backend", &["connect", "server", "server-fin", "check"]),
        (
            "backends",
            "in a backend: it belongs into the frontend",
            &["client", "client-handshake", "http-request", "http-keep-alive", "client-fin"],
        ),
    ];
    for (section, why, keys) in sides {
        for (_, _, proxy) in look.tree.get(section).map(Node::named).into_iter().flatten() {
            let Some(timeouts) = proxy.get("timeouts") else { continue };
            for (key, _) in keys.iter().filter_map(|key| timeouts.entry(key)) {
                found.push(pointless(&key.text, key.span, why));
            }
        }
    }
}

/// What speaks of requests, where nobody reads any.
fn keys_of_the_other_mode(look: &Look<'_>, found: &mut Diagnostics) {
    const HTTP: &[&[&str]] = &[
        &["forwardfor"],
        &["http-server-close"],
        &["httpclose"],
        &["http-keep-alive"],
        &["http-reuse"],
        &["http-request"],
        &["http-response"],
        &["http-after-response"],
        &["stats"],
        &["monitor-uri"],
        &["timeouts", "http-request"],
        &["timeouts", "http-keep-alive"],
    ];
    let frontends = look.file.frontends.iter().map(|(name, proxy)| (name, &proxy.mode, "frontends"));
    let backends = look.file.backends.iter().map(|(name, proxy)| (name, &proxy.mode, "backends"));
    for (name, _, section) in frontends.chain(backends).filter(|(_, mode, _)| look.mode(mode) == Mode::Tcp) {
        for path in HTTP {
            if let Some(place) = look.place(section, name, path) {
                found.push(pointless(path[path.len() - 1], place, "in TCP mode"));
            }
        }
    }
}

fn proxy_headers_without_effect(look: &Look<'_>, found: &mut Diagnostics) {
    for (name, backend) in look.file.backends.iter() {
        for (server, line) in backend.servers.iter() {
            let place = |key: &str| look.place("backends", name, &["servers", server, key]).unwrap_or(server.span());
            if line.send_proxy && line.send_proxy_v2 {
                found.push(pointless("send-proxy", place("send-proxy"), "where `send-proxy-v2` is true"));
            }
            if !line.send_proxy_v2 && !line.proxy_v2_options.is_empty() {
                found.push(pointless("proxy-v2-options", place("proxy-v2-options"), "without `send-proxy-v2`"));
            }
        }
    }
}

fn health_checks_without_effect(look: &Look<'_>, found: &mut Diagnostics) {
    // Every place where a check is written, be it read by a backend or not.
    let sections = ["named-defaults", "backends", "listens"].into_iter().filter_map(|section| look.tree.get(section));
    let proxies = sections.flat_map(|section| section.named().map(|(.., node)| node)).chain(look.tree.get("defaults"));
    let file = look.file;
    let named = file.named_defaults.values().filter_map(|defaults| defaults.health_check.as_ref());
    let all = file.backends.values().filter_map(|backend| backend.health_check.as_ref());
    let checks: HashMap<Span, &HealthCheck> =
        all.chain(named).chain(&file.defaults.health_check).map(|check| (check.span(), &**check)).collect();
    for written in proxies.filter_map(|proxy| proxy.get("health-check")) {
        for key in checks.get(&written.span).map_or_else(Vec::new, |check| check.pointless()) {
            let place = written.entry(key).map_or(written.span, |(key, _)| key.span);
            let told = pointless(key, place, "for a health check of this type");
            found.push(told.help("`type: http` sends a request"));
        }
    }
    for (name, backend) in look.file.backends.iter() {
        if let Some(place) = look.place("backends", name, &["health-check"])
            && !backend.servers.is_empty()
            && backend.servers.values().all(|server| server.check == Some(false))
        {
            found.push(pointless("health-check", place, "where every server has `check: false`"));
        }
    }
}

fn maxconn_over_descriptors(look: &Look<'_>, found: &mut Diagnostics) {
    let Some(maxconn) = &look.file.global.maxconn else { return };
    let listeners = (look.binds.len() * look.workers) as u64;
    let global = &look.file.global;
    // Whoever asks for a limit may be allowed to raise it.
    let limit = global.ulimit_n.as_deref().map_or(look.surroundings.descriptors, |limit| u64::from(*limit));
    let descriptors = global.fd_hard_limit.map_or(limit, |most| limit.min(u64::from(most)));
    let maxpipes = match (super::splicing::is_used(look.file), &global.maxpipes) {
        (false, _) => Some(0),
        (true, asked) => asked.as_deref().map(|most| *most as usize),
    };
    let asked = Demand { maxconn: Some(**maxconn as usize), maxpipes };
    let budget = Budget::new(asked, listeners, look.workers as u64, descriptors);
    if let Err(error) = budget {
        let told = Diagnostic::warning("config.maxconn", maxconn.span(), error.to_string());
        found.push(told.help("a start on this machine, by this user, would be refused"));
    }
}

fn maxconn_over_the_whole(look: &Look<'_>, found: &mut Diagnostics) {
    let Some(whole) = &look.file.global.maxconn else { return };
    for (name, frontend) in look.file.frontends.iter() {
        if let Some(own) = frontend.maxconn.filter(|own| *own > **whole) {
            let place = look.place("frontends", name, &["maxconn"]).unwrap_or(name.span());
            let text = format!("{own} is more than `global.maxconn`, which is {}", **whole);
            found.push(
                Diagnostic::warning("config.maxconn", place, text).also(whole.span(), "the limit of the process"),
            );
        }
    }
}

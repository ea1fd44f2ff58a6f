//! What is listened on: each address of each `bind`, with the options of its line and its frontend.

use std::collections::HashMap;

use plimsoll_config::{Diagnostic, Diagnostics, Span};
use plimsoll_net::{Address, AddressSpec, ListenOptions};

use super::{Bind, Place};
use crate::load::Surroundings;
use crate::model::{BindLine, File, Frontend};

/// More ports than this in one range is a slip of the pen: each takes a descriptor a worker.
const MANY: usize = 10_000;

/// Two frontends cannot share an address: the kernel would deal connections to either.
pub(super) fn binds(file: &File, surroundings: &Surroundings<'_>, found: &mut Diagnostics) -> Vec<Bind> {
    let mut binds = Vec::new();
    let mut places: HashMap<Place, Span> = HashMap::new();
    for (frontend, (name, options)) in file.frontends.iter().enumerate() {
        if options.bind.is_empty() {
            found.push(
                Diagnostic::warning("config.no-bind", name.span(), format!("frontend `{name}` listens nowhere"))
                    .help("give `bind` at least one address"),
            );
        }
        for line in options.bind.iter() {
            let span = if line.address.span().is_none() { line.span() } else { line.address.span() };
            line_alone(line, span, found);
            let Some(first) = listen_address(&line.address.first, span, surroundings, found) else { continue };
            let listen = listen_options(line, options, file);
            for address in line.address.each(first).take(MANY) {
                let any_port = matches!(address, Address::Inet(address) if address.port() == 0);
                let place = Place::of(address, &listen);
                if let Some(first) = places.get(&place).filter(|_| !any_port) {
                    let text = format!("{} is listened on twice", place.address);
                    let told = Diagnostic::error("config.duplicate-bind", span, text).label("again here");
                    found.push(told.also(*first, "first here"));
                    break;
                }
                places.insert(place.clone(), span);
                let maxconn = line.maxconn.map(|most| most as usize);
                let accept_proxy = line.accept_proxy;
                binds.push(Bind {
                    frontend,
                    name: name.to_string(),
                    place,
                    accept_proxy,
                    own_name: line.name.as_deref().map(Into::into),
                    options: listen.clone(),
                    maxconn,
                });
            }
        }
    }
    if file.frontends.is_empty() {
        found.push(Diagnostic::warning("config.no-frontend", Span::NONE, "no frontend: nothing would be served"));
    }
    binds
}

fn listen_options(line: &BindLine, frontend: &Frontend, file: &File) -> ListenOptions {
    let all = &file.defaults;
    let defaults = ListenOptions::default();
    ListenOptions {
        backlog: line.backlog.unwrap_or(defaults.backlog),
        keepalive: line.keepalive.or(frontend.client_keepalive).or(all.client_keepalive).unwrap_or_default(),
        interface: line.interface.as_deref().map(Into::into),
        // HAProxy's order: `v6only` comes first.
        v6only: if line.v6only { Some(true) } else { line.v4v6.then_some(false) },
        transparent: line.transparent,
        mss: line.mss.as_deref().copied(),
        tfo: line.tfo,
        defer_accept: line.defer_accept,
        user_timeout: line.tcp_ut.map(plimsoll_config::Duration::as_std),
        smart_accept: frontend.tcp_smart_accept.or(all.tcp_smart_accept).unwrap_or(false),
        nolinger: frontend.nolinger.or(all.nolinger).unwrap_or(false),
        mptcp: line.address.mptcp,
        namespace: line.namespace.as_deref().map(Into::into),
        ..defaults
    }
}

/// What a line says that cannot be, or has no effect.
fn line_alone(line: &BindLine, span: Span, found: &mut Diagnostics) {
    if let Some(mss) = line.mss.as_ref().filter(|mss| !(88..=32767).contains(&***mss)) {
        let text = format!("an mss of {} is not between 88 and 32767 bytes", **mss);
        found.push(Diagnostic::error("config.bad-value", mss.span(), text));
    }
    if let Some(nice) = &line.nice {
        if !(-1024..=1024).contains(&**nice) {
            let text = format!("a nice of {} is not between -1024 and 1024", **nice);
            found.push(Diagnostic::error("config.bad-value", nice.span(), text));
        } else if **nice != 0 {
            let told =
                super::lint::pointless("nice", nice.span(), "here: all connections of a worker are served in turn");
            found.push(told.help("take it out; it is read so that a configuration of HAProxy's can be carried over"));
        }
    }
    if line.address.mptcp && !plimsoll_net::has_mptcp() {
        let told =
            super::lint::pointless("mptcp@", span, "on this kernel: it has no Multipath TCP, or it is switched off");
        found.push(told.help("plain TCP is used; `sysctl net.mptcp.enabled` says whether the kernel has it"));
    }
}

/// A name is looked up now: without an address there is nothing to listen on.
fn listen_address(
    spec: &AddressSpec,
    span: Span,
    surroundings: &Surroundings<'_>,
    found: &mut Diagnostics,
) -> Option<Address> {
    match spec {
        AddressSpec::Known(address) => Some(address.clone()),
        AddressSpec::Name { host, port, family } => match (surroundings.resolve)(host, *port, *family) {
            Ok(address) => Some(Address::Inet(address)),
            Err(why) => {
                let text = format!("`{host}` cannot be resolved: {why}");
                found.push(Diagnostic::error("config.unresolved", span, text));
                None
            }
        },
    }
}

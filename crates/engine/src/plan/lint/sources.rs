//! Where connections to servers come from: ports that cannot be enough, addresses that cannot reach, keys that change nothing.

use std::collections::HashMap;
use std::net::SocketAddr;

use plimsoll_config::{Diagnostic, Diagnostics, ShortForm, Span, Spanned};
use plimsoll_net::{Address, AddressSpec, Family, Source, SourceAddress, UseSource};
use plimsoll_proxy::Mode;

use super::{Look, pointless};
use crate::build::source;
use crate::model::Backend;

/// The ports that a backend has for all its connections.
struct Ports {
    count: u64,
    /// The first range that limits them.
    range: Option<Span>,
}

/// Each connection to one server address needs a source port of its own.
pub(super) fn maxconn_over_source_ports(look: &Look<'_>, found: &mut Diagnostics) {
    let whole = look.file.global.maxconn.as_deref().copied();
    for (name, frontend) in look.file.frontends.iter() {
        let Some(wanted) = &frontend.default_backend else { continue };
        let Some(backend) = look.file.backends.get(wanted.as_str()) else { continue };
        let own = frontend.maxconn.or(look.file.defaults.maxconn);
        let Some(most) = own.into_iter().chain(whole).min().map(u64::from) else { continue };
        let Some(Ports { count, range }) = ports(look, backend) else { continue };
        if count == 0 || most <= count {
            continue;
        }
        let text = format!(
            "frontend `{name}` may hold {most} connections, but backend `{wanted}` has source ports for {count} only"
        );
        found.push(match range {
            None => Diagnostic::warning("config.source-ports", wanted.span(), text)
                .help("more server addresses, or a wider net.ipv4.ip_local_port_range, or a smaller maxconn"),
            Some(range) => Diagnostic::warning("config.source-range", wanted.span(), text)
                .also(range, "the ports are counted here, once for each server address")
                .help("a wider range, or more addresses in `source`, or a smaller maxconn"),
        });
    }
}

/// `None`: there is no limit that is known, as with UNIX sockets and clients' own addresses.
fn ports(look: &Look<'_>, backend: &Backend) -> Option<Ports> {
    let mut counted: HashMap<(&AddressSpec, Option<SourceAddress>), u64> = HashMap::new();
    let mut range = None;
    for server in backend.servers.values().filter(|server| !server.disabled) {
        let destination = &*server.address;
        if matches!(destination, AddressSpec::Known(Address::Unix(_) | Address::Abstract(_))) {
            return None;
        }
        let written = source(look.file, backend, server);
        if matches!(
            written.and_then(|source| source.usesrc.as_ref()),
            Some(UseSource::Client | UseSource::ClientIp | UseSource::Header { .. })
        ) {
            return None;
        }
        let mut fitting = fitting(written, destination).peekable();
        if fitting.peek().is_none() {
            counted.insert((destination, None), look.surroundings.source_ports);
        }
        for address in fitting {
            if address.ports.is_some() {
                range = range.or(written.map(Spanned::span));
            }
            let size = address.size().map_or(look.surroundings.source_ports, |size| size as u64);
            counted.insert((destination, Some(*address)), size);
        }
    }
    Some(Ports { count: counted.values().fold(0, |all, one| all.saturating_add(*one)), range })
}

/// The addresses of a source from which a server can be reached.
fn fitting<'a>(
    source: Option<&'a Spanned<ShortForm<Source>>>,
    destination: &'a AddressSpec,
) -> impl Iterator<Item = &'a SourceAddress> {
    let all = source.into_iter().flat_map(|source| source.address.iter());
    all.filter(move |address| family(destination).is_none_or(|example| address.fits(&example)))
}

/// An address of the server's family, if that is known.
fn family(destination: &AddressSpec) -> Option<SocketAddr> {
    match destination {
        AddressSpec::Known(Address::Inet(address)) => Some(*address),
        AddressSpec::Name { family: Some(Family::V4), .. } => Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        AddressSpec::Name { family: Some(Family::V6), .. } => Some(SocketAddr::from(([0_u16, 0, 0, 0, 0, 0, 0, 1], 0))),
        _ => None,
    }
}

/// An IPv4 address reaches no IPv6 server: every connection would fail.
pub(super) fn sources_of_another_family(look: &Look<'_>, found: &mut Diagnostics) {
    for backend in look.file.backends.values() {
        for (name, server) in backend.servers.iter() {
            let Some(written) = source(look.file, backend, server) else { continue };
            if written.address.is_empty() || family(&server.address).is_none() {
                continue;
            }
            if fitting(Some(written), &server.address).next().is_none() {
                let kind = if written.address[0].ip.is_ipv4() { "IPv4" } else { "IPv6" };
                let text =
                    format!("`source` has only {kind} addresses, and server `{name}` is reached by the other family");
                let told =
                    Diagnostic::error("config.source-family", written.span(), text).also(name.span(), "the server");
                found.push(told.help("give `source` an address of each family: those that fit are used"));
            }
        }
    }
}

pub(super) fn sources_without_effect(look: &Look<'_>, found: &mut Diagnostics) {
    for (name, backend) in look.file.backends.iter() {
        for (server, line) in backend.servers.iter() {
            let place = || look.place("backends", name, &["servers", server, "source"]).unwrap_or(server.span());
            let unix = matches!(&*line.address, AddressSpec::Known(Address::Unix(_) | Address::Abstract(_)));
            if line.source.is_some() && unix {
                found.push(pointless("source", place(), "for a UNIX socket"));
            }
        }
        let sources = backend.servers.values().map(|line| line.source.as_ref()).chain([backend.source.as_ref()]);
        for written in sources.flatten().filter(|_| look.mode(&backend.mode) == Mode::Tcp) {
            if let Some(UseSource::Header { .. }) = written.usesrc {
                found.push(pointless("usesrc: hdr_ip(…)", written.span(), "in TCP mode: there is no header"));
            }
        }
    }
}

//! What only makes sense together: names that must exist, addresses, modes that must agree. It ends in a plan, or in findings.

use std::net::{SocketAddr, ToSocketAddrs};

use plimsoll_config::{Diagnostic, Diagnostics, Span, Spanned};
use plimsoll_net::{Address, AddressSpec, Family, ListenOptions};
use plimsoll_observe::{LogTarget, To};
use plimsoll_proxy::Mode;

use crate::model::{File, Threads};

/// Everything that is needed to start.
#[derive(Debug)]
pub struct Plan {
    pub(crate) file: File,
    pub(crate) workers: usize,
    pub(crate) maxconn: Option<usize>,
    pub(crate) log: Vec<LogTarget>,
    /// Addresses to listen on.
    pub binds: Vec<Bind>,
    /// Of each backend's servers.
    pub(crate) addresses: Vec<Vec<Address>>,
}

/// One address to listen on.
#[derive(Clone, Debug)]
pub struct Bind {
    /// Which frontend, an index.
    pub frontend: usize,
    /// Its name.
    pub name: String,
    /// Where.
    pub address: Address,
    pub(crate) options: ListenOptions,
}

/// Checks what only makes sense together. `written`: the names of all backends, also of those that could not be read. `None`: there were
/// errors.
pub(crate) fn compile(file: File, written: &[String], found: &mut Diagnostics) -> Option<Plan> {
    let binds = binds(&file, found);
    references(&file, written, found);
    let addresses = file
        .backends
        .values()
        .map(|backend| {
            backend.servers.iter().filter_map(|(name, server)| address(&server.address, name.span(), found)).collect()
        })
        .collect();
    let workers = match file.global.threads.as_deref() {
        None | Some(Threads::Auto) => plimsoll_net::limits::cpus(),
        Some(Threads::Count(count)) => *count as usize,
    };
    let log = match &file.global.log {
        None => vec![LogTarget::new(To::Stdout)],
        Some(targets) => targets.iter().map(|target| target.0.clone()).collect(),
    };
    let maxconn = file.global.maxconn.as_deref().map(|maxconn| *maxconn as usize);
    if found.has_errors() { None } else { Some(Plan { file, workers, maxconn, log, binds, addresses }) }
}

fn binds(file: &File, found: &mut Diagnostics) -> Vec<Bind> {
    let mut binds = Vec::new();
    for (frontend, (name, options)) in file.frontends.iter().enumerate() {
        if options.bind.is_empty() {
            found.push(
                Diagnostic::error("config.no-bind", name.span(), format!("frontend `{name}` listens nowhere"))
                    .help("give `bind` at least one address"),
            );
        }
        for line in options.bind.iter() {
            let Some(address) = address(&line.address, name.span(), found) else { continue };
            let defaults = ListenOptions::default();
            let options = ListenOptions {
                backlog: line.backlog.unwrap_or(defaults.backlog),
                keepalive: line.keepalive.unwrap_or(defaults.keepalive),
                ..defaults
            };
            binds.push(Bind { frontend, name: name.to_string(), address, options });
        }
    }
    if file.frontends.is_empty() {
        found.push(Diagnostic::warning("config.no-frontend", Span::NONE, "no frontend: nothing would be served"));
    }
    binds
}

/// Names that must exist, and modes that must agree.
fn references(file: &File, written: &[String], found: &mut Diagnostics) {
    let default_mode = file.defaults.mode.unwrap_or_default();
    let mode = |mode: &Option<Spanned<Mode>>| mode.as_deref().copied().unwrap_or(default_mode);
    for (name, frontend) in file.frontends.iter() {
        let Some(wanted) = &frontend.default_backend else {
            found.push(Diagnostic::warning(
                "config.no-backend",
                name.span(),
                format!("frontend `{name}` has no `default-backend`: every request is answered 503"),
            ));
            continue;
        };
        let Some((defined, backend)) = file.backends.iter().find(|(name, _)| name.as_str() == wanted.as_str()) else {
            if written.iter().any(|name| name == wanted.as_str()) {
                continue;
            }
            found.push(
                Diagnostic::error("config.unknown-backend", wanted.span(), format!("unknown backend `{wanted}`"))
                    .suggest(wanted, written.iter().map(String::as_str)),
            );
            continue;
        };
        if mode(&frontend.mode) != mode(&backend.mode) {
            let text = format!("frontend `{name}` and backend `{wanted}` have different modes");
            found.push(
                Diagnostic::error("config.mode-mismatch", wanted.span(), text).also(defined.span(), "the backend"),
            );
        }
    }
    for (name, backend) in file.backends.iter() {
        if backend.servers.is_empty() {
            found.push(Diagnostic::warning("config.no-server", name.span(), format!("backend `{name}` has no server")));
        }
        if let Some(check) = &backend.health_check {
            for key in check.pointless() {
                let text = format!("`{key}` means nothing for a health check of this type");
                found.push(Diagnostic::warning("config.pointless", check.span(), text));
            }
        }
        for server in backend.servers.values() {
            if let Some(weight) = server.weight.as_ref().filter(|weight| ***weight > 256) {
                found.push(Diagnostic::error(
                    "config.bad-value",
                    weight.span(),
                    format!("weight {} is not between 0 and 256", **weight),
                ));
            }
        }
    }
}

/// A name is looked up now. `owner`: the place to name when the short form of a line has none of its own.
fn address(spec: &Spanned<AddressSpec>, owner: Span, found: &mut Diagnostics) -> Option<Address> {
    let span = if spec.span().is_none() { owner } else { spec.span() };
    let (host, port, family) = match &**spec {
        AddressSpec::Known(address) => return Some(address.clone()),
        AddressSpec::Name { host, port, family } => (host, *port, *family),
    };
    let fits = |address: &SocketAddr| match family {
        None => true,
        Some(Family::V4) => address.is_ipv4(),
        Some(Family::V6) => address.is_ipv6(),
    };
    match (host.as_str(), port).to_socket_addrs().map(|mut all| all.find(fits)) {
        Ok(Some(address)) => Some(Address::Inet(address)),
        Ok(None) => {
            found.push(Diagnostic::error("config.unresolved", span, format!("`{host}` has no address of that family")));
            None
        }
        Err(error) => {
            found.push(Diagnostic::error("config.unresolved", span, format!("`{host}` cannot be resolved: {error}")));
            None
        }
    }
}

//! What only makes sense together: names that must exist, addresses, modes that must agree. It ends in a plan, or in findings.

mod binds;
mod captures;
mod inherit;
mod lint;
mod logs;
mod of_process;
mod pages;
mod rules;
mod servers;
pub(crate) mod splicing;
mod stats;

use std::sync::Arc;

use plimsoll_config::{Diagnostic, Diagnostics, Node, Sources, Span, Spanned};
use plimsoll_net::{Address, ListenOptions};
use plimsoll_proxy::Mode;

use crate::load::Surroundings;
use crate::model::{File, Threads};

pub(crate) use logs::Logs;
pub use servers::ServerAddress;

/// Everything that is needed to start.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) file: File,
    pub(crate) workers: usize,
    pub(crate) maxconn: Option<usize>,
    pub(crate) log: Logs,
    /// The rules of its proxies.
    pub(crate) rules: rules::Compiled,
    /// Addresses to listen on.
    pub binds: Vec<Bind>,
    /// Of each backend's servers: what is known of their addresses.
    pub servers: Vec<Vec<ServerAddress>>,
    /// The same, with an address where nothing ever answers for those that are not known.
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
    pub place: Place,
    /// `accept-proxy`
    pub(crate) accept_proxy: bool,
    /// What `so_name` gives.
    pub(crate) own_name: Option<Arc<str>>,
    pub(crate) options: ListenOptions,
    /// Connections at once by this address.
    pub(crate) maxconn: Option<usize>,
}

/// What makes a listener the same one over reloads: one address may be listened on by several interfaces and in several network namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The address.
    pub address: Address,
    interface: Option<Box<str>>,
    namespace: Option<Box<str>>,
}

impl Place {
    fn of(address: Address, options: &ListenOptions) -> Self {
        Self { address, interface: options.interface.clone(), namespace: options.namespace.clone() }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.address.fmt(f)?;
        self.interface.as_ref().map_or(Ok(()), |name| write!(f, " interface {name}"))?;
        self.namespace.as_ref().map_or(Ok(()), |name| write!(f, " namespace {name}"))
    }
}

/// The names that are written down, also of what could not be read: a reference to one of them is not wrong.
pub(crate) struct Written<'t> {
    backends: Vec<&'t str>,
    defaults: Vec<&'t str>,
}

impl<'t> Written<'t> {
    fn of(tree: &'t Node) -> Self {
        let names = |section: &str| tree.get(section).map(Node::named).into_iter().flatten().map(|(name, ..)| name);
        Self {
            backends: names("backends").chain(names("listens")).collect(),
            defaults: names("named-defaults").collect(),
        }
    }
}

/// Checks what only makes sense together. `None`: there were errors.
pub(crate) fn compile(
    mut file: File,
    tree: &Node,
    surroundings: &Surroundings<'_>,
    sources: &Sources,
    found: &mut Diagnostics,
) -> Option<Plan> {
    let written = Written::of(tree);
    inherit::split_listens(&mut file, found);
    inherit::fill(&mut file, &written.defaults, found);
    surroundings.wishes.limit_frontends(&mut file);
    let binds = binds::binds(&file, surroundings, found);
    references(&file, &written, found);
    values(&file, found);
    splicing::pipesize(&file, surroundings, found);
    let servers = servers::resolve(&file, surroundings, found);
    let workers = match file.global.threads.as_deref() {
        None | Some(Threads::Auto) => surroundings.cpus,
        Some(Threads::Count(count)) => *count as usize,
    };
    let rules = rules::compile(&file, sources, surroundings, found);
    lint::lint(&lint::Look::new(&file, tree, &binds, &rules, workers, surroundings), found);
    let log = logs::logs(&file, surroundings.wishes.log_tag.as_ref(), found);
    let maxconn = file.global.maxconn.as_deref().map(|maxconn| *maxconn as usize);
    let addresses = servers.iter().map(|all| all.iter().map(ServerAddress::or_nowhere).collect()).collect();
    (!found.has_errors()).then_some(Plan { file, workers, maxconn, log, rules, binds, servers, addresses })
}

/// Names that must exist, and modes that must agree.
fn references(file: &File, written: &Written<'_>, found: &mut Diagnostics) {
    for (name, frontend) in file.frontends.iter() {
        let Some(wanted) = &frontend.default_backend else {
            if !frontend.use_backend.is_empty() || !frontend.http_request.is_empty() {
                // Its rules may send or answer everything.
                continue;
            }
            found.push(Diagnostic::warning(
                "config.no-backend",
                name.span(),
                format!("frontend `{name}` has no `default-backend`: every request is answered 503"),
            ));
            continue;
        };
        let Some((defined, backend)) = file.backends.get_key_value(wanted.as_str()) else {
            if !written.backends.contains(&wanted.as_str()) {
                found.push(
                    Diagnostic::error("config.unknown-backend", wanted.span(), format!("unknown backend `{wanted}`"))
                        .suggest(wanted, written.backends.iter().copied()),
                );
            }
            continue;
        };
        modes_agree(file, (name, &frontend.mode), (defined, &backend.mode), wanted.span(), found);
    }
    // What rules lead to by name; whether it exists was looked at with the rules.
    for (name, frontend) in file.frontends.iter() {
        for rule in frontend.use_backend.iter() {
            let word = rule.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']);
            if let Some((defined, backend)) = file.backends.get_key_value(word) {
                modes_agree(file, (name, &frontend.mode), (defined, &backend.mode), rule.span(), found);
            }
        }
    }
}

/// A frontend leads to backends of its own mode only.
fn modes_agree(
    file: &File,
    (frontend, ours): (&Spanned<String>, &Option<Spanned<Mode>>),
    (backend, theirs): (&Spanned<String>, &Option<Spanned<Mode>>),
    wanted: Span,
    found: &mut Diagnostics,
) {
    let mode = |mode: &Option<Spanned<Mode>>| mode.as_deref().copied().or(file.defaults.mode).unwrap_or_default();
    if mode(ours) == mode(theirs) {
        return;
    }
    let word = |own| if mode(own) == Mode::Tcp { "tcp" } else { "http" };
    let text = format!("frontend `{frontend}` and backend `{backend}` have different modes");
    let place = theirs.as_ref().map_or(backend.span(), Spanned::span);
    let place = if place.is_none() { backend.span() } else { place };
    found.push(
        Diagnostic::error("config.mode-mismatch", wanted, text)
            .label(format!("the frontend's mode is {}", word(ours)))
            .also(place, format!("the backend's mode is {}", word(theirs))),
    );
}

/// Values whose range the type does not say.
fn values(file: &File, found: &mut Diagnostics) {
    for server in file.backends.values().flat_map(|backend| backend.servers.values()) {
        if let Some(weight) = server.weight.as_ref().filter(|weight| ***weight > 256) {
            let text = format!("weight {} is not between 0 and 256", **weight);
            found.push(Diagnostic::error("config.bad-value", weight.span(), text));
        }
        for option in server.proxy_v2_options.iter() {
            if let Some(what) = option.missing() {
                let text = format!("this option is not supported yet: it would tell {what}");
                found.push(Diagnostic::error("config.not-yet", option.span(), text).help("take it out"));
            }
        }
    }
}

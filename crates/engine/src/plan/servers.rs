//! Addresses of servers: a name that has none yet is a state of that server, not a reason not to start.

use std::net::{Ipv4Addr, SocketAddr};

use plimsoll_config::{Diagnostic, Diagnostics};
use plimsoll_net::{Address, AddressSpec, Family};

use crate::load::Surroundings;
use crate::model::File;

/// What is known of a server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// It is this; from a name or as written.
    Known(Address),
    /// The name had no address when the file was read: to be tried again.
    Unresolved {
        /// The name.
        host: String,
        /// The port to connect to.
        port: u16,
        /// The family that the file demands.
        family: Option<Family>,
    },
}

impl ServerAddress {
    /// The address, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&Address> {
        match self {
            Self::Known(address) => Some(address),
            Self::Unresolved { .. } => None,
        }
    }

    /// The address, or one to which every connection fails at once.
    pub(crate) fn or_nowhere(&self) -> Address {
        match self {
            Self::Known(address) => address.clone(),
            Self::Unresolved { port, .. } => Address::Inet(SocketAddr::from((Ipv4Addr::BROADCAST, *port))),
        }
    }

    /// Whether this is nowhere.
    #[cfg(test)]
    fn is_nowhere(address: &Address) -> bool {
        matches!(address, Address::Inet(SocketAddr::V4(address)) if address.ip().is_broadcast())
    }
}

/// Of each backend's servers, in the order of the file. Each name is looked up once.
pub(super) fn resolve(
    file: &File,
    surroundings: &Surroundings<'_>,
    found: &mut Diagnostics,
) -> Vec<Vec<ServerAddress>> {
    let mut asked: std::collections::HashMap<(&str, u16, Option<Family>), Result<SocketAddr, String>> =
        std::collections::HashMap::new();
    let mut all = Vec::with_capacity(file.backends.len());
    for backend in file.backends.values() {
        let mut addresses = Vec::with_capacity(backend.servers.len());
        for line in backend.servers.values() {
            let (host, port, family) = match &*line.address {
                AddressSpec::Known(address) => {
                    addresses.push(ServerAddress::Known(address.clone()));
                    continue;
                }
                AddressSpec::Name { host, port, family } => (host.as_str(), *port, *family),
            };
            let answer =
                asked.entry((host, port, family)).or_insert_with(|| (surroundings.resolve)(host, port, family));
            addresses.push(match answer {
                Ok(address) => ServerAddress::Known(Address::Inet(*address)),
                Err(why) => {
                    let span = if line.address.span().is_none() { line.span() } else { line.address.span() };
                    let text = format!("`{host}` cannot be resolved now: {why}");
                    let help = "the server starts without an address, gets nothing, and the name is tried again";
                    found.push(Diagnostic::warning("config.unresolved", span, text).help(help));
                    ServerAddress::Unresolved { host: host.to_owned(), port, family }
                }
            });
        }
        all.push(addresses);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unresolved_server_has_an_address_that_nothing_answers() {
        let unresolved = ServerAddress::Unresolved { host: "a".into(), port: 80, family: None };
        assert_eq!(unresolved.known(), None);
        assert!(ServerAddress::is_nowhere(&unresolved.or_nowhere()));
        let known = ServerAddress::Known(Address::Inet(SocketAddr::from(([127, 0, 0, 1], 80))));
        assert_eq!(Some(&known.or_nowhere()), known.known());
    }
}

//! Where connections to servers come from: `source`, as a configuration writes it (HAProxy's manual, `source` of backends and servers).
//!
//! *Written* here; [`Outlet`] is what it means for one destination, [`PortRange`] the ports of one of its addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use plimsoll_config::{FromShort, OneOrMany};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

mod outlet;
mod queue;
mod range;

pub(crate) use outlet::{Departure, Refusal};
pub use outlet::{Destination, Outlet, Outlets};
pub use range::{HeldPort, PortRange};

/// `source`: an address, or this map.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// Addresses of this machine, in turn: `10.0.0.1`, `10.0.0.1:2000-3000`, `[::1]`; any if not given.
    #[serde(default)]
    pub address: OneOrMany<SourceAddress>,
    /// The address that servers see instead: `client`, `clientip`, `hdr_ip(NAME,-1)`, or one that is written.
    pub usesrc: Option<UseSource>,
    /// Send by this network interface.
    pub interface: Option<Box<str>>,
}

/// One address of this machine, with the ports that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct SourceAddress {
    /// The address; the unspecified one is any.
    pub ip: IpAddr,
    /// The first and the last port; without, the kernel chooses.
    pub ports: Option<(u16, u16)>,
}

/// An address that is not this machine's: `usesrc`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum UseSource {
    /// The client's address and port.
    Client,
    /// The client's address.
    ClientIp,
    /// The address in a field of the request.
    Header {
        /// Its name, in lower case.
        name: Box<str>,
        /// Which one of several: from 1 on from the first, from -1 on from the last; 0: none.
        occurrence: i32,
    },
    /// This one; without a port the kernel chooses it.
    Address(SocketAddr),
}

/// Why a text is no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Not an address at all.
    #[error("`{0}` is no source address: write an IP address, and ports behind it if need be: `10.0.0.1:2000-3000`")]
    Address(String),
    /// A port that is none.
    #[error("`{0}` are no ports: a number from 0 to 65535 is expected, or a range such as `2000-3000`")]
    Ports(String),
    /// `3000-2000`
    #[error("the range of ports `{0}` is empty: its first port comes first, and neither is 0")]
    EmptyRange(String),
    /// HAProxy's words in one line.
    #[error(
        "`{0}` is more than an address\nhelp: write a map: `source: {{ address: 10.0.0.1, usesrc: clientip, interface: eth0 }}`"
    )]
    Words(String),
    /// None of the forms.
    #[error(
        "`{0}` is none of `client`, `clientip`, `hdr_ip(NAME)`, `hdr_ip(NAME,NUMBER)` and an address with one port"
    )]
    UseSource(String),
}

impl SourceAddress {
    /// Whether it says nothing: any address, any port.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.ip.is_unspecified() && self.ports.is_none()
    }

    /// Whether a connection to that address can come from here.
    #[must_use]
    pub fn fits(&self, destination: &SocketAddr) -> bool {
        self.is_any() || self.ip.is_ipv4() == destination.is_ipv4()
    }

    /// How many ports there are; `None`: as many as the kernel has.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        self.ports.map(|(first, last)| usize::from(last - first) + 1)
    }
}

impl FromStr for SourceAddress {
    type Err = SourceError;

    /// `10.0.0.1`, `10.0.0.1:2000`, `10.0.0.1:2000-3000`, `[::1]:2000`, `::1`, `*`, `*:2000-3000`; `ipv4@` and `ipv6@` before it.
    fn from_str(text: &str) -> Result<Self, SourceError> {
        let wrong = || SourceError::Address(text.to_owned());
        let (rest, v6) = match text.split_once('@') {
            Some(("ipv4", rest)) => (rest, Some(false)),
            Some(("ipv6", rest)) => (rest, Some(true)),
            Some(_) => return Err(wrong()),
            None => (text, None),
        };
        if rest.contains(char::is_whitespace) {
            return Err(SourceError::Words(text.to_owned()));
        }
        let bare = rest.parse::<Ipv6Addr>().is_ok() || rest.ends_with(']');
        let (host, ports) = if bare { (rest, "") } else { rest.rsplit_once(':').unwrap_or((rest, "")) };
        let any = if v6 == Some(true) { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let ip: IpAddr = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            _ if host == "*" || (host.is_empty() && !rest.is_empty()) => any,
            Some(inner) => IpAddr::V6(inner.parse().map_err(|_| wrong())?),
            None => host.parse().map_err(|_| wrong())?,
        };
        if v6.is_some_and(|v6| v6 != ip.is_ipv6()) {
            return Err(wrong());
        }
        Ok(Self { ip, ports: read_ports(ports)? })
    }
}

fn read_ports(text: &str) -> Result<Option<(u16, u16)>, SourceError> {
    let wrong = || SourceError::Ports(text.to_owned());
    let port = |text: &str| -> Result<u16, SourceError> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or_else(wrong)
    };
    match text.split_once('-') {
        None if text.is_empty() => Ok(None),
        None => Ok(Some(port(text)?).filter(|port| *port != 0).map(|port| (port, port))),
        Some((first, last)) => match (port(first)?, port(last)?) {
            (first, last) if first == 0 || last < first => Err(SourceError::EmptyRange(text.to_owned())),
            both => Ok(Some(both)),
        },
    }
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, self.ports) {
            (ip, None) => ip.fmt(f),
            (ip, Some((first, last))) => {
                SocketAddr::new(ip, first).fmt(f)?;
                if last == first { Ok(()) } else { write!(f, "-{last}") }
            }
        }
    }
}

impl FromStr for UseSource {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let wrong = || SourceError::UseSource(text.to_owned());
        match text {
            "client" => return Ok(Self::Client),
            "clientip" => return Ok(Self::ClientIp),
            _ => {}
        }
        if let Some(inside) = text.strip_prefix("hdr_ip(").and_then(|rest| rest.strip_suffix(')')) {
            let (name, occurrence) = match inside.split_once(',') {
                None => (inside, -1),
                Some((name, number)) => (name, number.trim().parse().map_err(|_| wrong())?),
            };
            let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let name = name.trim();
            if name.is_empty() || !name.bytes().all(token) {
                return Err(wrong());
            }
            return Ok(Self::Header { name: name.to_ascii_lowercase().into(), occurrence });
        }
        match text.parse::<SourceAddress>() {
            Ok(SourceAddress { ip, ports: None }) if !ip.is_unspecified() => Ok(Self::Address((ip, 0).into())),
            Ok(SourceAddress { ip, ports: Some((one, last)) }) if one == last && !ip.is_unspecified() => {
                Ok(Self::Address((ip, one).into()))
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for UseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => f.write_str("client"),
            Self::ClientIp => f.write_str("clientip"),
            Self::Header { name, occurrence: -1 } => write!(f, "hdr_ip({name})"),
            Self::Header { name, occurrence } => write!(f, "hdr_ip({name},{occurrence})"),
            Self::Address(address) if address.port() == 0 => address.ip().fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl FromShort for Source {
    fn from_short(text: &str) -> Result<Self, String> {
        let address = text.parse().map_err(|error: SourceError| error.to_string())?;
        Ok(Self { address: OneOrMany(vec![address]), usesrc: None, interface: None })
    }
}

/// By a visitor: what it finds wrong is told at the place of the one item of a list.
impl<'de> Deserialize<'de> for SourceAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = SourceAddress;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an IP address, with ports or without")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SourceAddress, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl From<SourceAddress> for String {
    fn from(address: SourceAddress) -> String {
        address.to_string()
    }
}

impl TryFrom<String> for UseSource {
    type Error = SourceError;
    fn try_from(text: String) -> Result<Self, SourceError> {
        text.parse()
    }
}

impl From<UseSource> for String {
    fn from(usesrc: UseSource) -> String {
        usesrc.to_string()
    }
}

impl JsonSchema for SourceAddress {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SourceAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(ipv[46]@)?(\*|[0-9.]+|\[?[0-9a-fA-F:.]+\]?)(:[0-9]+(-[0-9]+)?)?$|\$\{",
            "description": "An IP address, with a port or a range of ports if need be.",
            "examples": ["10.0.0.1", "10.0.0.1:2000-3000", "[fd00::1]:2000-3000"],
        })
    }
}

impl JsonSchema for UseSource {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UseSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^client(ip)?$|^hdr_ip\(.+\)$|[.:]|\$\{",
            "description": "Whose address servers see: the client's, one of a header field, or one that is written.",
            "examples": ["clientip", "client", "hdr_ip(x-forwarded-for)", "hdr_ip(x-forwarded-for,1)"],
        })
    }
}

#[cfg(test)]
mod tests;

//! Addresses as configurations write them, in HAProxy's forms (its manual, section 4.2 "bind" and 5.2 "server").

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

mod bind;

pub use bind::BindSpec;
use rustix::net::{SocketAddrAny, SocketAddrUnix};
use serde::{Deserialize, Serialize};

use crate::Passed;

/// Where a stream socket listens or connects to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// TCP over IPv4 or IPv6.
    Inet(SocketAddr),
    /// A UNIX stream socket in the file system.
    Unix(PathBuf),
    /// A UNIX stream socket in Linux's abstract namespace, by name without the leading zero byte.
    Abstract(String),
    /// A socket that was inherited; only listened on.
    Inherited(Passed),
}

/// The family that a name must resolve to, when the configuration demands one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `ipv4@`
    V4,
    /// `ipv6@`
    V6,
}

/// What an address text says: a socket address, or a name that the caller resolves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AddressSpec {
    /// Complete.
    Known(Address),
    /// A host name and what is to be done with its addresses.
    Name {
        /// The name as written.
        host: String,
        /// The port to connect to.
        port: u16,
        /// Set by `ipv4@` and `ipv6@`.
        family: Option<Family>,
    },
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing there.
    #[error("an address is missing")]
    Empty,
    /// An address without `:PORT`.
    #[error("`{0}` has no port: write `{stem}:PORT`", stem = .0.trim_end_matches(':'))]
    NoPort(String),
    /// The port is no number between 0 and 65535.
    #[error("`{0}` is not a port: a number from 0 to 65535 is expected")]
    Port(String),
    /// `80-90` where one port is meant.
    #[error("`{0}` is a range of ports: one port is meant here")]
    PortRange(String),
    /// `90-80`.
    #[error("the range of ports `{0}` is empty: its first port comes first, and neither is 0")]
    EmptyRange(String),
    /// `fd@x`.
    #[error("`{0}` is neither the number of a descriptor nor a name")]
    Descriptor(String),
    /// `udp4@`, …; `fd@` where nothing listens.
    #[error("addresses that start with `{0}@` are not supported here: use `ipv4@`, `ipv6@`, `unix@` or `abns@`")]
    Prefix(String),
    /// `ipv4@[::1]:80`
    #[error("`{address}` does not belong to the family that `{prefix}@` asks for")]
    OtherFamily {
        /// `ipv4` or `ipv6`.
        prefix: &'static str,
        /// The rest.
        address: String,
    },
    /// Brackets without an IPv6 address in them.
    #[error("`{0}` is not an IPv6 address")]
    V6(String),
    /// Neither an IP address nor a possible host name.
    #[error("`{0}` is neither an IP address nor a host name")]
    Host(String),
    /// Longer than a socket address can hold.
    #[error("the path `{0}` is too long for a UNIX socket: 107 bytes is the limit")]
    PathTooLong(String),
    /// A relative path after `unix@`.
    #[error("`{0}` is not an absolute path")]
    RelativePath(String),
    /// A name where only a socket address will do.
    #[error("`{0}` is a name; an IP address is needed here")]
    Name(String),
}

impl Address {
    /// Reads `*:80`, `:80`, `1.2.3.4:80`, `[::]:80`, `:::80`, `ipv4@…`, `ipv6@…`, `/path`, `unix@/path`, `abns@name`, `name:80`.
    ///
    /// `*:80` is IPv4 as in HAProxy; `:::80` and `[::]:80` are IPv6 and, as the kernel's default has it, IPv4 as well.
    pub fn parse(text: &str) -> Result<AddressSpec, AddressError> {
        let (family, rest) = match text.split_once('@') {
            _ if text.starts_with('/') => (None, text),
            Some(("unix", path)) => return unix(path),
            Some(("abns", name)) => return abstract_name(name),
            Some(("ipv4" | "tcp4", rest)) => (Some(Family::V4), rest),
            Some(("ipv6" | "tcp6", rest)) => (Some(Family::V6), rest),
            Some(("tcp", rest)) => (None, rest),
            Some((prefix, _)) => return Err(AddressError::Prefix(prefix.to_owned())),
            None => (None, text),
        };
        if rest.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.starts_with('/') {
            return unix(rest);
        }
        let (host, port) = host_and_port(rest)?;
        let ip = match host {
            "" | "*" if family == Some(Family::V6) => Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            "" | "*" => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            _ if host.starts_with('[') || host.contains(':') => {
                let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
                Some(IpAddr::V6(inner.parse().map_err(|_| AddressError::V6(host.to_owned()))?))
            }
            _ => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        match (ip, family) {
            (Some(IpAddr::V6(_)), Some(Family::V4)) => {
                Err(AddressError::OtherFamily { prefix: "ipv4", address: rest.to_owned() })
            }
            (Some(IpAddr::V4(_)), Some(Family::V6)) => {
                Err(AddressError::OtherFamily { prefix: "ipv6", address: rest.to_owned() })
            }
            (Some(ip), _) => Ok(AddressSpec::Known(Address::Inet(SocketAddr::new(ip, port)))),
            (None, _) if is_name(host) => Ok(AddressSpec::Name { host: host.to_owned(), port, family }),
            (None, _) => Err(AddressError::Host(host.to_owned())),
        }
    }

    /// Whether this is TCP.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        matches!(self, Address::Inet(_))
    }

    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Address::Inet(inet) => Some(inet.port()),
            _ => None,
        }
    }

    pub(crate) fn from_kernel(address: SocketAddrAny) -> Option<Address> {
        if let Ok(inet) = SocketAddr::try_from(address.clone()) {
            return Some(Address::Inet(inet));
        }
        let unix = SocketAddrUnix::try_from(address).ok()?;
        if let Some(name) = unix.abstract_name() {
            // An unnamed socket shows as the empty abstract name.
            return (!name.is_empty()).then(|| Address::Abstract(String::from_utf8_lossy(name).into_owned()));
        }
        let path = unix.path_bytes()?;
        Some(Address::Unix(PathBuf::from(std::os::unix::ffi::OsStrExt::from_bytes(path) as &std::ffi::OsStr)))
    }

    pub(crate) fn to_unix(&self) -> rustix::io::Result<SocketAddrUnix> {
        match self {
            Address::Unix(path) => SocketAddrUnix::new(path),
            Address::Abstract(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()),
            Address::Inet(_) | Address::Inherited(_) => Err(rustix::io::Errno::AFNOSUPPORT),
        }
    }
}

fn unix(path: &str) -> Result<AddressSpec, AddressError> {
    match path {
        "" => Err(AddressError::Empty),
        _ if !path.starts_with('/') => Err(AddressError::RelativePath(path.to_owned())),
        _ if path.len() > 107 => Err(AddressError::PathTooLong(path.to_owned())),
        _ => Ok(AddressSpec::Known(Address::Unix(path.into()))),
    }
}

fn abstract_name(name: &str) -> Result<AddressSpec, AddressError> {
    match name.len() {
        0 => Err(AddressError::Empty),
        1..=107 => Ok(AddressSpec::Known(Address::Abstract(name.to_owned()))),
        _ => Err(AddressError::PathTooLong(name.to_owned())),
    }
}

/// Splits at the last colon, which belongs to the port even behind an IPv6 address without brackets.
fn host_and_port(text: &str) -> Result<(&str, u16), AddressError> {
    let no_port = || AddressError::NoPort(text.to_owned());
    let (host, port) = text.rsplit_once(':').ok_or_else(no_port)?;
    if port.is_empty() || port.ends_with(']') || (host.starts_with('[') && !host.ends_with(']')) {
        return Err(no_port());
    }
    // `::1`: cut at the last colon it is no address any more.
    if text.parse::<Ipv6Addr>().is_ok() && host.parse::<Ipv6Addr>().is_err() {
        return Err(no_port());
    }
    if let Some((from, to)) = port.split_once('-')
        && from.parse::<u16>().is_ok()
        && to.parse::<u16>().is_ok()
    {
        return Err(AddressError::PortRange(port.to_owned()));
    }
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AddressError::Port(port.to_owned()));
    }
    Ok((host, port.parse().map_err(|_| AddressError::Port(port.to_owned()))?))
}

/// Letters, digits, `-`, `_` and dots; a name of digits and dots only is an IPv4 address gone wrong.
fn is_name(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && host.bytes().any(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && host.len() <= 253
        && !host.starts_with(['.', '-'])
        && !host.contains("..")
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet(inet) => inet.fmt(f),
            Address::Unix(path) => write!(f, "unix@{}", path.display()),
            Address::Abstract(name) => write!(f, "abns@{name}"),
            Address::Inherited(passed) => write!(f, "fd@{passed}"),
        }
    }
}

impl fmt::Display for AddressSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressSpec::Known(address) => address.fmt(f),
            AddressSpec::Name { host, port, family: None } => write!(f, "{host}:{port}"),
            AddressSpec::Name { host, port, family: Some(Family::V4) } => write!(f, "ipv4@{host}:{port}"),
            AddressSpec::Name { host, port, family: Some(Family::V6) } => write!(f, "ipv6@{host}:{port}"),
        }
    }
}

impl FromStr for AddressSpec {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Address::parse(text)
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match Address::parse(text)? {
            AddressSpec::Known(address) => Ok(address),
            AddressSpec::Name { host, .. } => Err(AddressError::Name(host)),
        }
    }
}

/// Both are written in one way, but a name will not do for an [`Address`].
macro_rules! schema {
    ($type:ident, $description:literal) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    // A port, a path, a name in the abstract namespace, or a variable.
                    "pattern": r":[0-9]+$|^(unix@)?/|^abns@|\$\{",
                    "description": $description,
                    "examples": ["127.0.0.1:80", "*:80", "[::1]:80", "unix@/run/app.sock"],
                })
            }
        }
    };
}
schema!(Address, "An IP address and port, or a UNIX socket.");
schema!(AddressSpec, "An IP address or a name and a port, or a UNIX socket.");

impl TryFrom<String> for AddressSpec {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<AddressSpec> for String {
    fn from(spec: AddressSpec) -> String {
        spec.to_string()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}

impl From<SocketAddr> for Address {
    fn from(inet: SocketAddr) -> Address {
        Address::Inet(inet)
    }
}

#[cfg(test)]
mod tests;

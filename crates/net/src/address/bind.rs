//! What a `bind` says: more than an address, it may be a range of ports, or a socket that is there already.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Address, AddressError, AddressSpec};

/// Where to listen, in HAProxy's forms (its manual, section 4.2 "bind").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BindSpec {
    /// The address, with the first port of a range.
    pub first: AddressSpec,
    /// The last port of a range.
    pub last_port: Option<u16>,
    /// `mptcp@`: several paths for one connection, where the kernel can.
    pub mptcp: bool,
}

impl FromStr for BindSpec {
    type Err = AddressError;

    /// As [`Address::parse`], and `fd@3`, `fd@name`, `*:8000-8010`, `mptcp@*:80`, `mptcp4@…`, `mptcp6@…`.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(passed) = text.strip_prefix("fd@") {
            let passed = passed.parse().map_err(|()| AddressError::Descriptor(passed.to_owned()))?;
            let first = AddressSpec::Known(Address::Inherited(passed));
            return Ok(Self { first, last_port: None, mptcp: false });
        }
        let plain = match text.split_once('@') {
            Some(("mptcp", rest)) => Some(format!("tcp@{rest}")),
            Some(("mptcp4", rest)) => Some(format!("ipv4@{rest}")),
            Some(("mptcp6", rest)) => Some(format!("ipv6@{rest}")),
            _ => None,
        };
        let mptcp = plain.is_some();
        let text = plain.as_deref().unwrap_or(text);
        let is_path = text.starts_with('/') || text.starts_with("unix@") || text.starts_with("abns@");
        let Some((stem, last)) = text.rsplit_once('-').filter(|_| !is_path) else {
            return Ok(Self { first: Address::parse(text)?, last_port: None, mptcp });
        };
        let range = text.rsplit_once(':').map_or(text, |(_, range)| range);
        let ports = range.split_once('-').and_then(|(first, _)| Some((port(first)?, port(last)?)));
        match ports {
            // A host name with a hyphen.
            None => Ok(Self { first: Address::parse(text)?, last_port: None, mptcp }),
            Some((first, last)) if first == 0 || last < first => Err(AddressError::EmptyRange(range.to_owned())),
            Some((_, last)) => Ok(Self { first: Address::parse(stem)?, last_port: Some(last), mptcp }),
        }
    }
}

fn port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl BindSpec {
    /// Each address of a range, given its first.
    pub fn each(&self, first: Address) -> impl Iterator<Item = Address> {
        let ports = match (&first, self.last_port) {
            (Address::Inet(inet), Some(last)) => inet.port()..=last,
            (first, _) => first.port().unwrap_or(0)..=first.port().unwrap_or(0),
        };
        ports.map(move |port| match &first {
            Address::Inet(inet) => Address::Inet((inet.ip(), port).into()),
            other => other.clone(),
        })
    }
}

impl From<AddressSpec> for BindSpec {
    fn from(first: AddressSpec) -> Self {
        Self { first, last_port: None, mptcp: false }
    }
}

impl fmt::Display for BindSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.first.to_string();
        match (self.mptcp, text.strip_prefix("ipv4@"), text.strip_prefix("ipv6@")) {
            (false, ..) => f.write_str(&text)?,
            (true, Some(rest), _) => write!(f, "mptcp4@{rest}")?,
            (true, _, Some(rest)) => write!(f, "mptcp6@{rest}")?,
            (true, None, None) => write!(f, "mptcp@{text}")?,
        }
        self.last_port.map_or(Ok(()), |last| write!(f, "-{last}"))
    }
}

impl TryFrom<String> for BindSpec {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<BindSpec> for String {
    fn from(spec: BindSpec) -> String {
        spec.to_string()
    }
}

impl schemars::JsonSchema for BindSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BindSpec".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r":[0-9]+(-[0-9]+)?$|^(unix@)?/|^abns@|^fd@[0-9A-Za-z._-]+$|\$\{",
            "description": "An IP address and port or a range of ports, a UNIX socket, or an inherited descriptor.",
            "examples": ["127.0.0.1:80", "*:8000-8010", "[::1]:80", "unix@/run/app.sock", "fd@3"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        match text.parse::<BindSpec>() {
            Ok(spec) => {
                assert_eq!(spec.to_string(), expect, "for `{text}`");
                assert_eq!(expect.parse(), Ok(spec), "`{expect}` does not read back");
            }
            Err(error) => assert_eq!(error.to_string(), expect, "for `{text}`"),
        }
    }

    #[test]
    fn a_bind_is_an_address_a_range_or_a_descriptor() {
        check("*:80", "0.0.0.0:80");
        check("*:8000-8010", "0.0.0.0:8000-8010");
        check("ipv6@:8000-8000", "[::]:8000-8000");
        check("[::1]:80-81", "[::1]:80-81");
        check("my-host:80", "my-host:80");
        check("my-host:80-82", "my-host:80-82");
        check("abns@a:1-2", "abns@a:1-2");
        check("/run/a:1-2", "unix@/run/a:1-2");
        check("fd@3", "fd@3");
        check("fd@web-1", "fd@web-1");
        check("mptcp@*:80", "mptcp@0.0.0.0:80");
        check("mptcp4@a:80", "mptcp4@a:80");
        check("mptcp6@:80-81", "mptcp@[::]:80-81");
    }

    #[test]
    fn what_is_wrong_with_it_is_said() {
        check("*:90-80", "the range of ports `90-80` is empty: its first port comes first, and neither is 0");
        check("*:0-80", "the range of ports `0-80` is empty: its first port comes first, and neither is 0");
        check("*:80-", "`80-` is not a port: a number from 0 to 65535 is expected");
        check("*:80-99999", "`80-99999` is not a port: a number from 0 to 65535 is expected");
        check("fd@", "`` is neither the number of a descriptor nor a name");
        check("fd@-1", "`-1` is neither the number of a descriptor nor a name");
        check("mptcp@/run/a", "`/run/a` has no port: write `/run/a:PORT`");
        assert!("fd@3".parse::<AddressSpec>().is_err(), "a server is not inherited");
    }

    #[test]
    fn a_range_is_each_of_its_ports() {
        let spec: BindSpec = "127.0.0.1:8000-8002".parse().unwrap();
        let AddressSpec::Known(first) = spec.first.clone() else { panic!("{spec}") };
        let all: Vec<String> = spec.each(first).map(|address| address.to_string()).collect();
        assert_eq!(all, ["127.0.0.1:8000", "127.0.0.1:8001", "127.0.0.1:8002"]);
        let one: BindSpec = "abns@a".parse().unwrap();
        assert_eq!(one.each(Address::Abstract("a".into())).count(), 1);
    }
}

//! The `log` option: where lines go and what they look like there.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use plimsoll_config::{FromShort, suggest};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Facility, Level, Sample};

/// Where lines go: one target. A text alone, `log: stdout`, is its `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LogTarget {
    /// `stdout`, `stderr`, `file:/path`, `udp:host:514`, `unix:/dev/log`.
    pub to: To,
    /// `text` (httplog or tcplog, by the mode of the proxy), or `json`.
    #[serde(default)]
    pub format: Format,
    /// What stands before each line: HAProxy's `format`. `local` for syslog, `raw` for streams and files.
    #[serde(default)]
    pub framing: Option<Framing>,
    /// Syslog's facility: `local0`.
    #[serde(default)]
    pub facility: Facility,
    /// The least important level that is written; requests and connections are `info`. All, if not given.
    #[serde(default)]
    pub level: Option<Level>,
    /// What is graver than this is sent as this.
    #[serde(default)]
    pub min_level: Option<Level>,
    /// The longest line, what stands before it included: 80 to 65535. 1024 for text to syslog, else 8192. JSON is cut so that it stays
    /// JSON, and never below 1024.
    #[serde(default, deserialize_with = "length")]
    #[schemars(range(min = 80, max = 65_535))]
    pub len: Option<u32>,
    /// The name that syslog shows: `lb`. HAProxy's `log-tag`.
    #[serde(default, deserialize_with = "word")]
    pub tag: Option<String>,
    /// The host's name where the framing has one: the system's. HAProxy's `log-send-hostname`.
    #[serde(default, deserialize_with = "word")]
    pub hostname: Option<String>,
    /// Only some of the lines: `1:4`, `1,3-5:8`. All, if not given.
    #[serde(default)]
    pub sample: Option<Sample>,
}

/// The place itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum To {
    /// The process's standard output.
    Stdout,
    /// The process's standard error.
    Stderr,
    /// Appended to; opened again on request.
    File(PathBuf),
    /// Syslog by UDP: host, port.
    Udp(String, u16),
    /// Syslog by a UNIX datagram socket.
    Unix(PathBuf),
}

/// The shape of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// HAProxy's httplog for requests, tcplog for connections.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// What stands before a line: the words that HAProxy has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// `<134>Nov 20 08:04:09 lb[71]: `
    Local,
    /// `<134>Nov 20 08:04:09 host lb[71]: `
    Rfc3164,
    /// `<134>1 2026-11-20T08:04:09+00:00 host lb 71 - - `
    Rfc5424,
    /// `<134>`
    Priority,
    /// `<6>`
    Short,
    /// `<6>2026-11-20T08:04:09+00:00 `
    Timed,
    /// `2026-11-20T08:04:09+00:00 `
    Iso,
    /// Nothing.
    Raw,
}

impl LogTarget {
    /// That place, and everything else by default.
    #[must_use]
    pub const fn new(to: To) -> Self {
        Self {
            to,
            format: Format::Text,
            framing: None,
            facility: Facility::Local0,
            level: None,
            min_level: None,
            len: None,
            tag: None,
            hostname: None,
            sample: None,
        }
    }

    /// What stands before each line.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing.unwrap_or(if self.is_syslog() { Framing::Local } else { Framing::Raw })
    }

    /// The longest line.
    #[must_use]
    pub fn longest(&self) -> usize {
        match (self.len, self.format) {
            (None, Format::Text) if self.is_syslog() => 1024,
            (None, _) => 8192,
            (Some(len), Format::Text) => len as usize,
            (Some(len), Format::Json) => len.max(1024) as usize,
        }
    }

    /// Is it a syslog daemon?
    #[must_use]
    pub const fn is_syslog(&self) -> bool {
        matches!(self.to, To::Udp(..) | To::Unix(_))
    }
}

impl FromShort for LogTarget {
    fn from_short(text: &str) -> Result<Self, String> {
        text.parse().map(Self::new)
    }
}

/// An entry of a proxy's `log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyLog {
    /// `global`: the targets of `global.log`.
    Global,
    /// `defaults`: those that the proxy's defaults give.
    Defaults,
    /// One of its own.
    Target(LogTarget),
}

impl FromShort for ProxyLog {
    fn from_short(text: &str) -> Result<Self, String> {
        match text {
            "global" => Ok(Self::Global),
            "defaults" => Ok(Self::Defaults),
            _ => LogTarget::from_short(text).map(Self::Target),
        }
    }
}

impl<'de> Deserialize<'de> for ProxyLog {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        LogTarget::deserialize(from).map(Self::Target)
    }
}

impl JsonSchema for ProxyLog {
    fn schema_name() -> Cow<'static, str> {
        LogTarget::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        LogTarget::json_schema(generator)
    }
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Udp(host, port) if host.contains(':') => write!(f, "udp:[{host}]:{port}"),
            Self::Udp(host, port) => write!(f, "udp:{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for To {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = |path: &str| match path.strip_prefix('/') {
            Some(rest) if !rest.is_empty() => Ok(PathBuf::from(path)),
            _ => Err(format!("`{path}` is not an absolute path")),
        };
        match text.split_once(':') {
            Some(("file", rest)) => path(rest).map(Self::File),
            // The kernel's limit for the name of a socket, its closing zero not counted.
            Some(("unix", rest)) if rest.len() > 107 => {
                Err(format!("`{rest}` is too long for a socket: 107 bytes at most"))
            }
            Some(("unix", rest)) => path(rest).map(Self::Unix),
            Some(("udp", rest)) => udp(rest),
            _ if text == "stdout" => Ok(Self::Stdout),
            _ if text == "stderr" => Ok(Self::Stderr),
            // HAProxy's ways to write the last two.
            _ if text.starts_with('/') => path(text).map(Self::Unix),
            _ if is_address(text) => udp(text),
            _ => {
                let near = suggest(text, ["stdout", "stderr"]);
                let advice = near.map(|near| format!("did you mean `{near}`?"));
                let advice = advice
                    .as_deref()
                    .unwrap_or("write `stdout`, `stderr`, `file:/path`, `udp:host:514` or `unix:/dev/log`");
                Err(format!("`{text}` is no place for a log\nhelp: {advice}"))
            }
        }
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
        || text.starts_with('[')
        || text.rsplit_once(':').is_some_and(|(host, _)| host.parse::<IpAddr>().is_ok())
}

/// `host`, `host:514`, `::1`, `[::1]:514`.
fn udp(text: &str) -> Result<To, String> {
    const SYSLOG: u16 = 514;
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok(To::Udp(text.into(), SYSLOG));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.starts_with('[') || host.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = match port.map(str::parse) {
        None => SYSLOG,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => return Err(format!("`{text}` has no port from 1 to 65535 after its last colon")),
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match inner {
        Some(inner) if inner.parse::<Ipv6Addr>().is_err() => Err(format!("`{inner}` is not an IPv6 address")),
        Some(inner) => Ok(To::Udp(inner.into(), port)),
        None if host.is_empty() => Err(format!("`{text}` names no host")),
        None if host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) => {
            Ok(To::Udp(host.into(), port))
        }
        None => Err(format!("`{host}` is neither an IP address nor a host name")),
    }
}

impl JsonSchema for To {
    fn schema_name() -> Cow<'static, str> {
        "To".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(stdout|stderr)$|[:/.]|\$\{",
            "examples": ["stdout", "stderr", "file:/var/log/lb.log", "udp:127.0.0.1:514", "unix:/dev/log"],
        })
    }
}

impl Serialize for To {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for To {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

fn length<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match u32::deserialize(from)? {
        len @ 80..=65_535 => Ok(Some(len)),
        len => Err(de::Error::custom(format!("`{len}` is not a length from 80 to 65535"))),
    }
}

/// A word of a syslog header: printable ASCII without spaces, so that it ends where it should (RFC 5424, section 6).
fn word<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let word = String::deserialize(from)?;
    if (1..=48).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Some(word))
    } else {
        Err(de::Error::custom(format!("`{word}` is not a word: up to 48 printable characters without spaces")))
    }
}

#[cfg(test)]
mod tests;

//! The file, as it is written: names of keys and the owners' types, nothing else. `docs/keys.md` lists them.

use plimsoll_admin::{AdminOptions, RuntimeApi};
use plimsoll_checks::HealthCheck;
use plimsoll_config::{Duration, FromShort, NamedMap, OneOrMany, ShortForm, Spanned};
use plimsoll_lb::Balance;
use plimsoll_net::AddressSpec;
use plimsoll_observe::LogTarget;
use plimsoll_proxy::{Mode, Timeouts};
use plimsoll_upstream::Reuse;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct File {
    pub(crate) global: Global,
    pub(crate) defaults: Defaults,
    pub(crate) frontends: NamedMap<Frontend>,
    pub(crate) backends: NamedMap<Backend>,
}

/// The process.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Global {
    pub(crate) threads: Option<Spanned<Threads>>,
    pub(crate) maxconn: Option<Spanned<u32>>,
    pub(crate) log: Option<OneOrMany<ShortForm<LogTarget>>>,
    pub(crate) runtime_api: Option<OneOrMany<ShortForm<RuntimeApi>>>,
    pub(crate) admin: Option<OneOrMany<ShortForm<AdminOptions>>>,
    pub(crate) hard_stop_after: Option<Duration>,
    pub(crate) removed_servers: Option<Removed>,
}

/// What becomes of the tunnels of servers that a reload removed or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// They end by themselves.
    Keep,
    /// They end now.
    Close,
    /// They end after so long.
    Drain(Duration),
}

impl<'de> Deserialize<'de> for Removed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "keep" => Ok(Self::Keep),
            "close" => Ok(Self::Close),
            text => match text.strip_prefix("drain ").map(str::parse) {
                Some(Ok(limit)) => Ok(Self::Drain(limit)),
                _ => Err(D::Error::custom("`keep`, `close` or `drain TIME` is expected, such as `drain 30s`")),
            },
        }
    }
}

/// `auto`, or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    Auto,
    Count(u32),
}

/// What holds for every proxy that does not say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Defaults {
    pub(crate) mode: Option<Mode>,
    pub(crate) timeouts: Timeouts,
    pub(crate) maxconn: Option<u32>,
    pub(crate) access_log: Option<bool>,
    pub(crate) forwardfor: Option<bool>,
    pub(crate) http_server_close: Option<bool>,
    pub(crate) balance: Option<Balance>,
    pub(crate) http_reuse: Option<Reuse>,
    pub(crate) retries: Option<u32>,
    pub(crate) redispatch: Option<bool>,
    pub(crate) splice: Option<bool>,
    pub(crate) health_check: Option<Spanned<HealthCheck>>,
}

/// Where clients come in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Frontend {
    pub(crate) bind: OneOrMany<ShortForm<BindLine>>,
    pub(crate) mode: Option<Spanned<Mode>>,
    #[serde(default)]
    pub(crate) timeouts: Timeouts,
    pub(crate) maxconn: Option<u32>,
    pub(crate) access_log: Option<bool>,
    pub(crate) forwardfor: Option<bool>,
    pub(crate) http_server_close: Option<bool>,
    pub(crate) default_backend: Option<Spanned<String>>,
}

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct BindLine {
    pub(crate) address: Spanned<AddressSpec>,
    pub(crate) backlog: Option<u32>,
    pub(crate) keepalive: Option<bool>,
}

impl FromShort for BindLine {
    fn from_short(text: &str) -> Result<Self, String> {
        let address: AddressSpec = text.parse().map_err(|error: plimsoll_net::AddressError| error.to_string())?;
        Ok(Self { address: Spanned::detached(address), backlog: None, keepalive: None })
    }
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Backend {
    pub(crate) mode: Option<Spanned<Mode>>,
    #[serde(default)]
    pub(crate) timeouts: Timeouts,
    pub(crate) balance: Option<Balance>,
    #[serde(default)]
    pub(crate) allbackups: bool,
    pub(crate) http_reuse: Option<Reuse>,
    pub(crate) http_server_close: Option<bool>,
    pub(crate) forwardfor: Option<bool>,
    pub(crate) retries: Option<u32>,
    pub(crate) redispatch: Option<bool>,
    pub(crate) splice: Option<bool>,
    pub(crate) health_check: Option<Spanned<HealthCheck>>,
    #[serde(default)]
    pub(crate) servers: NamedMap<ShortForm<ServerLine>>,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ServerLine {
    pub(crate) address: Spanned<AddressSpec>,
    pub(crate) weight: Option<Spanned<u16>>,
    #[serde(default)]
    pub(crate) backup: bool,
    #[serde(default)]
    pub(crate) disabled: bool,
    pub(crate) check: Option<bool>,
    pub(crate) keepalive: Option<bool>,
    #[serde(default)]
    pub(crate) tolerate: OneOrMany<Tolerated>,
}

/// Sloppiness that is forgiven to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tolerated {
    BareLf,
    ObsFold,
    DuplicateContentLength,
    NoReason,
}

impl FromShort for ServerLine {
    fn from_short(text: &str) -> Result<Self, String> {
        let address: AddressSpec = text.parse().map_err(|error: plimsoll_net::AddressError| error.to_string())?;
        Ok(Self {
            address: Spanned::detached(address),
            weight: None,
            backup: false,
            disabled: false,
            check: None,
            keepalive: None,
            tolerate: OneOrMany::default(),
        })
    }
}

impl<'de> Deserialize<'de> for Threads {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;

        impl Visitor<'_> for Count {
            type Value = Threads;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`auto` or a number of threads from 1 to 1024")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Threads, E> {
                if text == "auto" {
                    Ok(Threads::Auto)
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
                }
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<Threads, E> {
                match u32::try_from(count) {
                    Ok(count @ 1..=1024) => Ok(Threads::Count(count)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(count), &self)),
                }
            }
        }

        deserializer.deserialize_any(Count)
    }
}

//! The `health-check` option of a backend.

use std::borrow::Cow;

use plimsoll_config::{Duration, suggest};
use plimsoll_net::Address;
use plimsoll_server::HealthOptions;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::probe::{PROBES, Probe};
use crate::{Defaults, Expect, Plan};

/// How the servers of a backend are checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HealthCheck {
    /// What is asked: `tcp` only connects, `http` sends a request.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    /// Between the end of a check and the next: 2 s. Also the limit for a whole check where no time-out is given.
    #[serde(deserialize_with = "longer_than_nothing")]
    pub interval: Option<Duration>,
    /// The same while the server is going up or down, or was never checked.
    #[serde(deserialize_with = "longer_than_nothing")]
    pub fast_interval: Option<Duration>,
    /// The same while the server is down.
    #[serde(deserialize_with = "longer_than_nothing")]
    pub down_interval: Option<Duration>,
    /// For the answer, once connected; connecting may then take the interval, or the backend's connect time-out if
    /// that is shorter.
    #[serde(deserialize_with = "longer_than_nothing")]
    pub timeout: Option<Duration>,
    /// Successes in a row that bring a server up: 2.
    #[serde(deserialize_with = "count")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub rise: Option<u32>,
    /// Failures in a row that bring it down: 3.
    #[serde(deserialize_with = "count")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub fall: Option<u32>,
    /// Another port than the one that gets traffic.
    pub port: Option<u16>,
    /// Another address than the one that gets traffic.
    pub address: Option<Address>,
    /// Begin with a PROXY header that speaks for lb itself. If not given: as the traffic of the server does, unless `port` or `address` leads
    /// elsewhere.
    pub send_proxy: Option<bool>,
    /// `http`: the method: GET.
    #[serde(deserialize_with = "method")]
    pub method: Option<String>,
    /// `http`: the target: `/`.
    #[serde(deserialize_with = "path")]
    pub path: Option<String>,
    /// `http`: `HTTP/1.0`, or `HTTP/1.1`.
    pub version: Option<HttpVersion>,
    /// `http`: the `Host` field; none unless given, but HTTP/1.1 always has one.
    #[serde(deserialize_with = "host")]
    pub host: Option<String>,
    /// `http`: which statuses pass: `status 200-399`.
    pub expect: Option<Expect>,
}

impl HealthCheck {
    /// Rise and fall, for [`plimsoll_server::Settings`].
    #[must_use]
    pub fn health(&self) -> HealthOptions {
        let default = HealthOptions::default();
        HealthOptions { rise: self.rise.unwrap_or(default.rise), fall: self.fall.unwrap_or(default.fall) }
    }

    /// Keys that are written but mean nothing for this type.
    #[must_use]
    pub fn pointless(&self) -> Vec<&'static str> {
        let http = [
            ("method", self.method.is_some()),
            ("path", self.path.is_some()),
            ("version", self.version.is_some()),
            ("host", self.host.is_some()),
            ("expect", self.expect.is_some()),
        ];
        http.into_iter().filter(|(_, written)| *written && self.probe().name != "http").map(|(key, _)| key).collect()
    }

    /// What is asked.
    #[must_use]
    pub fn probe(&self) -> &'static Probe {
        self.kind.unwrap_or_default().0
    }

    /// This, and where it does not say something, `base`.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        Self {
            kind: self.kind.or(base.kind),
            interval: self.interval.or(base.interval),
            fast_interval: self.fast_interval.or(base.fast_interval),
            down_interval: self.down_interval.or(base.down_interval),
            timeout: self.timeout.or(base.timeout),
            rise: self.rise.or(base.rise),
            fall: self.fall.or(base.fall),
            port: self.port.or(base.port),
            address: self.address.clone().or_else(|| base.address.clone()),
            send_proxy: self.send_proxy.or(base.send_proxy),
            method: self.method.clone().or_else(|| base.method.clone()),
            path: self.path.clone().or_else(|| base.path.clone()),
            version: self.version.or(base.version),
            host: self.host.clone().or_else(|| base.host.clone()),
            expect: self.expect.clone().or_else(|| base.expect.clone()),
        }
    }

    /// What to do, for a server that gets its traffic at `server`.
    #[must_use]
    pub fn plan(&self, server: &Address, defaults: &Defaults) -> Plan {
        Plan::new(self, server, defaults)
    }
}

/// The `type` of a check: a row of [`PROBES`].
#[derive(Clone, Copy, Debug)]
pub struct Kind(pub &'static Probe);

impl Default for Kind {
    fn default() -> Self {
        Self(&PROBES[0])
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Kind {}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        PROBES.iter().find(|probe| probe.name == name).map(Self).ok_or_else(|| {
            let names: Vec<&str> = PROBES.iter().map(|probe| probe.name).collect();
            let near = suggest(&name, names.iter().copied());
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            de::Error::custom(format!("unknown type of check `{name}`: one of {}{hint}", names.join(", ")))
        })
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "Kind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = PROBES.iter().map(|probe| probe.name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// The version a check speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HttpVersion {
    /// The default: the server closes, and no `Host` is needed.
    #[default]
    #[serde(rename = "HTTP/1.0")]
    Http10,
    /// With `Connection: close`.
    #[serde(rename = "HTTP/1.1")]
    Http11,
}

fn longer_than_nothing<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let time = Duration::deserialize(from)?;
    if time.is_zero() { Err(de::Error::custom("a time of 0 would check without a pause")) } else { Ok(Some(time)) }
}

fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let count = u64::deserialize(from)?;
    let fits = u32::try_from(count).ok().filter(|count| (1..=1_000_000).contains(count));
    let wrong = || de::Error::invalid_value(de::Unexpected::Unsigned(count), &"a count from 1 to 1000000");
    fits.map(Some).ok_or_else(wrong)
}

// What these let through is written into a request as it is, so nothing may end a line or a word in it.

fn method<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let method = String::deserialize(from)?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !method.is_empty() && method.bytes().all(token) {
        return Ok(Some(method));
    }
    Err(de::Error::custom(format!("`{}` is not a method", method.escape_debug())))
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let path = String::deserialize(from)?;
    if (path.starts_with('/') || path == "*") && path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(path));
    }
    Err(de::Error::custom(format!(
        "`{}` is not a path: it starts with `/`, and blanks and bytes beyond ASCII are written as %XX",
        path.escape_debug()
    )))
}

fn host<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let host = String::deserialize(from)?;
    if !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(host));
    }
    Err(de::Error::custom(format!("`{}` is not a host", host.escape_debug())))
}

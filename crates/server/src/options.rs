//! A server's own options, as written in the configuration.

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

/// Options of one server, or of a backend's `default-server`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ServerOptions {
    /// Share of the work relative to the other servers: 0 to 256; 0 gets no new work.
    #[serde(deserialize_with = "weight")]
    pub weight: u16,
    /// Used only when no other server is usable.
    pub backup: bool,
    /// Starts in maintenance.
    pub disabled: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { weight: 1, backup: false, disabled: false }
    }
}

/// How many checks in a row turn a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HealthOptions {
    /// Successes that bring it up.
    #[serde(deserialize_with = "at_least_one")]
    pub rise: u32,
    /// Failures that bring it down.
    #[serde(deserialize_with = "at_least_one")]
    pub fall: u32,
}

impl Default for HealthOptions {
    fn default() -> Self {
        Self { rise: 2, fall: 3 }
    }
}

fn weight<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let weight = u64::deserialize(from)?;
    u16::try_from(weight)
        .ok()
        .filter(|weight| *weight <= 256)
        .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Unsigned(weight), &"a weight from 0 to 256"))
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let count = u64::deserialize(from)?;
    u32::try_from(count)
        .ok()
        .filter(|count| (1..=1_000_000).contains(count))
        .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Unsigned(count), &"a count from 1 to 1000000"))
}

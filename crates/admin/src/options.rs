//! `global.runtime-api` and `global.admin`: where operators and their tools come in.

use plimsoll_commands::Level;
use plimsoll_config::{Duration, FromShort};
use plimsoll_net::{Address, AddressSpec};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

/// Everything that this crate serves. Empty unless configured: nothing is open by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// `global.runtime-api`
    pub runtime_api: Vec<RuntimeApi>,
    /// `global.admin`
    pub admin: Vec<AdminOptions>,
}

/// A socket for runtime commands.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RuntimeApi {
    /// Where: `unix@/run/lb/admin.sock`, `127.0.0.1:9999`. Who reaches it is not asked for a password.
    #[serde(deserialize_with = "address")]
    pub bind: Address,
    /// What its sessions may do.
    #[serde(default)]
    pub level: Level,
    /// Rights of the UNIX socket's file.
    #[serde(default)]
    pub mode: FileMode,
    /// Sessions that say nothing for so long are closed.
    #[serde(default = "ten_seconds")]
    pub timeout: Duration,
}

/// A listener for the stats page and the metrics, both read-only.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AdminOptions {
    /// Where: `127.0.0.1:9090`. Who reaches it is not asked for a password.
    #[serde(deserialize_with = "address")]
    pub bind: Address,
}

/// Rights of a file, written as octal digits: `"660"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl Default for FileMode {
    fn default() -> Self {
        Self(0o600)
    }
}

impl FromShort for RuntimeApi {
    fn from_short(text: &str) -> Result<Self, String> {
        let bind = known(text)?;
        Ok(Self { bind, level: Level::default(), mode: FileMode::default(), timeout: ten_seconds() })
    }
}

impl FromShort for AdminOptions {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self { bind: known(text)? })
    }
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

fn known(text: &str) -> Result<Address, String> {
    match text.parse::<AddressSpec>() {
        Ok(AddressSpec::Known(address)) => Ok(address),
        Ok(AddressSpec::Name { .. }) => {
            Err(format!("`{text}` is a name; an IP address or a UNIX socket is needed here"))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    known(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

impl JsonSchema for FileMode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FileMode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[0-7]{3,4}$|\$\{", "examples": ["600", "660"] })
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if (3..=4).contains(&text.len()) && mode <= 0o777 => Ok(Self(mode)),
            _ => {
                Err(D::Error::custom(format!("`{text}` is not a file mode: write three octal digits, such as \"660\"")))
            }
        }
    }
}

impl Serialize for FileMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:03o}", self.0))
    }
}

//! The `removed-servers` option: what a reload does to tunnels whose server is gone.

use std::borrow::Cow;

use plimsoll_config::Duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

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

impl JsonSchema for Removed {
    fn schema_name() -> Cow<'static, str> {
        "Removed".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(keep|close|drain [0-9]+\s*(us|ms|s|m|h|d))$|\$\{",
            "examples": ["keep", "close", "drain 30s"],
        })
    }
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

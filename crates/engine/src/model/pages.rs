//! Error pages in the file: a map from statuses to paths, or the name of a set that several proxies share.

use std::borrow::Cow;

use plimsoll_config::{FromShort, NamedMap, Spanned};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::Deserializer;

/// `errorfiles`
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ErrorFiles {
    /// The set of `http-errors`.
    pub(crate) set: Option<String>,
    /// Files by status.
    pub(crate) files: NamedMap<Spanned<String>>,
}

impl FromShort for ErrorFiles {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self { set: Some(text.to_owned()), files: NamedMap::default() })
    }
}

impl<'de> Deserialize<'de> for ErrorFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { set: None, files: NamedMap::deserialize(deserializer)? })
    }
}

impl JsonSchema for ErrorFiles {
    fn schema_name() -> Cow<'static, str> {
        "ErrorFiles".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": "string" } })
    }
}

//! Names of header fields in options, and names that a server could confuse.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::{FIELD_NAME, Refusal, Request, is_framing, is_token};

/// The name of a field that an option writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName(Box<str>);

impl FieldName {
    /// The name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<String> for FieldName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if !is_token(name.as_bytes()) {
            Err(format!("`{name}` cannot be the name of a header field"))
        } else if is_framing(name.as_bytes()) {
            Err(format!(
                "`{name}` says where a message ends or belongs to one connection: it is not for options to write"
            ))
        } else {
            Ok(Self(name.into()))
        }
    }
}

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for FieldName {
    fn schema_name() -> Cow<'static, str> {
        "FieldName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// `http-restrict-req-hdr-names`: what becomes of names with other characters than letters, digits and hyphens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RestrictNames {
    /// They are forwarded.
    #[default]
    Preserve,
    /// They are taken away.
    Delete,
    /// The request is refused.
    Reject,
}

impl RestrictNames {
    /// Obeys it; HAProxy does so behind the rules of each proxy.
    pub fn apply(self, request: &mut Request) -> Result<(), Refusal> {
        let odd = |name: &[u8]| !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        match self {
            Self::Preserve => Ok(()),
            Self::Reject if request.head.seen().any(|(name, _)| odd(name)) => Err(&FIELD_NAME),
            Self::Reject => Ok(()),
            Self::Delete => {
                request.remove_fields(odd);
                Ok(())
            }
        }
    }
}

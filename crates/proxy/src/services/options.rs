//! `stats` as it is written.

use std::borrow::Cow;
use std::fmt;

use plimsoll_config::{Duration, FromShort, OneOrMany, Spanned};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// HAProxy's, so that bookmarks stay right.
const URI: &str = "/haproxy?stats";
/// What a browser shows beside the question for a password.
const REALM: &str = "Plimsoll statistics";

/// A page of figures inside a proxy, and who may see it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct StatsOptions {
    /// Every address that begins so is the page's: `/haproxy?stats` if not given.
    pub uri: Option<Spanned<String>>,
    /// Users that may see it: `NAME:PASSWORD`, in clear text.
    pub auth: OneOrMany<Spanned<String>>,
    /// The list of users that may see it.
    pub userlist: Option<Spanned<String>>,
    /// Who may see it, by rules instead: `auth unless { http_auth(staff) }`, `deny if …`, `allow`.
    pub http_request: OneOrMany<Spanned<String>>,
    /// What a browser shows beside the question for a password.
    pub realm: Option<String>,
    /// How often a browser looks again; not by itself if not given.
    pub refresh: Option<Duration>,
    /// Do not show the version; false if not given.
    pub hide_version: bool,
    /// Show the name of the machine: true, or another name for it.
    pub show_node: Option<ShowNode>,
    /// A text at the top of the page.
    pub show_desc: Option<String>,
    /// Show only these proxies; `.` is the one that this stands in.
    pub scope: OneOrMany<String>,
}

/// Whether a name is shown, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShowNode {
    /// None.
    Nothing,
    /// The machine's own.
    Own,
    /// This one.
    Named(String),
}

impl StatsOptions {
    /// Under which address it is.
    #[must_use]
    pub fn uri(&self) -> &str {
        self.uri.as_ref().map_or(URI, |uri| uri.as_str())
    }

    /// What a browser shows beside the question for a password.
    #[must_use]
    pub fn realm(&self) -> &str {
        self.realm.as_deref().unwrap_or(REALM)
    }
}

impl FromShort for StatsOptions {
    fn from_short(text: &str) -> Result<Self, String> {
        Ok(Self { uri: Some(Spanned::detached(text.to_owned())), ..Self::default() })
    }
}

impl<'de> Deserialize<'de> for ShowNode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = ShowNode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a name")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<ShowNode, E> {
                Ok(if on { ShowNode::Own } else { ShowNode::Nothing })
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<ShowNode, E> {
                Ok(ShowNode::Named(name.to_owned()))
            }
        }

        from.deserialize_any(Either)
    }
}

impl JsonSchema for ShowNode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ShowNode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, { "type": "string" }] })
    }
}

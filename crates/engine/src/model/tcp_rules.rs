//! Rules about connections and bytes, as they are written.

use plimsoll_config::{Duration, OneOrMany, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;

/// Rules about connections and their first bytes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct TcpRequest {
    /// How long rules about content may wait for bytes; not at all if not given.
    pub(crate) inspect_delay: Option<Duration>,
    /// For frontends: as soon as a connection is accepted.
    pub(crate) connection: OneOrMany<Spanned<String>>,
    /// For frontends: when it is known who connects, behind a PROXY header.
    pub(crate) session: OneOrMany<Spanned<String>>,
    /// When bytes, or a request's head, are there.
    pub(crate) content: OneOrMany<Spanned<String>>,
}

/// Rules about the first bytes of servers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct TcpResponse {
    /// How long they may wait for bytes; not at all if not given.
    pub(crate) inspect_delay: Option<Duration>,
    /// When bytes, or a response's head, are there.
    pub(crate) content: OneOrMany<Spanned<String>>,
}

//! `forwardfor` and `originalto`: one address in a field of its own.

use std::net::IpAddr;

use plimsoll_config::OneOrMany;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{FieldName, Network};
use crate::{EditError, Request};

/// Details of `forwardfor` and `originalto`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AddressOptions {
    /// Not for addresses of these networks.
    pub except: OneOrMany<Network>,
    /// The field: `X-Forwarded-For`, or `X-Original-To`.
    pub header: Option<FieldName>,
    /// Only if the request has no such field. For `forwardfor`.
    pub if_none: bool,
}

/// Adds the field, as frontend and backend want it together: one of them is enough; the backend's name wins; either may except an address; it
/// is added to those that are there unless both say otherwise (configuration manual, `option forwardfor`).
pub fn add_address(
    request: &mut Request,
    frontend: Option<&AddressOptions>,
    backend: Option<&AddressOptions>,
    name: &[u8],
    address: IpAddr,
) -> Result<(), EditError> {
    let options = || [backend, frontend].into_iter().flatten();
    if options().next().is_none() || options().any(|one| one.except.iter().any(|network| network.holds(address))) {
        return Ok(());
    }
    let name = options().find_map(|one| one.header.as_ref()).map_or(name, FieldName::as_bytes);
    if options().all(|one| one.if_none) && request.head.seen().any(|(have, _)| have.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    request.add_field(name, address.to_canonical().to_string().as_bytes())
}

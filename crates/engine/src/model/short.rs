//! What a bare address stands for, where a map may be written in full.

use plimsoll_config::{FromShort, OneOrMany, Spanned};
use plimsoll_net::{AddressSpec, BindSpec};

use super::{BindLine, ServerLine};

impl FromShort for BindLine {
    fn from_short(text: &str) -> Result<Self, String> {
        let address: BindSpec = text.parse().map_err(|error: plimsoll_net::AddressError| error.to_string())?;
        Ok(Self {
            address: Spanned::detached(address),
            name: None,
            backlog: None,
            keepalive: None,
            accept_proxy: false,
            maxconn: None,
            interface: None,
            namespace: None,
            v6only: false,
            v4v6: false,
            transparent: false,
            mss: None,
            tfo: None,
            defer_accept: false,
            tcp_ut: None,
            nice: None,
        })
    }
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
            health_check: None,
            keepalive: None,
            send_proxy: false,
            send_proxy_v2: false,
            proxy_v2_options: OneOrMany::default(),
            tcp_ut: None,
            tfo: false,
            namespace: None,
            source: None,
            tolerate: OneOrMany::default(),
        })
    }
}

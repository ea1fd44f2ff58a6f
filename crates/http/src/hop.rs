//! What belongs to one connection only (RFC 9110 section 7.6.1).

use crate::field::{Head, Known};
use crate::token;

/// What `Connection` said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hop {
    pub close: bool,
    pub keep_alive: bool,
    pub upgrade: bool,
    /// It named other fields, which are looked at afterwards.
    pub names: bool,
}

impl Hop {
    /// Reads one `Connection` line.
    pub(crate) fn read(&mut self, value: &[u8]) {
        for token in token::list(value) {
            match Known::of(token) {
                Known::KeepAlive => self.keep_alive = true,
                Known::Upgrade => self.upgrade = true,
                // These are dropped whether they are named or not.
                Known::Te | Known::Http2Settings | Known::ProxyConnection => {}
                _ if token.eq_ignore_ascii_case(b"close") => self.close = true,
                _ => self.names = true,
            }
        }
    }

    /// Does the connection stay open, as far as this side is concerned?
    pub(crate) fn persists(self, minor: u8) -> bool {
        !self.close && (minor >= 1 || self.keep_alive)
    }
}

/// Fields that a proxy or what stands behind it relies on: a peer may not have them dropped on the way.
const RELIED_ON: [&str; 19] = [
    "host",
    "content-length",
    "transfer-encoding",
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "forwarded",
    "via",
    "content-type",
    "content-encoding",
    "cache-control",
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "expect",
    "trailer",
];

/// Drops the fields that `Connection` names. `Err`: it names one that is relied on; that one stays.
#[cold]
pub(crate) fn drop_named(head: &mut Head) -> Result<(), ()> {
    let named: Vec<Vec<u8>> = head
        .fields
        .iter()
        .filter(|field| field.known == Known::Connection)
        .flat_map(|field| token::list(head.get(field.value)).map(<[u8]>::to_ascii_lowercase))
        .filter(|name| name != b"close")
        .collect();
    let mut verdict = Ok(());
    for name in named {
        if RELIED_ON.iter().any(|relied| relied.as_bytes() == name) || name.starts_with(b"x-forwarded-") {
            verdict = Err(());
        } else {
            head.drop_field(&name);
        }
    }
    verdict
}

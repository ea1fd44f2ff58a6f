//! `send-proxy`: what a server is told of the client before anything else.

use plimsoll_proxy_protocol::encode::{self, V2};
use plimsoll_proxy_protocol::{Addresses, Endpoints, Transport, Version};
use serde::Deserialize;

use crate::client::Client;

/// What a header of version 2 may tell beyond addresses: `proxy-v2-options`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyV2Option {
    /// A checksum over the header.
    #[serde(rename = "crc32c")]
    Crc32c,
    /// The connection's name.
    UniqueId,
    /// The name that the client asked for in its TLS handshake.
    Authority,
    /// Whether the client came over TLS, and with a certificate.
    Ssl,
    /// The common name of the client's certificate.
    CertCn,
    /// The cipher of the client's connection.
    SslCipher,
    /// The algorithm that signed the frontend's certificate.
    CertSig,
    /// The algorithm of that certificate's key.
    CertKey,
}

impl ProxyV2Option {
    /// What there is no data for yet, and what it would tell.
    #[must_use]
    pub fn missing(self) -> Option<&'static str> {
        match self {
            Self::Crc32c => None,
            Self::UniqueId => Some("the connection's name, which `unique-id-format` makes"),
            Self::Authority => Some("the name that the client asked for in its TLS handshake"),
            Self::Ssl | Self::SslCipher => Some("what is known of the client's TLS connection"),
            Self::CertCn => Some("the name in the client's certificate"),
            Self::CertSig | Self::CertKey => Some("the algorithms of the certificate that the client was shown"),
        }
    }
}

/// How a server is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendProxy {
    /// `send-proxy` or `send-proxy-v2`.
    pub version: Version,
    /// `proxy-v2-options: crc32c`
    pub checksum: bool,
}

impl SendProxy {
    /// The header for this client: the addresses of its own connection, or those that a header told us of it. A client of a UNIX socket has none.
    pub(crate) fn header(&self, client: &Client) -> Box<[u8]> {
        let endpoints = endpoints(client);
        let mut header = Vec::with_capacity(64);
        match self.version {
            Version::V1 => encode::v1(endpoints.as_ref(), &mut header),
            Version::V2 => {
                let written = match endpoints {
                    Some(both) => {
                        V2::proxy(Transport::Stream, &Addresses::Inet(both), &mut header).finish(self.checksum)
                    }
                    // As HAProxy does: LOCAL must be accepted, an unspecified family need not be.
                    None => V2::local(&mut header).finish(false),
                };
                debug_assert!(written.is_ok(), "addresses and a checksum are never too long");
            }
        }
        header.into()
    }
}

fn endpoints(client: &Client) -> Option<Endpoints> {
    let source = client.address()?;
    Some(Endpoints::new(source, client.destination()?))
}

//! A ClientHello: what it offers, as slices of the message (RFC 8446, section 4.1.2).

use crate::cursor::Cursor;
use crate::record::{CLIENT_HELLO, Not};

/// Types of extensions (IANA, "TLS ExtensionType Values").
mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const SUPPORTED_GROUPS: u16 = 10;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const ALPN: u16 = 16;
    pub const SESSION_TICKET: u16 = 35;
    pub const SUPPORTED_VERSIONS: u16 = 43;
    pub const KEY_SHARE: u16 = 51;
}

/// One message. Every slice was looked at: none ends outside of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'b> {
    /// The version that the message names; what it offers besides stands in [`ClientHello::versions`].
    pub version: u16,
    /// The random bytes.
    pub random: &'b [u8],
    /// The session's identifier, 32 bytes at most.
    pub session: &'b [u8],
    /// The ciphers, two bytes each.
    pub ciphers: &'b [u8],
    /// The methods of compression, one byte each.
    pub compressions: &'b [u8],
    extensions: &'b [u8],
}

impl<'b> ClientHello<'b> {
    /// Reads a handshake message of which all is here.
    pub fn read(message: &'b [u8]) -> Result<Self, Not> {
        Self::parse(message).ok_or(Not::Tls)
    }

    fn parse(message: &'b [u8]) -> Option<Self> {
        let mut rest = Cursor(message);
        if rest.byte()? != CLIENT_HELLO {
            return None;
        }
        let length = rest.triple()?;
        let mut rest = Cursor(rest.take(length)?);
        let version = rest.pair()?;
        if version < 0x0300 {
            return None;
        }
        let random = rest.take(32)?;
        let session = rest.short().filter(|session| session.len() <= 32)?;
        let ciphers = rest.long().filter(|ciphers| ciphers.len() >= 2)?;
        let compressions = rest.short().filter(|methods| !methods.is_empty())?;
        // Before TLS 1.2 there may be no extensions at all.
        let extensions = if rest.is_empty() { &[] } else { rest.long()? };
        let hello = Self { version, random, session, ciphers, compressions, extensions };
        let mut all = Cursor(extensions);
        while !all.is_empty() {
            all.pair()?;
            all.long()?;
        }
        Some(hello)
    }

    /// Its extensions: type and content.
    pub fn extensions(&self) -> impl Iterator<Item = (u16, &'b [u8])> + use<'b> {
        let mut rest = Cursor(self.extensions);
        std::iter::from_fn(move || Some((rest.pair()?, rest.long()?)))
    }

    /// The content of the first extension of a type.
    #[must_use]
    pub fn extension(&self, wanted: u16) -> Option<&'b [u8]> {
        self.extensions().find(|(kind, _)| *kind == wanted).map(|(_, content)| content)
    }

    /// The name of the server that is wanted (RFC 6066, section 3).
    #[must_use]
    pub fn server_name(&self) -> Option<&'b [u8]> {
        const HOST_NAME: u8 = 0;
        let mut names = Cursor(Cursor(self.extension(extension::SERVER_NAME)?).long()?);
        loop {
            let (kind, name) = (names.byte()?, names.long()?);
            if kind == HOST_NAME {
                return Some(name).filter(|name| !name.is_empty());
            }
        }
    }

    /// The protocols that are offered, in the client's order (RFC 7301); `None`: there is no such list.
    #[must_use]
    pub fn protocols(&self) -> Option<impl Iterator<Item = &'b [u8]> + use<'b>> {
        let mut rest = Cursor(Cursor(self.extension(extension::ALPN)?).long()?);
        Some(std::iter::from_fn(move || rest.short()))
    }

    /// The versions that are offered, two bytes each; `None`: [`ClientHello::version`] and older ones.
    #[must_use]
    pub fn versions(&self) -> Option<&'b [u8]> {
        Cursor(self.extension(extension::SUPPORTED_VERSIONS)?).short()
    }

    /// The groups for the exchange of keys, two bytes each.
    #[must_use]
    pub fn groups(&self) -> Option<&'b [u8]> {
        Cursor(self.extension(extension::SUPPORTED_GROUPS)?).long()
    }

    /// The algorithms of signatures, two bytes each.
    #[must_use]
    pub fn signature_algorithms(&self) -> Option<&'b [u8]> {
        Cursor(self.extension(extension::SIGNATURE_ALGORITHMS)?).long()
    }

    /// The groups for which there is a key, and the key.
    #[must_use]
    pub fn key_shares(&self) -> Option<impl Iterator<Item = (u16, &'b [u8])> + use<'b>> {
        let mut rest = Cursor(Cursor(self.extension(extension::KEY_SHARE)?).long()?);
        Some(std::iter::from_fn(move || Some((rest.pair()?, rest.long()?))))
    }

    /// The ticket of an earlier session; empty: the client would take one.
    #[must_use]
    pub fn session_ticket(&self) -> Option<&'b [u8]> {
        self.extension(extension::SESSION_TICKET)
    }
}

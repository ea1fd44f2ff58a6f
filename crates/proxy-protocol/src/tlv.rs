//! Type-length-value triples behind the addresses of version 2 (specification, sections 2.2.1 to 2.2.8).

/// The upper protocol, as TLS's ALPN names it.
pub const ALPN: u8 = 0x01;
/// The host name that the client asked for, as TLS's SNI has it.
pub const AUTHORITY: u8 = 0x02;
/// The checksum of the whole header: four bytes.
pub const CRC32C: u8 = 0x03;
/// Padding.
pub const NOOP: u8 = 0x04;
/// A name for the connection: up to 128 bytes.
pub const UNIQUE_ID: u8 = 0x05;
/// What is known of the client's TLS: [`Ssl`].
pub const SSL: u8 = 0x20;
/// Within [`SSL`]: the version of TLS.
pub const SSL_VERSION: u8 = 0x21;
/// Within [`SSL`]: the common name of the client's certificate.
pub const SSL_CN: u8 = 0x22;
/// Within [`SSL`]: the cipher.
pub const SSL_CIPHER: u8 = 0x23;
/// Within [`SSL`]: the algorithm that signed the frontend's certificate.
pub const SSL_SIG_ALG: u8 = 0x24;
/// Within [`SSL`]: the algorithm of that certificate's key.
pub const SSL_KEY_ALG: u8 = 0x25;
/// The name of the network namespace.
pub const NETNS: u8 = 0x30;
/// From here to [`CUSTOM_LAST`] applications may choose a meaning of their own.
pub const CUSTOM_FIRST: u8 = 0xE0;
/// The last type that is free for applications.
pub const CUSTOM_LAST: u8 = 0xEF;

/// The longest [`UNIQUE_ID`].
pub const UNIQUE_ID_MOST: usize = 128;

/// In [`Ssl::client`]: the client came over TLS.
pub const CLIENT_SSL: u8 = 0x01;
/// In [`Ssl::client`]: it showed a certificate on this connection.
pub const CLIENT_CERT_CONN: u8 = 0x02;
/// In [`Ssl::client`]: it showed a certificate at least once in this TLS session.
pub const CLIENT_CERT_SESS: u8 = 0x04;

/// One triple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// What it is: one of this module's constants, or anything else.
    pub kind: u8,
    /// Its bytes.
    pub value: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// What is known of the client's TLS, if that is what this is.
    #[must_use]
    pub fn ssl(&self) -> Option<Ssl<'a>> {
        if self.kind != SSL {
            return None;
        }
        let (&client, rest) = self.value.split_first()?;
        let (verify, subs) = rest.split_first_chunk()?;
        Some(Ssl { client, verify: u32::from_be_bytes(*verify), subs: Tlvs::sound(subs)? })
    }
}

/// The value of [`SSL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ssl<'a> {
    /// [`CLIENT_SSL`], [`CLIENT_CERT_CONN`], [`CLIENT_CERT_SESS`].
    pub client: u8,
    /// 0: the client showed a certificate and it was found good.
    pub verify: u32,
    /// The types from [`SSL_VERSION`] to [`SSL_KEY_ALG`].
    pub subs: Tlvs<'a>,
}

/// Triples that are known to be whole. Iterating gives them in the order of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    pub(crate) const EMPTY: Tlvs<'static> = Tlvs(&[]);

    /// `None`: a triple is not whole, or is of a type whose value cannot be so.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let tlvs = Self::sound(bytes)?;
        let possible = |tlv: Tlv<'_>| match tlv.kind {
            CRC32C => tlv.value.len() == 4,
            UNIQUE_ID => tlv.value.len() <= UNIQUE_ID_MOST,
            SSL => tlv.ssl().is_some(),
            _ => true,
        };
        // A second checksum could never be right: each would have to count the other as zero.
        let sums = tlvs.filter(|tlv| tlv.kind == CRC32C).count();
        (sums <= 1 && { tlvs }.all(possible)).then_some(tlvs)
    }

    /// Lengths add up; nothing is said about values.
    fn sound(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = split(rest)?.1;
        }
        Some(Self(bytes))
    }

    /// The value of the first of this type.
    #[must_use]
    pub fn find(mut self, kind: u8) -> Option<&'a [u8]> {
        Iterator::find(&mut self, |tlv| tlv.kind == kind).map(|tlv| tlv.value)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How far the start of a value lies before the end of all triples.
    pub(crate) fn offset_from_end(&self, value: &[u8]) -> usize {
        self.0.len() - (value.as_ptr().addr() - self.0.as_ptr().addr())
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let (tlv, rest) = split(self.0)?;
        self.0 = rest;
        Some(tlv)
    }
}

fn split(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (&[kind, high, low], rest) = bytes.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
    Some((Tlv { kind, value }, rest))
}

//! Writes headers: the text of version 1, and version 2 piece by piece.

use std::io::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::crc32c::crc32c;
use crate::v2::{FIXED, SIGNATURE};
use crate::{Addresses, Command, Endpoints, Transport, tlv};

/// More than the length fields of version 2 can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a PROXY header and each of its TLVs hold at most 65535 bytes")]
pub struct TooLong;

/// Appends a line of version 1. `None`: `UNKNOWN`, which some receivers refuse.
pub fn v1(endpoints: Option<&Endpoints>, out: &mut Vec<u8>) {
    let Some(Endpoints { source, destination }) = endpoints else {
        out.extend_from_slice(b"PROXY UNKNOWN\r\n");
        return;
    };
    let family = if source.is_ipv4() { 4 } else { 6 };
    let (from, to) = (Plain(source.ip()), Plain(destination.ip()));
    // Writing to a Vec does not fail.
    let _ = write!(out, "PROXY TCP{family} {from} {to} {} {}\r\n", source.port(), destination.port());
}

/// An address in the grammar of version 1, which knows no dots in IPv6.
struct Plain(IpAddr);

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => {
                let [.., high, low] = ip.segments();
                write!(f, "::ffff:{high:x}:{low:x}")
            }
            ip => ip.fmt(f),
        }
    }
}

/// A header of version 2 that is being appended to a buffer; [`finish`](V2::finish) makes it whole.
#[derive(Debug)]
#[must_use = "the header has no length before `finish`"]
pub struct V2<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
}

impl<'o> V2<'o> {
    /// The sender's own connection: no addresses, and nothing else should follow.
    pub fn local(out: &'o mut Vec<u8>) -> Self {
        Self::begin(out, Command::Local, 0)
    }

    /// Somebody else's connection. Addresses of two families are not sent: see [`Endpoints::new`].
    pub fn proxy(transport: Transport, addresses: &Addresses<'_>, out: &'o mut Vec<u8>) -> Self {
        let transport = match transport {
            Transport::Unspecified => 0,
            Transport::Stream => 1,
            Transport::Datagram => 2,
        };
        match addresses {
            Addresses::Unix { source, destination } => {
                let header = Self::begin(out, Command::Proxy, 0x30 | transport);
                header.out.extend_from_slice(*source);
                header.out.extend_from_slice(*destination);
                header
            }
            Addresses::Inet(Endpoints { source: SocketAddr::V4(source), destination: SocketAddr::V4(destination) }) => {
                let header = Self::begin(out, Command::Proxy, 0x10 | transport);
                header.out.extend_from_slice(&source.ip().octets());
                header.out.extend_from_slice(&destination.ip().octets());
                header.ports(source.port(), destination.port())
            }
            Addresses::Inet(Endpoints { source: SocketAddr::V6(source), destination: SocketAddr::V6(destination) }) => {
                let header = Self::begin(out, Command::Proxy, 0x20 | transport);
                let octets = |ip: &Ipv6Addr| ip.octets();
                header.out.extend_from_slice(&octets(source.ip()));
                header.out.extend_from_slice(&octets(destination.ip()));
                header.ports(source.port(), destination.port())
            }
            Addresses::Unknown | Addresses::Inet(_) => Self::begin(out, Command::Proxy, 0),
        }
    }

    fn begin(out: &'o mut Vec<u8>, command: Command, family: u8) -> Self {
        let start = out.len();
        out.extend_from_slice(&SIGNATURE);
        out.extend_from_slice(&[if command == Command::Local { 0x20 } else { 0x21 }, family, 0, 0]);
        Self { out, start }
    }

    fn ports(self, source: u16, destination: u16) -> Self {
        self.out.extend_from_slice(&source.to_be_bytes());
        self.out.extend_from_slice(&destination.to_be_bytes());
        self
    }

    /// Appends a TLV.
    pub fn tlv(self, kind: u8, value: &[u8]) -> Result<Self, TooLong> {
        push(self.out, kind, value)?;
        Ok(self)
    }

    /// Appends what is known of the client's TLS: flags, the verdict on its certificate, and what else is known as types and values.
    pub fn ssl(self, client: u8, verify: u32, subs: &[(u8, &[u8])]) -> Result<Self, TooLong> {
        let mut value = vec![client];
        value.extend_from_slice(&verify.to_be_bytes());
        for (kind, sub) in subs {
            push(&mut value, *kind, sub)?;
        }
        self.tlv(tlv::SSL, &value)
    }

    /// Writes the length and, if wished, a checksum over all of it.
    pub fn finish(self, checksum: bool) -> Result<(), TooLong> {
        let Self { out, start } = self;
        if checksum {
            push(out, tlv::CRC32C, &[0; 4])?;
        }
        let length = u16::try_from(out.len() - start - FIXED).map_err(|_| TooLong)?;
        out[start + FIXED - 2..start + FIXED].copy_from_slice(&length.to_be_bytes());
        if checksum {
            let sum = crc32c(&[&out[start..]]);
            let at = out.len() - 4;
            out[at..].copy_from_slice(&sum.to_be_bytes());
        }
        Ok(())
    }
}

fn push(out: &mut Vec<u8>, kind: u8, value: &[u8]) -> Result<(), TooLong> {
    let length = u16::try_from(value.len()).map_err(|_| TooLong)?;
    out.push(kind);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
    Ok(())
}

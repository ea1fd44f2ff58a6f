//! Version 2: binary (specification, section 2.2).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::crc32c::crc32c;
use crate::tlv::{self, Tlvs};
use crate::{
    Addresses, CHECKSUM, Command, Endpoints, Header, MALFORMED, Progress, Rejection, TOO_LONG, Transport, UNSUPPORTED,
    Version,
};

pub(crate) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family and transport, length.
pub(crate) const FIXED: usize = 16;

/// The bytes begin as [`SIGNATURE`] does.
pub(crate) fn decode(bytes: &[u8], most: usize) -> Result<Progress<'_>, Rejection> {
    let Some(&first) = bytes.get(12) else { return Ok(Progress::Incomplete) };
    let command = match first {
        0x20 => Command::Local,
        0x21 => Command::Proxy,
        _ => return Err(&UNSUPPORTED),
    };
    let Some(&second) = bytes.get(13) else { return Ok(Progress::Incomplete) };
    let (family, transport) = (second >> 4, second & 15);
    // LOCAL discards everything that follows, the family included.
    if command == Command::Proxy && (family > 3 || transport > 2) {
        return Err(&UNSUPPORTED);
    }
    let Some(&[high, low]) = bytes.get(14..FIXED) else { return Ok(Progress::Incomplete) };
    let used = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if used > most {
        return Err(&TOO_LONG);
    }
    let size = [0, 12, 36, 216].get(usize::from(family)).copied().unwrap_or(0);
    if command == Command::Proxy && used - FIXED < size {
        return Err(&MALFORMED);
    }
    let Some(block) = bytes.get(FIXED..used) else { return Ok(Progress::Incomplete) };
    let (transport, addresses, tlvs) = match command {
        Command::Local => (Transport::Unspecified, Addresses::Unknown, Tlvs::EMPTY),
        Command::Proxy => proxied(&bytes[..used], block, size, transport)?,
    };
    Ok(Progress::Complete { header: Header { version: Version::V2, command, transport, addresses, tlvs }, used })
}

fn proxied<'a>(
    whole: &[u8],
    block: &'a [u8],
    size: usize,
    transport: u8,
) -> Result<(Transport, Addresses<'a>, Tlvs<'a>), Rejection> {
    let (addresses, rest) = block.split_at(size);
    let known = size > 0 && transport > 0;
    let tlvs = match Tlvs::new(rest) {
        Some(tlvs) => tlvs,
        // Behind an unspecified family may be addresses that nobody can tell from TLVs: they are to be ignored.
        None if !known => Tlvs::EMPTY,
        None => return Err(&MALFORMED),
    };
    verify(whole, tlvs)?;
    let transport = match transport {
        1 => Transport::Stream,
        2 => Transport::Datagram,
        _ => Transport::Unspecified,
    };
    let addresses = if known { read(addresses) } else { Addresses::Unknown };
    Ok((transport, addresses, tlvs))
}

/// The sender counted the checksum as zero.
fn verify(whole: &[u8], tlvs: Tlvs<'_>) -> Result<(), Rejection> {
    let Some(sum) = tlvs.find(tlv::CRC32C) else { return Ok(()) };
    let at = whole.len() - tlvs.offset_from_end(sum);
    let (before, after) = (&whole[..at], &whole[at + 4..]);
    if crc32c(&[before, &[0; 4], after]).to_be_bytes() == sum { Ok(()) } else { Err(&CHECKSUM) }
}

/// Its length tells the family.
fn read(block: &[u8]) -> Addresses<'_> {
    if let Some((source, destination)) = block.split_at_checked(108)
        && let (Ok(source), Ok(destination)) = (source.try_into(), destination.try_into())
    {
        return Addresses::Unix { source, destination };
    }
    if let Ok(bytes) = <[u8; 12]>::try_from(block) {
        let [a, b, c, d, e, f, g, h, ports @ ..] = bytes;
        return inet(Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h), ports);
    }
    if let Some((source, rest)) = block.split_first_chunk::<16>()
        && let Some((destination, ports)) = rest.split_first_chunk::<16>()
        && let Ok(ports) = ports.try_into()
    {
        return inet(Ipv6Addr::from(*source), Ipv6Addr::from(*destination), ports);
    }
    Addresses::Unknown
}

fn inet<I>(source: I, destination: I, [a, b, c, d]: [u8; 4]) -> Addresses<'static>
where
    (I, u16): Into<SocketAddr>,
{
    Addresses::Inet(Endpoints {
        source: (source, u16::from_be_bytes([a, b])).into(),
        destination: (destination, u16::from_be_bytes([c, d])).into(),
    })
}

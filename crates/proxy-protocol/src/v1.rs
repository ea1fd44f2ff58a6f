//! Version 1: a line of text (specification, section 2.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{
    Addresses, Command, Endpoints, Header, MALFORMED, Progress, Rejection, TOO_LONG, Tlvs, Transport, Version,
};

pub(crate) const PREFIX: &[u8] = b"PROXY";

/// The longest line, CRLF included.
const LONGEST: usize = 107;

/// The bytes begin as [`PREFIX`] does.
pub(crate) fn decode(bytes: &[u8]) -> Result<Progress<'_>, Rejection> {
    let window = &bytes[..bytes.len().min(LONGEST)];
    let Some(end) = window.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return if window.len() == LONGEST { Err(&TOO_LONG) } else { Ok(Progress::Incomplete) };
    };
    if window[end] == b'\n' {
        return Err(&MALFORMED);
    }
    match window.get(end + 1) {
        Some(b'\n') => {}
        Some(_) => return Err(&MALFORMED),
        None if window.len() == LONGEST => return Err(&TOO_LONG),
        None => return Ok(Progress::Incomplete),
    }
    let header = line(&window[..end]).ok_or(&MALFORMED)?;
    Ok(Progress::Complete { header, used: end + 2 })
}

fn line(line: &[u8]) -> Option<Header<'static>> {
    let mut words = line.split(|byte| *byte == b' ');
    if words.next() != Some(PREFIX) {
        return None;
    }
    let header = |transport, addresses| Header {
        version: Version::V1,
        command: Command::Proxy,
        transport,
        addresses,
        tlvs: Tlvs::EMPTY,
    };
    let ip: fn(&[u8]) -> Option<IpAddr> = match words.next()? {
        // Whatever follows is ignored.
        b"UNKNOWN" => return Some(header(Transport::Unspecified, Addresses::Unknown)),
        b"TCP4" => v4,
        b"TCP6" => v6,
        _ => return None,
    };
    let [source, destination] = [ip(words.next()?)?, ip(words.next()?)?];
    let [from, to] = [port(words.next()?)?, port(words.next()?)?];
    if words.next().is_some() {
        return None;
    }
    let endpoints = Endpoints { source: SocketAddr::new(source, from), destination: SocketAddr::new(destination, to) };
    Some(header(Transport::Stream, Addresses::Inet(endpoints)))
}

/// The library's grammar is the specification's: four numbers without leading zeros.
fn v4(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok().map(|ip: Ipv4Addr| ip.into())
}

/// The library also takes an IPv4 address at the end, which the specification does not mention and `inet_ntop` writes.
fn v6(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok().map(|ip: Ipv6Addr| ip.into())
}

fn port(text: &[u8]) -> Option<u16> {
    let plain = text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || text.first() != Some(&b'0'));
    std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
}

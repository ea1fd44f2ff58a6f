//! What a server is shown of its client before the first byte: a PROXY header, the address that the connection comes from.

use std::net::{IpAddr, SocketAddr};

use plimsoll_http::Head;
use plimsoll_net::{Address, UseSource};
use plimsoll_upstream::Personal;

use crate::client::Client;
use crate::snapshot::Target;

/// What makes a connection to this server the client's own; `None`: nothing does, and any client may use it. `head`: of the request, if there is one.
#[inline]
pub(crate) fn personal(target: &Target, client: &Client, head: Option<&Head>) -> Option<Box<Personal>> {
    if target.send_proxy.is_none() && target.connect.source.is_none() {
        return None;
    }
    made(target, client, head)
}

#[cold]
fn made(target: &Target, client: &Client, head: Option<&Head>) -> Option<Box<Personal>> {
    let preface = target.send_proxy.as_ref().map(|send| send.header(client)).unwrap_or_default();
    let usesrc = target.connect.source.as_ref().and_then(|outlet| outlet.usesrc());
    let from = usesrc.and_then(|usesrc| presented(usesrc, target, client.address(), head));
    (!preface.is_empty() || from.is_some()).then(|| Box::new(Personal { preface, from }))
}

/// Whose address the server is to see; `None`: that of `source`. A client of a UNIX socket has none to show, nor has a request without the field.
fn presented(
    usesrc: &UseSource,
    target: &Target,
    client: Option<SocketAddr>,
    head: Option<&Head>,
) -> Option<SocketAddr> {
    match usesrc {
        UseSource::Client => client,
        UseSource::ClientIp => client.map(|client| SocketAddr::new(client.ip(), 0)),
        UseSource::Header { name, occurrence } => {
            let Address::Inet(server) = &target.address else { return None };
            let ip = address(occurrence_of(head?, name, *occurrence)?)?;
            (ip.is_ipv4() == server.is_ipv4()).then(|| SocketAddr::new(ip, 0))
        }
        // The same for everybody: such connections are shared.
        UseSource::Address(_) => None,
    }
}

/// One of the values of a field, which may stand in several lines, with commas between them: from 1 on from the first, from -1 on from the last.
fn occurrence_of<'h>(head: &'h Head, name: &str, occurrence: i32) -> Option<&'h [u8]> {
    let values = || {
        let lines = head.fields().filter(|(have, _)| have.eq_ignore_ascii_case(name.as_bytes()));
        lines.flat_map(|(_, line)| line.split(|byte| *byte == b','))
    };
    let distance = occurrence.unsigned_abs() as usize;
    let place = match occurrence {
        0 => return None,
        1.. => distance - 1,
        _ => values().count().checked_sub(distance)?,
    };
    values().nth(place).map(<[u8]>::trim_ascii)
}

/// An address, with a port or without, from which a connection can come.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    let ip: IpAddr = IpAddr::to_canonical(&ip);
    let nobody = ip.is_unspecified() || ip.is_multicast() || ip == IpAddr::from([255; 4]);
    (!nobody).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &[(&str, &str)]) -> Head {
        let mut head = Head::default();
        lines.iter().for_each(|(name, value)| head.add(name.as_bytes(), value.as_bytes()));
        head
    }

    /// Three values in two lines, as proxies in a row leave them.
    #[test]
    fn occurrences_count_from_the_first_or_from_the_last() {
        let head = head(&[("X-Forwarded-For", "10.0.0.1, 10.0.0.2"), ("Other", "9"), ("x-forwarded-for", " 10.0.0.3")]);
        let of = |occurrence| occurrence_of(&head, "x-forwarded-for", occurrence).map(String::from_utf8_lossy);
        for (occurrence, expect) in [
            (1, Some("10.0.0.1")),
            (2, Some("10.0.0.2")),
            (3, Some("10.0.0.3")),
            (4, None),
            (-1, Some("10.0.0.3")),
            (-3, Some("10.0.0.1")),
            (-4, None),
            (0, None),
            (i32::MIN, None),
        ] {
            assert_eq!(of(occurrence).as_deref(), expect, "{occurrence}");
        }
        assert_eq!(occurrence_of(&head, "absent", -1), None);
    }

    #[test]
    fn an_address_in_a_field_may_have_a_port_and_must_be_somebodys() {
        for (text, expect) in [
            ("10.0.0.1", Some("10.0.0.1")),
            ("10.0.0.1:4000", Some("10.0.0.1")),
            ("fd00::1", Some("fd00::1")),
            ("[fd00::1]", Some("fd00::1")),
            ("[fd00::1]:4000", Some("fd00::1")),
            ("::ffff:10.0.0.1", Some("10.0.0.1")),
            ("unknown", None),
            ("", None),
            ("0.0.0.0", None),
            ("224.0.0.1", None),
            ("255.255.255.255", None),
            ("::", None),
            ("10.0.0.1 10.0.0.2", None),
            ("\u{e9}", None),
        ] {
            assert_eq!(address(text.as_bytes()).map(|ip| ip.to_string()).as_deref(), expect, "{text}");
        }
    }
}

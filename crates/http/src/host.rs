//! `uri-host [ ":" port ]` (RFC 9110 section 4.2).

use crate::token::{HOST, hex};

/// A host and its port, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    host: &'a [u8],
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// `None`: not a host, or userinfo, a path or a list with it.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (host, port) = if text.first() == Some(&b'[') {
            let close = text.iter().position(|&byte| byte == b']')?;
            let inside = std::str::from_utf8(&text[1..close]).ok()?;
            inside.parse::<std::net::Ipv6Addr>().ok()?;
            (&text[..=close], &text[close + 1..])
        } else {
            let colon = text.iter().position(|&byte| byte == b':').unwrap_or(text.len());
            (&text[..colon], &text[colon..])
        };
        let port = match port {
            [] | [b':'] => None,
            [b':', digits @ ..] if digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit) => {
                let number = digits.iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
                Some(u16::try_from(number).ok()?)
            }
            _ => return None,
        };
        (host.first() == Some(&b'[') || reg_name(host)).then_some(Self { host, port })
    }

    /// The same place, when a missing port is the scheme's.
    pub(crate) fn same(self, other: Self, default_port: u16) -> bool {
        self.host.eq_ignore_ascii_case(other.host)
            && self.port.unwrap_or(default_port) == other.port.unwrap_or(default_port)
    }
}

fn reg_name(host: &[u8]) -> bool {
    !host.is_empty()
        && host.iter().all(|&byte| HOST[usize::from(byte)])
        && (memchr::memchr(b'%', host).is_none() || whole_escapes(host))
}

#[cold]
fn whole_escapes(host: &[u8]) -> bool {
    host.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        let digit = |offset: usize| host.get(at + offset).and_then(|&byte| hex(byte)).is_some();
        digit(1) && digit(2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_with_an_optional_port() {
        for good in [
            "a",
            "a.example",
            "a.example:8080",
            "127.0.0.1",
            "[::1]",
            "[::1]:80",
            "a_b",
            "a:",
            "xn--bcher-kva.example",
            "a%20b",
        ] {
            assert!(Authority::parse(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "", ":80", "a:b", "a:80:81", "a:65536", "a:123456", "user@a", "a/b", "a,b", "a b", "[::1", "[::g]",
            "[::1]x", "::1", "a?b", "a#b", "a\\b", "a%2", "\u{e4}",
        ] {
            assert!(Authority::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_missing_port_is_the_schemes() {
        let parse = |text: &'static str| Authority::parse(text.as_bytes()).unwrap();
        assert!(parse("A.example").same(parse("a.example:80"), 80));
        assert!(!parse("a.example").same(parse("a.example:80"), 443));
        assert!(!parse("a.example").same(parse("b.example"), 80));
    }
}

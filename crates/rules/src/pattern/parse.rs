//! One pattern: from its text to what an engine compares with.

use std::net::{Ipv4Addr, Ipv6Addr};

use regex::bytes::Regex;

use super::way::{Match, Way};
use crate::Regexes;

/// A pattern that was understood.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// The text itself.
    Text,
    /// Bytes that are written otherwise than they are.
    Bytes(Vec<u8>),
    /// Numbers, both ends included.
    Range(i64, i64),
    /// A network of IPv4: its first address, and how many bits of it count.
    V4(u32, u8),
    /// A network of IPv6.
    V6(u128, u8),
    /// Addresses of IPv4 that are alike under a mask with holes.
    Masked(u32, u32),
    /// A regular expression.
    Regex(Regex),
}

/// Understands one. The error says what is wrong with it.
pub(crate) fn pattern(way: Way, text: &[u8], regexes: &mut Regexes) -> Result<Pattern, String> {
    let shown = || String::from_utf8_lossy(text);
    match way.how {
        Match::Found | Match::Bool | Match::Str => Ok(Pattern::Text),
        Match::Int | Match::Len => range(text, way.dotted).map(|(low, high)| Pattern::Range(low, high)),
        Match::Ip => address(text),
        Match::Bin => hexadecimal(text)
            .map(Pattern::Bytes)
            .ok_or_else(|| format!("`{}` is not pairs of hexadecimal digits", shown())),
        Match::Sub | Match::Beg | Match::End if text.is_empty() => {
            Err(String::from("an empty pattern, which would match everything"))
        }
        Match::Sub | Match::Beg | Match::End => Ok(Pattern::Text),
        Match::Dir | Match::Dom => match trimmed(text, delimiters(way.how)) {
            [] => Err(format!("`{}` is nothing but delimiters, and would match nothing", shown())),
            inner => Ok(Pattern::Bytes(inner.to_vec())),
        },
        Match::Reg => {
            let text =
                std::str::from_utf8(text).map_err(|_| format!("the regular expression `{}` is not UTF-8", shown()))?;
            regexes.get(text, way.caseless).map(Pattern::Regex)
        }
    }
}

/// What parts words for `dir` and `dom`.
pub(crate) const fn delimiters(how: Match) -> &'static [u8] {
    match how {
        Match::Dir => b"/?",
        _ => b"/?.:",
    }
}

fn trimmed<'t>(mut text: &'t [u8], delimiters: &[u8]) -> &'t [u8] {
    while let [first, rest @ ..] = text
        && delimiters.contains(first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && delimiters.contains(last)
    {
        text = rest;
    }
    text
}

/// The numbers of `5`, `1:5`, `:5`, `1:`, and of versions alike.
fn range(text: &[u8], dotted: bool) -> Result<(i64, i64), String> {
    let shown = String::from_utf8_lossy(text);
    let what = if dotted { "a version" } else { "a number" };
    let end = |text: &str, without: i64| match text {
        "" => Ok(without),
        text => number(text, dotted).ok_or_else(|| format!("`{text}` is not {what}")),
    };
    let (low, high) = match shown.split_once(':') {
        Some(("", "")) => return Err(format!("a range has {what} on one side of its colon at least")),
        Some((low, high)) => (end(low, i64::MIN)?, end(high, i64::MAX)?),
        None => {
            let number = number(&shown, dotted).ok_or_else(|| format!("`{shown}` is not {what}"))?;
            (number, number)
        }
    };
    if low > high {
        return Err(format!("the range `{shown}` is upside down: nothing lies in it"));
    }
    Ok((low, high))
}

/// A number, or a version as one: the major in the upper bits (as `req.ssl_ver` gives it).
pub(crate) fn number(text: &str, dotted: bool) -> Option<i64> {
    let plain = |text: &str| {
        let digits = text.strip_prefix('-').filter(|_| !dotted).unwrap_or(text);
        let fine = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if fine { text.parse::<i64>().ok() } else { None }
    };
    if !dotted {
        return plain(text);
    }
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    let (major, minor) = (plain(major)?, plain(minor)?);
    (major < 1 << 16 && minor < 1 << 16).then_some(major << 16 | minor)
}

fn address(text: &[u8]) -> Result<Pattern, String> {
    let shown = String::from_utf8_lossy(text);
    let (address, mask) = match shown.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (&*shown, None),
    };
    if let Some(address) = short_ipv4(address) {
        let address = address.to_bits();
        let mask = match mask {
            None => u32::MAX,
            Some(mask) => match mask.parse::<u8>() {
                Ok(bits @ 0..=32) if !mask.starts_with('+') => ones(u32::from(bits), 32) as u32,
                _ => match mask.parse::<Ipv4Addr>() {
                    Ok(mask) => mask.to_bits(),
                    Err(_) => return Err(format!("`{mask}` is not a mask of IPv4: 0 to 32, or an address")),
                },
            },
        };
        let bits = mask.leading_ones();
        return Ok(if mask.count_ones() == bits {
            Pattern::V4(address & mask, bits as u8)
        } else {
            Pattern::Masked(address & mask, mask)
        });
    }
    let Ok(address) = address.parse::<Ipv6Addr>() else {
        let host = shown.bytes().any(|byte| byte.is_ascii_alphabetic()) && !shown.contains(':');
        let why = if host { "; the names of hosts are not looked up" } else { "" };
        return Err(format!("`{shown}` is not an address or network{why}"));
    };
    let bits = match mask {
        None => 128,
        Some(mask) => match mask.parse::<u8>() {
            Ok(bits @ 0..=128) if !mask.starts_with('+') => bits,
            _ => return Err(format!("`{mask}` is not a mask of IPv6: 0 to 128")),
        },
    };
    Ok(Pattern::V6(address.to_bits() & ones(u32::from(bits), 128), bits))
}

/// So many ones from the left of so many bits.
const fn ones(bits: u32, width: u32) -> u128 {
    match bits {
        0 => 0,
        _ => (u128::MAX >> (128 - width)) & !((1_u128 << (width - bits)) - 1),
    }
}

/// `10.12` is 10.0.0.12: what is left out is zeros before the last part.
fn short_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut parts = 0;
    for part in text.split('.') {
        let fine = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        *octets.get_mut(parts)? = if fine { part.parse().ok()? } else { return None };
        parts += 1;
    }
    if parts < 2 {
        return None;
    }
    let last = octets[parts - 1];
    octets[parts - 1] = 0;
    octets[3] = last;
    Some(Ipv4Addr::from(octets))
}

fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    if text.is_empty() {
        return None;
    }
    text.chunks(2).map(|two| Some(digit(two.first()?)? << 4 | digit(two.get(1)?)?)).collect()
}

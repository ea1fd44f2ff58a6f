//! Fetches that put host and target together, or take an absolute target apart.

use plimsoll_rules::{Arena, Context, Fetch, Needs, Slot, Type, Value};

use super::line;
use super::walk::Of;
use crate::Request;

const REQ: Needs = Needs::All(&[Slot::Request]);
const BASE: Fetch = Fetch { output: Type::Str, needs: REQ, ..Fetch::PLAIN };

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch {
        name: "base",
        suffixes: true,
        eval: |_, cx| base(cx.fact()?, line::path, cx.arena()).map(Value::Str),
        doc: "The first Host and the path behind it.",
        ..BASE
    },
    Fetch {
        name: "baseq",
        eval: |_, cx| base(cx.fact()?, line::pathq, cx.arena()).map(Value::Str),
        doc: "The first Host, and path and query behind it.",
        ..BASE
    },
    Fetch {
        name: "base32",
        output: Type::Int,
        eval: |_, cx| base32(cx).map(|hash| Value::Int(i64::from(hash))),
        doc: "A hash of 32 bits of what `base` gives: SDBM and an avalanche.",
        ..BASE
    },
    Fetch {
        name: "url32",
        output: Type::Int,
        eval: |_, cx| url32(cx).map(|hash| Value::Int(i64::from(hash))),
        doc: "A hash of 32 bits of the first Host and the target with its query.",
        ..BASE
    },
    Fetch {
        name: "url_ip",
        output: Type::Addr,
        eval: |_, cx| {
            let (host, _) = authority(cx.fact()?)?;
            super::fields::address(host).map(Value::from)
        },
        doc: "The address of an absolute target whose host is one.",
        ..BASE
    },
    Fetch {
        name: "url_port",
        output: Type::Int,
        eval: |_, cx| {
            let (host, port) = authority(cx.fact()?)?;
            super::fields::address(host).map(|_| Value::Int(i64::from(port)))
        },
        doc: "The port of an absolute target whose host is an address; 80 if it has none.",
        ..BASE
    },
];

/// The first `Host`.
pub(super) fn host(request: &Request) -> Option<&[u8]> {
    Of { name: Some(b"host"), split: false }.next(&request.head, super::walk::Mark::default()).map(|found| found.value)
}

fn base<'a>(request: &Request, rest: fn(&Request) -> Option<&[u8]>, arena: &'a Arena) -> Option<&'a [u8]> {
    let (host, rest) = (host(request), rest(request));
    if host.is_none() && rest.is_none() {
        return None;
    }
    Some(arena.built(|out| {
        out.extend_from_slice(host.unwrap_or_default());
        out.extend_from_slice(rest.unwrap_or_default());
    }))
}

/// The hash of the `base32` fetch; `base32+src` has it before the address.
pub fn base32(cx: &Context<'_>) -> Option<u32> {
    let request = cx.fact::<Request>()?;
    let hash = hash(0, host(request).unwrap_or_default());
    Some(avalanche(self::hash(hash, line::path(request).unwrap_or_default())))
}

/// The hash of the `url32` fetch; `url32+src` has it before the address.
pub fn url32(cx: &Context<'_>) -> Option<u32> {
    let request = cx.fact::<Request>()?;
    let hash = hash(0, host(request).unwrap_or_default());
    Some(avalanche(self::hash(hash, line::pathq(request).unwrap_or_default())))
}

/// SDBM.
fn hash(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, &byte| {
        // As a signed `char`.
        let byte = i32::from(byte as i8) as u32;
        byte.wrapping_add(hash << 6).wrapping_add(hash << 16).wrapping_sub(hash)
    })
}

/// Robert Jenkins' integer hash: every bit of the input reaches every bit of the output. Then times a large prime, as HAProxy has it.
fn avalanche(mut a: u32) -> u32 {
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = (a ^ 0xc761_c23c) ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = (a ^ 0xb55a_4f09) ^ (a >> 16);
    a.wrapping_mul(3_221_225_473)
}

/// Host and port of an absolute target.
fn authority(request: &Request) -> Option<(&[u8], u16)> {
    let rest = &line::url(request)[..(request.forwarded.start - request.target.start) as usize];
    let at = memchr::memmem::find(rest, b"://")?;
    let rest = &rest[at + 3..];
    let (host, port) = match memchr::memrchr(b':', rest) {
        Some(at) if !rest.ends_with(b"]") => (&rest[..at], &rest[at + 1..]),
        _ => (rest, &[][..]),
    };
    let port = if port.is_empty() { 80 } else { std::str::from_utf8(port).ok()?.parse().ok()? };
    let host = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host);
    Some((host, port))
}

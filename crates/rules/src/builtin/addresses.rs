//! Converters of addresses, and of `Host` headers.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Context, Converter, Type, Value};

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "ipmask",
        params: &[Param::new("mask4", ArgKind::Mask4), Param::optional("mask6", ArgKind::Mask6)],
        input: Type::Addr,
        output: Type::Addr,
        check: None,
        eval: ipmask,
        doc: "The network of an address. An IPv6 address that holds an IPv4 one becomes that; without a mask for IPv6 others give no value.",
    },
    Converter {
        name: "host_only",
        input: Type::Str,
        output: Type::Str,
        eval: |value, _, cx| {
            let (host, _) = split(value.bytes()?);
            Some(Value::Str(cx.arena().built(|out| out.extend(host.iter().map(u8::to_ascii_lowercase)))))
        },
        doc: "The name or address of a `Host` header without its port, in lower case.",
        ..Converter::PLAIN
    },
    Converter {
        name: "port_only",
        input: Type::Str,
        output: Type::Int,
        eval: |value, _, _| Some(Value::Int(i64::from(port(split(value.bytes()?).1)))),
        doc: "The port of a `Host` header, 0 if it has none.",
        ..Converter::PLAIN
    },
];

fn ipmask<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let value = value.cast(Type::Ipv4, cx.arena()).unwrap_or(value);
    match (value, args.0.as_ref()) {
        (Value::Ipv4(address), [Arg::Ipv4(mask), ..]) => {
            Some(Value::Ipv4(Ipv4Addr::from_bits(address.to_bits() & mask.to_bits())))
        }
        (Value::Ipv6(address), [_, Arg::Ipv6(mask)]) => {
            Some(Value::Ipv6(Ipv6Addr::from_bits(address.to_bits() & mask.to_bits())))
        }
        _ => None,
    }
}

/// What stands before the last colon and behind it; a colon inside of brackets parts nothing.
fn split(host: &[u8]) -> (&[u8], &[u8]) {
    match host.iter().rposition(|byte| matches!(byte, b':' | b']')) {
        Some(at) if host.get(at) == Some(&b':') => (&host[..at], &host[at + 1..]),
        _ => (host, b""),
    }
}

/// Digits, added up as HAProxy does: what is no digit counts by its distance from `0`.
fn port(digits: &[u8]) -> u32 {
    let next = |port: u32, byte: &u8| port.wrapping_mul(10).wrapping_add(u32::from(*byte).wrapping_sub(48));
    digits.iter().fold(0, next)
}

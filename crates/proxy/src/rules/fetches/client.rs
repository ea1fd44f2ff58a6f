//! Where a client is, to where it connected, and what its PROXY header said.

use std::net::{IpAddr, SocketAddr};

use plimsoll_net::TcpInfo;
use plimsoll_proxy_protocol::tlv;
use plimsoll_rules::{Arg, ArgKind, Args, Compiler, Context, Fetch, Needs, Param, Parts, Slot, Type, Value};

use super::{count, of_client, speaks_http};
use crate::client::Client;

/// The rows.
pub(crate) const PARTS: Parts = Parts { fetches: FETCHES, ..Parts::EMPTY };

const UNIT: &[Param] = &[Param::optional("unit", ArgKind::Word(&["us", "ms"]))];

const FETCHES: &[Fetch] = &[
    of_client("src", Type::Addr, |_, cx| ip(source(cx)), "The client's address, as rules left it."),
    of_client("src_port", Type::Int, |_, cx| port(source(cx)), "The client's port."),
    of_client("src_is_local", Type::Bool, |_, cx| local(cx, source), "Is the client on this machine?"),
    of_client(
        "dst",
        Type::Addr,
        |_, cx| ip(destination(cx)),
        "The address that the client connected to, as rules left it.",
    ),
    of_client("dst_port", Type::Int, |_, cx| port(destination(cx)), "The port that the client connected to."),
    of_client(
        "dst_is_local",
        Type::Bool,
        |_, cx| local(cx, destination),
        "Is the address that the client connected to one of this machine?",
    ),
    of_client(
        "fc_src",
        Type::Addr,
        |_, cx| ip(own_source(cx)),
        "The address of the connection, whatever later rules and a PROXY header said.",
    ),
    of_client("fc_src_port", Type::Int, |_, cx| port(own_source(cx)), "The port of the connection."),
    of_client(
        "fc_src_is_local",
        Type::Bool,
        |_, cx| local(cx, own_source),
        "Is the address of the connection one of this machine?",
    ),
    of_client("fc_dst", Type::Addr, |_, cx| ip(own_destination(cx)), "The address that the connection was made to."),
    of_client("fc_dst_port", Type::Int, |_, cx| port(own_destination(cx)), "The port that the connection was made to."),
    of_client(
        "fc_dst_is_local",
        Type::Bool,
        |_, cx| local(cx, own_destination),
        "Is the address that the connection was made to one of this machine?",
    ),
    of_client(
        "fc_rcvd_proxy",
        Type::Bool,
        |_, cx| Some(Value::Bool(client(cx)?.proxied.is_some())),
        "Did the connection begin with a PROXY header?",
    ),
    of_client(
        "fc_pp_authority",
        Type::Str,
        |_, cx| told(cx, tlv::AUTHORITY).map(Value::Str),
        "The name that the PROXY header says the client asked for.",
    ),
    of_client(
        "fc_pp_unique_id",
        Type::Str,
        |_, cx| told(cx, tlv::UNIQUE_ID).map(Value::Str),
        "The name that the PROXY header gives the connection.",
    ),
    Fetch {
        params: &[Param::new("id", ArgKind::Str)],
        check: Some(kind),
        ..of_client(
            "fc_pp_tlv",
            Type::Bin,
            |args, cx| told(cx, u8::try_from(args.int(0)?).ok()?).map(Value::Bin),
            "A value of the PROXY header by its type: a number, `AUTHORITY` or `UNIQUE_ID`.",
        )
    },
    of_client(
        "fc_http_major",
        Type::Int,
        |_, cx| client(cx).and(speaks_http(cx)),
        "The version of HTTP that the client speaks; none in TCP mode.",
    ),
    of_client(
        "http_first_req",
        Type::Bool,
        |_, cx| Some(Value::Bool(client(cx)?.requests == 1)),
        "Is it the first request of its connection?",
    ),
    Fetch {
        params: UNIT,
        ..of_client(
            "fc_rtt",
            Type::Int,
            |args, cx| span(args, tcp(cx)?.rtt),
            "How long a packet takes to the client and back, as the kernel measured it.",
        )
    },
    Fetch {
        params: UNIT,
        ..of_client("fc_rttvar", Type::Int, |args, cx| span(args, tcp(cx)?.rttvar), "How much that varies.")
    },
    of_client(
        "fc_unacked",
        Type::Int,
        |_, cx| count(tcp(cx)?.unacked),
        "Packets that the client has not acknowledged.",
    ),
    of_client(
        "fc_sacked",
        Type::Int,
        |_, cx| count(tcp(cx)?.sacked),
        "Packets that the client acknowledged out of order.",
    ),
    of_client("fc_retrans", Type::Int, |_, cx| count(tcp(cx)?.retrans), "Packets that are being sent again."),
    of_client("fc_fackets", Type::Int, |_, cx| count(tcp(cx)?.fackets), "Packets between the first and the last hole."),
    of_client("fc_lost", Type::Int, |_, cx| count(tcp(cx)?.lost), "Packets that are taken for lost."),
    of_client(
        "fc_reordering",
        Type::Int,
        |_, cx| count(tcp(cx)?.reordering),
        "How far packets are seen to overtake each other.",
    ),
    Fetch {
        name: "base32+src",
        output: Type::Bin,
        needs: Needs::All(&[Slot::Client, Slot::Request]),
        check: Some(|args, compiler| hash("base32", args, compiler)),
        eval: hash_and_source,
        doc: "The hash of `base32` and the client's address behind it.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "url32+src",
        output: Type::Bin,
        needs: Needs::All(&[Slot::Client, Slot::Request]),
        check: Some(|args, compiler| hash("url32", args, compiler)),
        eval: hash_and_source,
        doc: "The hash of `url32` and the client's address behind it.",
        ..Fetch::PLAIN
    },
];

fn client<'c>(cx: &'c Context<'_>) -> Option<&'c Client> {
    cx.fact()
}

fn source(cx: &Context<'_>) -> Option<SocketAddr> {
    client(cx)?.address()
}

fn own_source(cx: &Context<'_>) -> Option<SocketAddr> {
    client(cx)?.own_address()
}

fn destination(cx: &Context<'_>) -> Option<SocketAddr> {
    client(cx)?.destination()
}

fn own_destination(cx: &Context<'_>) -> Option<SocketAddr> {
    client(cx)?.own_destination()
}

fn ip(address: Option<SocketAddr>) -> Option<Value<'static>> {
    address.map(|address| address.ip().into())
}

fn port(address: Option<SocketAddr>) -> Option<Value<'static>> {
    count(address?.port())
}

/// A UNIX socket is of this machine by nature.
fn local<'c>(cx: &'c Context<'_>, of: fn(&Context<'_>) -> Option<SocketAddr>) -> Option<Value<'c>> {
    Some(Value::Bool(of(cx).is_none_or(|address| plimsoll_net::is_local(address.ip()))))
}

fn told<'c>(cx: &'c Context<'_>, kind: u8) -> Option<&'c [u8]> {
    let tlvs = &client(cx)?.proxied.as_ref()?.tlvs;
    tlvs.iter().find(|(have, _)| *have == kind).map(|(_, value)| &**value)
}

fn kind(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(args.str(0).unwrap_or_default()).into_owned();
    let number = match &*text {
        "AUTHORITY" => Some(tlv::AUTHORITY),
        "UNIQUE_ID" => Some(tlv::UNIQUE_ID),
        text => match text.strip_prefix("0x") {
            Some(digits) => u8::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
    };
    match number {
        Some(number) => {
            args.0 = [Arg::Int(number.into())].into();
            Ok(())
        }
        None => Err(format!("`{text}` is not the type of a value: 0 to 255, AUTHORITY or UNIQUE_ID")),
    }
}

fn tcp(cx: &Context<'_>) -> Option<TcpInfo> {
    client(cx)?.stream.tcp_info()
}

/// Milliseconds, or microseconds if they are asked for.
fn span(args: &Args, micros: u32) -> Option<Value<'static>> {
    count(if args.int(0) == Some(0) { micros } else { micros / 1000 })
}

/// Another row gives the hash: it belongs to the crate that knows heads.
fn hash(name: &str, args: &mut Args, compiler: &mut Compiler<'_>) -> Result<(), String> {
    let row = compiler.language.fetch(name).ok_or_else(|| format!("`{name}` is not known"))?;
    args.0 = [Arg::Object(std::sync::Arc::new(row))].into();
    Ok(())
}

fn hash_and_source<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let row: &&'static Fetch = args.object(0)?;
    let Value::Int(hash) = (row.eval)(args, cx)? else { return None };
    let hash = (hash as u32).to_be_bytes();
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&hash);
    let length = match source(cx)?.ip() {
        IpAddr::V4(address) => {
            bytes[4..8].copy_from_slice(&address.octets());
            8
        }
        IpAddr::V6(address) => {
            bytes[4..].copy_from_slice(&address.octets());
            20
        }
    };
    Some(Value::Bin(cx.arena().keep(&bytes[..length])))
}

//! Fetches that look at a ClientHello among the bytes that wait.

use plimsoll_rules::{Context, Download, Fetch, Needs, Parts, Slot, Type, Upload, Value};

use crate::hello::ClientHello;
use crate::record::{CLIENT_HELLO, Message, Not};
use crate::version::version;

/// The rows.
pub const PARTS: &[Parts] = &[Parts { fetches: FETCHES, ..Parts::EMPTY }];

const UPLOAD: Needs = Needs::All(&[Slot::Upload]);

const FETCHES: &[Fetch] = &[
    SNI,
    Fetch { name: "req_ssl_sni", ..SNI },
    HELLO_TYPE,
    Fetch { name: "req_ssl_hello_type", ..HELLO_TYPE },
    RESPONSE_TYPE,
    Fetch { name: "rep_ssl_hello_type", ..RESPONSE_TYPE },
    VERSION,
    Fetch { name: "req_ssl_ver", ..VERSION },
    Fetch {
        name: "req.ssl_alpn",
        output: Type::Str,
        needs: UPLOAD,
        eval: |_, cx| hello(cx)?.protocols()?.next().map(Value::Str),
        doc: "The protocol that the client would like most, of those that its ClientHello offers (ALPN).",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "req.ssl_ec_ext",
        output: Type::Bool,
        needs: UPLOAD,
        eval: |_, cx| Some(Value::Bool(hello(cx)?.groups().is_some())),
        doc: "Whether the ClientHello names groups, as clients that know elliptic curves do.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "req.ssl_st_ext",
        output: Type::Int,
        needs: UPLOAD,
        eval: |_, cx| {
            Some(Value::Int(match hello(cx)?.session_ticket() {
                None => 0,
                Some([]) => 1,
                Some(_) => 2,
            }))
        },
        doc: "0: the client knows no session tickets; 1: it would take one; 2: it brings one.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "req.ssl_cipherlist",
        output: Type::Bin,
        needs: UPLOAD,
        eval: |_, cx| Some(Value::Bin(hello(cx)?.ciphers)),
        doc: "The ciphers that the ClientHello offers, two bytes each.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "req.ssl_sigalgs",
        output: Type::Bin,
        needs: UPLOAD,
        eval: |_, cx| hello(cx)?.signature_algorithms().map(Value::Bin),
        doc: "The algorithms of signatures that the ClientHello offers, two bytes each.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "req.ssl_supported_groups",
        output: Type::Bin,
        needs: UPLOAD,
        eval: |_, cx| hello(cx)?.groups().map(Value::Bin),
        doc: "The groups for the exchange of keys that the ClientHello offers, two bytes each.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "req.ssl_keyshare_groups",
        output: Type::Bin,
        needs: UPLOAD,
        eval: |_, cx| {
            let shares = hello(cx)?.key_shares()?;
            Some(Value::Bin(
                cx.arena().built(|out| shares.for_each(|(group, _)| out.extend_from_slice(&group.to_be_bytes()))),
            ))
        },
        doc: "The groups for which the ClientHello brings a key, two bytes each.",
        ..Fetch::PLAIN
    },
];

const SNI: Fetch = Fetch {
    name: "req.ssl_sni",
    output: Type::Str,
    needs: UPLOAD,
    eval: |_, cx| hello(cx)?.server_name().map(Value::Str),
    doc: "The server's name in the ClientHello (SNI).",
    ..Fetch::PLAIN
};

const HELLO_TYPE: Fetch = Fetch {
    name: "req.ssl_hello_type",
    output: Type::Int,
    needs: UPLOAD,
    eval: |_, cx| kind(cx.fact::<Upload>()?.waiting(), cx),
    doc: "The type of the first handshake message, when all of it is here: 1 for a ClientHello.",
    ..Fetch::PLAIN
};

const RESPONSE_TYPE: Fetch = Fetch {
    name: "res.ssl_hello_type",
    output: Type::Int,
    needs: Needs::All(&[Slot::Download]),
    eval: |_, cx| kind(cx.fact::<Download>()?.waiting(), cx),
    doc: "The type of the server's first handshake message, when all of it is here: 2 for a ServerHello.",
    ..Fetch::PLAIN
};

const VERSION: Fetch = Fetch {
    name: "req.ssl_ver",
    output: Type::Int,
    needs: UPLOAD,
    eval: |_, cx| {
        let version = here(version(cx.fact::<Upload>()?.waiting()), cx)?;
        Some(Value::Int(i64::from(version)))
    },
    doc: "The version that the first message names: major times 65536 and minor. TLS 1.0 is 3.1; TLS 1.3 says 3.3 as well.",
    ..Fetch::PLAIN
};

/// What is not here yet may come.
fn here<T>(read: Result<T, Not>, cx: &Context<'_>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(Not::Yet) => {
            cx.may_come();
            None
        }
        Err(Not::Tls) => None,
    }
}

fn kind<'c>(bytes: &[u8], cx: &Context<'_>) -> Option<Value<'c>> {
    let message = here(Message::first(bytes, None), cx)?;
    message.kind().map(|kind| Value::Int(i64::from(kind)))
}

fn hello<'c>(cx: &'c Context<'_>) -> Option<ClientHello<'c>> {
    let bytes = cx.fact::<Upload>()?.waiting();
    let message = match here(Message::first(bytes, Some(CLIENT_HELLO)), cx)? {
        Message::One(message) => message,
        // It is put together only when all of it is here.
        several => cx.arena().built(|out| several.pieces().for_each(|piece| out.extend_from_slice(piece))),
    };
    ClientHello::read(message).ok()
}

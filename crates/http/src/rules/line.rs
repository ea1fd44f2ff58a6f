//! Fetches of the request line (configuration manual, section 7.3.6).

use plimsoll_rules::{Args, Context, Fetch, Needs, Slot, Type, Value};

use crate::Request;

const REQ: Needs = Needs::All(&[Slot::Request]);
const TEXT: Fetch = Fetch { output: Type::Str, needs: REQ, suffixes: true, ..Fetch::PLAIN };
const VERSION: Fetch =
    Fetch { suffixes: false, eval: version, doc: "The version of the request: `1.0` or `1.1`.", ..TEXT };

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch {
        name: "method",
        output: Type::Method,
        suffixes: false,
        eval: |_, cx| {
            let (method, _) = cx.fact::<Request>()?.received();
            Some(Value::Method(method))
        },
        doc: "The method of the request, as it was received.",
        ..TEXT
    },
    Fetch {
        name: "path",
        eval: |_, cx| path(cx.fact()?).map(Value::Str),
        doc: "The path of the request: from the first slash of the target up to the question mark.",
        ..TEXT
    },
    Fetch {
        name: "pathq",
        suffixes: false,
        eval: |_, cx| pathq(cx.fact()?).map(Value::Str),
        doc: "The path of the request with its query.",
        ..TEXT
    },
    Fetch {
        name: "query",
        suffixes: false,
        eval: |_, cx| query(cx.fact()?).map(Value::Str),
        doc: "What follows the first question mark of the target, if there is one.",
        ..TEXT
    },
    Fetch {
        name: "url",
        eval: |_, cx| Some(Value::Str(url(cx.fact()?))),
        doc: "The target of the request, with scheme and host if it names them.",
        ..TEXT
    },
    Fetch { name: "req.ver", ..VERSION },
    Fetch { name: "req_ver", ..VERSION },
    Fetch { name: "req.proto_http", ..PROTOCOL },
    Fetch { name: "req_proto_http", ..PROTOCOL },
];

const PROTOCOL: Fetch = Fetch {
    output: Type::Bool,
    needs: REQ,
    eval: |_, cx| cx.fact::<Request>().map(|_| Value::Bool(true)),
    doc: "True: what the client sent is a request of HTTP.",
    ..Fetch::PLAIN
};

fn version<'c>(_: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    Some(Value::Str(super::response::version(cx.fact::<Request>()?.minor)))
}

/// The target as it was received, or as rules made it.
pub(super) fn url(request: &Request) -> &[u8] {
    request.head.get(request.target)
}

/// Path and query. An asterisk is none.
pub(super) fn pathq(request: &Request) -> Option<&[u8]> {
    let pathq = request.head.get(request.forwarded);
    pathq.starts_with(b"/").then_some(pathq)
}

/// The path alone.
pub(super) fn path(request: &Request) -> Option<&[u8]> {
    let pathq = pathq(request)?;
    Some(&pathq[..memchr::memchr(b'?', pathq).unwrap_or(pathq.len())])
}

/// The query alone.
pub(super) fn query(request: &Request) -> Option<&[u8]> {
    let url = url(request);
    url.get(memchr::memchr(b'?', url)? + 1..)
}

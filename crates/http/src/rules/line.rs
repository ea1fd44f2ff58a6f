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
    let start = request.forwarded.start;
    let mut end = request.path_end.get();
    if end == 0 {
        // The next rule asks again.
        let whole = request.head.get(request.forwarded);
        end = start + memchr::memchr(b'?', whole).unwrap_or(whole.len()) as u32;
        request.path_end.set(end);
    }
    let path = request.head.text.get(start as usize..end as usize)?;
    path.starts_with(b"/").then_some(path)
}

/// The query alone.
pub(super) fn query(request: &Request) -> Option<&[u8]> {
    let url = url(request);
    url.get(memchr::memchr(b'?', url)? + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn read(request: &mut Request, target: &str) {
        let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        request.parse(head.as_bytes(), &Limits::DEFAULT).unwrap();
    }

    #[test]
    fn a_path_that_was_asked_for_is_another_one_after_a_change() {
        let mut request = Request::default();
        read(&mut request, "/first?a=1");
        assert_eq!(path(&request), Some(&b"/first"[..]));
        request.set_path(b"/2").unwrap();
        assert_eq!((path(&request), path(&request)), (Some(&b"/2"[..]), Some(&b"/2"[..])));
        request.set_uri(b"/third/one").unwrap();
        assert_eq!(path(&request), Some(&b"/third/one"[..]));
        assert!(request.set_path(b"no slash").is_err());
        assert_eq!(path(&request), Some(&b"/third/one"[..]));
        read(&mut request, "http://a/4?/5");
        assert_eq!(path(&request), Some(&b"/4"[..]));
        read(&mut request, "http://a");
        assert_eq!((path(&request), path(&request)), (None, None));
        read(&mut request, "/six/6");
        assert_eq!(path(&request), Some(&b"/six/6"[..]));
    }
}

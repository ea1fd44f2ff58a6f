//! Whatever rules do to a head, what is sent is one head that says the same of its body.

use plimsoll_http::encode::{self, Connection};
use plimsoll_http::{Framing, Limits, Method, Progress, Request, Response, Tolerance};
use proptest::prelude::*;

/// A change, with bytes that may be anything.
#[derive(Clone, Debug)]
enum Edit {
    Set(Vec<u8>, Vec<u8>),
    Add(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    RemoveAll,
    Method(Vec<u8>),
    Path(Vec<u8>),
    Pathq(Vec<u8>),
    Query(Vec<u8>),
    Uri(Vec<u8>),
    Status(u16, Vec<u8>),
}

const NAMES: &[&[u8]] = &[
    b"Host",
    b"host",
    b"X-A",
    b"x-a",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Connection",
    b"Upgrade",
    b"Expect",
    b"TE",
    b"Trailer",
    b"X-B",
    b"",
    b"a b",
    b"a\r\nb",
    b"Keep-Alive",
];

const TEXTS: &[&[u8]] = &[
    b"",
    b"a",
    b"chunked",
    b"5",
    b"close",
    b"h:80",
    b"/",
    b"/x?y",
    b"*",
    b"http://new/z?w",
    b"https://h:8443",
    b"a\r\nContent-Length: 3\r\n\r\n",
    b"\r\n",
    b"\0",
    b" HTTP/1.0\r\n",
    b"GET",
    b"HEAD",
    b"OPTIONS",
    b"POST",
    b"CONNECT",
    b"?",
    b"//",
    b"/%zz",
    b"\xff",
    b" ",
    b"100-continue",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::sample::select(TEXTS).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..12),
        1 => (0_usize..30_000).prop_map(|length| vec![b'/'; length]),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    let name = || prop_oneof![6 => prop::sample::select(NAMES).prop_map(<[u8]>::to_vec), 1 => prop::collection::vec(any::<u8>(), 0..6)];
    prop_oneof![
        (name(), bytes()).prop_map(|(name, value)| Edit::Set(name, value)),
        (name(), bytes()).prop_map(|(name, value)| Edit::Add(name, value)),
        name().prop_map(Edit::Remove),
        Just(Edit::RemoveAll),
        bytes().prop_map(Edit::Method),
        bytes().prop_map(Edit::Path),
        bytes().prop_map(Edit::Pathq),
        bytes().prop_map(Edit::Query),
        bytes().prop_map(Edit::Uri),
        (0_u16..1100, bytes()).prop_map(|(status, reason)| Edit::Status(status, reason)),
        prop::sample::select(&[200, 204, 304, 404][..]).prop_map(|status| Edit::Status(status, Vec::new())),
    ]
}

const REQUESTS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n",
    "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\nExpect: 100-continue\r\nX-A: 1\r\nx-a: 2\r\n\r\n",
    "PUT http://h/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    "HEAD / HTTP/1.0\r\n\r\n",
    "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
];

const RESPONSES: &[(&str, Method)] = &[
    ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX-A: 1\r\n\r\n", Method::Get),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::Get),
    ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", Method::Head),
    ("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", Method::Get),
    ("HTTP/1.1 204 No Content\r\n\r\n", Method::Get),
    ("HTTP/1.0 200 OK\r\n\r\n", Method::Get),
];

/// What rules may add to what a peer may send.
const ROOM: Limits = Limits { header_bytes: 64 << 10, header_fields: 512, ..Limits::DEFAULT };

fn change(request: &mut Request, edit: &Edit) {
    let _ = match edit {
        Edit::Set(name, value) => request.set_field(name, value),
        Edit::Add(name, value) => request.add_field(name, value),
        Edit::Remove(name) => {
            request.remove_fields(|have| have.eq_ignore_ascii_case(name));
            Ok(())
        }
        Edit::RemoveAll => {
            request.remove_fields(|_| true);
            Ok(())
        }
        Edit::Method(text) => request.set_method(text),
        Edit::Path(text) => request.set_path(text),
        Edit::Pathq(text) => request.set_pathq(text),
        Edit::Query(text) => request.set_query(text),
        Edit::Uri(text) => request.set_uri(text),
        Edit::Status(..) => Ok(()),
    };
}

proptest! {
    #[test]
    fn an_edited_request_is_one_request_with_the_same_body(which in 0..REQUESTS.len(), edits in prop::collection::vec(edit(), 0..12)) {
        let mut request = Request::default();
        request.parse(REQUESTS[which].as_bytes(), &Limits::DEFAULT).unwrap();
        let (framing, head) = (request.framing, request.method == Method::Head);
        for edit in &edits {
            change(&mut request, edit);
            let mut out = Vec::new();
            encode::request(&request, false, "origin", &mut out);
            let mut again = Request::default();
            // What a rule wrote into the path may hold escapes that no client may send.
            let read = again.parse(&out, &ROOM);
            match read {
                Ok(read) => {
                    prop_assert_eq!(read, Progress::Complete(out.len()), "{}", out.escape_ascii());
                    prop_assert_eq!(again.framing, framing);
                    prop_assert_eq!(again.method, request.method);
                    prop_assert_eq!(again.method == Method::Head, head);
                    prop_assert_eq!(again.upgrade.is_some(), request.upgrade.is_some());
                }
                Err(refusal) => {
                    prop_assert!(matches!(refusal.slug, "client.target.encoding" | "client.expect.unknown"), "{} {}", refusal.slug, out.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn an_edited_response_is_one_response_with_the_same_body(which in 0..RESPONSES.len(), edits in prop::collection::vec(edit(), 0..12)) {
        let (text, method) = RESPONSES[which];
        let mut response = Response::default();
        response.parse(text.as_bytes(), method, &Limits::DEFAULT, Tolerance::default()).unwrap();
        let before = response.framing;
        for edit in &edits {
            let _ = match edit {
                Edit::Set(name, value) => response.head.set(name, value),
                Edit::Add(name, value) => response.head.append(name, value),
                Edit::Remove(name) => {
                    response.head.remove(name);
                    Ok(())
                }
                Edit::RemoveAll => {
                    response.head.remove_where(|_| true);
                    Ok(())
                }
                Edit::Status(status, reason) => response.set_status(*status, Some(reason)),
                _ => Ok(()),
            };
            let mut out = Vec::new();
            encode::response(&response, response.framing, Connection::Silent, &mut out);
            let mut again = Response::default();
            let read = again.parse(&out, method, &ROOM, Tolerance::default());
            prop_assert!(matches!(read, Ok(Progress::Complete(length)) if length == out.len()), "{:?} {}", read.err().map(|refusal| refusal.slug), out.escape_ascii());
            // A body that is on its way stays announced as it is; where there is none, none is announced.
            match before {
                Framing::Empty | Framing::Length(0) => prop_assert!(matches!(again.framing, Framing::Empty | Framing::Length(0)), "{}", out.escape_ascii()),
                framing => prop_assert_eq!(again.framing, framing, "{}", out.escape_ascii()),
            }
        }
    }
}

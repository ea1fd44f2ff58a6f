//! What the engine makes of response heads.

use plimsoll_http::encode::Connection;
use plimsoll_http::{Framing, Limits, Method, Progress, Refusal, Response, Tolerance, encode};

fn parse(text: &str, method: Method, tolerance: Tolerance) -> Result<Response, Refusal> {
    let mut response = Response::default();
    match response.parse(text.as_bytes(), method, &Limits::DEFAULT, tolerance)? {
        Progress::Complete(used) => {
            assert_eq!(used, text.len());
            Ok(response)
        }
        Progress::Incomplete => panic!("incomplete: {text:?}"),
    }
}

fn strict(text: &str) -> Result<Response, Refusal> {
    parse(text, Method::Get, Tolerance::default())
}

fn written(response: &Response) -> String {
    let mut out = Vec::new();
    encode::response(response, response.framing, Connection::Silent, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_plain_response_is_forwarded_with_framing_written_anew() {
    let response =
        strict("HTTP/1.1 200 OK\r\nServer: s\r\ncontent-length: 05\r\nA: b\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(written(&response), "HTTP/1.1 200 OK\r\nServer: s\r\nA: b\r\nContent-Length: 5\r\n\r\n");
    assert!(!response.keep_alive);
}

#[test]
fn the_length_of_a_body_follows_status_method_and_fields() {
    for (text, method, framing) in [
        ("HTTP/1.1 200 OK\r\n\r\n", Method::Get, Framing::UntilClose),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Method::Get, Framing::Length(0)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::Get, Framing::Chunked),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::Head, Framing::Empty),
        ("HTTP/1.1 204 No Content\r\n\r\n", Method::Get, Framing::Empty),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Method::Get, Framing::Empty),
        ("HTTP/1.1 100 Continue\r\n\r\n", Method::Post, Framing::Empty),
    ] {
        assert_eq!(parse(text, method, Tolerance::default()).unwrap().framing, framing, "{text:?}");
    }
    let head = parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::Head, Tolerance::default()).unwrap();
    assert_eq!(written(&head), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    let none = strict("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").unwrap();
    assert_eq!(written(&none), "HTTP/1.1 204 No Content\r\n\r\n");
}

#[test]
fn a_malformed_response_is_refused() {
    for (text, slug) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "server.framing.invalid"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "server.framing.invalid"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "server.framing.invalid"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "server.framing.invalid"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "server.framing.invalid"),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "server.framing.invalid"),
        ("HTTP/1.1 200\r\n\r\n", "server.response.line"),
        ("HTTP/1.1 20 OK\r\n\r\n", "server.response.line"),
        ("HTTP/1.1 099 OK\r\n\r\n", "server.response.line"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "server.response.line"),
        ("HTTP/2.0 200 OK\r\n\r\n", "server.response.line"),
        ("HTTP/1.1  200 OK\r\n\r\n", "server.response.line"),
        ("hello", "server.response.line"),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", "server.response.line"),
        ("HTTP/1.1 200 OK\nA: b\r\n\r\n", "server.response.line"),
        ("HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", "server.field.invalid"),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "server.field.invalid"),
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "server.field.invalid"),
        ("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", "server.field.invalid"),
        ("HTTP/1.1 200 O\x01K\r\n\r\n", "server.response.line"),
    ] {
        assert_eq!(strict(text).expect_err(text).slug, slug, "{text:?}");
    }
}

#[test]
fn what_is_tolerated_is_straightened_and_told() {
    let all = Tolerance { bare_lf: true, obs_fold: true, duplicate_length: true, no_reason: true };
    let text = "HTTP/1.1 200\nA: b\n c\nContent-Length: 2\r\nContent-Length: 2\n\n";
    let response = parse(text, Method::Get, all).unwrap();
    assert!(response.sloppy);
    assert_eq!(written(&response), "HTTP/1.1 200 \r\nA: b c\r\nContent-Length: 2\r\n\r\n");
    assert!(!parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", Method::Get, all).unwrap().sloppy);
    let clash = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n";
    assert!(parse(clash, Method::Get, all).is_err());
}

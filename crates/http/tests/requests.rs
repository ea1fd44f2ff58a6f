//! What the engine makes of request heads: forwarded how, or refused why.

use plimsoll_http::{Framing, Limits, Progress, Refusal, Request, encode};

fn parse(text: &str) -> Result<(Request, usize), Refusal> {
    let mut request = Request::default();
    match request.parse(text.as_bytes(), &Limits::DEFAULT)? {
        Progress::Complete(used) => Ok((request, used)),
        Progress::Incomplete => panic!("incomplete: {text:?}"),
    }
}

fn forwarded(text: &str) -> String {
    let (request, used) = parse(text).unwrap_or_else(|refusal| panic!("{} for {text:?}", refusal.slug));
    assert_eq!(used, text.len());
    let mut out = Vec::new();
    encode::request(&request, false, "origin.example:80", &mut out);
    String::from_utf8(out).unwrap()
}

fn refused(text: &str) -> &'static str {
    parse(text).map(|_| ()).expect_err(text).slug
}

#[test]
fn a_plain_request_is_forwarded_as_it_came() {
    let text = "GET /a?b HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nX-Odd:  v  \r\n\r\n";
    assert_eq!(forwarded(text), text);
}

#[test]
fn framing_is_written_anew() {
    assert_eq!(
        forwarded("POST / HTTP/1.1\r\nContent-Length: 007\r\nHost: a\r\n\r\n"),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n"
    );
    assert_eq!(
        forwarded("POST / HTTP/1.1\r\ntransfer-encoding: CHUNKED\r\nHost: a\r\n\r\n"),
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
}

#[test]
fn what_belongs_to_one_connection_stays_there() {
    assert_eq!(
        forwarded(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nX-End: 1\r\nProxy-Connection: close\r\n\r\n"
        ),
        "GET / HTTP/1.1\r\nHost: a\r\nX-End: 1\r\n\r\n"
    );
    for name in ["Host", "content-length", "Authorization", "X-Forwarded-For", "X-Forwarded-Anything", "Cookie"] {
        assert_eq!(
            refused(&format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: {name}\r\n\r\n")),
            "client.connection.names"
        );
    }
}

#[test]
fn only_websocket_is_let_through_an_upgrade() {
    assert_eq!(
        forwarded(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, WebSocket\r\nHTTP2-Settings: AA\r\n\r\n"
        ),
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n"
    );
    let plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(forwarded("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), plain);
    assert_eq!(forwarded("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"), plain);
}

#[test]
fn an_absolute_target_wins_over_an_equal_host() {
    assert_eq!(
        forwarded("GET http://A.example:80/x HTTP/1.1\r\nAccept: a\r\nHost: a.example\r\n\r\n"),
        "GET /x HTTP/1.1\r\nAccept: a\r\nHost: A.example:80\r\n\r\n"
    );
    assert_eq!(forwarded("GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /?x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(forwarded("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(refused("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"), "client.host.mismatch");
    assert_eq!(refused("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n"), "client.host.mismatch");
}

#[test]
fn an_old_client_without_a_host_is_given_the_servers() {
    assert_eq!(forwarded("GET / HTTP/1.0\r\n\r\n"), "GET / HTTP/1.1\r\nHost: origin.example:80\r\n\r\n");
    assert!(!parse("GET / HTTP/1.0\r\n\r\n").unwrap().0.keep_alive);
    assert!(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").unwrap().0.keep_alive);
}

#[test]
fn one_empty_line_before_a_request_is_passed_over() {
    assert_eq!(forwarded("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(refused("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), "client.request.line");
}

#[test]
fn every_refusal_has_its_slug() {
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "x".repeat(33 << 10));
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(128));
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(16 << 10));
    for (text, slug) in [
        (
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            "client.framing.conflict",
        ),
        ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "client.framing.conflict"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "client.coding.unknown"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "client.coding.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", "client.length.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", "client.length.invalid"),
        ("GET / HTTP/1.1\r\n\r\n", "client.host.invalid"),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "client.host.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "client.host.invalid"),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "client.host.invalid"),
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", "client.request.line"),
        ("GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n", "client.field.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "client.field.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\0\r\n\r\n", "client.field.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", "client.field.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", "client.field.invalid"),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "client.field.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "client.field.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "client.field.invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: \x7f\r\n\r\n", "client.field.invalid"),
        ("GET /\r\n\r\n", "client.request.line"),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "client.request.line"),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "client.request.line"),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "client.request.line"),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "client.request.line"),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "client.request.line"),
        ("\x16\x03\x01\x02", "client.request.line"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "client.request.version"),
        ("PRI * HTTP/2.0\r\n\r\n", "client.request.version"),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", "client.request.version"),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", "client.request.line"),
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "client.target.encoding"),
        ("GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n", "client.target.invalid"),
        ("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "client.target.invalid"),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", "client.target.invalid"),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "client.method.connect"),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", "client.expect.unknown"),
        (&large, "client.header.too_large"),
        (&large[..33 << 10], "client.header.too_large"),
        (&many, "client.header.too_many"),
        (&long, "client.target.too_long"),
    ] {
        assert_eq!(refused(text), slug, "{:?}", &text[..text.len().min(80)]);
    }
}

#[test]
fn a_head_may_arrive_in_any_pieces() {
    let text = b"\r\nPOST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
    for step in 1..text.len() {
        let mut request = Request::default();
        let mut upto = 0;
        let used = loop {
            upto = (upto + step).min(text.len());
            match request.parse(&text[..upto], &Limits::DEFAULT).unwrap() {
                Progress::Complete(used) => break used,
                Progress::Incomplete => assert!(upto < text.len()),
            }
        };
        assert_eq!(used, text.len() - 3);
        assert_eq!(request.framing, Framing::Length(3));
        assert!(request.expects_continue && request.keep_alive);
    }
}

#[test]
fn a_request_value_is_used_again_without_a_trace_of_the_last() {
    let mut request = Request::default();
    let first =
        b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    request.parse(first, &Limits::DEFAULT).unwrap();
    request.clear();
    let second = b"GET / HTTP/1.1\r\nHost: b\r\n\r\n";
    assert_eq!(request.parse(second, &Limits::DEFAULT), Ok(Progress::Complete(second.len())));
    let mut out = Vec::new();
    encode::request(&request, false, "", &mut out);
    assert_eq!(out, second);
    assert!(request.keep_alive && !request.expects_continue && request.framing == Framing::Empty);
}

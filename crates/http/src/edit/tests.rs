//! What edits make of heads, and what they refuse.

use crate::encode::{self, Connection};
use crate::{EditError, Framing, Limits, Method, Progress, Request, Response, Tolerance};

fn request(text: &str) -> Request {
    let mut request = Request::default();
    let read = request.parse(text.as_bytes(), &Limits::DEFAULT);
    assert_eq!(read, Ok(Progress::Complete(text.len())), "{text:?}");
    request
}

fn written(request: &Request) -> String {
    let mut out = Vec::new();
    encode::request(request, false, "origin", &mut out);
    String::from_utf8(out).unwrap()
}

fn response(text: &str, method: Method) -> Response {
    let mut response = Response::default();
    let read = response.parse(text.as_bytes(), method, &Limits::DEFAULT, Tolerance::default());
    assert_eq!(read, Ok(Progress::Complete(text.len())), "{text:?}");
    response
}

fn answered(response: &Response) -> String {
    let mut out = Vec::new();
    encode::response(response, response.framing, Connection::Silent, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn fields_are_set_added_and_removed_whatever_their_case() {
    let mut request = request("GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\nB: 3\r\n\r\n");
    request.set_field(b"X-A", b"new").unwrap();
    request.add_field(b"b", b"4").unwrap();
    request.remove_fields(|name| name == b"none");
    assert_eq!(written(&request), "GET / HTTP/1.1\r\nHost: h\r\nB: 3\r\nX-A: new\r\nb: 4\r\n\r\n");
    request.remove_fields(|name| name.eq_ignore_ascii_case(b"B"));
    assert_eq!(written(&request), "GET / HTTP/1.1\r\nHost: h\r\nX-A: new\r\n\r\n");
}

#[test]
fn what_frames_a_message_cannot_be_written_and_is_only_hidden() {
    let text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n";
    let mut request = request(text);
    for name in [
        "Content-Length",
        "transfer-encoding",
        "Connection",
        "Keep-Alive",
        "TE",
        "Upgrade",
        "Trailer",
        "Proxy-Connection",
        "HTTP2-Settings",
    ] {
        assert_eq!(request.set_field(name.as_bytes(), b"5"), Err(EditError::Framing), "{name}");
        assert_eq!(request.add_field(name.as_bytes(), b"5"), Err(EditError::Framing), "{name}");
    }
    request.remove_fields(|_| true);
    assert_eq!(request.head.seen().count(), 0);
    assert_eq!(written(&request), "POST / HTTP/1.1\r\nHost: origin\r\nContent-Length: 3\r\n\r\n");
}

#[test]
fn without_connection_or_upgrade_there_is_no_upgrade() {
    let text = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    for name in [&b"Connection"[..], b"Upgrade"] {
        let mut request = request(text);
        assert!(written(&request).contains("Upgrade: websocket"));
        request.remove_fields(|have| have == name);
        assert_eq!(written(&request), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    let mut posted = request(text);
    posted.set_method(b"POST").unwrap();
    assert_eq!(written(&posted), "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
}

#[test]
fn names_are_tokens_and_values_hold_no_control_bytes() {
    let mut request = request("GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n");
    for name in [&b""[..], b"a b", b"a:", b"a\r\nb", b"\xe4"] {
        assert_eq!(request.set_field(name, b"1"), Err(EditError::Name));
    }
    for value in [&b"a\r\nb: c"[..], b"\n", b"\0", b"\x7f", b"\r"] {
        assert_eq!(request.add_field(b"x-b", value), Err(EditError::Value));
        assert_eq!(request.head.replace_at(1, value), Err(EditError::Value));
    }
    request.add_field(b"x-b", b"\ta\xe4").unwrap();
    // What a client sent is gone even if the rule's own value cannot be written.
    assert_eq!(request.set_field(b"X-A", b"\n"), Err(EditError::Value));
    assert!(!request.head.seen().any(|(name, _)| name == b"X-A"));
}

#[test]
fn there_is_one_host_and_an_absolute_target_follows_it() {
    let mut plain = request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(plain.add_field(b"host", b"other"), Err(EditError::Host));
    for wrong in [&b""[..], b"a b", b"a/b", b"u@h", b"a,b"] {
        assert_eq!(plain.set_field(b"Host", wrong), Err(EditError::Host));
    }
    plain.set_field(b"HOST", b"new.example:81").unwrap();
    assert_eq!(written(&plain), "GET / HTTP/1.1\r\nHost: new.example:81\r\n\r\n");
    let mut absolute = request("GET http://h/x?y HTTP/1.1\r\nHost: h\r\n\r\n");
    absolute.set_field(b"host", b"new").unwrap();
    assert_eq!(absolute.head.get(absolute.target), b"http://new/x?y");
    absolute.set_path(b"/z").unwrap();
    assert_eq!(absolute.head.get(absolute.target), b"http://new/z?y");
    absolute.set_query(b"").unwrap();
    assert_eq!(absolute.head.get(absolute.target), b"http://new/z?");
    absolute.set_uri(b"https://third:8443/w").unwrap();
    assert_eq!(written(&absolute), "GET /w HTTP/1.1\r\nHost: third:8443\r\n\r\n");
    absolute.set_uri(b"/own").unwrap();
    assert_eq!(written(&absolute), "GET /own HTTP/1.1\r\nHost: third:8443\r\n\r\n");
}

#[test]
fn a_target_holds_what_a_target_may_hold() {
    let mut request = request("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    for wrong in [&b"/a b"[..], b"/\r\n", b"/\xe4", b"/#", b"/\0", b"a", b"*", b"//h\\"] {
        assert_eq!(request.set_pathq(wrong), Err(EditError::Target), "{wrong:?}");
        assert_eq!(request.set_path(wrong), Err(EditError::Target), "{wrong:?}");
        assert_eq!(request.set_uri(wrong), Err(EditError::Target), "{wrong:?}");
    }
    assert_eq!(request.set_query(b"a b"), Err(EditError::Target));
    assert_eq!(request.set_uri(b"ftp://h/"), Err(EditError::Target));
    assert_eq!(request.set_path(&[b'/'; 20 << 10]), Err(EditError::TooLarge));
    assert_eq!(written(&request), "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    request.set_pathq(b"").unwrap();
    assert_eq!(written(&request), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(request.received(), (&b"GET"[..], &b"/a?b"[..]));
}

#[test]
fn a_method_changes_but_not_what_the_answer_is() {
    let mut get = request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    for wrong in [&b"HEAD"[..], b"CONNECT", b"", b"A B", b"G\r\n"] {
        assert_eq!(get.set_method(wrong), Err(EditError::Method));
    }
    get.set_method(b"DELETE").unwrap();
    assert_eq!((get.method, written(&get).as_str()), (Method::Delete, "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n"));
    let mut head = request("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(head.set_method(b"GET"), Err(EditError::Method));
    let mut options = request("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(options.set_method(b"GET"), Err(EditError::Method));
    options.set_path(b"/x").unwrap();
    options.set_method(b"GET").unwrap();
    assert_eq!(written(&options), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
}

#[test]
fn a_status_stays_true_about_the_body() {
    let full = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let mut body = response(full, Method::Get);
    for wrong in [0, 100, 101, 199, 204, 304, 1000] {
        assert_eq!(body.set_status(wrong, None), Err(EditError::Status), "{wrong}");
    }
    assert_eq!(body.set_status(200, Some(b"a\r\nb")), Err(EditError::Value));
    body.set_status(404, Some(b"Gone fishing")).unwrap();
    assert_eq!(answered(&body), "HTTP/1.1 404 Gone fishing\r\nContent-Length: 2\r\n\r\n");
    let mut none = response("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", Method::Get);
    none.set_status(200, None).unwrap();
    assert_eq!(answered(&none), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    none.set_status(204, None).unwrap();
    assert_eq!((answered(&none).as_str(), none.framing), ("HTTP/1.1 204 No Content\r\n\r\n", Framing::Empty));
    let mut switching =
        response("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", Method::Get);
    assert_eq!(switching.set_status(200, None), Err(EditError::Status));
}

#[test]
fn the_header_block_keeps_its_limit() {
    let mut request = request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let large = [b'x'; 20 << 10];
    request.set_field(b"x-a", &large).unwrap();
    assert_eq!(request.add_field(b"x-b", &large), Err(EditError::TooLarge));
    // One in the place of the other fits, as often as the text that is left behind stays small.
    request.set_field(b"x-a", &large).unwrap();
    let times = (0..100).take_while(|_| request.set_field(b"x-a", &large).is_ok()).count();
    assert!((2..10).contains(&times), "{times}");
    assert!(request.head.text().len() < 5 * Limits::DEFAULT.header_bytes);
}

//! No head that the engine takes makes a row panic or go on for ever, and values are found in the same number as they are counted.

#[path = "../../rules/tests/house/mod.rs"]
mod house;

use house::{House, Still};
use plimsoll_http::{Limits, Method, PARTS, Progress, Request, Response, Tolerance};
use plimsoll_rules::{Arena, Context, Place, Variables};
use proptest::prelude::*;

const REQUEST: &[&str] = &[
    "method",
    "path",
    "pathq",
    "query",
    "url",
    "base",
    "base32",
    "baseq",
    "url32",
    "url_ip",
    "url_port",
    "req.hdr(x)",
    "req.hdr(x,-3)",
    "req.hdr(x,2)",
    "req.fhdr(x)",
    "req.hdr_cnt(x)",
    "req.hdr_ip(x)",
    "req.hdr_val(x)",
    "req.hdr_names",
    "req.hdrs",
    "req.hdrs_bin",
    "req.cook(a)",
    "req.cook",
    "req.cook_cnt",
    "req.cook_val",
    "req.cook_names",
    "urlp(a)",
    "urlp",
    "urlp_val(a,/)",
    "http_auth_user",
    "http_auth_pass",
    "http_auth_type",
    "http_auth_bearer",
    "path_canonical",
    "host_canonical",
];

const EDITS: &[&str] = &[
    "replace-header X (.)(.*) \\2\\1",
    "replace-value X ^(.).*$ \\1",
    "replace-value Cookie = x",
    "replace-uri (.*) \\1",
    "replace-path (.*)/ \\1/x",
    "normalize-uri path-merge-slashes",
    "normalize-uri path-strip-dot",
    "normalize-uri path-strip-dotdot full",
    "normalize-uri percent-to-uppercase",
    "normalize-uri percent-decode-unreserved strict",
    "normalize-uri query-sort-by-name",
    "set-header Y %[req.hdr(x)]",
    "del-header X -m end",
];

fn piece() -> impl Strategy<Value = String> {
    let some: Vec<&str> = vec![
        ",",
        "\"",
        "\\",
        ";",
        "=",
        " ",
        "a",
        "a=1",
        "10.0.0.1",
        ":80",
        "::1",
        "[::1]",
        "$x",
        "Basic ",
        "Bearer ",
        "QWxhZGRpbjpvcGVu",
        "==",
        "-7",
        "Connection",
        "\t",
    ];
    prop_oneof![4 => prop::sample::select(some).prop_map(str::to_owned), 1 => "[ -~]{0,5}"]
}

fn value() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
}

fn target() -> impl Strategy<Value = String> {
    let some: Vec<&str> = vec!["/", ".", "..", "?", "&", "=", ";", "a", "%41", "%2f", "%c3", "a=1", "//", "*"];
    prop::collection::vec(prop::sample::select(some), 0..10).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #[test]
    fn every_head_that_is_taken_can_be_looked_at_and_edited(
        target in target(), host in "[a-z%0-9.]{1,6}(:80)?", x in value(), second in value(), cookie in value(), auth in value(),
    ) {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nX: {x}\r\nx: {second}\r\nCookie: {cookie}\r\nAuthorization: {auth}\r\n\r\n");
        let mut request = Request::default();
        let Ok(Progress::Complete(_)) = request.parse(head.as_bytes(), &Limits::DEFAULT) else { return Ok(()) };
        let mut house = House::new(PARTS, Place::HttpRequest);
        let exprs: Vec<_> = REQUEST.iter().map(|fetch| house.expr(fetch).unwrap()).collect();
        let counts = ["req.hdr_cnt(x)", "req.fhdr_cnt(x)", "req.cook_cnt"].map(|fetch| house.expr(fetch).unwrap());
        let each = ["req.hdr(x)", "req.fhdr(x)", "req.cook"].map(|fetch| house.expr(fetch).unwrap());
        let rules = house.rules(EDITS);
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let mut cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request);
        for expr in &exprs {
            expr.eval(&cx);
            let mut values = 0;
            expr.any(&cx, |_| {
                values += 1;
                values > 1000
            });
            prop_assert!(values <= 1000, "{} of {head:?}", expr.text());
        }
        for (count, each) in counts.iter().zip(&each) {
            let mut values = 0;
            each.any(&cx, |_| {
                values += 1;
                false
            });
            prop_assert_eq!(count.eval(&cx).and_then(|count| count.int()), Some(values), "{} of {:?}", each.text(), head);
        }
        let _ = rules.run(0, &mut cx);
    }

    #[test]
    fn every_response_that_is_taken_can_be_looked_at(x in value(), cookie in value(), second in value()) {
        let head = format!("HTTP/1.1 200 OK\r\nX: {x}\r\nSet-Cookie: {cookie}\r\nSet-Cookie: {second}\r\n\r\n");
        let mut response = Response::default();
        let read = response.parse(head.as_bytes(), Method::Get, &Limits::DEFAULT, Tolerance::default());
        let Ok(Progress::Complete(_)) = read else { return Ok(()) };
        let mut house = House::new(PARTS, Place::HttpResponse);
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let fetches = ["res.cook(a)", "res.cook", "res.cook_val(a)", "res.cook_names", "res.hdr(x)", "res.hdr_ip(x)", "res.hdrs_bin", "cookie(a)"];
        let exprs = fetches.map(|fetch| house.expr(fetch).unwrap());
        let (cookies, count) = (house.expr("res.cook").unwrap(), house.expr("res.cook_cnt").unwrap());
        let cx = Context::new(Place::HttpResponse, &arena, &Still, &mut variables).with(&mut response);
        for expr in &exprs {
            expr.eval(&cx);
        }
        let mut values = 0;
        cookies.any(&cx, |_| {
            values += 1;
            values > 1000
        });
        prop_assert_eq!(count.eval(&cx).and_then(|count| count.int()), Some(values));
    }
}

//! What rows over heads give where the installed HAProxy has no such row, or where it is different on purpose.

#[path = "../../rules/tests/house/mod.rs"]
mod house;

use std::any::Any;
use std::sync::Arc;

use house::{House, Still};
use plimsoll_config::{Diagnostics, Sources, load};
use plimsoll_http::{Limits, Method, PARTS, Request, Response, Tolerance, Userlist, base32, encode, url32};
use plimsoll_rules::{Arena, Context, End, Names, Place, Type, Variables, Wait};

fn request(text: &str) -> Request {
    let mut request = Request::default();
    request.parse(text.as_bytes(), &Limits::DEFAULT).unwrap_or_else(|refusal| panic!("{}: {text:?}", refusal.slug));
    request
}

/// A value as text; `None` if there is none.
fn value(fetch: &str, head: &str) -> Option<String> {
    let mut request = request(head);
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request);
    let expr = House::new(PARTS, Place::HttpRequest).expr(fetch).unwrap_or_else(|told| panic!("{fetch}:\n{told}"));
    let value = expr.eval_as(Type::Str, &cx)?.bytes()?;
    Some(value.escape_ascii().to_string())
}

fn of_target(fetch: &str, target: &str) -> Option<String> {
    value(fetch, &format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"))
}

fn of_field(fetch: &str, field: &str) -> Option<String> {
    value(fetch, &format!("GET / HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n"))
}

#[test]
fn the_canonical_path_is_one_however_it_is_written() {
    for target in [
        "/admin/x",
        "//admin/x",
        "/admin//x",
        "/./admin/x",
        "/a/../admin/x",
        "/../admin/x",
        "/%61dmin/x",
        "/%2561dmin/x",
        "/admin%2fx",
        "/admin%2Fx",
        "/a%2f..%2Fadmin/x",
        "/%5cadmin%5Cx",
        "/admin;v=1/x",
        "/admin/x;y",
        "/admin/%3b/x",
        "/admin/./x?q=/../",
        "/admin/x?%",
    ] {
        if Request::default()
            .parse(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes(), &Limits::DEFAULT)
            .is_ok()
        {
            assert_eq!(of_target("path_canonical", target).as_deref(), Some("/admin/x"), "{target}");
        }
    }
    for (target, want) in [
        ("/", "/"),
        ("/a/", "/a/"),
        ("/a/.", "/a/"),
        ("/a/b/..", "/a/"),
        ("/..", "/"),
        ("/a%20b%c3%A4", "/a%20b%C3%A4"),
        ("/A", "/A"),
        ("/a.b/.c/d..", "/a.b/.c/d.."),
        ("//", "/"),
    ] {
        assert_eq!(of_target("path_canonical", target).as_deref(), Some(want), "{target}");
    }
    assert_eq!(value("path_canonical", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), None);
}

#[test]
fn the_canonical_host_has_no_case_no_port_and_no_dot() {
    for host in ["a.example", "A.EXAMPLE", "a.example.", "a.example:80", "A.example.:8080", "%61.example"] {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(value("host_canonical", &head).as_deref(), Some("a.example"), "{host}");
    }
    assert_eq!(value("host_canonical", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").as_deref(), Some("[::1]"));
    assert_eq!(value("host_canonical", "GET / HTTP/1.0\r\n\r\n"), None);
}

#[test]
fn names_of_cookies_are_listed() {
    assert_eq!(of_field("req.cook_names", "Cookie: a=1; b=2; a=3").as_deref(), Some("a,b,a"));
    assert_eq!(of_field("req.cook_names(;)", "Cookie: a=1; b").as_deref(), Some("a"));
    assert_eq!(of_field("req.cook_names", "A: b").as_deref(), Some(""));
    let mut response = Response::default();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n\r\n";
    response.parse(head.as_bytes(), Method::Get, &Limits::DEFAULT, Tolerance::default()).unwrap();
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let cx = Context::new(Place::HttpResponse, &arena, &Still, &mut variables).with(&mut response);
    let mut house = House::new(PARTS, Place::HttpResponse);
    let names = house.expr("res.cook_names").unwrap();
    assert_eq!(names.eval(&cx).and_then(|value| value.bytes()), Some(&b"a,b"[..]));
    // Attributes are no cookies.
    assert_eq!(house.expr("res.cook_cnt").unwrap().eval(&cx).and_then(|value| value.int()), Some(2));
}

#[test]
fn a_number_ends_at_the_first_byte_that_is_no_digit() {
    for (field, want) in [
        ("X: 12 monkeys", "12"),
        ("X: -7x", "-7"),
        ("X: monkeys", "0"),
        ("X: 99999999999999999999", "9223372036854775807"),
    ] {
        assert_eq!(of_field("req.hdr_val(x)", field).as_deref(), Some(want), "{field}");
    }
    assert_eq!(of_target("urlp_val(a)", "/?a=%31").as_deref(), Some("0"));
    assert_eq!(of_field("req.cook_val(a)", "Cookie: a=\"1\"").as_deref(), Some("0"));
}

#[test]
fn no_field_has_no_token_and_what_belongs_to_one_connection_is_seen() {
    assert_eq!(of_field("http_auth_bearer(x-t)", "A: b"), None);
    assert_eq!(of_field("req.fhdr(connection)", "Connection: keep-alive, X").as_deref(), Some("keep-alive, X"));
    assert_eq!(of_field("req.fhdr(te)", "TE: trailers").as_deref(), Some("trailers"));
}

#[test]
fn the_hashes_of_address_and_target_are_those_of_the_fetches() {
    let mut request = request("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request);
    let mut house = House::new(PARTS, Place::HttpRequest);
    for (fetch, hash) in [("base32", base32(&cx)), ("url32", url32(&cx))] {
        assert_eq!(house.expr(fetch).unwrap().eval(&cx).and_then(|value| value.int()), hash.map(i64::from));
    }
}

struct Lists(Arc<Userlist>);

impl Names for Lists {
    fn find(&self, kind: &str, _: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        (kind == "userlist").then(|| Arc::clone(&self.0) as _)
    }

    fn all(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, _: &str) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

#[test]
fn a_hashed_password_is_verified_elsewhere_and_then_the_rule_goes_on() {
    let text = "users:\n  Aladdin: { password: $1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1, groups: [g, h] }\ngroups:\n  g: []\n  h: []\n";
    let (options, mut found): (_, Diagnostics) = load(&mut Sources::new(), "users", text, &|_| None);
    let list = Arc::new(Userlist::build(&options.unwrap(), &mut found));
    assert!(found.is_empty());
    let mut house = House::new(PARTS, Place::HttpRequest);
    house.names = Arc::new(Lists(list));
    let rules = house.rules(&[
        "set-header X-User %[http_auth_group(L)] if { http_auth(L) }",
        "set-header X-Group h if { http_auth_group(L) h }",
        "set-header X-No 1 if !{ http_auth(L) }",
    ]);
    // Aladdin:secret, Aladdin:wrong
    for (coded, want) in
        [("QWxhZGRpbjpzZWNyZXQ=", "X-User: Aladdin\r\nX-Group: h\r\n"), ("QWxhZGRpbjp3cm9uZw==", "X-No: 1\r\n")]
    {
        let mut request = request(&format!("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {coded}\r\n\r\n"));
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let (mut from, mut waits) = (0, 0);
        loop {
            let mut cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request);
            match rules.run(from, &mut cx) {
                End::Wait { rule, wait: Wait::Work(work) } => {
                    work();
                    (from, waits) = (rule, waits + 1);
                }
                End::Passed => break,
                end => panic!("{end:?}"),
            }
        }
        assert_eq!(waits, 1);
        let mut out = Vec::new();
        encode::request(&request, false, "", &mut out);
        assert!(out.ends_with(format!("{want}\r\n").as_bytes()), "{}", out.escape_ascii());
    }
}

/// How rules end, and the head that comes of them.
fn run(rules: &[&str], head: &str) -> (End, String, Option<&'static str>) {
    let mut request = request(head);
    let rules = House::new(PARTS, Place::HttpRequest).rules(rules);
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let end = rules.run(0, &mut Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request));
    let mut out = Vec::new();
    encode::request(&request, false, "", &mut out);
    (end, String::from_utf8(out).unwrap(), request.refused.map(|outcome| outcome.slug))
}

const HEAD: &str = "GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n";

#[test]
fn a_change_that_fails_ends_the_rules_unless_they_are_lenient() {
    let fails = [
        "replace-header X-A . \\x0d\\x0aX:",
        "set-header Host %[path]",
        "set-path %[req.hdr(x-a)]",
        "set-uri %[req.hdr(x-a)]",
        "replace-path /a %[req.hdr(x-a)]",
        "set-method %[path]",
        "replace-value X-A . a\\\\",
        "replace-uri . \\x20",
    ];
    for rule in fails {
        let (end, ..) = run(&["set-header X-B 1", rule, "set-header X-C 1"], HEAD);
        assert!(matches!(end, End::Failed { rule: 1 }), "{rule}: {end:?}");
        let (end, head, _) = run(&["strict-mode off", rule, "set-header X-C 1"], HEAD);
        assert!(matches!(end, End::Passed) && head.contains("X-C: 1\r\n"), "{rule}: {end:?} {head}");
        let (end, ..) = run(&["strict-mode off", "strict-mode on", rule], HEAD);
        assert!(matches!(end, End::Failed { rule: 2 }), "{rule}: {end:?}");
    }
}

#[test]
fn a_wrong_escape_is_refused_where_it_is_strict() {
    // The parser refuses such a target, so a rule has to write it.
    for rule in ["normalize-uri percent-to-uppercase strict", "normalize-uri percent-decode-unreserved strict"] {
        let (end, _, refused) = run(&["set-path /%%zz", rule], HEAD);
        assert!(matches!(end, End::Final { rule: 1 }), "{end:?}");
        assert_eq!(refused, Some("client.target.encoding"));
    }
    let (end, head, refused) = run(&["set-path /%%%%36%%36", "normalize-uri percent-decode-unreserved"], HEAD);
    assert!(matches!(end, End::Passed) && refused.is_none());
    assert!(head.starts_with("GET /%66 HTTP/1.1\r\n"), "{head}");
}

#[test]
fn what_a_rule_takes_away_no_rule_sees_and_framing_stays() {
    let text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
    let (end, head, _) = run(
        &["del-header .* -m reg", "set-header X-Left %[req.fhdr_cnt]", "set-header X-Cl %[req.hdr(content-length)]"],
        text,
    );
    assert!(matches!(end, End::Passed));
    assert!(
        head.contains("X-Left: 0\r\n") && head.contains("X-Cl: \r\n") && head.contains("Content-Length: 3\r\n"),
        "{head}"
    );
}

#[test]
fn a_part_of_a_name_with_another_case_is_the_same_name() {
    let (_, head, _) = run(&["del-header ^X-[A]$ -m reg"], HEAD);
    assert_eq!(head, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
}

#[test]
fn suffixed_forms_of_hdr_look_at_the_response_where_there_is_one() {
    let mut response = Response::default();
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: one, two\r\n\r\n";
    response.parse(text.as_bytes(), Method::Get, &Limits::DEFAULT, Tolerance::default()).unwrap();
    let rules = House::new(PARTS, Place::HttpResponse)
        .rules(&["set-header X-B 1 if { hdr_beg(x-a) tw }", "set-header X-C 1 if { hdr_end(x-a) x }"]);
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let end = rules.run(0, &mut Context::new(Place::HttpResponse, &arena, &Still, &mut variables).with(&mut response));
    assert!(matches!(end, End::Passed));
    assert_eq!((response.head.value("x-b"), response.head.value("x-c")), (Some(&b"1"[..]), None));
}

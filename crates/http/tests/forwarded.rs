//! `forwarded`: what servers are told, as the manual of HAProxy 2.8 and RFC 7239 show it.

#[path = "../../rules/tests/house/mod.rs"]
mod house;

use std::net::SocketAddr;

use house::Still;
use plimsoll_config::{Diagnostics, Sources, load};
use plimsoll_http::{Forwarded, ForwardedOptions, Limits, PARTS, Request, Seen, Switch};
use plimsoll_rules::{Acls, Arena, Compiler, Context, Language, Loading, NoNames, Place, Regexes, Variables};

#[derive(serde::Deserialize)]
struct File {
    forwarded: Switch<ForwardedOptions>,
}

fn value(yaml: &str, client: &str) -> Result<String, String> {
    let mut sources = Sources::new();
    let (file, mut found): (Option<File>, Diagnostics) =
        load(&mut sources, "file", &format!("forwarded: {yaml}"), &|_| None);
    let told = |found: &Diagnostics, sources: &Sources| -> String {
        found.iter().map(|finding| finding.spelled(sources)).collect()
    };
    let Some(file) = file.filter(|_| found.is_empty()) else { return Err(told(&found, &sources)) };
    let Some(options) = file.forwarded.on() else { return Ok(String::from("off")) };
    let (language, acls, mut regexes, mut patterns) =
        (Language::new(PARTS), Acls::default(), Regexes::default(), Loading::default());
    let place = Some(Place::HttpRequest);
    let mut compiler = Compiler {
        language: &language,
        names: &NoNames,
        acls: &acls,
        place,
        regexes: &mut regexes,
        patterns: &mut patterns,
        found: &mut found,
    };
    let forwarded = Forwarded::compile(options, &sources, &mut compiler);
    let Some(forwarded) = forwarded else { return Err(told(&found, &sources)) };
    let mut request = Request::default();
    request.parse(b"GET / HTTP/1.1\r\nHost: haproxy.org\r\n\r\n", &Limits::DEFAULT).unwrap();
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request);
    let client: SocketAddr = client.parse().unwrap();
    let seen = Seen { secure: false, client: Some(client), local: "10.0.0.9:443".parse().ok() };
    Ok(String::from_utf8_lossy(forwarded.value(&cx, &seen)).into_owned())
}

#[test]
fn the_field_says_what_was_asked_for_in_the_words_of_rfc_7239() {
    for (yaml, client, want) in [
        ("false", "127.0.0.1:1", "off"),
        ("true", "127.0.0.1:1", "proto=http;for=127.0.0.1"),
        ("{ proto: true, for: true }", "[::1]:1", "proto=http;for=\"[::1]\""),
        (
            "{ host: true, for: str(7F2F367E), for-port: true }",
            "1.2.3.4:60138",
            "host=\"haproxy.org\";for=\"_7F2F367E:60138\"",
        ),
        (
            "{ host: str(host.com), by: str(_haproxy), for: true, for-port: int(10) }",
            "[::1]:1",
            "host=\"host.com\";by=_haproxy;for=\"[::1]:10\"",
        ),
        ("{ by: true, by-port: true }", "1.2.3.4:5", "by=\"10.0.0.9:443\""),
        ("{ for: str(a b) }", "1.2.3.4:5", "for=unknown"),
        ("{ for: req.hdr(none) }", "1.2.3.4:5", "for=unknown"),
        ("{ for-port: true }", "1.2.3.4:5", "for=\"unknown:5\""),
        ("{ host: 'req.hdr(host)' }", "1.2.3.4:5", "host=\"haproxy.org\""),
    ] {
        assert_eq!(value(yaml, client).as_deref(), Ok(want), "{yaml}");
    }
    let told = value("{ host: str(a }", "1.2.3.4:5").expect_err("never closed");
    assert!(told.contains("never closed"), "{told}");
}

//! Rule 4: Host and absolute-form targets (RFC 9112 section 3.2).

use crate::case::{Case, arrives, arrives_as_one_of, clean, either, refuse, same};

const BAD: &[u16] = &[400];

fn with_host(host: &str) -> String {
    format!("GET /h HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

fn absolute(target: &str, host: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

/// The rows.
pub fn table() -> Vec<Case> {
    let origin_form = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut table = vec![
        same("a name", "rule 4", with_host("a")),
        same("a name in capitals stays as it is", "rule 13", with_host("WWW.Example.COM")),
        same("a port", "rule 4", with_host("a:8080")),
        same("an IPv6 address", "rule 4", with_host("[::1]:8080")),
        same("an IPv4 address", "rule 4", with_host("192.0.2.1")),
        same("an underscore in a name", "common in real traffic", with_host("my_app.internal")),
        same("Host need not come first", "RFC 9110 7.2", "GET /h HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n"),
        clean("HTTP/1.0 needs none", "RFC 9112 3.2", "GET /h HTTP/1.0\r\n\r\n").closes(),
        arrives("HTTP/1.0 with one", "RFC 9112 3.2", "GET /h HTTP/1.0\r\nHost: a\r\n\r\n", with_host("a")).closes(),
        arrives("absolute-form becomes origin-form", "RFC 9112 3.2.1", absolute("http://a/x", "a"), origin_form),
        arrives(
            "absolute-form without path",
            "RFC 9112 3.2.1",
            absolute("http://a", "a"),
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        arrives(
            "absolute-form with query only",
            "RFC 9112 3.2.1",
            absolute("http://a?q=1", "a"),
            "GET /?q=1 HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        arrives_as_one_of(
            "the default port is the same host",
            "rule 4",
            absolute("http://a:80/x", "a"),
            &[origin_form, "GET /x HTTP/1.1\r\nHost: a:80\r\n\r\n"],
        ),
        arrives_as_one_of(
            "the default port in Host",
            "rule 4",
            absolute("http://a/x", "a:80"),
            &[origin_form, "GET /x HTTP/1.1\r\nHost: a:80\r\n\r\n"],
        ),
        arrives_as_one_of(
            "names differ in case only",
            "rule 4",
            absolute("http://A/x", "a"),
            &[origin_form, "GET /x HTTP/1.1\r\nHost: A\r\n\r\n"],
        ),
        arrives("the scheme in capitals", "RFC 3986 3.1", absolute("HTTP://a/x", "a"), origin_form),
        arrives_as_one_of(
            "OPTIONS for the whole server by absolute-form",
            "RFC 9112 3.2.4",
            "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
            &["OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"],
        ),
        either("https in clear text", "RFC 9110 7.4", &[400, 421], absolute("https://a/x", "a"), origin_form),
        refuse("no Host", "rule 4", BAD, "GET /h HTTP/1.1\r\n\r\n"),
        refuse("no Host among others", "rule 4", BAD, "GET /h HTTP/1.1\r\nX: y\r\n\r\n"),
        refuse("equal Hosts twice", "rule 4", BAD, "GET /h HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        refuse("different Hosts", "rule 4", BAD, "GET /h HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"),
        refuse("two Hosts in HTTP/1.0", "rule 4", BAD, "GET /h HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        refuse("absolute-form without Host", "rule 4", BAD, "GET http://a/x HTTP/1.1\r\n\r\n"),
        refuse("absolute-form for another host", "rule 4", BAD, absolute("http://b/x", "a")),
        refuse("absolute-form for another port", "rule 4", BAD, absolute("http://a:81/x", "a")),
        refuse("absolute-form with userinfo", "rule 4", BAD, absolute("http://u@a/x", "a")),
        refuse("absolute-form with userinfo and password", "rule 4", BAD, absolute("http://u:p@a/x", "a")),
        refuse("absolute-form without authority", "RFC 9110 4.2.1", BAD, absolute("http:///x", "a")),
        refuse("absolute-form of another scheme", "RFC 9112 3.2.2", BAD, absolute("ftp://a/x", "a")),
        refuse("a scheme without slashes", "RFC 9112 3.2", BAD, absolute("http:x", "a")),
        refuse("a scheme that runs code", "RFC 9112 3.2", BAD, absolute("javascript:alert(1)", "a")),
    ];
    for (name, host) in [
        ("empty", ""),
        ("userinfo", "u@a"),
        ("a path", "a/b"),
        ("a list", "a,b"),
        ("a list with blank", "a, b"),
        ("two words", "a b"),
        ("a port that is no number", "a:http"),
        ("two ports", "a:80:80"),
        ("a port too large", "a:65536"),
        ("only a port", ":80"),
        ("an open bracket", "[::1"),
        ("bytes behind a bracket", "[::1]x"),
        ("a query", "a?b"),
        ("a fragment", "a#b"),
        ("a backslash", "a\\b"),
        ("bytes beyond ASCII", "\u{e9}.example"),
        ("angle brackets", "<a>"),
        ("quotes", "\"a\""),
        ("a whole URL", "http://a"),
        ("a percent without digits", "a%zz"),
    ] {
        table.push(refuse(name, "rule 4", BAD, with_host(host)));
    }
    table
}

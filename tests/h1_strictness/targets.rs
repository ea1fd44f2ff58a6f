//! Rule 13: the request target's bytes are forwarded as received, or refused when they have no innocent use.

use crate::case::{Case, either, refuse, same};

const BAD: &[u16] = &[400];

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// The rows.
pub fn table() -> Vec<Case> {
    let mut table = Vec::new();
    for (name, target) in [
        ("a path", "/a/b"),
        ("a path and a query", "/a?b=c&d=e"),
        ("an encoded slash", "/api/projects/group%2Fproject"),
        ("an encoded slash in lower case stays so", "/group%2fproject"),
        ("an encoded slash alone", "/%2F/"),
        ("two slashes", "//"),
        ("two slashes inside", "/a//b"),
        ("two slashes and what looks like a host", "//evil/x"),
        ("many slashes", "////"),
        ("an encoded space", "/a%20b"),
        ("an encoded letter stays encoded", "/%61"),
        ("encoded UTF-8", "/caf%C3%A9"),
        ("encoded UTF-8 of four bytes", "/%F0%9F%9A%A2"),
        ("an encoded percent", "/100%25"),
        ("a percent encoded twice", "/%252e%252e/"),
        ("an encoded dot inside a name", "/file%2Ejson"),
        ("dots inside a name", "/a..b/...c/d."),
        ("a plus sign", "/a+b"),
        ("all of sub-delims and pchar", "/!$&'()*+,;=:@-._~"),
        ("what RFC 3986 excludes and clients send", "/a|b^c`d{e}[f]"),
        ("a query of a signature", "/k?X-Amz-Signature=ab%2Fcd%3D&X-Amz-Date=2026"),
        ("two question marks", "/a?b?c"),
        ("dots in a query", "/a?b=../../c"),
        ("an empty query", "/a?"),
        ("a URL in a query", "/a?u=http://b/c"),
        ("a semicolon parameter", "/a;v=1/b"),
        ("a target of a kilobyte", &format!("/{}", "k".repeat(1023))),
    ] {
        table.push(same(name, "rule 13: as received", get(target)));
    }
    table.push(same("OPTIONS for the whole server", "RFC 9112 3.2.4", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
    table.push(either(
        "an encoded backslash",
        "rule 13; object stores hold such keys",
        BAD,
        get("/a%5cb"),
        &get("/a%5cb"),
    ));
    table.push(either("quotes and angle brackets", "RFC 3986 2", BAD, get("/a\"<b>"), &get("/a\"<b>")));
    for (name, target) in [
        ("an encoded dot segment", "/%2e%2e/admin"),
        ("an encoded dot segment in capitals", "/a/%2E%2E/b"),
        ("half encoded, first", "/a/%2e./b"),
        ("half encoded, second", "/a/.%2e/b"),
        ("an encoded dot segment at the end", "/a/%2e%2e"),
        ("one encoded dot", "/a/%2e/b"),
        ("one encoded dot at the end", "/a/%2e"),
        ("an encoded dot segment before a query", "/a/%2e%2e?x"),
        ("dots before an encoded slash", "/a/..%2fadmin"),
        ("dots behind an encoded slash", "/a%2f../admin"),
        ("an encoded dot segment between encoded slashes", "/a%2f%2e%2e%2fb"),
        ("an encoded NUL", "/a%00"),
        ("an encoded NUL before an extension", "/a%00.jpg"),
        ("a backslash", "/a\\b"),
        ("dots and backslashes", "/..\\admin"),
        ("dots between encoded backslashes", "/a%5c..%5cb"),
        ("an overlong slash", "/a%c0%af"),
        ("an overlong dot", "/%c0%ae%c0%ae/"),
        ("an overlong NUL", "/a%C0%80"),
        ("an overlong slash of three bytes", "/a%e0%80%af"),
        ("an overlong slash of four bytes", "/a%f0%80%80%af"),
        ("an overlong letter", "/%c1%81"),
        ("a percent before other letters", "/a%zz"),
        ("a percent before one digit", "/a%2"),
        ("a percent before one digit and a letter", "/a%2g"),
        ("a percent at the end", "/a%"),
        ("two percents", "/a%%20"),
        ("a wide escape", "/a%u002e"),
    ] {
        table.push(refuse(name, "rule 13: no innocent use", BAD, get(target)));
    }
    for (name, target) in [
        ("no slash first", "a"),
        ("a question mark first", "?a"),
        ("a star for GET", "*"),
        ("a star and more", "*a"),
        ("a fragment", "/a#b"),
        ("a fragment alone", "#"),
        ("an authority for GET", "a:80"),
        ("bytes beyond ASCII", "/caf\u{e9}"),
        ("DEL", "/a\u{7f}b"),
        ("a control character", "/a\u{1}b"),
    ] {
        table.push(refuse(name, "RFC 9112 3.2", BAD, get(target)));
    }
    table
}

//! The request line and what may come before it (RFC 9112 sections 2.2, 2.3 and 3).

use crate::case::{Case, arrives, either, refuse, same};

const BAD: &[u16] = &[400];
const VERSION: &[u16] = &[400, 505];
const HOST: &str = "\r\nHost: a\r\n\r\n";

fn line(line: &str) -> String {
    format!("{line}{HOST}")
}

/// The rows.
pub fn table() -> Vec<Case> {
    let plain = line("GET /s HTTP/1.1");
    let mut table = vec![
        arrives("an empty line before", "RFC 9112 2.2", format!("\r\n{plain}"), &plain),
        either("two empty lines before", "RFC 9112 2.2: at least one", BAD, format!("\r\n\r\n{plain}"), &plain),
        same("a method in lower case is another method", "RFC 9110 9.1", line("get /s HTTP/1.1")),
        same("a method of WebDAV", "RFC 9110 9.1", line("PROPFIND /s HTTP/1.1")),
        same("a method with punctuation", "RFC 9110 9.1", line("M-SEARCH! /s HTTP/1.1")),
        same("a method of 30 letters", "RFC 9110 9.1", line("ABCDEFGHIJKLMNOPQRSTUVWXYZABCD /s HTTP/1.1")),
        same("HEAD", "RFC 9110 9.3.2", line("HEAD /s HTTP/1.1")),
        same("TRACE is forwarded as any other", "RFC 9110 9.3.8", line("TRACE /s HTTP/1.1")),
        either("a later minor version", "RFC 9112 2.3", VERSION, line("GET /s HTTP/1.2"), &plain),
        refuse("HTTP/0.9", "RFC 9112 2.3", VERSION, "GET /s\r\n\r\n"),
        refuse("HTTP/0.9 by name", "RFC 9112 2.3", VERSION, line("GET /s HTTP/0.9")),
        refuse("HTTP/2 by name", "RFC 9112 2.3", VERSION, line("GET /s HTTP/2.0")),
        refuse("HTTP/3 by name", "RFC 9112 2.3", VERSION, line("GET /s HTTP/3")),
        refuse(
            "the preface of HTTP/2",
            "RFC 9113 3.4",
            VERSION,
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        ),
        refuse("an empty line of LF before", "rule 5", BAD, format!("\n{plain}")),
        refuse("a CR alone before", "rule 5", BAD, format!("\r{plain}")),
        refuse("a space before the method", "RFC 9112 3", BAD, format!(" {plain}")),
        refuse("a line of blanks before", "RFC 9112 2.2", BAD, format!("  \r\n{plain}")),
        refuse("a handshake of TLS", "not HTTP", BAD, "\x16\x03\x01\x00\u{5}\x01\0\0\x01\0\r\n\r\n"),
        refuse("SSH", "not HTTP", BAD, "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        refuse("a response", "not a request", BAD, "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n"),
        refuse("NUL in the target", "rule 5", BAD, line("GET /\0 HTTP/1.1")),
        refuse("a bare CR in the request line", "rule 5", BAD, line("GET /s\r HTTP/1.1")),
        refuse("a bare CR behind the version", "rule 5", BAD, line("GET /s HTTP/1.1\r")),
    ];
    for (name, text) in [
        ("two spaces before the target", "GET  /s HTTP/1.1"),
        ("two spaces before the version", "GET /s  HTTP/1.1"),
        ("a space at the end", "GET /s HTTP/1.1 "),
        ("a tab before the target", "GET\t/s HTTP/1.1"),
        ("a tab before the version", "GET /s\tHTTP/1.1"),
        ("a vertical tab before the version", "GET /s\u{b}HTTP/1.1"),
        ("four words", "GET /s x HTTP/1.1"),
        ("no target", "GET HTTP/1.1"),
        ("no target, two spaces", "GET  HTTP/1.1"),
        ("no method", "/s HTTP/1.1"),
        ("a parenthesis in the method", "G(T /s HTTP/1.1"),
        ("a colon in the method", "GET: /s HTTP/1.1"),
        ("a slash in the method", "G/T /s HTTP/1.1"),
        ("bytes beyond ASCII in the method", "G\u{c9}T /s HTTP/1.1"),
        ("DEL in the method", "GE\u{7f}T /s HTTP/1.1"),
    ] {
        table.push(refuse(name, "RFC 9112 3", BAD, line(text)));
    }
    for (name, version) in [
        ("the protocol in lower case", "http/1.1"),
        ("another protocol", "HTTPS/1.1"),
        ("two digits behind the dot", "HTTP/1.10"),
        ("two digits before the dot", "HTTP/11.1"),
        ("leading zeros", "HTTP/01.1"),
        ("no dot", "HTTP/11"),
        ("no minor", "HTTP/1."),
        ("no major", "HTTP/.1"),
        ("a comma for the dot", "HTTP/1,1"),
        ("letters behind", "HTTP/1.1x"),
        ("a sign", "HTTP/+1.1"),
        ("a letter for a digit", "HTTP/1.l"),
        ("no slash", "HTTP1.1"),
        ("two slashes", "HTTP//1.1"),
    ] {
        table.push(refuse(name, "RFC 9112 2.3", VERSION, line(&format!("GET /s {version}"))));
    }
    table
}

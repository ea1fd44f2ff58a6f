//! Rule 5: what may stand in field lines (RFC 9112 section 5).

use crate::case::{Case, arrives, either, refuse, same};

const BAD: &[u16] = &[400];

/// A GET with these raw bytes between Host and the end of the head.
fn with(field: &[u8]) -> Vec<u8> {
    [b"GET /c HTTP/1.1\r\nHost: a\r\n".as_slice(), field, b"\r\n\r\n"].concat()
}

/// The rows.
pub fn table() -> Vec<Case> {
    let mut table = vec![
        same("every character of a token in a name", "RFC 9110 5.6.2", with(b"x!#$%&'*+-.^`|~9: y")),
        same("bytes beyond ASCII in a value", "RFC 9110 5.5: obs-text", with(b"X: caf\xc3\xa9 \xff")),
        same("a tab inside a value", "RFC 9110 5.5", with(b"X: a\tb")),
        same("an empty value", "RFC 9110 5.5", with(b"X:")),
        same("a value of punctuation", "RFC 9110 5.5", with(b"X: \"a\\b\";c=d, <e> (f) [g] {h} %zz :")),
        same("the same name twice keeps order", "RFC 9110 5.3", with(b"X: 1\r\nY: 2\r\nX: 3")),
        same("two cookies", "RFC 9110 5.3", with(b"Cookie: a=1\r\nCookie: b=2")),
        arrives("no blank behind the colon", "RFC 9112 5.1", with(b"X:y"), with(b"X: y")),
        arrives("blanks around a value", "RFC 9112 5.1", with(b"X: \t y \t"), with(b"X: y")),
        arrives("a value of blanks only", "RFC 9112 5.1", with(b"X: \t "), with(b"X:")),
        same("a head in two writes", "RFC 9112 2.1", with(b"X: y")).split([20]),
        same("a head byte by byte", "RFC 9112 2.1", with(b"X: y")).split(1..60),
        same("a head cut between CR and LF", "RFC 9112 2.1", with(b"X: y")).split([16, 25, 26]),
        either("an underscore in a name", "rule 5: an option", BAD, with(b"X_Custom: y"), ""),
        refuse("every line ends in LF alone", "rule 5", BAD, "GET /c HTTP/1.1\nHost: a\n\n"),
        refuse("the request line ends in LF alone", "rule 5", BAD, "GET /c HTTP/1.1\nHost: a\r\n\r\n"),
        refuse("a field line ends in LF alone", "rule 5", BAD, with(b"X: y\nZ: w")),
        refuse("the head ends in LF alone", "rule 5", BAD, "GET /c HTTP/1.1\r\nHost: a\r\n\n"),
        refuse("the head ends in LF and CRLF", "rule 5", BAD, "GET /c HTTP/1.1\r\nHost: a\n\r\n"),
        refuse("lines end in CR alone", "rule 5", BAD, "GET /c HTTP/1.1\rHost: a\r\r\n\r\n"),
        refuse("lines end in CR CR LF", "rule 5", BAD, "GET /c HTTP/1.1\r\r\nHost: a\r\r\n\r\r\n"),
        refuse("a fold by space", "rule 5", BAD, with(b"X: y\r\n z")),
        refuse("a fold by tab", "rule 5", BAD, with(b"X: y\r\n\tz")),
        refuse("a fold of nothing", "rule 5", BAD, with(b"X: y\r\n ")),
        refuse("a fold of the first field", "RFC 9112 2.2", BAD, "GET /c HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n"),
        refuse("a fold that hides a field", "rule 5", BAD, with(b"X: y\r\n Content-Length: 5")),
        refuse("space before the colon", "rule 5", BAD, with(b"X : y")),
        refuse("tab before the colon", "rule 5", BAD, with(b"X\t: y")),
        refuse("space before the colon of Host", "rule 5", BAD, "GET /c HTTP/1.1\r\nHost : a\r\n\r\n"),
        refuse("an empty name", "rule 5", BAD, with(b": y")),
        refuse("a line without a colon", "rule 5", BAD, with(b"X y")),
        refuse("a name of two words", "rule 5", BAD, with(b"X Y: z")),
        refuse("NUL in a name", "rule 5", BAD, with(b"X\0Y: z")),
        refuse("NUL in a value", "rule 5", BAD, with(b"X: a\0b")),
        refuse("NUL at the end of a value", "rule 5", BAD, with(b"X: a\0")),
        refuse("bare CR in a value", "rule 5", BAD, with(b"X: a\rb")),
        refuse("bare CR that hides a field", "rule 5", BAD, with(b"X: a\rTransfer-Encoding: chunked")),
        refuse("bare CR before a colon", "rule 5", BAD, with(b"X\r: a")),
        refuse("bytes beyond ASCII in a name", "rule 5", BAD, with(b"X\xc3\xa9: y")),
        refuse("a byte order mark in a name", "rule 5", BAD, with(b"\xef\xbb\xbfX: y")),
    ];
    for (name, byte) in [
        ("SOH in a value", 0x01_u8),
        ("BEL in a value", 0x07),
        ("backspace in a value", 0x08),
        ("vertical tab in a value", 0x0b),
        ("form feed in a value", 0x0c),
        ("escape in a value", 0x1b),
        ("unit separator in a value", 0x1f),
        ("DEL in a value", 0x7f),
    ] {
        table.push(refuse(name, "rule 5", BAD, with(&[b"X: a".as_slice(), &[byte], b"b"].concat())));
    }
    for (name, byte) in [
        ("a parenthesis in a name", b'('),
        ("a comma in a name", b','),
        ("a slash in a name", b'/'),
        ("a semicolon in a name", b';'),
        ("an equals sign in a name", b'='),
        ("an at sign in a name", b'@'),
        ("a bracket in a name", b'['),
        ("a backslash in a name", b'\\'),
        ("a brace in a name", b'{'),
        ("quotes in a name", b'"'),
        ("DEL in a name", 0x7f),
    ] {
        table.push(refuse(name, "rule 5", BAD, with(&[b"X".as_slice(), &[byte], b"Y: z"].concat())));
    }
    table
}

//! Rule 6: chunked bodies, extensions and trailers (RFC 9112 section 7.1).

use crate::case::{Case, arrives, either, refuse, same};

const BAD: &[u16] = &[400];
const HEAD: &str = "POST /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

fn body(chunks: &str) -> String {
    format!("{HEAD}{chunks}")
}

/// The rows.
pub fn table() -> Vec<Case> {
    let abc = body("3\r\nabc\r\n0\r\n\r\n");
    let mut table = vec![
        same("an empty body", "RFC 9112 7.1", body("0\r\n\r\n")),
        same("several chunks", "RFC 9112 7.1", body("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")),
        arrives(
            "hexadecimal digits in both cases",
            "RFC 9112 7.1",
            body("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"),
            body("15\r\n01234567890123456789a\r\n0\r\n\r\n"),
        ),
        arrives("sixteen digits", "rule 6", body("0000000000000003\r\nabc\r\n0\r\n\r\n"), &abc),
        arrives("a last chunk of several zeros", "RFC 9112 7.1", body("3\r\nabc\r\n000\r\n\r\n"), &abc),
        arrives("an extension is dropped", "rule 6", body("3;a\r\nabc\r\n0\r\n\r\n"), &abc),
        arrives("an extension with a value is dropped", "rule 6", body("3;a=b;c=d\r\nabc\r\n0;e=f\r\n\r\n"), &abc),
        arrives("an extension in quotes is dropped", "rule 6", body("3;a=\"b;c\\\"d 0\"\r\nabc\r\n0\r\n\r\n"), &abc),
        arrives("chunks come byte by byte", "RFC 9112 7.1", &abc, &abc).split(HEAD.len()..HEAD.len() + 13),
        arrives("a chunk cut between CR and LF", "RFC 9112 7.1", &abc, &abc).split([HEAD.len() + 2, HEAD.len() + 7]),
        same("data that looks like chunks", "RFC 9112 7.1", body("7\r\n0\r\n\r\nGE\r\n0\r\n\r\n")),
        same("a trailer is forwarded", "rule 6", body("3\r\nabc\r\n0\r\nX-Sum: 900150983cd24fb0\r\n\r\n")),
        same("two trailers keep their order", "rule 6", body("3\r\nabc\r\n0\r\nX-B: 1\r\nX-A: 2\r\n\r\n")),
        same("a trailer behind an empty body", "rule 6", body("0\r\nX-Sum: 0\r\n\r\n")),
        arrives("trailers come byte by byte", "rule 6", body("0\r\nX-S: 0\r\n\r\n"), body("0\r\nX-S: 0\r\n\r\n"))
            .split(HEAD.len()..HEAD.len() + 14),
        either("blanks around an extension", "RFC 9112 7.1.1: BWS", BAD, body("3 ; a = b\r\nabc\r\n0\r\n\r\n"), &abc),
        either("an extension without a name", "RFC 9112 7.1.1", BAD, body("3;\r\nabc\r\n0\r\n\r\n"), &abc),
    ];
    for (name, chunks) in [
        ("seventeen digits", "00000000000000003\r\nabc\r\n0\r\n\r\n"),
        ("sixteen digits of f", "ffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ("2^63", "8000000000000000\r\nabc\r\n0\r\n\r\n"),
        ("2^64 and 3: wraps to 3", "10000000000000003\r\nabc\r\n0\r\n\r\n"),
        ("no size", "\r\nabc\r\n0\r\n\r\n"),
        ("no size but an extension", ";a=b\r\nabc\r\n0\r\n\r\n"),
        ("a plus sign", "+3\r\nabc\r\n0\r\n\r\n"),
        ("a minus sign", "-3\r\nabc\r\n0\r\n\r\n"),
        ("a prefix", "0x3\r\nabc\r\n0\r\n\r\n"),
        ("a letter beyond f", "g\r\nabc\r\n0\r\n\r\n"),
        ("an underscore", "0_3\r\nabc\r\n0\r\n\r\n"),
        ("a space before the size", " 3\r\nabc\r\n0\r\n\r\n"),
        ("a tab before the size", "\t3\r\nabc\r\n0\r\n\r\n"),
        ("a space behind the size", "3 \r\nabc\r\n0\r\n\r\n"),
        ("bytes behind the size", "3 x\r\nabc\r\n0\r\n\r\n"),
        ("a comma behind the size", "3,a\r\nabc\r\n0\r\n\r\n"),
        ("LF alone behind the size", "3\nabc\r\n0\r\n\r\n"),
        ("CR alone behind the size", "3\rabc\r\n0\r\n\r\n"),
        ("CR CR LF behind the size", "3\r\r\nabc\r\n0\r\n\r\n"),
        ("NUL behind the size", "3\0\r\nabc\r\n0\r\n\r\n"),
        ("nothing behind the data", "3\r\nabc0\r\n\r\n"),
        ("LF alone behind the data", "3\r\nabc\n0\r\n\r\n"),
        ("CR alone behind the data", "3\r\nabc\r0\r\n\r\n"),
        ("two bytes behind the data that are no CRLF", "3\r\nabcXX0\r\n\r\n"),
        ("more data than the size", "3\r\nabcd\r\n0\r\n\r\n"),
        ("an empty line between chunks", "3\r\nabc\r\n\r\n0\r\n\r\n"),
        ("LF alone behind the last chunk", "3\r\nabc\r\n0\n\r\n"),
        ("LF alone at the end", "3\r\nabc\r\n0\r\n\n"),
        ("LF in an extension", "3;a\nb\r\nabc\r\n0\r\n\r\n"),
        ("CR in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n"),
        ("LF in a quoted extension", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"),
        ("NUL in an extension", "3;a\0\r\nabc\r\n0\r\n\r\n"),
        ("a control character in an extension", "3;a=\u{1}\r\nabc\r\n0\r\n\r\n"),
        ("LF alone behind a trailer", "0\r\nX: y\n\r\n"),
        ("a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"),
        ("space before the colon of a trailer", "0\r\nX : y\r\n\r\n"),
        ("NUL in a trailer", "0\r\nX: a\0b\r\n\r\n"),
        ("CR in a trailer", "0\r\nX: a\rb\r\n\r\n"),
        ("a trailer without a colon", "0\r\nX\r\n\r\n"),
        ("a trailer without a name", "0\r\n: y\r\n\r\n"),
        ("a request where a trailer should be", "0\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
    ] {
        table.push(refuse(name, "rule 6", BAD, body(chunks)));
    }
    for (name, field) in [
        ("Content-Length as a trailer", "Content-Length: 3"),
        ("Transfer-Encoding as a trailer", "Transfer-Encoding: chunked"),
        ("Host as a trailer", "Host: b"),
        ("Authorization as a trailer", "Authorization: Basic eDp5"),
        ("Cookie as a trailer", "Cookie: admin=1"),
        ("Connection as a trailer", "Connection: close"),
        ("Upgrade as a trailer", "Upgrade: websocket"),
        ("Expect as a trailer", "Expect: 100-continue"),
    ] {
        let sent = body(&format!("3\r\nabc\r\n0\r\n{field}\r\nX-Sum: 1\r\n\r\n"));
        table.push(either(name, "rule 6: filtered", BAD, sent, &body("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")));
    }
    table
}

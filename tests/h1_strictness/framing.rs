//! Rules 1-3: Transfer-Encoding and Content-Length (RFC 9112 section 6).

use crate::case::{Case, arrives, refuse, same};

const CODING: &[u16] = &[400, 501];
const BAD: &[u16] = &[400];

/// A POST with this one framing field and a body that is right both as three bytes and as nothing more.
fn post(field: &str, body: &str) -> String {
    format!("POST /f HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n{body}")
}

const CHUNKS: &str = "3\r\nabc\r\n0\r\n\r\n";

/// The rows.
pub fn table() -> Vec<Case> {
    let chunked = post("Transfer-Encoding: chunked", CHUNKS);
    let mut table = vec![
        same("chunked", "rule 1", &chunked),
        arrives("chunked in capitals", "rule 1: any case", post("Transfer-Encoding: CHUNKED", CHUNKS), &chunked),
        arrives(
            "chunked with blanks around",
            "RFC 9110 5.5",
            post("Transfer-Encoding: \t chunked \t", CHUNKS),
            &chunked,
        ),
        arrives("the field's name in lower case", "RFC 9110 5.1", post("transfer-encoding: chunked", CHUNKS), &chunked),
        same("a chunked GET", "RFC 9110 9.3.1", chunked.replace("POST", "GET")),
        same("a length", "rule 3", post("Content-Length: 3", "abc")),
        arrives(
            "leading zeros are digits",
            "RFC 9110 8.6",
            post("Content-Length: 0003", "abc"),
            post("Content-Length: 3", "abc"),
        ),
        arrives(
            "blanks around the length",
            "RFC 9110 5.5",
            post("Content-Length: \t3 ", "abc"),
            post("Content-Length: 3", "abc"),
        ),
        same("a length of nothing", "rule 3", post("Content-Length: 0", "")),
        same("a POST without framing has no body", "RFC 9112 6.3", "POST /f HTTP/1.1\r\nHost: a\r\n\r\n"),
        same("a GET with a body", "RFC 9110 9.3.1", "GET /f HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
        same("a DELETE with a body", "RFC 9110 9.3.5", "DELETE /f HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
        same(
            "a body that looks like a request",
            "RFC 9112 6.3",
            post("Content-Length: 38", "GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n"),
        ),
        arrives(
            "HTTP/1.0 with a length",
            "RFC 9112 6.3",
            "POST /f HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            post("Content-Length: 3", "abc"),
        )
        .closes(),
        refuse("both, length first", "rule 2", BAD, post("Content-Length: 13\r\nTransfer-Encoding: chunked", CHUNKS)),
        refuse("both, chunked first", "rule 2", BAD, post("Transfer-Encoding: chunked\r\nContent-Length: 13", CHUNKS)),
        refuse(
            "both, length of nothing",
            "rule 2",
            BAD,
            post("Content-Length: 0\r\nTransfer-Encoding: chunked", CHUNKS),
        ),
        refuse(
            "a length and an unknown coding",
            "rules 1, 2",
            CODING,
            post("Content-Length: 3\r\nTransfer-Encoding: identity", "abc"),
        ),
        refuse("chunked in HTTP/1.0", "rule 2", BAD, chunked.replace("1.1", "1.0")),
        refuse(
            "chunked in HTTP/1.0 kept alive",
            "rule 2",
            BAD,
            chunked.replace("1.1\r\n", "1.0\r\nConnection: keep-alive\r\n"),
        ),
        refuse(
            "two chunked fields",
            "rule 1",
            CODING,
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CHUNKS),
        ),
        refuse(
            "identity, then chunked",
            "rule 1",
            CODING,
            post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", CHUNKS),
        ),
        refuse(
            "chunked, then identity",
            "rule 1",
            CODING,
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKS),
        ),
        refuse("equal lengths twice", "rule 3", BAD, post("Content-Length: 3\r\nContent-Length: 3", "abc")),
        refuse("different lengths", "rule 3", BAD, post("Content-Length: 3\r\nContent-Length: 4", "abc")),
        refuse(
            "a length before and after others",
            "rule 3",
            BAD,
            post("Content-Length: 3\r\nX: y\r\ncontent-length: 0", "abc"),
        ),
        refuse("space before the colon of the length", "rule 5", BAD, post("Content-Length : 3", "abc")),
        refuse("space before the colon of the coding", "rule 5", BAD, post("Transfer-Encoding : chunked", CHUNKS)),
        refuse("tab before the colon of the coding", "rule 5", BAD, post("Transfer-Encoding\t: chunked", CHUNKS)),
        refuse("a folded coding", "rule 5", BAD, post("Transfer-Encoding:\r\n chunked", CHUNKS)),
        refuse("a folded length", "rule 5", BAD, post("Content-Length:\r\n 3", "abc")),
        refuse("a control character before chunked", "rule 5", CODING, post("Transfer-Encoding: \u{b}chunked", CHUNKS)),
    ];
    for (name, value) in [
        ("another coding", "gzip"),
        ("another coding before chunked", "gzip, chunked"),
        ("another coding behind chunked", "chunked, gzip"),
        ("chunked twice", "chunked, chunked"),
        ("an empty member behind", "chunked,"),
        ("an empty member before", ",chunked"),
        ("identity", "identity"),
        ("a prefix", "xchunked"),
        ("a suffix", "chunkedx"),
        ("half a word", "chunk"),
        ("quotes", "\"chunked\""),
        ("a parameter", "chunked;q=1"),
        ("nothing", ""),
        ("two words", "chunked chunked"),
        ("a dotless i", "ch\u{131}nked"),
    ] {
        table.push(refuse(
            name,
            "rule 1: exactly `chunked`",
            CODING,
            post(&format!("Transfer-Encoding: {value}"), CHUNKS),
        ));
    }
    for (name, value) in [
        ("a plus sign", "+3"),
        ("a minus sign", "-3"),
        ("minus nothing", "-0"),
        ("a hexadecimal prefix", "0x3"),
        ("hexadecimal digits", "a"),
        ("a list of equals", "3,3"),
        ("a list with a blank", "3, 3"),
        ("a list of different", "3, 4"),
        ("two numbers", "3 3"),
        ("nothing", ""),
        ("an underscore", "0_3"),
        ("an exponent", "3e0"),
        ("a fraction", "3.0"),
        ("a parameter", "3;x"),
        ("quotes", "\"3\""),
        ("a wide digit", "\u{ff13}"),
        ("one more than 2^63-1", "9223372036854775808"),
        ("2^64", "18446744073709551616"),
        ("2^64 and 3: wraps to 3", "18446744073709551619"),
        ("forty digits", "1000000000000000000000000000000000000003"),
    ] {
        table.push(refuse(name, "rule 3: 1*DIGIT up to 2^63-1", BAD, post(&format!("Content-Length: {value}"), "abc")));
    }
    table
}

//! The malformed responses: bytes of an origin, how its connection goes on, and what a client may get.

use plimsoll_testkit::Then;

/// What a client may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// 502 or 504, or a response whose truncation is visible; never one that looks complete.
    Failure,
    /// A complete response with this status and body; the connection to the origin must not be used again.
    Complete(u16, &'static str),
    /// Merely sloppy (rule 12): refused by default, or normalised; not used again.
    Sloppy(&'static str),
}

/// A row.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is wrong, also the target that asks for it: `/bad/NAME`.
    pub name: &'static str,
    /// Method of the request.
    pub method: &'static str,
    /// Rule or RFC section.
    pub rule: &'static str,
    /// What the origin sends.
    pub bytes: Vec<u8>,
    /// How its connection goes on.
    pub then: Then,
    /// What a client may get.
    pub want: Want,
}

fn failure(name: &'static str, rule: &'static str, bytes: impl AsRef<[u8]>) -> Row {
    Row { name, method: "GET", rule, bytes: bytes.as_ref().to_vec(), then: Then::Keep, want: Want::Failure }
}

fn complete(name: &'static str, rule: &'static str, status: u16, body: &'static str, bytes: impl AsRef<[u8]>) -> Row {
    Row { want: Want::Complete(status, body), ..failure(name, rule, bytes) }
}

fn sloppy(name: &'static str, rule: &'static str, bytes: impl AsRef<[u8]>) -> Row {
    Row { want: Want::Sloppy("abc"), ..failure(name, rule, bytes) }
}

impl Row {
    fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }

    fn asked_by_head(mut self) -> Self {
        self.method = "HEAD";
        self
    }
}

/// A 200 with these fields and this raw body.
fn ok(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{body}")
}

const SECOND: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG";
const CHUNKS: &str = "3\r\nabc\r\n0\r\n\r\n";

/// All rows.
pub fn table() -> Vec<Row> {
    [framing(), chunks(), heads(), ends(), surplus()].concat()
}

fn framing() -> Vec<Row> {
    vec![
        failure("both-framings", "rules 2, 12", ok("Content-Length: 3\r\nTransfer-Encoding: chunked", CHUNKS)),
        failure(
            "both-framings-reversed",
            "rules 2, 12",
            ok("Transfer-Encoding: chunked\r\nContent-Length: 13", CHUNKS),
        ),
        failure("two-lengths", "rules 3, 12", ok("Content-Length: 3\r\nContent-Length: 4", "abcd")),
        sloppy("equal-lengths", "rule 12", ok("Content-Length: 3\r\nContent-Length: 3", "abc")),
        sloppy("length-list", "rule 12", ok("Content-Length: 3, 3", "abc")),
        failure("length-minus", "rules 3, 12", ok("Content-Length: -3", "abc")),
        failure("length-plus", "rules 3, 12", ok("Content-Length: +3", "abc")),
        failure("length-hexadecimal", "rules 3, 12", ok("Content-Length: 0x3", "abc")),
        failure("length-empty", "rules 3, 12", ok("Content-Length: ", "abc")),
        failure("length-words", "rules 3, 12", ok("Content-Length: 3 3", "abc")),
        failure("length-2-to-64", "rules 3, 12", ok("Content-Length: 18446744073709551619", "abc")),
        failure("length-2-to-63", "rules 3, 12", ok("Content-Length: 9223372036854775808", "abc")),
        failure("coding-unknown", "rules 1, 12", ok("Transfer-Encoding: gzip", "abc")),
        failure("coding-list", "rules 1, 12", ok("Transfer-Encoding: gzip, chunked", CHUNKS)),
        failure("coding-twice", "rules 1, 12", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CHUNKS)),
        failure("coding-behind-chunked", "rules 1, 12", ok("Transfer-Encoding: chunked, gzip", CHUNKS)),
        failure("coding-vertical-tab", "rules 1, 12", ok("Transfer-Encoding: \u{b}chunked", CHUNKS)),
        failure(
            "chunked-in-1.0",
            "rules 2, 12",
            format!("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{CHUNKS}"),
        ),
    ]
}

fn chunks() -> Vec<Row> {
    let rows: [(&str, &str); 14] = [
        ("chunk-letters", "xyz\r\nabc\r\n0\r\n\r\n"),
        ("chunk-empty-size", "\r\nabc\r\n0\r\n\r\n"),
        ("chunk-minus", "-3\r\nabc\r\n0\r\n\r\n"),
        ("chunk-prefix", "0x3\r\nabc\r\n0\r\n\r\n"),
        ("chunk-17-digits", "00000000000000003\r\nabc\r\n0\r\n\r\n"),
        ("chunk-huge", "ffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ("chunk-no-end-of-data", "3\r\nabc0\r\n\r\n"),
        ("chunk-longer-data", "3\r\nabcdef\r\n0\r\n\r\n"),
        ("chunk-bare-lf", "3\nabc\n0\n\n"),
        ("chunk-bare-cr", "3\rabc\r0\r\r"),
        ("chunk-second-bad", "3\r\nabc\r\nzz\r\nabc\r\n0\r\n\r\n"),
        ("chunk-nul-in-extension", "3;a\0\r\nabc\r\n0\r\n\r\n"),
        ("chunk-trailer-without-colon", "3\r\nabc\r\n0\r\nno colon\r\n\r\n"),
        ("chunk-trailer-nul", "3\r\nabc\r\n0\r\nX: a\0b\r\n\r\n"),
    ];
    let mut rows: Vec<Row> =
        rows.iter().map(|(name, body)| failure(name, "rules 6, 12", ok("Transfer-Encoding: chunked", body))).collect();
    let long = format!("3;{}\r\nabc\r\n0\r\n\r\n", "e".repeat(64 * 1024));
    rows.push(failure("chunk-line-of-64-KiB", "limit: 4 KiB", ok("Transfer-Encoding: chunked", &long)));
    rows
}

fn heads() -> Vec<Row> {
    let fields: String = (0..400).map(|number| format!("X-{number}: y\r\n")).collect();
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(5_000);
    let mut rows = vec![
        failure(
            "head-of-100-KiB",
            "limit: 32 KiB",
            ok(&format!("X: {}\r\nContent-Length: 3", "v".repeat(100 * 1024)), "abc"),
        ),
        failure("head-of-400-fields", "limit: 128 fields", ok(&format!("{fields}Content-Length: 3"), "abc")),
        failure("flood-of-1xx", "rule 12", hints + &ok("Content-Length: 3", "abc")),
        failure(
            "switching-nobody-asked-for",
            "rule 9",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nWRONG",
        ),
        failure(
            "continue-with-a-body",
            "RFC 9110 15.2",
            format!("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nWRONG{}", ok("Content-Length: 3", "abc")),
        ),
        sloppy("every-line-bare-lf", "rule 12", "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"),
        sloppy("one-line-bare-lf", "rule 12", "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 3\r\n\r\nabc"),
        sloppy("folded", "rule 12", ok("X: y\r\n z\r\nContent-Length: 3", "abc")),
        sloppy("no-reason", "rule 12", "HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc"),
        failure("bare-cr-line", "rule 12", "HTTP/1.1 200 OK\rContent-Length: 3\r\r\n\r\nabc"),
    ];
    for (name, line) in [
        ("status-of-two-digits", "HTTP/1.1 20 OK"),
        ("status-of-four-digits", "HTTP/1.1 2000 OK"),
        ("status-of-letters", "HTTP/1.1 abc OK"),
        ("status-000", "HTTP/1.1 000 OK"),
        ("status-099", "HTTP/1.1 099 OK"),
        ("status-minus", "HTTP/1.1 -20 OK"),
        ("status-missing", "HTTP/1.1"),
        ("status-behind-two-blanks", "HTTP/1.1  200 OK"),
        ("status-behind-tab", "HTTP/1.1\t200 OK"),
        ("version-2", "HTTP/2.0 200 OK"),
        ("version-0.9", "HTTP/0.9 200 OK"),
        ("version-lower-case", "http/1.1 200 OK"),
        ("version-none", "200 OK"),
        ("other-protocol", "ICY 200 OK"),
        ("a-request", "GET / HTTP/1.1"),
        ("empty-line-first", "\r\nHTTP/1.1 200 OK"),
        ("blank-first", " HTTP/1.1 200 OK"),
        ("reason-with-nul", "HTTP/1.1 200 O\0K"),
        ("reason-with-cr", "HTTP/1.1 200 O\rK"),
    ] {
        rows.push(failure(name, "RFC 9112 4", format!("{line}\r\nContent-Length: 3\r\n\r\nabc")));
    }
    for (name, field) in [
        ("field-nul-in-name", "X\0: y"),
        ("field-nul-in-value", "X: a\0b"),
        ("field-control-in-value", "X: a\u{1}b"),
        ("field-cr-in-value", "X: a\rb"),
        ("field-space-before-colon", "X : y"),
        ("field-without-colon", "X y"),
        ("field-without-name", ": y"),
        ("field-space-in-name", "X Y: z"),
        ("field-length-space-before-colon", "Content-Length : 5"),
    ] {
        rows.push(failure(name, "rules 5, 12", ok(&format!("{field}\r\nContent-Length: 3"), "abc")));
    }
    rows
}

fn ends() -> Vec<Row> {
    let mut rows = Vec::new();
    for (closed, reset, bytes) in [
        ("nothing-then-fin", "nothing-then-rst", String::new()),
        ("half-status-line-then-fin", "half-status-line-then-rst", "HTTP/1.1 2".into()),
        ("half-head-then-fin", "half-head-then-rst", "HTTP/1.1 200 OK\r\nContent-Len".into()),
        ("head-without-end-then-fin", "head-without-end-then-rst", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n".into()),
        ("no-body-then-fin", "no-body-then-rst", ok("Content-Length: 3", "")),
        ("half-body-then-fin", "half-body-then-rst", ok("Content-Length: 30", "abc")),
        ("half-chunk-line-then-fin", "half-chunk-line-then-rst", ok("Transfer-Encoding: chunked", "3")),
        ("half-chunk-then-fin", "half-chunk-then-rst", ok("Transfer-Encoding: chunked", "30\r\nabc")),
        ("no-last-chunk-then-fin", "no-last-chunk-then-rst", ok("Transfer-Encoding: chunked", "3\r\nabc\r\n")),
        ("half-trailers-then-fin", "half-trailers-then-rst", ok("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\nX: y")),
        ("only-1xx-then-fin", "only-1xx-then-rst", "HTTP/1.1 103 Early Hints\r\n\r\n".into()),
    ] {
        rows.push(failure(closed, "RFC 9112 8", &bytes).then(Then::Close));
        rows.push(failure(reset, "RFC 9112 8", &bytes).then(Then::Reset));
    }
    rows.push(failure("silence", "timeout server", ""));
    rows.push(failure("half-head-then-silence", "timeout server", "HTTP/1.1 200 OK\r\nConte"));
    rows.push(failure("half-body-then-silence", "timeout server", ok("Content-Length: 30", "abc")));
    rows.push(failure("half-chunk-then-silence", "timeout server", ok("Transfer-Encoding: chunked", "30\r\nabc")));
    rows.push(failure("body-until-rst", "RFC 9112 8", ok("X: y", "abc")).then(Then::Reset));
    rows.push(complete("body-until-fin", "RFC 9112 6.3", 200, "abc", ok("X: y", "abc")).then(Then::Close));
    rows.push(failure("handshake-of-tls", "not HTTP", b"\x15\x03\x01\x00\x02\x02\x16"));
    rows.push(failure("page-without-head", "HTTP/0.9", "<html>WRONG</html>\n").then(Then::Close));
    rows
}

fn surplus() -> Vec<Row> {
    let three = ok("Content-Length: 3", "abc");
    vec![
        complete("bytes-behind", "rule 12", 200, "abc", format!("{three}WRONG")),
        complete("crlf-behind", "rule 12", 200, "abc", format!("{three}\r\n")),
        complete("response-behind", "rule 12", 200, "abc", format!("{three}{SECOND}")),
        complete(
            "response-behind-chunks",
            "rule 12",
            200,
            "abc",
            ok("Transfer-Encoding: chunked", &format!("{CHUNKS}{SECOND}")),
        ),
        complete("interim-behind", "rule 12", 200, "abc", format!("{three}HTTP/1.1 100 Continue\r\n\r\n")),
        complete("response-behind-204", "RFC 9110 15.3.5", 204, "", format!("HTTP/1.1 204 No Content\r\n\r\n{SECOND}")),
        complete(
            "response-behind-304",
            "RFC 9110 15.4.5",
            304,
            "",
            format!("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n{SECOND}"),
        ),
        complete("body-to-head", "RFC 9110 9.3.2", 200, "", ok("Content-Length: 5", "WRONG")).asked_by_head(),
        complete("response-behind-head", "RFC 9110 9.3.2", 200, "", ok("Content-Length: 5", SECOND)).asked_by_head(),
        complete(
            "response-behind-close",
            "rule 12",
            200,
            "abc",
            ok("Connection: close\r\nContent-Length: 3", &format!("abc{SECOND}")),
        ),
    ]
}

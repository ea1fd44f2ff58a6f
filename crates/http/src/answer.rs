//! Answers of our own: short, uncacheable, and they name what went wrong.

use plimsoll_outcome::Outcome;

/// The reason phrase of the statuses that we answer with (RFC 9110 section 15).
#[must_use]
pub fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    }
}

/// Writes the whole answer for an outcome. `close`: the connection ends with it. `bodyless`: it answers HEAD.
pub fn answer(outcome: &Outcome, close: bool, bodyless: bool, out: &mut Vec<u8>) {
    let (status, reason) = (outcome.status, reason(outcome.status));
    let body = format!("<html><body><h1>{status} {reason}</h1>\n{}\n</body></html>\n", outcome.text);
    let allow = if status == 405 { "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n" } else { "" };
    let connection = if close { "Connection: close\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\nContent-Type: text/html\r\n{allow}{connection}\r\n",
        body.len()
    );
    out.extend_from_slice(head.as_bytes());
    if !bodyless {
        out.extend_from_slice(body.as_bytes());
    }
}

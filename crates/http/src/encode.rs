//! Writes messages: framing is never forwarded, it is written anew from what was understood.

use crate::field::Known;
use crate::{Framing, Request, Response};

/// What a response says of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Nothing: HTTP/1.1 stays open.
    Silent,
    /// `Connection: close`
    Close,
    /// `Connection: keep-alive`, which an HTTP/1.0 client must be told.
    KeepAlive,
    /// `Connection: upgrade`, with the protocol of the response.
    Upgrade,
}

/// The last chunk, without trailers.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writes a request head for a server. `host`: for the HTTP/1.0 client that named none.
pub fn request(request: &Request, close: bool, host: &str, out: &mut Vec<u8>) {
    let head = &request.head;
    match request.line_as_it_is() {
        Some(line) => head.write_behind(line, out),
        None => {
            out.extend_from_slice(head.get(request.method_text));
            out.push(b' ');
            request.write_target(out);
            out.extend_from_slice(b" HTTP/1.1\r\n");
            if !request.has_host {
                out.extend_from_slice(b"Host: ");
                out.extend_from_slice(host.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            head.write_behind(0, out);
        }
    }
    framing(request.framing, out);
    match request.upgrade {
        Some(protocol) => {
            out.extend_from_slice(b"Connection: upgrade\r\nUpgrade: ");
            out.extend_from_slice(head.get(protocol));
            out.extend_from_slice(b"\r\n");
        }
        None if close => out.extend_from_slice(b"Connection: close\r\n"),
        None => {}
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes a response head for a client, with the framing that its body is going to have.
pub fn response(response: &Response, body: Framing, connection: Connection, out: &mut Vec<u8>) {
    let head = &response.head;
    match response.line_as_it_is() {
        Some(line) => head.write_behind(line, out),
        None => {
            out.extend_from_slice(b"HTTP/1.1 ");
            out.extend_from_slice(itoa::Buffer::new().format(response.status).as_bytes());
            out.push(b' ');
            out.extend_from_slice(head.get(response.reason));
            out.extend_from_slice(b"\r\n");
            head.write_behind(0, out);
        }
    }
    match response.told_length {
        Some(length) => framing(Framing::Length(length), out),
        None => framing(body, out),
    }
    match (connection, response.upgrade) {
        // The one response that names what to upgrade to without doing it (RFC 9110 section 15.5.22).
        (Connection::Close | Connection::Silent | Connection::KeepAlive, Some(protocol)) if response.status == 426 => {
            let close = if connection == Connection::Close { ", close" } else { "" };
            out.extend_from_slice(b"Connection: upgrade");
            out.extend_from_slice(close.as_bytes());
            out.extend_from_slice(b"\r\nUpgrade: ");
            out.extend_from_slice(head.get(protocol));
            out.extend_from_slice(b"\r\n");
        }
        (Connection::Close, _) => out.extend_from_slice(b"Connection: close\r\n"),
        (Connection::KeepAlive, _) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        (Connection::Upgrade, Some(protocol)) => {
            out.extend_from_slice(b"Connection: upgrade\r\nUpgrade: ");
            out.extend_from_slice(head.get(protocol));
            out.extend_from_slice(b"\r\n");
        }
        (Connection::Silent | Connection::Upgrade, _) => {}
    }
    out.extend_from_slice(b"\r\n");
}

fn framing(framing: Framing, out: &mut Vec<u8>) {
    match framing {
        Framing::Length(length) => {
            out.extend_from_slice(b"Content-Length: ");
            out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Framing::Empty | Framing::UntilClose => {}
    }
}

/// Writes one chunk of bytes that are in hand.
pub fn chunk(data: &[u8], out: &mut Vec<u8>) {
    if data.is_empty() {
        return;
    }
    let mut digits = [0; 16];
    let mut at = digits.len();
    let mut left = data.len();
    while left > 0 {
        at -= 1;
        digits[at] = b"0123456789abcdef"[left & 15];
        left >>= 4;
    }
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Writes the last chunk and the trailer lines.
pub fn last_chunk(trailers: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
    out.extend_from_slice(trailers);
    out.extend_from_slice(b"\r\n");
}

impl Request {
    /// Does the head name this field among those the engine acts on? (`Expect` is forwarded, so it stays a field.)
    #[must_use]
    pub fn has(&self, known: Known) -> bool {
        self.head.fields.iter().any(|field| field.known == known && !field.dropped)
    }
}

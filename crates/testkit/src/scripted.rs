//! Origins that misbehave by name: the ways in which real servers fail, each one constructor away.

use std::time::Duration;

use crate::origin::{Origin, Then, read_request, serve_requests};
use crate::wire::Wire;

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Accepts and sends FIN at once.
    CloseAfterAccept,
    /// Accepts and sends RST at once.
    ResetAfterAccept,
    /// Reads a request and sends RST.
    ResetAfterRequest,
    /// Reads a request and sends FIN.
    CloseAfterRequest,
    /// Sends half of a status line and FIN.
    HalfHead,
    /// Sends a head that promises 100 bytes, ten of them, and FIN.
    HalfBody,
    /// Sends a head that promises 100 bytes, ten of them, and RST.
    HalfBodyReset,
    /// Sends bytes that are no HTTP.
    Junk,
    /// Reads requests and never answers.
    Silent,
    /// Sends its answer byte by byte, this far apart.
    Drip(Duration),
    /// Answers once, then closes without having said so.
    CloseAfterAnswer,
}

impl Origin {
    /// An origin that misbehaves in this way on every connection.
    pub fn scripted(way: Misbehaviour) -> Self {
        Self::raw(move |wire, _| misbehave(wire, way))
    }
}

fn misbehave(mut wire: Wire, way: Misbehaviour) {
    match way {
        Misbehaviour::CloseAfterAccept => return,
        Misbehaviour::ResetAfterAccept => return wire.into_socket().reset(),
        Misbehaviour::CloseAfterAnswer => {
            return serve_requests(wire, &|exchange| {
                exchange.answer();
                Then::Close
            });
        }
        _ => {}
    }
    if read_request(&mut wire).is_err() {
        return;
    }
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789";
    match way {
        Misbehaviour::ResetAfterRequest => wire.into_socket().reset(),
        Misbehaviour::HalfHead => {
            wire.send(b"HTTP/1.1 20");
        }
        Misbehaviour::HalfBody => {
            wire.send(half);
        }
        Misbehaviour::HalfBodyReset => {
            wire.send(half);
            wire.into_socket().reset();
        }
        Misbehaviour::Junk => {
            wire.send(b"\x16\x03\x01 this is no HTTP at all\r\n\r\n");
        }
        Misbehaviour::Silent => {
            wire.until_end();
        }
        Misbehaviour::Drip(apart) => {
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndrip" {
                if !wire.send(&[*byte]) {
                    return;
                }
                // The gap between two bytes is this origin's whole behaviour.
                crate::eventually::wait_until(apart, || false);
            }
        }
        _ => {}
    }
}

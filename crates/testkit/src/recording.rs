//! The origin that judges: it keeps every request it got, with the raw bytes, and everything unclean it saw.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::origin::{Origin, answer_to, read_request};
use crate::request::Request;
use crate::wire::{End, Wire};

/// A complete request with the bytes it came in.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    /// The request as parsed.
    pub request: Request,
    /// Its bytes.
    pub raw: Vec<u8>,
}

/// What came so far.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Complete requests in the order of their last byte.
    pub requests: Vec<Recorded>,
    /// Reasons and bytes of everything that no proxy may send.
    pub unclean: Vec<String>,
    /// Requests that ended before they were complete: what a proxy shows when the client's body turned bad.
    pub partial: Vec<Vec<u8>>,
}

/// Answers each request with its digest and judges the bytes.
pub struct RecordingOrigin {
    origin: Origin,
    record: Arc<Mutex<Record>>,
}

impl RecordingOrigin {
    /// Starts on a port that the kernel chooses.
    pub fn start() -> Self {
        let record: Arc<Mutex<Record>> = Arc::default();
        let kept = record.clone();
        let origin = Origin::raw(move |wire, number| judge(wire, number, &kept));
        Self { origin, record }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.origin.addr
    }

    /// Takes what came since the last call.
    pub fn take(&self) -> Record {
        std::mem::take(&mut *self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many complete requests are recorded.
    pub fn count(&self) -> usize {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).requests.len()
    }

    /// The listener and its counts.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

fn judge(mut wire: Wire, connection: usize, record: &Mutex<Record>) {
    let record = || record.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let ended = read_request(&mut wire);
        let raw = wire.message().to_vec();
        let all = || [raw.as_slice(), wire.rest()].concat();
        match ended {
            Ok(request) => {
                // A proxy sends one request at a time: more bytes before the answer are a second request or a leftover.
                if !wire.rest().is_empty() {
                    record().unclean.push(format!("bytes behind the body: {}", all().escape_ascii()));
                }
                let closes = request.fields.members("connection").iter().any(|option| option == "close");
                let answer = answer_to(&request);
                record().requests.push(Recorded { connection, request, raw });
                if !wire.send(&answer) || closes {
                    return;
                }
            }
            Err(End::Unclean(why)) => {
                record().unclean.push(format!("{why}: {}", all().escape_ascii()));
                wire.send(b"HTTP/1.1 400 Unclean\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                return;
            }
            Err(_) => {
                let all = all();
                if !all.is_empty() {
                    record().partial.push(all);
                }
                return;
            }
        }
    }
}

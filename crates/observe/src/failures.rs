//! The last requests and connections that failed, with the bytes that were to blame.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use plimsoll_outcome::Outcome;

mod show;

/// Failures that a worker remembers unless told otherwise.
const CAPACITY: usize = 256;
/// Of the offending message that many bytes are kept.
pub const MOST_BYTES: usize = 512;
/// Names are kept up to this length: so a worker's memory of failures has a bound (256 times 1.2 KiB).
const MOST_NAME: usize = 128;

/// Which message the bytes are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Message {
    /// None was read.
    #[default]
    None,
    /// What the client sent.
    Request,
    /// What the server sent.
    Response,
}

/// A failure as it happens.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// When.
    pub time: SystemTime,
    /// Whose request or connection it was.
    pub client: Option<SocketAddr>,
    /// Name of the frontend.
    pub frontend: &'a str,
    /// Name of the backend, if one was chosen.
    pub backend: Option<&'a str>,
    /// Name of the server, if one was chosen.
    pub server: Option<&'a str>,
    /// What became of it.
    pub outcome: &'static Outcome,
    /// What the client was answered, if anything.
    pub status: Option<u16>,
    /// What `bytes` are.
    pub message: Message,
    /// Where in the message it went wrong, if that is one place.
    pub position: Option<usize>,
    /// The message from its beginning, as much as is at hand; the first 512 bytes are kept.
    pub bytes: &'a [u8],
    /// How long the message was as far as it came.
    pub length: usize,
}

/// A failure that was kept.
#[derive(Clone, Debug)]
pub struct KeptFailure {
    /// When.
    pub time: SystemTime,
    /// The how many-th of its worker.
    pub number: u64,
    /// Whose request or connection it was.
    pub client: Option<SocketAddr>,
    /// What became of it.
    pub outcome: &'static Outcome,
    /// What the client was answered, if anything.
    pub status: Option<u16>,
    /// What [`bytes`](Self::bytes) are.
    pub message: Message,
    /// Where in the message it went wrong, if that is one place.
    pub position: Option<usize>,
    /// How long the message was as far as it came.
    pub length: usize,
    /// Frontend, backend, server and bytes, one after the other: memory that the next failure in this place uses again.
    text: Vec<u8>,
    /// Where each of the names ends; `None`: there is none.
    names: [Option<u16>; 3],
}

/// The failures of one worker. Costs nothing while nothing fails; a failure takes a short lock that only a reader contends for.
#[derive(Debug)]
pub struct Failures {
    capacity: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    kept: Vec<KeptFailure>,
    total: u64,
}

impl Default for Failures {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl Failures {
    /// Remembers that many, at least one.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        let ring = Ring { kept: Vec::new(), total: 0 };
        Self { capacity: if capacity == 0 { 1 } else { capacity }, ring: Mutex::new(ring) }
    }

    /// Remembers a failure in place of the oldest one.
    #[cold]
    pub fn push(&self, failure: &Failure<'_>) {
        let mut ring = self.lock();
        let at = (ring.total % self.capacity as u64) as usize;
        let number = ring.total;
        ring.total += 1;
        match ring.kept.get_mut(at) {
            Some(oldest) => oldest.replace(failure, number),
            None => ring.kept.push(KeptFailure::new(failure, number)),
        }
    }

    /// The last ones, newest first.
    #[must_use]
    pub fn newest(&self, most: usize) -> Vec<KeptFailure> {
        let mut all = self.lock().kept.clone();
        all.sort_by_key(|failure| std::cmp::Reverse(failure.number));
        all.truncate(most);
        all
    }

    /// How many there were since the start.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.lock().total
    }

    /// Forgets what is kept; the count goes on.
    pub fn clear(&self) {
        let mut ring = self.lock();
        // Places follow the count, so it starts at the first place again.
        let total = ring.total;
        ring.kept.clear();
        ring.total = total.next_multiple_of(self.capacity as u64);
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last failures of all workers, newest first.
#[must_use]
pub fn newest<'a>(rings: impl IntoIterator<Item = &'a Failures>, most: usize) -> Vec<KeptFailure> {
    let mut all: Vec<_> = rings.into_iter().flat_map(|ring| ring.newest(most)).collect();
    // Stable: within a worker, failures of one moment stay in order.
    all.sort_by_key(|failure| std::cmp::Reverse(failure.time));
    all.truncate(most);
    all
}

impl KeptFailure {
    fn new(failure: &Failure<'_>, number: u64) -> Self {
        let mut kept = Self {
            time: failure.time,
            number,
            client: None,
            outcome: failure.outcome,
            status: None,
            message: Message::None,
            position: None,
            length: 0,
            text: Vec::new(),
            names: [None; 3],
        };
        kept.replace(failure, number);
        kept
    }

    fn replace(&mut self, failure: &Failure<'_>, number: u64) {
        let Failure { time, client, outcome, status, message, position, length, .. } = *failure;
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let names = [Some(failure.frontend), failure.backend, failure.server].map(|name| {
            let name = name?;
            text.extend_from_slice(&name.as_bytes()[..name.floor_char_boundary(MOST_NAME)]);
            u16::try_from(text.len()).ok()
        });
        text.extend_from_slice(&failure.bytes[..failure.bytes.len().min(MOST_BYTES)]);
        *self = Self { time, number, client, outcome, status, message, position, length, text, names };
    }

    /// Name of the frontend.
    #[must_use]
    pub fn frontend(&self) -> &str {
        self.name(0).unwrap_or_default()
    }

    /// Name of the backend, if one was chosen.
    #[must_use]
    pub fn backend(&self) -> Option<&str> {
        self.name(1)
    }

    /// Name of the server, if one was chosen.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.name(2)
    }

    /// The first bytes of the message.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.text[self.ends(3)..]
    }

    fn name(&self, at: usize) -> Option<&str> {
        let end = usize::from(self.names[at]?);
        std::str::from_utf8(&self.text[self.ends(at)..end]).ok()
    }

    /// Where the names before that one end.
    fn ends(&self, at: usize) -> usize {
        self.names[..at].iter().rev().find_map(|end| *end).map_or(0, usize::from)
    }
}

#[cfg(test)]
mod tests;

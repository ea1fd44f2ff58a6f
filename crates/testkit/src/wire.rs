//! A socket read strictly: lines end in CRLF, every read has a deadline, and an end says which end it was.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use crate::socket::Socket;

/// A line longer than this is not waited for.
const LONGEST_LINE: usize = 256 * 1024;

/// Why reading stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// FIN; `mid` when a message had begun.
    Fin {
        /// Whether a message had begun.
        mid: bool,
    },
    /// RST.
    Reset,
    /// Nothing came before the deadline.
    Silence,
    /// What came breaks the protocol.
    Unclean(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fin { mid: false } => f.write_str("FIN"),
            Self::Fin { mid: true } => f.write_str("FIN in the middle of a message"),
            Self::Reset => f.write_str("RST"),
            Self::Silence => f.write_str("silence until the deadline"),
            Self::Unclean(why) => write!(f, "unclean: {why}"),
        }
    }
}

impl std::error::Error for End {}

/// An unclean end with its reason.
pub fn unclean<T>(why: impl Into<String>) -> Result<T, End> {
    Err(End::Unclean(why.into()))
}

/// A socket, the bytes read from it and not yet used, and all bytes ever read from it.
#[derive(Debug)]
pub struct Wire {
    socket: Socket,
    seen: Vec<u8>,
    used: usize,
    /// Where the current message begins.
    begin: usize,
    keep: bool,
    patience: Duration,
    deadline: Instant,
}

impl Wire {
    /// Wraps a connection; `patience` bounds the reading of one message.
    pub fn new(socket: Socket, patience: Duration) -> Self {
        let deadline = Instant::now() + patience;
        Self { socket, seen: Vec::new(), used: 0, begin: 0, keep: true, patience, deadline }
    }

    /// Forgets bytes of earlier messages: for large transfers.
    pub fn forgetful(mut self) -> Self {
        self.keep = false;
        self
    }

    /// The connection itself.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Gives the connection back.
    pub fn into_socket(self) -> Socket {
        self.socket
    }

    /// Everything read so far (unless forgetful).
    pub fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// Bytes read and not used by a message yet.
    pub fn rest(&self) -> &[u8] {
        &self.seen[self.used..]
    }

    /// The bytes of the current message so far.
    pub fn message(&self) -> &[u8] {
        &self.seen[self.begin..self.used]
    }

    /// Changes the patience, from now on.
    pub fn patience(&mut self, patience: Duration) {
        self.patience = patience;
        self.deadline = Instant::now() + patience;
    }

    /// A message begins here: starts its clock.
    pub fn begin(&mut self) {
        if !self.keep {
            self.seen.drain(..self.used);
            self.used = 0;
        }
        self.begin = self.used;
        self.deadline = Instant::now() + self.patience;
    }

    /// Reads once more; the number of new bytes.
    pub fn fill(&mut self) -> Result<usize, End> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(End::Silence);
        }
        self.socket.read_within(left).map_err(|_| End::Reset)?;
        let mut some = [0_u8; 64 * 1024];
        loop {
            match self.socket.read(&mut some) {
                Ok(0) => return Err(End::Fin { mid: self.seen.len() > self.begin }),
                Ok(count) => {
                    self.seen.extend_from_slice(&some[..count]);
                    return Ok(count);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Err(End::Silence),
                    _ => return Err(End::Reset),
                },
            }
        }
    }

    /// The next byte, without using it.
    pub fn peek(&mut self) -> Result<u8, End> {
        while self.used == self.seen.len() {
            self.fill()?;
        }
        Ok(self.seen[self.used])
    }

    /// One line without its CRLF. A bare LF, a bare CR or NUL in it is unclean.
    pub fn line(&mut self) -> Result<Vec<u8>, End> {
        let mut from = self.used;
        loop {
            if let Some(at) = self.seen[from..].iter().position(|byte| *byte == b'\n') {
                let end = from + at;
                let line = &self.seen[self.used..end];
                let Some(line) = line.strip_suffix(b"\r") else {
                    return unclean(format!("a line ends in a bare LF: {:?}", line.escape_ascii().to_string()));
                };
                if line.iter().any(|byte| matches!(byte, b'\r' | 0)) {
                    return unclean(format!("bare CR or NUL in the line {:?}", line.escape_ascii().to_string()));
                }
                let line = line.to_vec();
                self.used = end + 1;
                return Ok(line);
            }
            from = self.seen.len();
            if from - self.used > LONGEST_LINE {
                return unclean("a line longer than 256 KiB");
            }
            self.fill()?;
        }
    }

    /// Exactly `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<Vec<u8>, End> {
        while self.seen.len() - self.used < count {
            self.fill()?;
        }
        let bytes = self.seen[self.used..self.used + count].to_vec();
        self.used += count;
        Ok(bytes)
    }

    /// Everything until FIN; another end is returned beside what came.
    pub fn until_end(&mut self) -> (Vec<u8>, End) {
        loop {
            if let Err(end) = self.fill() {
                let bytes = self.rest().to_vec();
                self.used = self.seen.len();
                return (bytes, end);
            }
        }
    }

    /// Writes all bytes; false when the peer no longer takes them.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.socket.write_within(self.patience).is_ok() && self.socket.write_all(bytes).is_ok()
    }
}

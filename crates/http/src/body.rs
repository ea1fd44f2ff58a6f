//! The body of either message, whatever its framing.

use std::ops::Range;

use crate::chunked::{ChunkError, Chunked};
use crate::{CHUNK_INVALID, CHUNK_TOO_LARGE, Framing, Limits, RESPONSE_CHUNK, Refusal};

/// Reads a body out of the bytes that follow a head.
#[derive(Debug, Default)]
pub enum Body {
    /// Nothing is left.
    #[default]
    Done,
    /// So many bytes are left.
    Length(u64),
    /// Chunks; boxed, for most bodies are not.
    Chunked(Box<Chunked>),
    /// All is body until the end of the stream.
    UntilClose,
}

/// What one call gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// So many bytes of the input are used up.
    pub consumed: usize,
    /// Where in them the data is.
    pub data: Range<usize>,
    /// The body is complete.
    pub done: bool,
}

impl Body {
    /// A body of that framing. `fields`: how many fields its head had.
    #[must_use]
    pub fn new(framing: Framing, limits: &Limits, fields: usize) -> Self {
        match framing {
            Framing::Empty | Framing::Length(0) => Self::Done,
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Box::new(Chunked::new(limits, fields))),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// Is it complete?
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Takes the next data from `input`. Call again while something is consumed and it is not done.
    pub fn decode(&mut self, input: &[u8]) -> Result<Decoded, ChunkError> {
        match self {
            Self::Done => Ok(Decoded { consumed: 0, data: 0..0, done: true }),
            Self::UntilClose => Ok(Decoded { consumed: input.len(), data: 0..input.len(), done: false }),
            Self::Length(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= take as u64;
                let done = *left == 0;
                if done {
                    *self = Self::Done;
                }
                Ok(Decoded { consumed: take, data: 0..take, done })
            }
            Self::Chunked(chunked) => {
                let step = chunked.step(input)?;
                Ok(Decoded { consumed: step.consumed, data: step.data, done: step.done })
            }
        }
    }

    /// The trailer lines that go on, once a chunked body is done.
    #[must_use]
    pub fn trailers(&self) -> &[u8] {
        match self {
            Self::Chunked(chunked) => chunked.trailers(),
            _ => &[],
        }
    }

    /// So many bytes went past without being looked at (splice).
    pub fn skip(&mut self, count: u64) {
        if let Self::Length(left) = self {
            *left = left.saturating_sub(count);
            if *left == 0 {
                *self = Self::Done;
            }
        }
    }
}

impl ChunkError {
    /// The outcome when it was the client's.
    #[must_use]
    pub fn of_client(self) -> Refusal {
        match self {
            Self::Invalid => &CHUNK_INVALID,
            Self::TooLarge => &CHUNK_TOO_LARGE,
        }
    }

    /// The outcome when it was the server's.
    #[must_use]
    pub fn of_server(self) -> Refusal {
        &RESPONSE_CHUNK
    }
}

//! The first bytes of a connection: which version, if any.

use plimsoll_outcome::Outcome;

use crate::v2::SIGNATURE;
use crate::{Header, MISSING, v1, v2};

/// How long a header may be: as much as HAProxy takes with its default buffers. Those that are sent have less than 600 bytes.
pub const MOST: usize = 16 << 10;

/// Why a header is refused: a row of [`OUTCOMES`](crate::OUTCOMES).
pub type Rejection = &'static Outcome;

/// How far a header has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// Right so far; more bytes are needed.
    Incomplete,
    /// All of it is here.
    Complete {
        /// What it says.
        header: Header<'a>,
        /// Its length: what follows belongs to the protocol.
        used: usize,
    },
}

/// Reads the header at the start of `bytes`, which holds everything that arrived. `most`: the limit for its length, up to 65,551 bytes.
///
/// It refuses as soon as no further byte could mend it, and never later than the last byte of the header.
pub fn decode(bytes: &[u8], most: usize) -> Result<Progress<'_>, Rejection> {
    if begins(bytes, v1::PREFIX) {
        v1::decode(bytes)
    } else if begins(bytes, &SIGNATURE) {
        v2::decode(bytes, most)
    } else {
        Err(&MISSING)
    }
}

/// Whether one is the beginning of the other.
fn begins(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes.iter().zip(prefix).all(|(byte, wanted)| byte == wanted)
}

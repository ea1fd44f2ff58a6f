//! HTTP without a version, and the sans-IO HTTP/1 engine.
//!
//! *Knows*: heads, framing verdicts, what is forwarded of a message and what is not, chunks, limits, answers of our own; what rules see of heads
//! and change of them ([`PARTS`]), lists of users, what servers are told of who asks.
//! *Does not know*: sockets, time, servers; bytes come in as slices and go out into buffers of the caller.
//! *Start reading at*: [`Request`], then [`Body`] and [`encode`]; `rules.rs` for rows, `edit.rs` for what they may change.

mod answer;
mod body;
mod chunked;
mod directives;
mod edit;
pub mod encode;
pub mod explain;
mod field;
mod framing;
mod hop;
mod host;
mod limits;
mod lines;
mod outcomes;
mod request;
mod response;
mod rules;
mod scan;
mod stop;
mod target;
mod token;
mod told;
mod userlist;

pub use answer::{answer, reason};
pub use body::{Body, Decoded};
pub use chunked::{ChunkError, Chunked};
pub use directives::DIRECTIVES;
pub use edit::{EditError, is_framing, is_value};
pub use field::{Field, Head, Known, Span};
pub use framing::Framing;
pub use limits::{Limits, Tolerance};
pub use outcomes::*;
pub use request::{Method, Request};
pub use response::Response;
pub use rules::{PARTS, base32, url32};
pub use scan::Scanner;
pub use stop::{request_stop, response_stop};
pub use target::{from_path, path_and_query};
pub use token::is_token;
pub use told::{
    AddressOptions, FieldName, Forwarded, ForwardedOptions, Network, RestrictNames, Seen, Switch, Told, add_address,
};
pub use userlist::{Scheme, User, UserOptions, Userlist, UserlistOptions, Verdict};

/// How far a head got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More bytes are needed.
    Incomplete,
    /// The head is read; so many bytes of the input belong to it.
    Complete(usize),
}

/// Why a message is refused.
pub type Refusal = &'static plimsoll_outcome::Outcome;

//! Connects to a server, once; keeps, watches and hands out its idle connections.
//!
//! *Knows*: how a connection to a server comes about and ends, which idle ones exist on this worker, when one may be used again.
//! *Does not know*: HTTP, balancing, who asks for a connection; the caller brings the timer and the time.
//! *Start reading at*: [`Pools`].

mod connect;
mod connection;
mod directives;
pub mod explain;
mod outcomes;
mod pool;
mod reuse;
mod watch;

pub use connect::connect;
pub use connection::{Connection, Personal};
pub use directives::DIRECTIVES;
pub use outcomes::*;
pub use pool::{Pool, Pools};
pub use reuse::Reuse;

//! TLS; for now what a client says before it begins: its ClientHello, as far as it is readable.
//!
//! *Knows*: records, the ClientHello of TLS 1.0 to 1.3 and its extensions (RFC 8446, sections 4.1.2, 4.2 and 5.1), the first message of
//! SSL 2, and the fetches that look at them.
//! *Does not know*: sockets, keys, certificates. It reads bytes that somebody else holds, and nothing of it waits.
//! *Start reading at*: [`hello`], then the rows in [`PARTS`].

mod cursor;
pub mod hello;
pub mod record;
mod rows;
pub mod version;
mod write;

pub use hello::ClientHello;
pub use record::Not;
pub use rows::PARTS;
pub use write::client_hello;

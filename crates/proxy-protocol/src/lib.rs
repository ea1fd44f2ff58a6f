//! The PROXY protocol, versions 1 and 2: who a connection really came from, told in its first bytes.
//!
//! *Knows*: the grammar of both versions (HAProxy's `proxy-protocol.txt`), TLVs, the checksum, and every way in which a header is wrong.
//! *Does not know*: sockets, deadlines, who may be believed; it never keeps a byte, and whoever reads decides how long to wait.
//! *Start reading at*: [`decode`], then [`Header`]; [`encode`] is the other direction.
//!
//! ```
//! use plimsoll_proxy_protocol::{MOST, Progress, decode};
//!
//! let arrived = b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nGET / HTTP/1.1\r\n";
//! let Ok(Progress::Complete { header, used }) = decode(arrived, MOST) else { panic!() };
//! assert_eq!(header.endpoints().unwrap().source.to_string(), "192.0.2.1:56324");
//! assert!(arrived[used..].starts_with(b"GET /"));
//! ```

mod crc32c;
mod decode;
pub mod encode;
pub mod explain;
mod header;
mod outcomes;
pub mod tlv;
mod v1;
mod v2;

pub use decode::{MOST, Progress, Rejection, decode};
pub use header::{Addresses, Command, Endpoints, Header, Transport, Version};
pub use outcomes::*;
pub use tlv::{Ssl, Tlv, Tlvs};

//! Access-log lines and the bounded ring that carries them.
//!
//! *Knows*: the shapes of HAProxy's httplog and tcplog lines, and how lines leave a worker without ever making it wait.
//! *Does not know*: connections, servers, configuration; it is handed a record of plain values.
//! *Start reading at*: [`HttpRecord`] and [`Writer`].

mod date;
mod line;
mod ring;

pub use date::DateCache;
pub use line::{HttpRecord, Levels, TcpRecord};
pub use ring::{Sink, Writer};

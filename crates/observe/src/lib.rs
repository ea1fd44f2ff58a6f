//! Access-log lines, process events, where they go, and the ring of recent failures.
//!
//! *Knows*: the shapes of HAProxy's httplog and tcplog lines and of ours in JSON, syslog's framings, and how lines leave a worker without
//! ever making it wait. *Does not know*: connections, servers, configuration files; it is handed records of plain values.
//! *Start reading at*: [`log::HttpRecord`], [`log::Writer`] and [`log::Sink`]; [`Failures`] stand by themselves.

mod batch;
mod date;
mod event;
mod failures;
mod framing;
mod json;
mod level;
mod line;
mod options;
pub mod record;
mod ring;
mod sink;
mod text;
mod writer;

pub use date::DateCache;
pub use event::{Event, Value};
pub use failures::{Failure, Failures, KeptFailure, MOST_BYTES, Message, newest};
pub use level::{Facility, Level};
pub use line::{HttpRecord, TcpRecord};
pub use options::{Format, Framing, LogTarget, To};
pub use record::Levels;
pub use ring::{Sink, Writer};

/// What replaces its namesakes at the root.
pub mod log {
    pub use crate::record::{HttpRecord, HttpTimes, Levels, RequestLine, TcpRecord, TcpTimes};
    pub use crate::sink::{Events, Sink, SinkError};
    pub use crate::writer::Writer;
}

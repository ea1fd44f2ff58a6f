//! Access-log lines, process events, where they go, and the ring of recent failures.
//!
//! *Knows*: the shapes of HAProxy's httplog and tcplog lines and of ours in JSON, syslog's framings, and how lines leave a worker without
//! ever making it wait. *Does not know*: connections, servers, configuration files; it is handed records of plain values.
//! *Start reading at*: [`HttpRecord`], [`Writer`] and [`Sink`]; [`Failures`] stand by themselves.

mod batch;
mod date;
mod directives;
mod event;
mod failures;
mod framing;
mod json;
mod level;
mod options;
mod panic;
mod panics;
mod record;
mod sample;
mod sink;
mod targets;
mod text;
mod writer;

pub use date::{DateCache, stamp, zone};
pub use directives::DIRECTIVES;
pub use event::{Event, Value};
pub use failures::{Failure, Failures, KeptFailure, MOST_BYTES, Message, newest};
pub use framing::system_name as hostname;
pub use level::{Facility, Level};
pub use options::{Format, Framing, LogTarget, ProxyLog, To};
pub use panic::{Panic, caught, keep_panics};
pub use panics::Panics;
pub use record::{HttpRecord, HttpTimes, Levels, RequestLine, TcpRecord, TcpTimes, phase, side};
pub use sample::Sample;
pub use sink::{Events, Opener, Prepared, Sink, SinkError, open_files_with};
pub use targets::Targets;
pub use writer::{Own, Writer};

//! One connection's life, from accept to the log line; HTTP and TCP; the Snapshot type.
//!
//! *Knows*: that frontends reach servers: accept, read, route, connect, relay, retry, close, log.
//! *Does not know*: files, reload, who holds the pointer to the running snapshot (`engine` does), how algorithms choose.
//! *Start reading at*: [`Worker::adopt`], then `http::serve` and `tcp::serve`.

mod accept;
mod accept_proxy;
mod buffer;
mod client;
mod connect;
mod counters;
mod dealing;
mod directives;
pub mod explain;
mod gate;
mod http;
mod lease;
mod logging;
mod mail;
mod outcomes;
mod personal;
mod rate;
mod relay;
pub mod rules;
mod send_proxy;
pub mod services;
mod session;
mod site;
mod snapshot;
mod splicing;
mod spread;
mod step;
mod sync;
mod tally;
mod tcp;
#[cfg(test)]
mod testing;
mod timeouts;
pub mod trial;
mod trim;
mod tunnel;
mod worker;

pub use counters::{BackendCounters, FrontendCounters, ProcessCounters, latencies};
pub use directives::DIRECTIVES;
pub use gate::Gate;
pub use logging::Logging;
pub use outcomes::*;
pub use rate::Rate;
pub use send_proxy::{ProxyV2Option, SendProxy};
pub use snapshot::{Backend, BackendLive, Frontend, FrontendLive, Mode, Process, Snapshot, Target};
pub use splicing::Splicing;
pub use spread::Spread;
pub use step::{LONG, LoopCounters, Mark};
pub use timeouts::Timeouts;
pub use worker::{Assignment, Worker};

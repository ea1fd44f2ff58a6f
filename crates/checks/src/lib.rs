//! Health checks: what to ask a server, when, and what its answer means.
//!
//! Knows: one file for each kind of probe, the intervals between checks, how many may run at once; it reports to
//! [`plimsoll_server::Server::report`].
//! Does not know: balancing, traffic, what a report changes; it reads no clock but the event loop's own.
//! Start reading at [`HealthCheck`], then [`PROBES`] and [`Checks`].

mod directives;
mod expect;
mod options;
mod plan;
pub mod probe;
mod schedule;

pub use directives::DIRECTIVES;
pub use expect::Expect;
pub use options::{HealthCheck, HttpVersion, Kind};
pub use plan::{Defaults, Plan};
pub use probe::{PROBES, Probe};
pub use schedule::{Applied, Checks, Pace, Subject, watch};

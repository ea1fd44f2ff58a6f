//! A server and a set of servers: weight, operational and administrative state, load, counters.
//!
//! Knows: when a server may be used, why not, and who wants to hear of a change.
//! Does not know: sockets, HTTP, how checks are made, how servers are chosen; it reads no clock.
//! Start reading at [`Health`], the state machine, then [`Server::report`] and [`Set::on_transition`].

mod check_report;
mod health;
mod options;
mod server;
mod set;
mod text;
mod transition;

pub use check_report::{CheckReport, CheckStatus, Verdict};
pub use health::{Admin, Change, Event, Health};
pub use options::{HealthOptions, ServerOptions};
pub use server::{Server, ServerCounters, Settings};
pub use set::Set;
pub use transition::{Cause, Left, Transition};

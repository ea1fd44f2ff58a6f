//! A server and a set of servers: weight, operational and administrative state, load, counters.
//!
//! Knows: when a server may be used, why not, who wants to hear of a change, and what of it outlives a reload.
//! Does not know: sockets, HTTP, how checks are made, how servers are chosen; it reads no clock.
//! Start reading at [`Health`], the state machine, then [`Server::report`], [`Set::on_transition`] and
//! [`Set::reshape`].

mod bus;
mod check_report;
mod directives;
mod health;
mod load;
mod options;
mod reshape;
mod server;
mod service;
mod set;
mod state;
mod text;
mod transition;

pub use bus::Follow;
pub use check_report::{CheckReport, CheckStatus, Verdict};
pub use directives::DIRECTIVES;
pub use health::{Admin, Change, Event, Health};
pub use load::Load;
pub use options::{HealthOptions, ServerOptions};
pub use reshape::{Difference, Reshaped, Wanted};
pub use server::{Server, ServerCounters, Settings};
pub use service::Availability;
pub use set::Set;
pub use state::Standing;
pub use transition::{Cause, Left, Transition};

//! The runtime socket, the stats page and the metrics, served on the control thread; and the services that show the same inside proxies.
//!
//! *Knows*: how operators and their tools ask, in HAProxy's words where it has them; how figures become CSV, Prometheus' text
//! and a page.
//! *Does not know*: how the figures came about, nor how a reload is done: `engine` hands over a [`State`].
//! *Start reading at*: [`serve`], then [`State`] and [`COMMANDS`].

mod columns;
mod commands;
mod directives;
mod events;
mod figures;
mod http;
mod json;
mod listen;
mod metrics;
mod options;
mod page;
mod services;
mod serving;
mod socket;
mod state;

pub use commands::COMMANDS;
pub use directives::DIRECTIVES;
pub use events::Events;
pub use metrics::{Metrics, metrics};
pub use options::{AdminOptions, FileMode, Options, RuntimeApi};
pub use page::{Look, Page, page};
pub use services::SERVICES;
pub use serving::{Prepared, Serving, prepare, serve};
pub use state::{Latencies, ProcessFacts, Reload, State};

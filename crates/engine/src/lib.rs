//! Files to model to snapshot; workers; the one pointer that is swapped.
//!
//! *Knows*: how a file's words become a snapshot and listeners, what the process may use, which threads run.
//! *Does not know*: how any request is served; arguments and the terminal belong to `bins/lb`.
//! *Start reading at*: [`load`], then [`Engine::start`].

mod alive;
mod answers;
mod budget;
mod build;
mod changes;
mod code;
mod control;
mod directives;
mod ending;
mod events;
mod explanation;
mod language;
mod listeners;
mod load;
mod model;
mod names;
mod plan;
mod process;
mod route;
mod succession;
mod worker;
mod world;

pub use budget::{Budget, BudgetError, Demand};
pub use changes::Changes;
pub use code::CODES;
pub use directives::{DIRECTIVE_TABLES, PROGRAM, TABLES as DIRECTIVES};
pub use ending::Pulse;
pub use events::{Asked, Refused};
pub use explanation::{Explanation, explanations};
pub use language::{LANGUAGE, SERVICE_TABLES, TABLES};
pub use load::{
    Ask, Disk, Files, Findings, Imported, Language, Resolve, Surroundings, Wishes, import, import_text, keep,
    load_file, load_files, load_text, load_text_in, read_as, read_language, wish,
};
pub use model::schema;
pub use plan::{Bind, Plan, ServerAddress};
pub use plimsoll_config::suggest;
pub use plimsoll_haproxy_cfg::leniency::{LENIENT, Written};
pub use plimsoll_haproxy_cfg::{Becomes, Directive, Sections, UNSUPPORTED, Weight};
pub use process::{Engine, Loader, StartError, outcome_tables};
pub use route::{Asking, NoTrial, Rehearsal, WrongRequest, trial};

/// How many CPUs this process may use: affinity and cgroup quota, whichever is less.
#[must_use]
pub fn cpus() -> usize {
    plimsoll_net::limits::cpus()
}

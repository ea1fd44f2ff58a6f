//! Rules of proxies: what they look at here, what they decide, and when they are gone through.
//!
//! The language itself is in `plimsoll-rules`, what looks at heads in `plimsoll-http`. Here are the facts of a connection, the actions that end or
//! change what becomes of it, and the lists that a frontend and a backend have.

mod addresses;
mod aliases;
mod capture;
mod early;
mod ending;
mod fate;
mod fetches;
mod formats;
mod lists;
mod logged;
mod pages;
mod progress;
mod proxies;
mod redirect;
mod reply;
mod routing;
mod service;
mod tells;
mod tune;
mod when;

pub use capture::{Captures, Kept, NEW_SLOT};
pub use formats::Formats;
pub(crate) use formats::{name, number};
pub use lists::{BackendRules, FrontendRules, Switch};
pub use pages::{Page, Pages};
pub use proxies::{BackendRef, Directory, FrontendRef, ServerRef};
pub use reply::{Recipe, http_error};
pub use routing::{UseBackend, UseServer};
pub use tells::Tells;

pub(crate) use early::{Early, is_judged, judged};
pub(crate) use fate::{Fate, LogLevel, Timeouts as SetTimeouts, Verdict};
pub(crate) use lists::State;
pub(crate) use logged::{Logged, Times};
pub(crate) use progress::{Progress, between, so_far};
pub(crate) use proxies::Proxies;
pub(crate) use reply::{Reply, own_or_page};
pub(crate) use tells::tell;

use plimsoll_rules::Parts;

/// The rows of this crate.
pub const PARTS: &[Parts] = &[
    aliases::PARTS,
    ending::PARTS,
    redirect::PARTS,
    service::PARTS,
    addresses::PARTS,
    capture::PARTS,
    tune::PARTS,
    fetches::CLIENT,
    fetches::NAMES,
    fetches::LOAD,
    fetches::TIMES,
    fetches::WAY,
    when::PARTS,
];

//! Rules of proxies: what they look at here, what they decide, and when they are gone through.
//!
//! The language itself is in `plimsoll-rules`, what looks at heads in `plimsoll-http`. Here are the facts of a connection, the actions that end or
//! change what becomes of it, and the lists that a frontend and a backend have.

mod aliases;
mod early;
mod ending;
mod fate;
mod formats;
mod lists;
mod logged;
mod proxies;
mod redirect;
mod reply;
mod routing;

pub use formats::Formats;
pub(crate) use formats::{name, number};
pub use lists::{BackendRules, FrontendRules, Switch};
pub use proxies::{BackendRef, Directory, FrontendRef, ServerRef};
pub use reply::{Page, Pages};
pub use routing::{UseBackend, UseServer};

pub(crate) use early::{Early, admitted};
pub(crate) use fate::{Fate, Verdict};
pub(crate) use lists::State;
pub(crate) use logged::{Logged, Times};
pub(crate) use proxies::Proxies;
pub(crate) use reply::Reply;

use plimsoll_rules::Parts;

/// The rows of this crate.
pub const PARTS: &[Parts] = &[aliases::PARTS, ending::PARTS, redirect::PARTS];

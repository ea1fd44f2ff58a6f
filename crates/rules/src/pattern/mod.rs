//! Patterns: what a value is compared with, and how (configuration manual, section 7.1).
//!
//! A list of patterns ([`List`]) is a file, or stands in a rule. It is looked at in one or more [`Way`]s, each with an engine of its own;
//! [`PatternFiles`] knows the lists of a process, [`Loading`] those of a configuration that is being read.

mod compile;
mod engine;
mod entries;
mod files;
mod list;
mod out;
mod parse;
mod part;
mod way;

pub use compile::Patterns;
pub use entries::{Columns, Entry};
pub use files::{Loading, PatternFiles};
pub use list::{Found, List, Refused};
pub use out::Out;
pub use way::{Match, Way};

pub(crate) use way::Input;

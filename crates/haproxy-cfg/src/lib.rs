//! HAProxy's configuration language: words, conditions, sections and directives, into the tree that YAML gives.
//!
//! *Knows*: how `haproxy.cfg` is cut into words, which blocks of it count, what its sections are based on, and what holds in it without being
//! written. Every key and value of the tree has its place in the file.
//!
//! *Does not know*: any directive that does something. Those are rows ([`Directive`]) beside the code that owns the key; [`UNSUPPORTED`] names
//! the ones that nobody owns yet.
//!
//! *Start reading at* [`Reader`], then [`Directive`].

pub mod code;
pub mod condition;
mod directive;
mod environment;
pub mod leniency;
mod lexer;
mod map;
mod reader;
mod sections;
mod unsupported;
mod values;

pub use condition::Program;
pub use directive::{Becomes, Directive, Kind, Line, Mood, Out, Sections, Takes, Weight};
pub use environment::Environment;
pub use lexer::{Word, Wrong, words};
pub use map::Map;
pub use reader::{Reader, Tables};
pub use unsupported::UNSUPPORTED;

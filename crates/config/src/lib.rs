//! The spanned configuration tree, its diagnostics and units; knows no option by name.
//!
//! *Knows*: how YAML text becomes one tree in which every key and value has its place, how that tree fills the plain serde structs of
//! the options' owners, and how everything that is wrong comes out at once, with place, carets and advice.
//!
//! *Does not know*: any option, section or default. Those are structs beside the code that uses them, and this crate sees them only
//! as `T: DeserializeOwned`. It opens no file and reads no environment by itself.
//!
//! *Start reading at* [`load`], then [`tree`] (text to tree) and [`de`] (tree to structs, and why all errors come out).
//!
//! ```
//! use plimsoll_config::{Diagnostic, Duration, NamedMap, Sources, Spanned, load};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "kebab-case", deny_unknown_fields)]
//! struct Front { idle: Duration, default_backend: Spanned<String> }
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "kebab-case", deny_unknown_fields)]
//! struct File { frontends: NamedMap<Front>, backends: NamedMap<u16> }
//!
//! let text = "frontends:\n  web: { idle: 5s, default-backend: ap }\nbackends: { app: 1 }\n";
//! let mut sources = Sources::new();
//! let (file, mut found) = load::<File>(&mut sources, "lb.yaml", text, &|name| std::env::var(name).ok());
//! let file = file.expect("nothing is wrong with the text itself");
//! for front in file.frontends.values() {
//!     let name = &front.default_backend;
//!     if !file.backends.contains_key(name.as_str()) {
//!         found.push(Diagnostic::error("config.unknown-backend", name.span(), format!("unknown backend `{name}`"))
//!             .suggest(name, file.backends.names()));
//!     }
//! }
//! assert_eq!(found.render_short(&sources), "lb.yaml:2:37: error[config.unknown-backend]: unknown backend `ap`\n");
//! assert_eq!(found.iter().next().unwrap().help.as_deref(), Some("did you mean `app`?"));
//! ```

pub mod code;
pub mod de;
mod diagnostic;
mod ordered;
mod render;
mod schema;
mod shape;
mod source;
mod spanned;
mod suggest;
pub mod tree;
pub mod units;

pub use de::{load_tree, salvage_tree};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use ordered::{NamedMap, OrderedMap};
pub use shape::{FromShort, OneOrMany, ShortForm};
pub use source::{FileId, Position, Sources, Span};
pub use spanned::Spanned;
pub use suggest::suggest;
pub use tree::{Key, Node, Value};
pub use units::{Duration, Percent, Size, UnitError};

/// Reads `text`, kept under `name` in `sources`, as a `T`. `env` answers for `${VAR}`.
///
/// The value is there exactly when no finding is an error; findings come sorted by place.
pub fn load<T: serde::de::DeserializeOwned>(
    sources: &mut Sources,
    name: &str,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> (Option<T>, Diagnostics) {
    let mut found = Diagnostics::new();
    let tree = tree::parse(sources, name, text, env, &mut found);
    let value = tree.and_then(|tree| load_tree(&tree, sources, &mut found));
    found.sort();
    (value.filter(|_| !found.has_errors()), found)
}

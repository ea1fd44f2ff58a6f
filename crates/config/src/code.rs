//! The codes of this crate's own findings; owners' semantic checks bring their own.

/// The text is not YAML, or uses a part of YAML that is refused.
pub const SYNTAX: &str = "config.syntax";
/// YAML reads the text differently from what was meant, or readers disagree about it.
pub const NEEDS_QUOTES: &str = "config.needs-quotes";
/// A key stands twice in one map.
pub const DUPLICATE_KEY: &str = "config.duplicate-key";
/// A `${VAR}` without default whose variable is not set.
pub const UNSET_VARIABLE: &str = "config.unset-variable";
/// A key that nobody reads.
pub const UNKNOWN_KEY: &str = "config.unknown-key";
/// A required key is absent.
pub const MISSING_KEY: &str = "config.missing-key";
/// A list where a number should be, and the like.
pub const WRONG_TYPE: &str = "config.wrong-type";
/// The right type, but not a possible value.
pub const BAD_VALUE: &str = "config.bad-value";
/// The file is too large, too deep or expands to too much.
pub const LIMIT: &str = "config.limit";
/// There are more findings than are shown.
pub const TOO_MANY: &str = "config.too-many-errors";

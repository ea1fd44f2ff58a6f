//! The spanned configuration tree, its diagnostics and units; knows no option by name.

pub mod units;

pub use units::{Duration, Percent, Size, UnitError};

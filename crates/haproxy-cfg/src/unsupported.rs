//! Directives of HAProxy's that nobody owns here yet, with what they would do; and those that mean nothing here.
//!
//! A directive that comes to life moves to a row beside its key, and its row here goes.

mod bind;
mod global;
mod proxies;
mod server;

use crate::directive::Directive;

/// All of them.
pub const UNSUPPORTED: &[&[Directive]] = &[global::ROWS, proxies::ROWS, bind::ROWS, server::ROWS];

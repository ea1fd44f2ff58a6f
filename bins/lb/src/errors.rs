//! `lb errors`: what failed last in a running process.

use std::process::ExitCode;

use crate::ctl::{Where, say};

/// The verb.
pub fn errors(place: &Where, most: usize) -> ExitCode {
    say(place, &format!("show errors {most}"))
}

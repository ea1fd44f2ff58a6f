//! `lb reload`: a running process reads its configuration again, or says what that would do.

use std::process::ExitCode;

use crate::ctl::{Where, say};

/// The verb.
pub fn reload(place: &Where, plan: bool) -> ExitCode {
    say(place, if plan { "reload plan" } else { "reload" })
}

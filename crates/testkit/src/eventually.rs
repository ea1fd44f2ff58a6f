//! Waiting for a condition with a deadline: the only place of the harness that lets time pass.

use std::thread;
use std::time::{Duration, Instant};

/// How often a condition is looked at; small beside every time-out that tests configure.
const LOOK: Duration = Duration::from_millis(2);

/// Waits until `holds` is true, at most `within`; says whether it became true.
pub fn wait_until(within: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + within;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::park_timeout(LOOK);
    }
}

/// Waits until `holds` is true and fails the test, naming `what`, when that takes longer than `within`.
#[track_caller]
pub fn eventually(what: &str, within: Duration, holds: impl FnMut() -> bool) {
    assert!(wait_until(within, holds), "not within {within:?}: {what}");
}

/// Whether `holds` stays true for all of `window`: for claims that nothing happens (no spin, no early close).
pub fn holds_for(window: Duration, mut holds: impl FnMut() -> bool) -> bool {
    !wait_until(window, || !holds())
}

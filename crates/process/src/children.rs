//! Process 1 of a container is the parent of everybody whose parent died: it has to let them go.

use rustix::process::{WaitOptions, wait};

/// Are we process 1?
#[must_use]
pub fn is_first() -> bool {
    std::process::id() == 1
}

/// Lets every child go that has ended, and says how many.
pub fn reap() -> usize {
    let mut count = 0;
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {
        count += 1;
    }
    count
}

//! Lines on standard error, each in one write: the log may go there as well, by another thread.

use std::io::Write;

/// Says one or several whole lines.
pub fn say(text: &str) {
    // Who closed it does not want to hear.
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

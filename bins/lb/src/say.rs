//! Lines on standard error, each in one write: the log may go there as well, by another thread.

use std::io::Write;
use std::sync::OnceLock;

/// Called as `haproxy`; whether it is to be quiet.
static HAPROXY: OnceLock<bool> = OnceLock::new();

/// From now on lines look like HAProxy's, or are not said at all.
pub fn as_haproxy(quiet: bool) {
    let _ = HAPROXY.set(quiet);
}

/// A line as HAProxy writes it.
pub fn line(level: &str, text: &str) -> String {
    let bracketed = format!("[{level}]");
    format!("{bracketed:<10} ({}) : {text}", std::process::id())
}

/// Says one or several whole lines.
pub fn say(text: &str) {
    let text = match (HAPROXY.get(), text.strip_prefix("lb: ")) {
        (Some(true), _) => return,
        (Some(false), Some(text)) => line("NOTICE", text),
        _ => text.to_owned(),
    };
    // Who closed it does not want to hear.
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

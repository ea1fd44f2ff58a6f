//! Sockets that a service manager opened for us (sd_listen_fds(3)): $LISTEN_FDS of them from descriptor 3 on, with names in $LISTEN_FDNAMES.

use std::os::fd::RawFd;

use plimsoll_net::name_inherited;

/// The first one's number.
const FIRST: RawFd = 3;

/// Learns their names, so that `bind: fd@NAME` finds them. By number they are found without.
pub fn learn_names() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let pid = variable("LISTEN_PID");
    // They are somebody else's if that is another process: our parent's, perhaps.
    if pid.is_empty() || pid == std::process::id().to_string() {
        name_inherited(names(&variable("LISTEN_FDS"), &variable("LISTEN_FDNAMES")));
    }
}

fn names(count: &str, names: &str) -> Vec<(String, RawFd)> {
    let count = count.parse().unwrap_or(0);
    names.split(':').take(count).map(str::to_owned).zip(FIRST..).filter(|(name, _)| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_belong_to_descriptors_from_3_on() {
        assert_eq!(names("3", "web::api"), [("web".to_owned(), 3), ("api".to_owned(), 5)]);
        assert_eq!(names("1", "web:more"), [("web".to_owned(), 3)]);
        assert_eq!(names("2", ""), []);
        assert_eq!(names("x", "web"), []);
    }
}

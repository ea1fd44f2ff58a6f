//! Sockets in another network namespace: a socket belongs for ever to the one that its thread was in when it was made.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Where `ip netns` keeps their names.
const NAMES: &str = "/var/run/netns";

/// Runs `make` inside the namespace of this name, as `ip netns` lists it, and comes back; needs CAP_SYS_ADMIN.
pub(crate) fn within<T>(name: &str, make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let missing = |error: io::Error| io::Error::new(error.kind(), format!("network namespace `{name}`: {error}"));
    let there = File::open(Path::new(NAMES).join(name)).map_err(missing)?;
    let here = File::open("/proc/thread-self/ns/net")?;
    enter(&there).map_err(missing)?;
    let back = Back(here);
    let made = make();
    drop(back);
    made
}

fn enter(namespace: &File) -> io::Result<()> {
    Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
}

/// Brings the thread home, also when what it did there panicked.
struct Back(File);

impl Drop for Back {
    fn drop(&mut self) {
        if let Err(error) = enter(&self.0) {
            // Every socket that this thread made from here on would be in the wrong place, and nothing would tell.
            eprintln!("lb: cannot return to the own network namespace: {error}");
            std::process::abort();
        }
    }
}

//! Who opens what this process may no longer open itself: after a change of root or of user, files of UNIX sockets.
//!
//! Knows that somebody else may do it. Does not know who that is; a process has one or none, from before its first socket on.

use std::fmt::Debug;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::OnceLock;

/// Somebody with more rights.
pub trait Outside: Debug + Send + Sync {
    /// Makes the file of a UNIX socket, with these rights if any are given. The socket is bound and does not listen yet.
    fn bind(&self, path: &Path, mode: Option<u32>) -> io::Result<OwnedFd>;

    /// Removes such a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

static OUTSIDE: OnceLock<Box<dyn Outside>> = OnceLock::new();

/// From now on UNIX sockets are opened by it, for the life of the process. The first one stays.
pub fn install(outside: Box<dyn Outside>) {
    // A second one is a mistake of the caller's that costs nothing.
    let _ = OUTSIDE.set(outside);
}

pub(crate) fn bind(path: &Path, mode: Option<u32>) -> Option<io::Result<OwnedFd>> {
    OUTSIDE.get().map(|outside| outside.bind(path, mode))
}

/// Removes the file of a UNIX socket, by whoever may; not while another process has the same socket.
pub fn remove(path: &Path) -> io::Result<()> {
    if crate::heritage::is_shared() {
        return Ok(());
    }
    match OUTSIDE.get() {
        Some(outside) => outside.remove(path),
        None => std::fs::remove_file(path),
    }
}

/// Is there somebody with more rights?
#[must_use]
pub fn is_installed() -> bool {
    OUTSIDE.get().is_some()
}

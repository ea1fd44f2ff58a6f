//! `daemon`: the program is started again in a session of its own, and the first process waits until that one serves.
//!
//! A fork would be the customary way; it is not safe once there are threads or locks, and starting anew costs a few milliseconds.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};

/// How the start in the background came out.
#[derive(Debug)]
pub enum Started {
    /// It serves; this is its number.
    Serves(u32),
    /// It ended; it has said why.
    Ended(ExitStatus),
}

/// Starts this program with these arguments, and waits. Its messages go where ours go until it serves.
pub fn start(arguments: impl IntoIterator<Item = OsString>) -> io::Result<Started> {
    let (mut near, far) = UnixStream::pair()?;
    let mut command = Command::new(crate::program());
    if let Some(name) = std::env::args_os().next() {
        // The name that it is called by says how arguments are read.
        command.arg0(name);
    }
    let mut child = command.args(arguments).stdin(Stdio::from(OwnedFd::from(far))).spawn()?;
    // It holds the other end open, and would do so for ever.
    drop(command);
    match near.read(&mut [0]) {
        Ok(1..) => Ok(Started::Serves(child.id())),
        _ => child.wait().map(Started::Ended),
    }
}

/// The process in the background.
#[derive(Debug)]
pub struct Background {
    parent: UnixStream,
    nothing: File,
}

impl Background {
    /// Leaves the terminal's session. To be called first, while `/dev/null` can be seen.
    pub fn enter() -> io::Result<Self> {
        rustix::process::setsid()?;
        let parent = UnixStream::from(rustix::io::dup(rustix::stdio::stdin())?);
        let nothing = File::options().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdin(&nothing)?;
        Ok(Self { parent, nothing })
    }

    /// We serve: the first process may go, and what we say from now on goes nowhere but into the log.
    pub fn serves(mut self) -> io::Result<()> {
        rustix::stdio::dup2_stdout(&self.nothing)?;
        rustix::stdio::dup2_stderr(&self.nothing)?;
        // Whoever waited may have been stopped meanwhile.
        let _ = self.parent.write_all(b"!");
        Ok(())
    }
}

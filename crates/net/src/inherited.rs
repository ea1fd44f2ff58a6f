//! Descriptors that this process was started with, by number.

use std::io;
use std::os::fd::{OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// A second descriptor for the socket that this process inherited under this number. The first one stays open: whoever starts us again, or
/// hands our descriptors on, finds it where it was.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    let own = pidfd_open(getpid(), PidfdFlags::empty())?;
    match pidfd_getfd(&own, number, PidfdGetfdFlags::empty()) {
        Ok(fd) if rustix::net::sockopt::socket_type(&fd).is_ok() => Ok(fd),
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("descriptor {number} is no socket"))),
        Err(Errno::BADF) => {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no descriptor {number} to inherit")))
        }
        Err(error @ (Errno::PERM | Errno::NOSYS)) => {
            let text = format!("descriptor {number} cannot be taken over: pidfd_getfd is not allowed here: {error}");
            Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
        }
        Err(error) => Err(error.into()),
    }
}

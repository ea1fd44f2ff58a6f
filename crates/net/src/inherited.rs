//! Descriptors that this process was started with, by number, or by the name that whoever started it gave them.

use std::fmt;
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::str::FromStr;
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// Which of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Passed {
    /// `fd@3`
    Number(RawFd),
    /// `fd@web`
    Name(Box<str>),
}

static NAMES: OnceLock<Vec<(String, RawFd)>> = OnceLock::new();

/// The names that the descriptors came with. The first call counts.
pub fn name_inherited(names: Vec<(String, RawFd)>) {
    let _ = NAMES.set(names);
}

/// A second descriptor for the socket that this process inherited. The first one stays open: whoever starts us again, or hands our
/// descriptors on, finds it where it was.
pub fn inherited(passed: &Passed) -> io::Result<OwnedFd> {
    match passed {
        Passed::Number(number) => by_number(*number),
        Passed::Name(name) => by_number(named(NAMES.get().map_or(&[], Vec::as_slice), name)?),
    }
}

fn named(all: &[(String, RawFd)], name: &str) -> io::Result<RawFd> {
    let mut found = all.iter().filter(|(known, _)| known == name).map(|(_, number)| *number);
    match (found.next(), found.next()) {
        (Some(number), None) => Ok(number),
        (Some(first), Some(second)) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("several sockets are called `{name}`: say fd@{first} or fd@{second}"),
        )),
        _ => {
            let known: Vec<String> = all.iter().map(|(name, number)| format!("fd@{number} ({name})")).collect();
            let known =
                if known.is_empty() { "none was".to_owned() } else { format!("there are {}", known.join(", ")) };
            let text = format!("no socket `{name}` was passed to this process: {known}");
            Err(io::Error::new(io::ErrorKind::NotFound, text))
        }
    }
}

fn by_number(number: RawFd) -> io::Result<OwnedFd> {
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

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl FromStr for Passed {
    type Err = ();

    /// Digits are a number; a name begins with a letter.
    fn from_str(text: &str) -> Result<Self, ()> {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        match text.as_bytes() {
            [b'0'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {
                text.parse().map(Self::Number).map_err(drop)
            }
            [b'a'..=b'z' | b'A'..=b'Z', rest @ ..] if rest.iter().all(|byte| in_name(*byte)) => {
                Ok(Self::Name(text.into()))
            }
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_be_ones_alone() {
        let all = [("web".to_owned(), 3), ("api".to_owned(), 4), ("api".to_owned(), 5)];
        assert_eq!(named(&all, "web").unwrap(), 3);
        assert!(named(&all, "api").unwrap_err().to_string().contains("fd@4 or fd@5"));
        assert!(named(&all, "other").unwrap_err().to_string().contains("there are fd@3 (web), fd@4 (api)"));
        assert!(named(&[], "web").unwrap_err().to_string().contains("none was"));
    }
}

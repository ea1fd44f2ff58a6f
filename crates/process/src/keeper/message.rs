//! What goes over the keeper's socket: a number, a letter, and text; descriptors travel beside it.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// No message is longer: a path, or a few addresses.
pub(super) const LONGEST: usize = 8192;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Configuration,
    Append(PathBuf),
    Bind(PathBuf, Option<u32>),
    Remove(PathBuf),
    Resolve(String, u16),
}

/// An answer.
#[derive(Debug)]
pub(super) enum Reply {
    Done(String),
    Failed(io::Error),
}

impl Ask {
    pub(super) fn encode(&self, number: u32) -> Vec<u8> {
        let mut bytes = number.to_le_bytes().to_vec();
        let (letter, detail, text) = match self {
            Self::Configuration => (b'c', 0, &[][..]),
            Self::Append(path) => (b'a', 0, path.as_os_str().as_bytes()),
            Self::Bind(path, None) => (b'b', 0, path.as_os_str().as_bytes()),
            // Nine bits of rights, and one that says that they are given.
            Self::Bind(path, Some(mode)) => (b'b', 0x1_0000 | (mode & 0o777), path.as_os_str().as_bytes()),
            Self::Remove(path) => (b'r', 0, path.as_os_str().as_bytes()),
            Self::Resolve(host, port) => (b'n', u32::from(*port), host.as_bytes()),
        };
        bytes.push(letter);
        bytes.extend_from_slice(&detail.to_le_bytes());
        bytes.extend_from_slice(text);
        bytes
    }

    /// `None`: nothing that this version knows.
    pub(super) fn decode(bytes: &[u8]) -> Option<(u32, Self)> {
        let (number, rest) = bytes.split_first_chunk()?;
        let (letter, rest) = rest.split_first()?;
        let (detail, text) = rest.split_first_chunk()?;
        let detail = u32::from_le_bytes(*detail);
        let path = || PathBuf::from(OsStr::from_bytes(text));
        let ask = match letter {
            b'c' if text.is_empty() => Self::Configuration,
            b'a' => Self::Append(path()),
            b'b' => Self::Bind(path(), (detail & 0x1_0000 != 0).then_some(detail & 0o777)),
            b'r' => Self::Remove(path()),
            b'n' => Self::Resolve(String::from_utf8(text.to_vec()).ok()?, u16::try_from(detail).ok()?),
            _ => return None,
        };
        Some((u32::from_le_bytes(*number), ask))
    }
}

impl Reply {
    pub(super) fn encode(&self, number: u32) -> Vec<u8> {
        let mut bytes = number.to_le_bytes().to_vec();
        let (code, text) = match self {
            Self::Done(text) => (0, text.clone()),
            // An error without a number has words of its own.
            Self::Failed(error) => match error.raw_os_error() {
                Some(code) => (code, String::new()),
                None => (-1, error.to_string()),
            },
        };
        bytes.extend_from_slice(&code.to_le_bytes());
        bytes.extend_from_slice(&text.as_bytes()[..text.len().min(LONGEST - 8)]);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<(u32, Self)> {
        let (number, rest) = bytes.split_first_chunk()?;
        let (code, text) = rest.split_first_chunk()?;
        let text = String::from_utf8_lossy(text).into_owned();
        let reply = match i32::from_le_bytes(*code) {
            0 => Self::Done(text),
            -1 => Self::Failed(io::Error::new(io::ErrorKind::PermissionDenied, text)),
            code => Self::Failed(io::Error::from_raw_os_error(code)),
        };
        Some((u32::from_le_bytes(*number), reply))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_arrives_as_it_was_asked() {
        let asks = [
            Ask::Configuration,
            Ask::Append("/var/log/lb.log".into()),
            Ask::Bind("/run/lb.sock".into(), None),
            Ask::Bind("/run/lb.sock".into(), Some(0)),
            Ask::Bind("/run/lb.sock".into(), Some(0o660)),
            Ask::Remove("/run/lb.sock".into()),
            Ask::Resolve("app.example".into(), 443),
        ];
        for (number, ask) in asks.into_iter().enumerate() {
            assert_eq!(Ask::decode(&ask.encode(number as u32)), Some((number as u32, ask)));
        }
    }

    #[test]
    fn what_is_cut_short_or_unknown_is_no_question() {
        let whole = Ask::Resolve("a".into(), 1).encode(7);
        for cut in 0..9 {
            assert_eq!(Ask::decode(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(Ask::decode(b"\0\0\0\0x\0\0\0\0/etc/shadow"), None);
        assert_eq!(
            Ask::decode(b"\0\0\0\0c\0\0\0\0/etc/shadow"),
            None,
            "the configuration is named on the command line only"
        );
    }
}

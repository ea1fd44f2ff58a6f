//! What a command answers: nothing, a message, pages of text that are made one at a time, or a descriptor.

use std::fmt;
use std::os::fd::OwnedFd;

/// How much a message matters, in syslog's numbers. `set severity-output` shows it, so that a program need not know the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Severity {
    /// It was not done.
    Error = 3,
    /// It was done, but.
    Warning = 4,
    /// As asked for.
    Info = 6,
}

impl Severity {
    /// As `set severity-output string` shows it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "err",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Whether more pages come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Call again.
    More,
    /// That was the last.
    Done,
}

/// Appends one page, some tens of kilobytes, at each call. It owns what it prints: the session may outlive a reload.
pub type Pages = Box<dyn FnMut(&mut Vec<u8>) -> Progress + Send>;

/// An answer.
pub enum Reply {
    /// Done, and nothing to say.
    Done,
    /// One message.
    Message(Severity, String),
    /// A dump: data for a program, never prefixed.
    Pages(Pages),
    /// A message, with which a descriptor goes: the transport sends it along, or says that it cannot.
    Descriptor(OwnedFd, String),
}

impl Reply {
    /// It was not done, and why.
    #[must_use]
    pub fn error(text: impl Into<String>) -> Self {
        Self::Message(Severity::Error, text.into())
    }

    /// It was done, with something to mind.
    #[must_use]
    pub fn warning(text: impl Into<String>) -> Self {
        Self::Message(Severity::Warning, text.into())
    }

    /// What was asked for.
    #[must_use]
    pub fn info(text: impl Into<String>) -> Self {
        Self::Message(Severity::Info, text.into())
    }

    /// A dump that is short enough to be made at once.
    #[must_use]
    pub fn dump(text: impl Into<Vec<u8>>) -> Self {
        let mut text = text.into();
        Self::Pages(Box::new(move |out| {
            out.append(&mut text);
            Progress::Done
        }))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("Done"),
            Self::Message(severity, text) => write!(f, "{severity:?}({text:?})"),
            Self::Pages(_) => f.write_str("Pages"),
            Self::Descriptor(_, text) => write!(f, "Descriptor({text:?})"),
        }
    }
}

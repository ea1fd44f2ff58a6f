//! What one health check found, in HAProxy's words.

use std::fmt;
use std::time::Duration;

/// Whether a check speaks for the server or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server answered as expected.
    Passed,
    /// It did not.
    Failed,
    /// Nothing is known yet; changes no state.
    Unknown,
}

/// The short code that `show stat` and the log print for the last check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckStatus {
    /// Unknown.
    Unk,
    /// Initializing: no check has ended yet.
    Ini,
    /// Our own socket could not be made.
    SockErr,
    /// Connected, and nothing above layer 4 was to be tested.
    L4Ok,
    /// No connection in time.
    L4Tout,
    /// Refused, reset or unreachable.
    L4Con,
    /// TLS set up, and nothing above was to be tested.
    L6Ok,
    /// No TLS in time.
    L6Tout,
    /// Not TLS, or not acceptable.
    L6Rsp,
    /// The answer was as expected.
    L7Ok,
    /// The answer was acceptable under a condition, such as 404 with `disable-on-404`.
    L7Okc,
    /// No answer in time.
    L7Tout,
    /// Not an answer in the protocol.
    L7Rsp,
    /// An answer, but not the expected one.
    L7Sts,
}

impl CheckStatus {
    /// The code in capitals, as in `show stat`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unk => "UNK",
            Self::Ini => "INI",
            Self::SockErr => "SOCKERR",
            Self::L4Ok => "L4OK",
            Self::L4Tout => "L4TOUT",
            Self::L4Con => "L4CON",
            Self::L6Ok => "L6OK",
            Self::L6Tout => "L6TOUT",
            Self::L6Rsp => "L6RSP",
            Self::L7Ok => "L7OK",
            Self::L7Okc => "L7OKC",
            Self::L7Tout => "L7TOUT",
            Self::L7Rsp => "L7RSP",
            Self::L7Sts => "L7STS",
        }
    }

    /// The reason in words, as in the log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Unk => "Unknown",
            Self::Ini => "Initializing",
            Self::SockErr => "Socket error",
            Self::L4Ok => "Layer4 check passed",
            Self::L4Tout => "Layer4 timeout",
            Self::L4Con => "Layer4 connection problem",
            Self::L6Ok => "Layer6 check passed",
            Self::L6Tout => "Layer6 timeout",
            Self::L6Rsp => "Layer6 invalid response",
            Self::L7Ok => "Layer7 check passed",
            Self::L7Okc => "Layer7 check conditionally passed",
            Self::L7Tout => "Layer7 timeout",
            Self::L7Rsp => "Layer7 invalid response",
            Self::L7Sts => "Layer7 wrong status",
        }
    }

    /// For or against the server.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Unk | Self::Ini => Verdict::Unknown,
            Self::L4Ok | Self::L6Ok | Self::L7Ok | Self::L7Okc => Verdict::Passed,
            Self::SockErr | Self::L4Tout | Self::L4Con | Self::L6Tout | Self::L6Rsp => Verdict::Failed,
            Self::L7Tout | Self::L7Rsp | Self::L7Sts => Verdict::Failed,
        }
    }
}

/// The end of one check. Its text is ` reason: …, code: …, info: "…", check duration: 0ms` without the leading blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// What was found.
    pub status: CheckStatus,
    /// The protocol's own code, such as 503, when an answer had one.
    pub code: Option<u16>,
    /// More in words: the system's error, the answer's status line. May be empty.
    pub info: Box<str>,
    /// From the start of the check to its verdict.
    pub duration: Duration,
}

impl CheckReport {
    /// A report without code and info.
    #[must_use]
    pub fn new(status: CheckStatus, duration: Duration) -> Self {
        Self { status, code: None, info: Box::default(), duration }
    }

    /// With the protocol's code.
    #[must_use]
    pub fn with_code(self, code: u16) -> Self {
        Self { code: Some(code), ..self }
    }

    /// With more in words.
    #[must_use]
    pub fn with_info(self, info: impl Into<Box<str>>) -> Self {
        Self { info: info.into(), ..self }
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reason: {}", self.status.reason())?;
        if let Some(code) = self.code {
            write!(f, ", code: {code}")?;
        }
        if !self.info.is_empty() {
            write!(f, ", info: \"")?;
            // What a server sent must not be able to forge a line or drive a terminal.
            for c in self.info.chars() {
                if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
            }
            write!(f, "\"")?;
        }
        write!(f, ", check duration: {}ms", self.duration.as_millis())
    }
}

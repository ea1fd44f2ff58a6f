//! Where a rule or an expression stands, and which facts are there.

use crate::fact::{Slot, Slots};

/// A place of the configuration that is evaluated at one moment of a connection's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Place {
    /// `global`: once, when the process starts.
    Start,
    /// `tcp-request connection`
    TcpConnection,
    /// `tcp-request session`
    TcpSession,
    /// `tcp-request content` in TCP mode.
    TcpContent,
    /// `tcp-request content` in HTTP mode.
    TcpContentOfHttp,
    /// `http-request`
    HttpRequest,
    /// `use-backend`, `use-server` in TCP mode.
    TcpRoute,
    /// `use-backend`, `use-server` in HTTP mode.
    HttpRoute,
    /// `tcp-response content` in TCP mode.
    TcpResponse,
    /// `tcp-response content` in HTTP mode.
    TcpResponseOfHttp,
    /// `http-response`
    HttpResponse,
    /// `http-after-response`
    AfterResponse,
    /// A log line of a TCP connection.
    TcpLog,
    /// A log line of a request.
    HttpLog,
    /// A health check.
    Check,
}

const CLIENT: &[Slot] = &[Slot::Client, Slot::Proxies];

impl Place {
    /// All, in the order of a connection's life.
    pub const ALL: [Self; 15] = [
        Self::Start,
        Self::TcpConnection,
        Self::TcpSession,
        Self::TcpContent,
        Self::TcpContentOfHttp,
        Self::HttpRequest,
        Self::TcpRoute,
        Self::HttpRoute,
        Self::TcpResponse,
        Self::TcpResponseOfHttp,
        Self::HttpResponse,
        Self::AfterResponse,
        Self::TcpLog,
        Self::HttpLog,
        Self::Check,
    ];

    /// Its key in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "global",
            Self::TcpConnection => "tcp-request connection",
            Self::TcpSession => "tcp-request session",
            Self::TcpContent | Self::TcpContentOfHttp => "tcp-request content",
            Self::HttpRequest => "http-request",
            Self::TcpRoute | Self::HttpRoute => "use-backend",
            Self::TcpResponse | Self::TcpResponseOfHttp => "tcp-response content",
            Self::HttpResponse => "http-response",
            Self::AfterResponse => "http-after-response",
            Self::TcpLog | Self::HttpLog => "log-format",
            Self::Check => "health-check",
        }
    }

    /// The facts that are there.
    #[must_use]
    pub const fn facts(self) -> Slots {
        use Slot::{Download, Fate, Record, Request, Response, Server, Upload};
        let clients = Slots::of(CLIENT);
        match self {
            Self::Start | Self::Check => Slots::NONE,
            Self::TcpConnection | Self::TcpSession => clients.and(Slots::of(&[Fate])),
            Self::TcpContent => clients.and(Slots::of(&[Upload, Fate])),
            Self::TcpContentOfHttp | Self::HttpRequest => clients.and(Slots::of(&[Request, Fate])),
            Self::TcpRoute => clients.and(Slots::of(&[Upload])),
            Self::HttpRoute => clients.and(Slots::of(&[Request])),
            Self::TcpResponse => clients.and(Slots::of(&[Server, Download, Fate])),
            Self::TcpResponseOfHttp | Self::HttpResponse | Self::AfterResponse => {
                clients.and(Slots::of(&[Request, Server, Response, Record, Fate]))
            }
            // The connection went its own way: what is left of it is its record.
            Self::TcpLog => Slots::of(&[Record]),
            Self::HttpLog => clients.and(Slots::of(&[Request, Server, Response, Record])),
        }
    }

    /// Is it of TCP mode alone?
    pub(crate) const fn is_of_tcp(self) -> bool {
        matches!(self, Self::TcpContent | Self::TcpRoute | Self::TcpResponse | Self::TcpLog)
    }

    /// Is it about what the server sent?
    #[must_use]
    pub const fn is_response(self) -> bool {
        matches!(self, Self::TcpResponse | Self::TcpResponseOfHttp | Self::HttpResponse | Self::AfterResponse)
    }
}

/// A set of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places(u16);

impl Places {
    /// These.
    #[must_use]
    pub const fn of(places: &[Place]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < places.len() {
            bits |= 1 << places[at] as u16;
            at += 1;
        }
        Self(bits)
    }

    /// Is this one of them?
    #[must_use]
    pub const fn has(self, place: Place) -> bool {
        self.0 & (1 << place as u16) != 0
    }

    /// The names of them, once each.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let mut names: Vec<_> = Place::ALL.into_iter().filter(|place| self.has(*place)).map(Place::name).collect();
        names.dedup();
        names
    }

    /// `tcp-request connection` and `session`.
    pub const EARLY: Self = Self::of(&[Place::TcpConnection, Place::TcpSession]);
    /// `tcp-request content` in both modes.
    pub const TCP_CONTENT: Self = Self::of(&[Place::TcpContent, Place::TcpContentOfHttp]);
    /// `tcp-response content` in both modes.
    pub const TCP_RESPONSE: Self = Self::of(&[Place::TcpResponse, Place::TcpResponseOfHttp]);
    /// `http-request`
    pub const HTTP_REQUEST: Self = Self::of(&[Place::HttpRequest]);
    /// `http-response` and `http-after-response`
    pub const RESPONSES: Self = Self::of(&[Place::HttpResponse, Place::AfterResponse]);
    /// Every list of rules.
    pub const RULES: Self =
        Self::EARLY.and(Self::TCP_CONTENT).and(Self::TCP_RESPONSE).and(Self::HTTP_REQUEST).and(Self::RESPONSES);

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

//! How long each phase may take.

use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_config::Duration as Written;
use schemars::JsonSchema;
use serde::Deserialize;

/// The `timeouts` of a frontend, a backend or the defaults. What is not given is not limited, but for what clients owe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Timeouts {
    /// A connection to a server.
    pub connect: Option<Written>,
    /// Inactivity of a client; for HTTP, if not given, less than 1 KiB in 10s while a body is due or an answer is not taken.
    pub client: Option<Written>,
    /// Inactivity of a server.
    pub server: Option<Written>,
    /// The PROXY header of a client, where one is expected; 10s if not given.
    pub client_handshake: Option<Written>,
    /// A complete request head; 10s if not given, as for idle connections without their own.
    pub http_request: Option<Written>,
    /// The next request of a client; `http-request` if not given.
    pub http_keep_alive: Option<Written>,
    /// Inactivity of a tunnel; `client` and `server` if not given.
    pub tunnel: Option<Written>,
    /// Inactivity of a client that has closed its sending side.
    pub client_fin: Option<Written>,
    /// Inactivity of a server that has closed its sending side.
    pub server_fin: Option<Written>,
    /// How long `tarpit` holds a request; `connect` if not given.
    pub tarpit: Option<Written>,
    /// One health check; its interval if not given.
    pub check: Option<Written>,
}

/// Held even if nothing is configured: a client that drips a request head holds a connection for nothing.
const HTTP_REQUEST: Duration = Duration::from_secs(10);
/// Longer than anything runs.
const FOREVER: Written = Written::from_secs(100 * 365 * 86_400);
/// For the same reason.
const CLIENT_HANDSHAKE: Duration = Duration::from_secs(10);
/// For the same reason; and who drips a byte now and then holds just as much.
const HTTP_CLIENT: Pace = Pace { limit: Some(Written::from_secs(10)), least: 1024 };

impl Timeouts {
    /// These, and where one is not given, the one of `defaults`.
    #[must_use]
    pub fn or(&self, defaults: &Self) -> Self {
        Self {
            connect: self.connect.or(defaults.connect),
            client: self.client.or(defaults.client),
            server: self.server.or(defaults.server),
            client_handshake: self.client_handshake.or(defaults.client_handshake),
            http_request: self.http_request.or(defaults.http_request),
            http_keep_alive: self.http_keep_alive.or(defaults.http_keep_alive),
            tunnel: self.tunnel.or(defaults.tunnel),
            client_fin: self.client_fin.or(defaults.client_fin),
            server_fin: self.server_fin.or(defaults.server_fin),
            tarpit: self.tarpit.or(defaults.tarpit),
            check: self.check.or(defaults.check),
        }
    }

    /// What a time of 0 stands for: no limit, or, for what a client owes, none of its own.
    #[must_use]
    pub fn resolved(self) -> Self {
        let endless = |time: Written| if time.is_zero() { FOREVER } else { time };
        let limit = |time: Option<Written>| time.filter(|time| !time.is_zero());
        // Where a time-out has a value even if nobody gives one, only a time replaces it.
        let client = self.client.map(endless);
        let of_client = |time: Option<Written>| match time {
            Some(time) if time.is_zero() => Some(client.unwrap_or(FOREVER)),
            time => time,
        };
        Self {
            connect: limit(self.connect),
            client,
            server: limit(self.server),
            client_handshake: of_client(self.client_handshake),
            http_request: of_client(self.http_request),
            http_keep_alive: of_client(self.http_keep_alive),
            tunnel: limit(self.tunnel),
            client_fin: limit(self.client_fin),
            server_fin: limit(self.server_fin),
            tarpit: limit(self.tarpit),
            check: limit(self.check),
        }
    }

    pub(crate) fn handshake(&self) -> Duration {
        self.client_handshake.map_or(CLIENT_HANDSHAKE, Written::as_std)
    }

    pub(crate) fn head(&self) -> Duration {
        self.http_request.map_or(HTTP_REQUEST, Written::as_std)
    }

    /// A client that owes the rest of its body, or does not take its answer.
    pub(crate) fn of_http_client(&self) -> Pace {
        self.client.map_or(HTTP_CLIENT, |limit| Some(limit).into())
    }

    pub(crate) fn keep_alive(&self) -> Duration {
        self.http_keep_alive.map_or_else(|| self.head(), Written::as_std)
    }
}

/// How long a peer may keep us waiting, and how much of what it does ends the wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) limit: Option<Written>,
    /// Bytes; fewer leave the deadline where it was.
    pub(crate) least: u64,
}

/// As configured: any byte is a sign of life.
impl From<Option<Written>> for Pace {
    fn from(limit: Option<Written>) -> Self {
        Self { limit, least: 1 }
    }
}

/// When something that starts now has taken too long.
pub(crate) fn deadline(now: Tick, limit: Option<Written>) -> Tick {
    limit.map_or(Tick::NEVER, |limit| now.after(limit.as_std()))
}

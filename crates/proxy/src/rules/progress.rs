//! How far a request has come: its times, sizes and ends, while it lasts and in the line of its log.

use std::net::SocketAddr;

use plimsoll_clock::Tick;
use plimsoll_http::Response;
use plimsoll_observe::Levels;
use plimsoll_rules::{Context, Place};

use crate::client::Client;
use crate::rules::{Logged, Proxies, Times};

/// What is known while a request lasts. A tick of zero: that point was not reached.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// When its connection was accepted, or the last request of that ended.
    pub(crate) since: Tick,
    pub(crate) began: Tick,
    pub(crate) head: Tick,
    pub(crate) connected: Tick,
    /// When the response's head was here, as far as somebody asked.
    pub(crate) answered: Tick,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) retries: u32,
    pub(crate) redispatched: bool,
    /// From where the server was connected to, and where it is.
    pub(crate) source: Option<SocketAddr>,
    pub(crate) server: Option<SocketAddr>,
    /// Which request of the server's connection it is, from 1; 0: there is none.
    pub(crate) served: u32,
    /// The status that the server sent; 0: none.
    pub(crate) server_status: u16,
}

/// The same of what lasts and of what is over.
pub(crate) enum SoFar<'c> {
    Lasts(&'c Proxies, Progress),
    Over(&'c Logged),
}

/// `None`: nothing has begun.
pub(crate) fn so_far<'c>(cx: &'c Context<'_>) -> Option<SoFar<'c>> {
    if let Some(logged) = cx.fact() {
        return Some(SoFar::Over(logged));
    }
    let proxies = cx.fact::<Proxies>()?;
    let mut progress = proxies.progress.get();
    if progress.head == Tick::default() {
        return None;
    }
    // Whoever asks first does so behind the head: a clock that is read for nobody costs something.
    if progress.answered == Tick::default() && progress.served > 0 && cx.fact::<Response>().is_some() {
        progress.answered = Tick::now();
        proxies.progress.set(progress);
    }
    Some(SoFar::Lasts(proxies, progress))
}

/// Microseconds; -1 if either point was not reached.
pub(crate) fn between(from: Tick, to: Tick) -> i64 {
    if from == Tick::default() || to == Tick::default() {
        return -1;
    }
    i64::try_from(to.since(from).as_micros()).unwrap_or(i64::MAX)
}

impl SoFar<'_> {
    pub(crate) fn times(&self) -> Times {
        match self {
            Self::Over(logged) => logged.times,
            Self::Lasts(_, progress) => {
                let Progress { since, began, head, connected, answered, .. } = *progress;
                let queue = if connected == Tick::default() { -1 } else { 0 };
                let (request, connect) = (between(began, head), between(head, connected));
                let response = between(connected, answered);
                // `since` may be later by the grain of the clock.
                Times { idle: between(since, began).max(0), request, queue, connect, response, ..Times::UNKNOWN }
            }
        }
    }

    pub(crate) fn bytes(&self) -> [u64; 2] {
        match self {
            Self::Over(logged) => [logged.bytes_in, logged.bytes_out],
            Self::Lasts(_, progress) => [progress.bytes_in, progress.bytes_out],
        }
    }

    /// The near and the far end of the server's connection.
    pub(crate) fn ends(&self) -> [Option<SocketAddr>; 2] {
        match self {
            Self::Over(logged) => [logged.source, logged.server_address],
            Self::Lasts(_, progress) => [progress.source, progress.server],
        }
    }

    /// Which request of the server's connection it is.
    pub(crate) fn served(&self) -> u32 {
        match self {
            Self::Over(logged) => logged.served,
            Self::Lasts(_, progress) => progress.served,
        }
    }

    /// The status that the server sent; 0: none.
    pub(crate) fn server_status(&self) -> u16 {
        match self {
            Self::Over(logged) => logged.server_status,
            Self::Lasts(_, progress) => progress.server_status,
        }
    }

    pub(crate) fn state(&self) -> [u8; 2] {
        match self {
            Self::Over(logged) => logged.state,
            Self::Lasts(..) => *b"--",
        }
    }

    pub(crate) fn status(&self, cx: &Context<'_>) -> i64 {
        let status = match self {
            Self::Over(logged) => logged.status,
            Self::Lasts(..) => cx.fact::<Response>().map(|response| response.status),
        };
        // As in HAProxy, a connection has another one than a request that got no answer.
        status.map_or(if cx.place() == Place::TcpLog { 0 } else { -1 }, i64::from)
    }

    pub(crate) fn levels(&self, cx: &Context<'_>) -> Levels {
        match self {
            Self::Over(logged) => logged.levels,
            Self::Lasts(proxies, progress) => Levels {
                process: cx.fact::<Client>().map_or(0, |client| client.port().worker.process.gate.used()),
                frontend: proxies.route.frontend.live.gate.used(),
                backend: proxies.site.as_ref().map_or(0, |site| site.backend.live.load.now() as usize),
                server: proxies.server.borrow().as_ref().map_or(0, |server| server.served() as usize),
                retries: progress.retries,
                redispatched: progress.redispatched,
            },
        }
    }
}

//! Black-box tests of `lb`; the folders beside this one are their areas.
//!
//! What it knows: the smallest configurations that several areas start `lb` with.
//! What it does not know: anything about the product but its command line, its YAML and its wire.
//! Start reading at `h1_strictness/main.rs`, then `smoke`.

mod haproxy;
mod load;
mod site;
mod unnoticed;

use std::net::SocketAddr;

use plimsoll_testkit::Lb;

pub use load::Load;
pub use site::Site;
pub use unnoticed::{Download, LONG, Rounds, Waits, answer_long, assert_unnoticed, listeners, named};

/// Time-outs of a proxy in milliseconds; tests that are about time-outs choose short ones.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// The whole head of a request.
    pub http_request: u32,
    /// A silent client.
    pub client: u32,
    /// A silent server.
    pub server: u32,
    /// Waiting for the next request.
    pub keep_alive: u32,
    /// A tunnel silent on both sides.
    pub tunnel: u32,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { http_request: 3000, client: 3000, server: 5000, keep_alive: 10_000, tunnel: 10_000 }
    }
}

/// One HTTP frontend `web` before one backend of these origins, every connection pooled.
#[track_caller]
pub fn front(origins: &[SocketAddr], timeouts: Timeouts) -> Lb {
    site(origins, timeouts).start()
}

/// The configuration of `front`.
pub fn site(origins: &[SocketAddr], timeouts: Timeouts) -> Site {
    let site = Site::http().timeouts(timeouts).backend("http-reuse: always");
    origins.iter().enumerate().fold(site, |site, (number, origin)| site.server(&format!("o{number}"), origin))
}

/// How much of a suite runs: a fiftieth in ci, all of it with `PLIMSOLL_VOLUME=full`.
pub fn volume(ci: usize, full: usize) -> usize {
    if std::env::var_os("PLIMSOLL_VOLUME").is_some_and(|volume| volume == "full") { full } else { ci }
}

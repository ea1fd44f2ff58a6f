//! Black-box tests of `lb`; the folders beside this one are their areas.
//!
//! What it knows: the smallest configurations that several areas start `lb` with.
//! What it does not know: anything about the product but its command line, its YAML and its wire.
//! Start reading at `h1_strictness/main.rs`, then `smoke`.

use std::fmt::Write as _;
use std::net::SocketAddr;

use plimsoll_testkit::Lb;

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
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { http_request: 3000, client: 3000, server: 5000, keep_alive: 10_000 }
    }
}

/// One HTTP frontend `web` before one backend of these origins, every connection pooled; haproxy where asked for.
#[track_caller]
pub fn front(origins: &[SocketAddr], timeouts: Timeouts) -> Lb {
    if Lb::is_haproxy() {
        Lb::haproxy("web", &haproxy_cfg(origins, timeouts))
    } else {
        Lb::start(&yaml(origins, timeouts))
    }
}

/// The YAML of `front`.
pub fn yaml(origins: &[SocketAddr], timeouts: Timeouts) -> String {
    let Timeouts { http_request, client, server, keep_alive } = timeouts;
    let mut text = format!(
        "global: {{ threads: 1 }}\n\
         defaults:\n  mode: http\n  timeouts: {{ connect: 2s, client: {client}ms, server: {server}ms, \
         http-request: {http_request}ms, http-keep-alive: {keep_alive}ms, tunnel: 10s }}\n\
         frontends:\n  web:\n    bind: [\"127.0.0.1:0\"]\n    default-backend: origins\n\
         backends:\n  origins:\n    http-reuse: always\n    servers:\n"
    );
    for (number, origin) in origins.iter().enumerate() {
        let _ = writeln!(text, "      o{number}: \"{origin}\"");
    }
    text
}

fn haproxy_cfg(origins: &[SocketAddr], timeouts: Timeouts) -> String {
    let Timeouts { http_request, client, server, keep_alive } = timeouts;
    let mut text = format!(
        "global\n nbthread 1\ndefaults\n mode http\n timeout connect 2s\n timeout client {client}ms\n \
         timeout server {server}ms\n timeout http-request {http_request}ms\n timeout http-keep-alive {keep_alive}ms\n \
         timeout tunnel 10s\nfrontend web\n bind fd@0\n default_backend origins\nbackend origins\n http-reuse always\n"
    );
    for (number, origin) in origins.iter().enumerate() {
        let _ = writeln!(text, " server o{number} {origin}");
    }
    text
}

/// How much of a suite runs: a fiftieth in ci, all of it with `PLIMSOLL_VOLUME=full`.
pub fn volume(ci: usize, full: usize) -> usize {
    if std::env::var_os("PLIMSOLL_VOLUME").is_some_and(|volume| volume == "full") { full } else { ci }
}

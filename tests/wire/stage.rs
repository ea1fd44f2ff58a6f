//! A client, `lb` and a scripted server on three hosts, and a capture of everything that `lb` sends and receives.

use std::net::TcpListener;
use std::time::Duration;

use plimsoll_testkit::network::{BLACK_HOLE, FRONT, SERVER, at};
use plimsoll_testkit::{Capture, Client, Lb, Network, Origin, Wire, eventually};
use plimsoll_tests::{Site, Timeouts};
use rustix::net::SendFlags;

/// Long enough for anything that is not waited for.
pub const SOON: Duration = Duration::from_secs(5);

/// An answer after which the server keeps the connection.
pub const KEPT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The hosts and the capture. Made before everything else, so that it goes last.
pub struct Stage {
    pub net: Network,
    pub wire: Capture,
}

impl Stage {
    pub fn new() -> Self {
        let net = Network::new();
        let wire = Capture::start(&net.lb);
        Self { net, wire }
    }

    /// A listener of the server's, port 80.
    pub fn listener(&self) -> TcpListener {
        let listener = self.net.server.enter(|| TcpListener::bind(at(SERVER, 80))).expect("port 80 of the server");
        rustix::net::listen(&listener, 4096).expect("a long queue");
        listener
    }

    /// A server that does this with each connection.
    pub fn server(&self, script: impl Fn(Wire) + Send + Sync + 'static) -> Origin {
        Origin::raw_on(self.listener(), move |wire, _| script(wire))
    }

    /// Starts `lb` before the server, or what stands in for it.
    #[track_caller]
    pub fn start(&self, site: &Site) -> Lb {
        let lb = self.net.lb.enter(|| site.start());
        if Lb::is_haproxy() {
            // It does not say when it listens.
            let listens = || self.net.lb.enter(|| TcpListener::bind(at(FRONT, 80))).is_err();
            eventually("haproxy listens", SOON, listens);
        }
        lb
    }

    /// A client that has connected to `lb`.
    #[track_caller]
    pub fn client(&self) -> Client {
        self.net.client.enter(|| Client::connect(at(FRONT, 80)))
    }

    /// Nothing of `lb`'s connections to the server keeps a source port.
    #[track_caller]
    pub fn no_time_wait(&self) {
        assert_eq!(self.net.lb.time_wait(SERVER), 0, "TIME_WAIT on the balancer's side");
    }
}

/// HTTP mode before the server.
pub fn http() -> Site {
    Site::http().timeouts(patient()).bind("198.51.100.1:80").backend("retries: 0").server("s", at(SERVER, 80))
}

/// TCP mode before the server.
pub fn tcp() -> Site {
    Site::tcp().timeouts(patient()).bind("198.51.100.1:80").backend("retries: 0").server("s", at(SERVER, 80))
}

/// HTTP mode before an address from which nothing comes back.
pub fn into_the_void() -> Site {
    Site::http().timeouts(patient()).bind("198.51.100.1:80").backend("retries: 0").server("s", at(BLACK_HOLE, 80))
}

/// No time-out ends anything, unless a test chooses one.
pub fn patient() -> Timeouts {
    Timeouts { http_request: 60_000, client: 60_000, server: 60_000, keep_alive: 60_000, tunnel: 60_000 }
}

/// Sends bytes and the FIN behind them as one segment, as servers do that know their answer's end.
pub fn answer_and_close(wire: Wire, bytes: &[u8]) {
    // The kernel holds these back until there is more: the FIN.
    let _ = rustix::net::send(wire.socket(), bytes, SendFlags::MORE);
}

/// Reads the head of a request.
pub fn head(wire: &mut Wire) -> bool {
    wire.begin();
    while let Ok(line) = wire.line() {
        if line.is_empty() {
            return true;
        }
    }
    false
}

/// Holds a connection open until the other side ends it.
pub fn hold(mut wire: Wire) {
    wire.until_end();
}

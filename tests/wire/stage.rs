//! A client, `lb` and a scripted server on three hosts, a capture of everything that `lb` sends and receives, and how a test says what is expected of it.

use std::net::TcpListener;
use std::time::Duration;

use plimsoll_testkit::network::{BLACK_HOLE, FRONT, SERVER, at};
use plimsoll_testkit::{Capture, Client, Lb, Network, Origin, Wire, eventually, holds_for};
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

/// `lb` before a server, on its stage.
pub struct Scene {
    // What comes first ends first.
    pub lb: Lb,
    pub server: Option<Origin>,
    pub stage: Stage,
}

impl Scene {
    /// The server does this with each connection.
    #[track_caller]
    pub fn new(site: Site, script: impl Fn(Wire) + Send + Sync + 'static) -> Self {
        let stage = Stage::new();
        let server = Some(stage.server(script));
        Self { lb: stage.start(&site), server, stage }
    }

    /// Nobody listens behind `lb`.
    #[track_caller]
    pub fn without_server(site: Site) -> Self {
        let stage = Stage::new();
        Self { lb: stage.start(&site), server: None, stage }
    }

    /// A client that has connected.
    #[track_caller]
    pub fn client(&self) -> Client {
        self.stage.client()
    }

    /// A client that has sent this, and the server has seen some of it.
    #[track_caller]
    pub fn client_who_sent(&self, bytes: &str) -> Client {
        let mut client = self.client();
        client.send(bytes);
        self.sees("lb > server: DATA");
        client
    }

    /// Waits until this went over the wire.
    #[track_caller]
    pub fn sees(&self, line: &str) {
        self.stage.wire.has(if line.contains("client") { "client" } else { "server" }, line);
    }

    /// Each connection to the server is opened by `lb`, goes on like this, in short (`lb: DATA, server: DATA FIN, lb: FIN`), and leaves no port behind.
    #[track_caller]
    pub fn with_server(&self, then: &str) {
        self.stage.wire.shows("server", &conversation("lb", "server", then));
        self.stage.no_time_wait();
    }

    /// Each connection of a client goes on like this after it was opened.
    #[track_caller]
    pub fn with_client(&self, then: &str) {
        self.stage.wire.shows("client", &conversation("client", "lb", then));
    }

    /// The server has no connection any more.
    #[track_caller]
    pub fn server_is_free(&self) {
        let server = self.server.as_ref().expect("a server");
        eventually("the server is free", SOON, || server.open() == 0);
    }
}

/// Line by line, with the handshake.
#[track_caller]
fn conversation(opens: &str, other: &str, then: &str) -> String {
    let mut text = format!("{opens} > {other}: SYN\n{other} > {opens}: SYN ACK\n");
    for part in then.split(", ") {
        let (who, what) = part.split_once(": ").expect("who: what");
        assert!(who == opens || who == other, "{who} is not in this conversation");
        text += &format!("{who} > {}: {what}\n", if who == opens { other } else { opens });
    }
    text
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

/// A server that answers one request so and holds the connection.
pub fn answers_once(bytes: &'static [u8]) -> impl Fn(Wire) {
    move |mut wire| {
        head(&mut wire);
        wire.send(bytes);
        hold(wire);
    }
}

/// A server that answers every request.
pub fn serves(mut wire: Wire) {
    while head(&mut wire) {
        wire.send(KEPT);
    }
}

/// A server whose answer and FIN are one segment, as with servers that know their answer's end.
pub fn answers_and_closes(bytes: &'static [u8]) -> impl Fn(Wire) {
    move |mut wire| {
        head(&mut wire);
        // The kernel holds these back until there is more: the FIN.
        let _ = rustix::net::send(wire.socket(), bytes, SendFlags::MORE);
    }
}

/// A server that reads a request, says this, and resets.
pub fn says_and_resets(bytes: &'static [u8]) -> impl Fn(Wire) {
    move |mut wire| {
        head(&mut wire);
        wire.send(bytes);
        wire.into_socket().reset();
    }
}

/// So long nothing happens: the packets in between are seen apart.
pub fn pass(millis: u64) {
    holds_for(Duration::from_millis(millis), || true);
}

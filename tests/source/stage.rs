//! A client, `lb` with three addresses towards its server, and a server that says whom it sees.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use plimsoll_testkit::client::get;
use plimsoll_testkit::network::{BACK, FRONT, Host, SERVER, at};
use plimsoll_testkit::origin::read_request;
use plimsoll_testkit::{Client, Lb, Network, Origin, Wire};
use plimsoll_tests::{Site, Timeouts};

/// Long enough for anything that is not waited for.
pub const SOON: Duration = Duration::from_secs(15);

/// Further addresses of the balancer's, beside `BACK`.
pub const ONE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 11);
pub const TWO: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 12);

/// The same in IPv6, from the prefix for documentation.
pub const SERVER6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
pub const BACK6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
pub const ONE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x11);

pub struct Stage {
    pub net: Network,
}

impl Stage {
    pub fn new() -> Self {
        let net = Network::new();
        for address in [ONE, TWO] {
            ip(&net.lb, &["addr", "add", &format!("{address}/24"), "dev", "back"]);
        }
        Self { net }
    }

    /// What comes from the server is for the balancer, whatever address it is sent to; the server knows that way.
    pub fn transparent() -> Self {
        let stage = Self::new();
        ip(&stage.net.lb, &["rule", "add", "iif", "back", "lookup", "100"]);
        ip(&stage.net.lb, &["route", "add", "local", "default", "dev", "lo", "table", "100"]);
        ip(&stage.net.server, &["route", "add", "198.51.100.0/24", "via", &BACK.to_string()]);
        stage
    }

    /// Addresses of IPv6 towards the server, which has `SERVER6`.
    pub fn with_ipv6(self) -> Self {
        ip(&self.net.server, &["addr", "add", &format!("{SERVER6}/64"), "dev", "eth", "nodad"]);
        for address in [BACK6, ONE6] {
            ip(&self.net.lb, &["addr", "add", &format!("{address}/64"), "dev", "back", "nodad"]);
        }
        self
    }

    fn listener(&self) -> TcpListener {
        self.net.server.enter(|| TcpListener::bind(at(SERVER, 80))).expect("port 80 of the server")
    }

    /// HTTP: every answer is the address that the connection comes from.
    pub fn mirror(&self) -> Origin {
        self.mirror_on(self.listener())
    }

    /// The same, of IPv6.
    pub fn mirror6(&self) -> Origin {
        self.mirror_on(self.net.server.enter(|| TcpListener::bind((SERVER6, 80))).expect("port 80 of the server"))
    }

    fn mirror_on(&self, listener: TcpListener) -> Origin {
        Origin::raw_on(listener, |mut wire, _| {
            let seen = seen(&wire);
            while read_request(&mut wire).is_ok() {
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{seen}", seen.len());
                if !wire.send(answer.as_bytes()) {
                    return;
                }
                wire.begin();
            }
        })
    }

    /// TCP: says the address at once, and stays until the other side ends it.
    pub fn greeter(&self) -> Origin {
        Origin::raw_on(self.listener(), |mut wire, _| {
            wire.send(format!("{}\r\n", seen(&wire)).as_bytes());
            wire.until_end();
        })
    }

    /// Starts `lb` on its host.
    #[track_caller]
    pub fn start(&self, site: &Site) -> Lb {
        self.net.lb.enter(|| Lb::start(&site.yaml()))
    }

    /// A client that has connected to `lb`.
    #[track_caller]
    pub fn client(&self) -> Client {
        self.net.client.enter(|| Client::connect(at(FRONT, 80)))
    }

    /// A client of TCP mode, and from where the server sees it.
    #[track_caller]
    pub fn greeted(&self) -> (Client, SocketAddr) {
        let mut client = self.client();
        let line = client.wire().line().expect("a greeting");
        (client, String::from_utf8(line).unwrap().parse().unwrap())
    }

    /// The greeting of a client that may also be refused.
    pub fn tried(&self) -> Option<(TcpStream, String)> {
        let mut client = self.net.client.enter(|| TcpStream::connect(at(FRONT, 80))).ok()?;
        client.set_read_timeout(Some(SOON)).ok()?;
        let mut line = [0; 64];
        let count = client.read(&mut line).ok().filter(|count| *count > 0)?;
        Some((client, String::from_utf8_lossy(&line[..count]).into_owned()))
    }

    /// A client that is refused: by RST, which may be here before the client has looked.
    #[track_caller]
    pub fn refused(&self) {
        let refused = self.net.client.enter(|| TcpStream::connect(at(FRONT, 80))).and_then(|mut client| {
            client.set_read_timeout(Some(SOON))?;
            client.read(&mut [0; 64])
        });
        assert_eq!(refused.expect_err("nothing is served").kind(), ErrorKind::ConnectionReset);
    }

    /// The page of metrics.
    #[track_caller]
    pub fn metrics(&self) -> String {
        self.net.client.enter(|| get(at(FRONT, 9090), "/metrics")).expect("the metrics").text()
    }

    /// A figure of a range of source ports: `used`, `max` or `limit`.
    #[track_caller]
    pub fn ports(&self, figure: &str, source: &str) -> usize {
        let page = self.net.client.enter(|| get(at(FRONT, 9090), "/metrics")).expect("the metrics").text();
        let head =
            format!("haproxy_server_source_ports_{figure}{{proxy=\"origins\",server=\"s\",source=\"{source}\"}} ");
        let value = page.lines().find_map(|line| line.strip_prefix(&head));
        value.unwrap_or_else(|| panic!("no {head}")).parse().expect("a number")
    }
}

/// The other side of a connection.
fn seen(wire: &Wire) -> String {
    let peer = rustix::net::getpeername(wire.socket()).expect("its address").expect("it has one");
    SocketAddr::try_from(peer).expect("an IP address").to_string()
}

fn ip(host: &Host, words: &[&str]) {
    let output = host.enter(|| Command::new("ip").args(words).output()).expect("ip runs");
    assert!(output.status.success(), "ip {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
}

fn patient(site: Site) -> Site {
    let times = Timeouts { http_request: 60_000, client: 60_000, server: 60_000, keep_alive: 60_000, tunnel: 60_000 };
    site.timeouts(times)
        .global("threads: 2, admin: \"198.51.100.1:9090\"")
        .bind("198.51.100.1:80")
        .backend("retries: 0")
}

/// HTTP mode before the server, to which connections come from `source`.
pub fn http(source: &str) -> Site {
    patient(Site::http()).server_with("s", at(SERVER, 80), &format!("source: {source}"))
}

/// The same in TCP mode.
pub fn tcp(source: &str) -> Site {
    patient(Site::tcp()).server_with("s", at(SERVER, 80), &format!("source: {source}"))
}

/// From where a request comes, as its server sees it.
#[track_caller]
pub fn asked(client: &mut Client) -> SocketAddr {
    let answer = client.get("/").expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().parse().unwrap()
}

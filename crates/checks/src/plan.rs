//! A check made ready to run: the address, the bytes to send, the limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_http::Tolerance;
use plimsoll_net::{Address, Outlet};
use plimsoll_proxy_protocol::Version;
use plimsoll_server::Health;

use crate::probe::Probe;
use crate::{Expect, HealthCheck, HttpVersion};

/// What a check takes over from its backend and its server.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The backend's limit for connecting.
    pub connect: Option<Duration>,
    /// The backend's limit for a check, where the check has none of its own.
    pub check: Option<Duration>,
    /// What is forgiven to this server: a check accepts exactly the answers that traffic would.
    pub tolerance: Tolerance,
    /// The PROXY header with which traffic to this server begins.
    pub send_proxy: Option<Version>,
    /// From where connections to this server leave.
    pub source: Option<Arc<Outlet>>,
    /// The network namespace in which they do.
    pub namespace: Option<Box<str>>,
}

/// A check of one server, ready to run. Equal plans do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How.
    pub probe: &'static Probe,
    /// Where.
    pub address: Address,
    /// From where: the server's `source`, with its ports, but never as a client.
    pub source: Option<Arc<Outlet>>,
    /// In which network namespace.
    pub namespace: Option<Box<str>>,
    /// The PROXY header to begin with.
    pub send_proxy: Option<Version>,
    /// `http`: the request, whole.
    pub request: Box<[u8]>,
    /// `http`: what passes.
    pub expect: Expect,
    /// `http`: what is forgiven.
    pub tolerance: Tolerance,
    /// For connecting; for everything where `answer` is `None`.
    pub connect: Duration,
    /// For the answer, once connected.
    pub answer: Option<Duration>,
    interval: Duration,
    fast: Duration,
    down: Duration,
}

impl Plan {
    pub(crate) fn new(options: &HealthCheck, server: &Address, defaults: &Defaults) -> Self {
        let interval = options.interval.map_or(Duration::from_secs(2), plimsoll_config::Duration::as_std);
        let answer = options.timeout.map(plimsoll_config::Duration::as_std).or(defaults.check);
        let connect = if answer.is_some() { interval.min(defaults.connect.unwrap_or(interval)) } else { interval };
        Self {
            probe: options.probe(),
            address: address(options, server),
            source: defaults.source.clone(),
            namespace: defaults.namespace.clone(),
            send_proxy: send_proxy(options, defaults),
            request: request(options, server).into_bytes().into(),
            expect: options.expect.clone().unwrap_or_default(),
            tolerance: defaults.tolerance,
            connect,
            answer,
            interval,
            fast: options.fast_interval.map_or(interval, plimsoll_config::Duration::as_std),
            down: options.down_interval.map_or(interval, plimsoll_config::Duration::as_std),
        }
    }

    /// How long to wait after a check that left the server in this state.
    #[must_use]
    pub fn wait(&self, health: &Health) -> Duration {
        match (health.is_moving(), health.is_up()) {
            (true, _) => self.fast,
            (false, true) => self.interval,
            (false, false) => self.down,
        }
    }

    /// The plain interval, over which first checks are spread.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }
}

fn address(options: &HealthCheck, server: &Address) -> Address {
    let address = options.address.as_ref().unwrap_or(server);
    match (address, options.port) {
        (Address::Inet(inet), Some(port)) => Address::Inet(SocketAddr::new(inet.ip(), port)),
        _ => address.clone(),
    }
}

/// Behind another port or address may be something that does not know the protocol (HAProxy's manual, `check-send-proxy`).
fn send_proxy(options: &HealthCheck, defaults: &Defaults) -> Option<Version> {
    match options.send_proxy {
        Some(true) => Some(defaults.send_proxy.unwrap_or(Version::V1)),
        Some(false) => None,
        None => defaults.send_proxy.filter(|_| options.port.is_none() && options.address.is_none()),
    }
}

fn request(options: &HealthCheck, server: &Address) -> String {
    let method = options.method.as_deref().unwrap_or("GET");
    let path = options.path.as_deref().unwrap_or("/");
    let (version, close) = match options.version.unwrap_or_default() {
        HttpVersion::Http10 => ("HTTP/1.0", ""),
        HttpVersion::Http11 => ("HTTP/1.1", "Connection: close\r\n"),
    };
    let host = match (&options.host, options.version) {
        (Some(host), _) => format!("Host: {host}\r\n"),
        (None, Some(HttpVersion::Http11)) => match server {
            Address::Inet(inet) => format!("Host: {inet}\r\n"),
            Address::Unix(_) | Address::Abstract(_) | Address::Inherited(_) => "Host: localhost\r\n".into(),
        },
        (None, _) => String::new(),
    };
    format!("{method} {path} {version}\r\n{host}{close}\r\n")
}

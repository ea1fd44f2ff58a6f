//! Hosts with little memory for sockets, and sockets that never wait.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use plimsoll_testkit::Network;
use plimsoll_tests::Timeouts;

/// Long enough for anything that is not waited for, on a busy machine.
pub const SOON: Duration = Duration::from_secs(15);

/// No time-out ends anything.
pub const PATIENT: Timeouts =
    Timeouts { http_request: 60_000, client: 60_000, server: 60_000, keep_alive: 60_000, tunnel: 60_000 };

/// A network whose sockets hold little: a stall shows soon, and a thousand of them cost the kernel nothing to speak of.
pub fn narrow_network() -> Network {
    let net = Network::new();
    for host in [&net.client, &net.lb, &net.server] {
        host.set("ipv4/tcp_wmem", "4096 16384 65536");
        host.set("ipv4/tcp_rmem", "4096 16384 65536");
        host.set("core/somaxconn", "4096");
        host.set("ipv4/tcp_max_syn_backlog", "4096");
    }
    net
}

/// A listener with a long queue; call it on its host.
pub fn listen_on(host: impl Into<IpAddr>, port: u16) -> TcpListener {
    let listener = TcpListener::bind(SocketAddr::new(host.into(), port)).expect("a port of this host");
    rustix::net::listen(&listener, 4096).expect("a long queue");
    listener
}

/// A connection that never waits.
pub fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("a connection to lb");
    stream.set_nonblocking(true).expect("a flag");
    stream
}

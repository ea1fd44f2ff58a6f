//! Options of listeners and connects, read back from the sockets that they are for.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt as more};
use plimsoll_net::{
    Acceptor, Address, ConnectOptions, Keepalive, ListenOptions, Listener, Outlet, Stream, Verdict, connect,
};
use rustix::net::sockopt;

fn any(text: &str) -> Address {
    text.parse().unwrap()
}

fn port(listener: &Listener) -> u16 {
    listener.local_addr().port().unwrap()
}

/// What a client's connection has inherited from a listener with these options.
async fn accepted(options: &ListenOptions) -> (Stream, TcpStream) {
    let listener = Listener::bind(&any("127.0.0.1:0"), options).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port(&listener))).unwrap();
    // For `defer-accept`.
    client.write_all(b"x").unwrap();
    (Acceptor::new(listener).unwrap().accept().await.unwrap().0, client)
}

fn keepalive(text: &str) -> Keepalive {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn an_accepted_connection_has_what_its_bind_says() {
    let options = ListenOptions {
        keepalive: keepalive(r#"{ "count": 3, "idle": "30s", "interval": "7s" }"#),
        user_timeout: Some(Duration::from_millis(12_345)),
        mss: Some(1000),
        defer_accept: true,
        nolinger: true,
        tfo: Some(5),
        ..ListenOptions::default()
    };
    let (stream, client) = accepted(&options).await;
    let fd = stream.fd();
    assert!(sockopt::socket_keepalive(fd).unwrap());
    assert_eq!(sockopt::tcp_keepcnt(fd).unwrap(), 3);
    assert_eq!(sockopt::tcp_keepidle(fd).unwrap(), Duration::from_secs(30));
    assert_eq!(sockopt::tcp_keepintvl(fd).unwrap(), Duration::from_secs(7));
    assert_eq!(sockopt::tcp_user_timeout(fd).unwrap(), 12_345);
    assert_eq!(sockopt::socket_linger(fd).unwrap(), Some(Duration::ZERO));
    // The client may send segments of this size: 1000 less what time stamps take.
    assert!(getsockopt(&client, more::TcpMaxSeg).unwrap() <= 1000);
}

#[tokio::test]
async fn with_smart_accept_the_answer_carries_the_acknowledgement() {
    for smart_accept in [false, true] {
        let options = ListenOptions { smart_accept, ..Default::default() };
        let listener = Listener::bind(&any("127.0.0.1:0"), &options).unwrap();
        assert_eq!(sockopt::tcp_quickack(&listener).unwrap(), !smart_accept);
        let _client = TcpStream::connect(("127.0.0.1", port(&listener))).unwrap();
        let (stream, _) = Acceptor::new(listener).unwrap().accept().await.unwrap();
        assert_eq!(sockopt::tcp_quickack(stream.fd()).unwrap(), !smart_accept);
    }
}

#[tokio::test]
async fn a_plain_bind_changes_nothing_of_this() {
    let (stream, client) = accepted(&ListenOptions::default()).await;
    let fd = stream.fd();
    assert!(!sockopt::socket_keepalive(fd).unwrap());
    assert_eq!(sockopt::tcp_user_timeout(fd).unwrap(), 0);
    assert_eq!(sockopt::socket_linger(fd).unwrap(), None);
    assert!(getsockopt(&client, more::TcpMaxSeg).unwrap() > 1000);
}

#[tokio::test]
async fn a_reload_changes_the_options_of_a_socket_that_stays() {
    let listener =
        Listener::bind(&any("127.0.0.1:0"), &ListenOptions { nolinger: true, ..Default::default() }).unwrap();
    let address = ("127.0.0.1", port(&listener));
    let acceptor = Acceptor::new(listener).unwrap();
    let limit = Some(Duration::from_secs(9));
    acceptor.tune(&ListenOptions { user_timeout: limit, keepalive: Keepalive::ON, ..Default::default() }).unwrap();
    let _client = TcpStream::connect(address).unwrap();
    let (stream, _) = acceptor.accept().await.unwrap();
    assert_eq!(sockopt::tcp_user_timeout(stream.fd()).unwrap(), 9_000);
    assert!(sockopt::socket_keepalive(stream.fd()).unwrap());
    assert_eq!(sockopt::socket_linger(stream.fd()).unwrap(), None);
}

#[tokio::test]
async fn a_deferred_connection_is_offered_once_it_has_spoken() {
    let options = ListenOptions { defer_accept: true, ..Default::default() };
    let listener = Listener::bind(&any("127.0.0.1:0"), &options).unwrap();
    let mut silent = TcpStream::connect(("127.0.0.1", port(&listener))).unwrap();
    assert_eq!(rustix::net::accept(&listener).unwrap_err(), rustix::io::Errno::AGAIN, "it is not offered yet");
    silent.write_all(b"x").unwrap();
    assert!(rustix::net::accept(&listener).is_ok());
}

#[test]
fn v6only_and_v4v6_decide_whether_ipv4_comes_in() {
    for (only, reached) in [(true, false), (false, true)] {
        let options = ListenOptions { v6only: Some(only), ..Default::default() };
        let Ok(listener) = Listener::bind(&any("[::]:0"), &options) else { return };
        assert_eq!(sockopt::ipv6_v6only(&listener).unwrap(), only);
        assert_eq!(TcpStream::connect(("127.0.0.1", port(&listener))).is_ok(), reached);
    }
}

#[test]
fn a_transparent_listener_binds_an_address_of_somebody_else() {
    let foreign = any("203.0.113.7:0");
    let plain = Listener::bind(&foreign, &ListenOptions::default()).unwrap_err();
    assert_eq!(plain.kind(), io::ErrorKind::AddrNotAvailable);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let listener = Listener::bind(&foreign, &ListenOptions { transparent: true, ..Default::default() }).unwrap();
    assert!(getsockopt(&listener, more::IpTransparent).unwrap());
}

#[test]
fn an_interface_is_the_only_way_in_and_one_that_is_not_there_is_named() {
    let on = |name: &str| ListenOptions { interface: Some(name.into()), ..Default::default() };
    if rustix::process::geteuid().is_root() {
        let listener = Listener::bind(&any("127.0.0.1:0"), &on("lo")).unwrap();
        assert_eq!(getsockopt(&listener, more::BindToDevice).unwrap(), "lo");
        assert!(TcpStream::connect(("127.0.0.1", port(&listener))).is_ok());
    }
    let missing = Listener::bind(&any("127.0.0.1:0"), &on("nothere0")).unwrap_err();
    assert!(missing.to_string().starts_with("interface `nothere0`: "), "{missing}");
}

#[test]
fn a_namespace_that_is_not_there_is_named() {
    let options = ListenOptions { namespace: Some("nothere".into()), ..Default::default() };
    let error = Listener::bind(&any("127.0.0.1:0"), &options).unwrap_err();
    assert!(error.to_string().starts_with("network namespace `nothere`: "), "{error}");
}

#[test]
fn multipath_tcp_is_used_where_the_kernel_has_it_and_plain_tcp_elsewhere() {
    let listener = Listener::bind(&any("127.0.0.1:0"), &ListenOptions { mptcp: true, ..Default::default() }).unwrap();
    let wanted = plimsoll_net::has_mptcp().then_some(rustix::net::ipproto::MPTCP);
    let protocol = sockopt::socket_protocol(&listener).unwrap();
    assert_eq!(protocol, wanted.or(Some(rustix::net::ipproto::TCP)));
    assert!(TcpStream::connect(("127.0.0.1", port(&listener))).is_ok());
}

#[tokio::test]
async fn a_connection_to_a_server_has_what_its_line_says() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = ConnectOptions {
        keepalive: keepalive(r#"{ "count": 9 }"#),
        user_timeout: Some(Duration::from_secs(4)),
        nolinger: true,
        tfo: true,
        ..ConnectOptions::default()
    };
    let connecting = connect(&Address::Inet(server.local_addr().unwrap()), &options).unwrap();
    let Verdict::Connected { stream, .. } = connecting.finish().await else { panic!("it is there") };
    let fd = stream.fd();
    assert!(sockopt::socket_keepalive(fd).unwrap());
    assert_eq!(sockopt::tcp_keepcnt(fd).unwrap(), 9);
    assert_eq!(sockopt::tcp_user_timeout(fd).unwrap(), 4_000);
    assert_eq!(sockopt::socket_linger(fd).unwrap(), Some(Duration::ZERO));
    assert!(getsockopt(&fd, more::TcpFastOpenConnect).unwrap());
}

#[test]
fn a_source_without_a_port_leaves_the_port_to_the_connect() {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let options =
        ConnectOptions { source: Some(Outlet::fixed("127.0.0.9:0".parse().unwrap())), ..ConnectOptions::default() };
    let stream = tokio.block_on(async {
        let connecting = connect(&Address::Inet(server.local_addr().unwrap()), &options).unwrap();
        let Verdict::Connected { stream, .. } = connecting.finish().await else { panic!("it is there") };
        assert!(getsockopt(&stream.fd(), more::IpBindAddressNoPort).unwrap());
        stream
    });
    assert_eq!(server.accept().unwrap().1.ip().to_string(), "127.0.0.9");
    drop(stream);
}

/// A descriptor's number as a process would be told of it.
fn number(fd: &OwnedFd) -> Address {
    Address::Inherited(plimsoll_net::Passed::Number(fd.as_raw_fd()))
}

#[tokio::test]
async fn an_inherited_socket_is_taken_over_in_blocking_mode_listening_or_not() {
    for listening in [true, false] {
        let fd: OwnedFd = if listening {
            TcpListener::bind("127.0.0.1:0").unwrap().into()
        } else {
            let fd =
                rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
            rustix::net::bind(&fd, &"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap()).unwrap();
            fd
        };
        let there: std::net::SocketAddr = rustix::net::getsockname(&fd).unwrap().try_into().unwrap();
        let group = Listener::bind_group(&number(&fd), 2, &ListenOptions::default()).unwrap();
        assert_eq!(group[0].local_addr().to_string(), format!("fd@{}", fd.as_raw_fd()));
        let flags = rustix::fs::fcntl_getfl(&fd).unwrap();
        assert!(flags.contains(rustix::fs::OFlags::NONBLOCK), "a worker must never be held");
        let client = TcpStream::connect(there).unwrap();
        let mut group = group.into_iter();
        let (stream, peer) = Acceptor::new(group.next().unwrap()).unwrap().accept().await.unwrap();
        assert!(stream.is_tcp());
        assert_eq!(peer.to_string(), client.local_addr().unwrap().to_string());
        drop(group);
        // Ours are closed; the one that was inherited is not, and still listens.
        assert!(sockopt::socket_acceptconn(&fd).unwrap());
        assert!(TcpStream::connect(there).is_ok());
    }
}

#[test]
fn what_is_no_listener_is_not_taken_over() {
    let none = |address: &Address| Listener::bind(address, &ListenOptions::default()).unwrap_err().to_string();
    assert!(none(&Address::Inherited(plimsoll_net::Passed::Number(987_654))).contains("there is no descriptor 987654"));
    let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    assert!(none(&number(&file)).contains("is no socket"));
    let (connected, _other) = UnixStream::pair().unwrap();
    assert!(Listener::bind(&number(&connected.into()), &ListenOptions::default()).is_err());
}

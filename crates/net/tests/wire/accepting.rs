//! Listening and accepting.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};

use plimsoll_net::{AcceptError, Acceptor, Address, Keepalive, ListenOptions, Listener, Peer};
use rustix::net::sockopt;

fn loopback() -> Address {
    "127.0.0.1:0".parse().unwrap()
}

fn inet(listener: &Listener) -> SocketAddr {
    match listener.local_addr() {
        Address::Inet(inet) => *inet,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_accepted_connection_knows_its_peer_and_inherits_the_options() {
    let options = ListenOptions { keepalive: Keepalive::ON, ..Default::default() };
    let listener = Listener::bind(&loopback(), &options).unwrap();
    let client = TcpStream::connect(inet(&listener)).unwrap();
    let acceptor = Acceptor::new(listener).unwrap();
    let (stream, peer) = acceptor.accept().await.unwrap();
    assert_eq!(peer, Peer::Inet(client.local_addr().unwrap()));
    assert!(sockopt::tcp_nodelay(stream.fd()).unwrap());
    assert!(sockopt::socket_keepalive(stream.fd()).unwrap());
    assert!(rustix::io::fcntl_getfd(stream.fd()).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
}

#[tokio::test]
async fn everything_queued_is_accepted_though_it_was_one_event() {
    let listener = Listener::bind(&loopback(), &ListenOptions::default()).unwrap();
    let clients: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(inet(&listener)).unwrap()).collect();
    let acceptor = Acceptor::new(listener).unwrap();
    for _ in &clients {
        acceptor.accept().await.unwrap();
    }
    let late = TcpStream::connect(clients[0].peer_addr().unwrap()).unwrap();
    assert_eq!(acceptor.accept().await.unwrap().1, Peer::Inet(late.local_addr().unwrap()));
}

#[test]
fn members_of_a_group_share_a_port_that_the_kernel_chose() {
    let group = Listener::bind_group(&loopback(), 3, &ListenOptions::default()).unwrap();
    let address = inet(&group[0]);
    assert!(address.port() > 0);
    assert!(group.iter().all(|member| inet(member) == address));
    // Enough connections for each member to get some.
    let _clients: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(address).unwrap()).collect();
    for member in group {
        assert!(rustix::net::accept(&member).is_ok(), "a member got nothing");
    }
}

#[test]
fn a_port_that_somebody_owns_is_in_use_even_if_they_would_share_it() {
    let other = Listener::bind(&loopback(), &ListenOptions { reuse_port: true, ..Default::default() }).unwrap();
    for members in [1, 4] {
        let error = Listener::bind_group(other.local_addr(), members, &ListenOptions::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Inet(plain.local_addr().unwrap());
    assert_eq!(Listener::bind(&address, &ListenOptions::default()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn a_port_can_be_bound_again_while_old_connections_linger() {
    let group = Listener::bind_group(&loopback(), 2, &ListenOptions::default()).unwrap();
    let address = group[0].local_addr().clone();
    let mut client = TcpStream::connect(inet(&group[0])).unwrap();
    let server = group.iter().find_map(|member| rustix::net::accept(member).ok()).unwrap();
    drop(server); // we close first: TIME_WAIT on our side
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    drop((client, group));
    Listener::bind_group(&address, 2, &ListenOptions::default()).unwrap();
}

#[tokio::test]
async fn the_ipv6_wildcard_serves_ipv4_too() {
    let Ok(listener) = Listener::bind(&"[::]:0".parse().unwrap(), &ListenOptions::default()) else {
        return; // no IPv6 here
    };
    let port = inet(&listener).port();
    let _client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (_stream, peer) = Acceptor::new(listener).unwrap().accept().await.unwrap();
    assert!(peer.to_string().starts_with("[::ffff:127.0.0.1]:"), "{peer}");
}

#[tokio::test]
async fn a_unix_group_is_one_socket_that_each_member_can_accept_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let group = Listener::bind_group(&Address::Unix(path.clone()), 2, &ListenOptions::default()).unwrap();
    for member in group {
        let mut client = UnixStream::connect(&path).unwrap();
        let acceptor = Acceptor::new(member).unwrap();
        let (stream, peer) = acceptor.accept().await.unwrap();
        assert_eq!(peer, Peer::Unix);
        client.write_all(b"x").unwrap();
        assert_eq!(stream.read(&mut [0; 4]).await.unwrap(), 1);
        let listener = acceptor.into_listener().unwrap();
        assert_eq!(listener.local_addr(), &Address::Unix(path.clone()));
    }
    assert!(path.exists(), "dropping does not remove the file");
}

#[test]
fn a_stale_socket_file_is_replaced_and_a_live_or_foreign_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let address = Address::Unix(path.clone());
    let bind = || Listener::bind(&address, &ListenOptions::default());
    let live = UnixListener::bind(&path).unwrap();
    assert_eq!(bind().unwrap_err().kind(), io::ErrorKind::AddrInUse);
    drop(live);
    let ours = bind().unwrap();
    UnixStream::connect(&path).unwrap();
    ours.unlink().unwrap();
    assert!(!path.exists());
    std::fs::write(&path, "a file").unwrap();
    assert_eq!(bind().unwrap_err().kind(), io::ErrorKind::AddrInUse);
    assert!(path.exists());
}

#[tokio::test]
async fn an_abstract_name_needs_no_file() {
    let name = format!("plimsoll-net-{}", std::process::id());
    let address = Address::Abstract(name);
    let acceptor = Acceptor::new(Listener::bind(&address, &ListenOptions::default()).unwrap()).unwrap();
    let _connecting = plimsoll_net::connect(&address, &Default::default()).unwrap();
    assert_eq!(acceptor.accept().await.unwrap().1, Peer::Unix);
    assert_eq!(acceptor.local_addr(), &address);
}

/// In a process of its own: the limit is the process's.
#[test]
fn out_of_descriptors_is_said_and_the_queue_is_not_lost() {
    if std::env::var_os("PLIMSOLL_FEW_DESCRIPTORS").is_none() {
        let me = std::env::current_exe().unwrap();
        let name = "accepting::out_of_descriptors_is_said_and_the_queue_is_not_lost";
        let child = std::process::Command::new(me)
            .args(["--exact", name])
            .env("PLIMSOLL_FEW_DESCRIPTORS", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    tokio::runtime::LocalRuntime::new().unwrap().block_on(async {
        let listener = Listener::bind(&loopback(), &ListenOptions::default()).unwrap();
        let _client = TcpStream::connect(inet(&listener)).unwrap();
        let acceptor = Acceptor::new(listener).unwrap();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let few = rustix::process::Rlimit { current: Some(0), ..limit };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, few).unwrap();
        for _ in 0..3 {
            let error = acceptor.accept().await.unwrap_err();
            assert!(matches!(error, AcceptError::Exhausted(_)), "{error}");
        }
        rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
        acceptor.accept().await.unwrap();
    });
}

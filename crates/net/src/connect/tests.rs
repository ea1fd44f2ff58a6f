//! Every state that a connect can be found in and that loopback can show.

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use super::*;

/// A connection of which the server's side has done `act` before the client looks for the first time.
async fn after(act: impl FnOnce(TcpStream), client: impl FnOnce(&Stream)) -> Verdict {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Inet(listener.local_addr().unwrap());
    let connecting = connect(&address, &ConnectOptions::default()).unwrap();
    client(connecting.stream().unwrap());
    act(listener.accept().unwrap().0);
    // The event loop has not turned since: the first event shows the mask of this moment.
    connecting.finish().await
}

fn reset(socket: TcpStream) {
    sockopt::set_socket_linger(socket.as_fd(), Some(Duration::ZERO)).unwrap();
}

fn connected(verdict: Verdict) -> (ToServer, Early) {
    match verdict {
        Verdict::Connected { stream, early } => (stream, early),
        other => panic!("not connected: {other:?}"),
    }
}

#[tokio::test]
async fn an_accepted_connection_is_connected() {
    let mut kept = None;
    let verdict = after(|server| kept = Some(server), |_| {}).await;
    assert_eq!(connected(verdict).1, Early::None);
}

#[tokio::test]
async fn a_closed_port_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Inet(listener.local_addr().unwrap());
    drop(listener);
    match connect(&address, &ConnectOptions::default()).unwrap().finish().await {
        Verdict::Failed(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn accept_then_close_is_connected_with_an_early_fin() {
    let (stream, early) = connected(after(drop, |_| {}).await);
    assert_eq!(early, Early::Fin);
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn our_own_half_close_before_theirs_hangs_up_but_is_connected() {
    let verdict = after(drop, |client| client.shutdown_write().unwrap()).await;
    assert_eq!(connected(verdict).1, Early::Fin);
}

#[tokio::test]
async fn a_request_that_was_answered_by_reset_is_no_failed_connect() {
    let client = |client: &Stream| {
        client.try_write(b"req").unwrap();
        client.shutdown_write().unwrap();
    };
    assert!(matches!(after(drop, client).await, Verdict::ResetAfterConnect));
}

#[tokio::test]
async fn a_request_that_was_answered_by_fin_is_connected() {
    let client = |client: &Stream| {
        client.try_write(b"req").unwrap();
        client.shutdown_write().unwrap();
    };
    let server = |server: TcpStream| {
        server.shutdown(Shutdown::Write).unwrap();
        drop(server);
    };
    let (stream, early) = connected(after(server, client).await);
    assert_eq!(early, Early::Fin);
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_response_before_a_reset_is_kept_and_the_error_comes_after_it() {
    let server = |mut server: TcpStream| {
        server.write_all(b"hey").unwrap();
        reset(server);
    };
    let (stream, early) = connected(after(server, |_| {}).await);
    assert_eq!(early, Early::Bytes);
    let mut buf = [0; 8];
    assert_eq!(stream.read(&mut buf).await.unwrap(), 3);
    assert_eq!(&buf[..3], b"hey");
    assert_eq!(stream.read(&mut buf).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_reset_without_bytes_is_not_a_failed_connect() {
    assert!(matches!(after(reset, |_| {}).await, Verdict::ResetAfterConnect));
}

#[tokio::test]
async fn a_greeting_is_early_bytes() {
    let mut kept = None;
    let server = |mut server: TcpStream| {
        server.write_all(b"220 hello").unwrap();
        kept = Some(server);
    };
    let (stream, early) = connected(after(server, |_| {}).await);
    assert_eq!(early, Early::Bytes);
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 9);
}

/// The one way to a late answer on loopback: a full accept queue drops the SYN, which is sent again after a second.
#[tokio::test]
async fn a_late_answer_is_judged_like_a_prompt_one() {
    let full = |backlog| {
        let options = crate::ListenOptions { backlog, ..Default::default() };
        let listener = crate::Listener::bind(&"127.0.0.1:0".parse().unwrap(), &options).unwrap();
        let queued =
            TcpStream::connect_timeout(&listener.local_addr().to_string().parse().unwrap(), Duration::from_secs(5));
        (listener, queued.unwrap())
    };
    let (alive, _alive_queued) = full(0);
    let (dead, _dead_queued) = full(0);
    let start = |listener: &crate::Listener| connect(listener.local_addr(), &ConnectOptions::default()).unwrap();
    let (to_alive, to_dead) = (start(&alive), start(&dead));
    drop(dead);
    let acceptor = crate::Acceptor::new(alive).unwrap();
    acceptor.accept().await.unwrap();
    assert_eq!(connected(to_alive.finish().await).1, Early::None);
    match to_dead.finish().await {
        Verdict::Failed(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn unix_sockets_connect_at_once_or_say_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Unix(folder.path().join("s"));
    match connect(&address, &ConnectOptions::default()).unwrap().finish().await {
        Verdict::Failed(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound),
        other => panic!("{other:?}"),
    }
    let _listener = crate::Listener::bind(&address, &crate::ListenOptions::default()).unwrap();
    let connecting = connect(&address, &ConnectOptions::default()).unwrap();
    assert!(matches!(connecting.0, State::Established(_)));
    let (stream, _) = connected(connecting.finish().await);
    assert!(!stream.is_tcp());
    assert_eq!(stream.peer_addr().unwrap(), Some(address));
}

#[tokio::test]
async fn a_source_address_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = ConnectOptions { source: Some(Outlet::fixed("127.0.0.2:0".parse().unwrap())), ..Default::default() };
    let address = Address::Inet(listener.local_addr().unwrap());
    let (_stream, _) = connected(connect(&address, &options).unwrap().finish().await);
    assert_eq!(listener.accept().unwrap().1.ip().to_string(), "127.0.0.2");
    let foreign = ConnectOptions { source: Some(Outlet::fixed("192.0.2.1:0".parse().unwrap())), ..Default::default() };
    match connect(&address, &foreign) {
        Err(NotStarted::Source(_, error)) => assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn giving_up_after_a_handshake_that_nobody_noticed_is_a_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Inet(listener.local_addr().unwrap());
    connect(&address, &ConnectOptions::default()).unwrap().abort();
    let (mut server, _) = listener.accept().unwrap();
    let error = io::Read::read(&mut server, &mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

/// The accept queue holds only handshakes that were acknowledged.
#[tokio::test]
async fn without_quickack_a_prompt_reset_is_never_accepted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = Address::Inet(listener.local_addr().unwrap());
    let options = ConnectOptions { quickack: false, ..Default::default() };
    let (stream, _) = connected(connect(&address, &options).unwrap().finish().await);
    stream.close_towards_server();
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

/// The second and third connection find their ports in use: by a socket that listens, by our own connection to the same server.
#[tokio::test]
async fn a_port_is_held_as_long_as_its_connection_and_ports_that_others_have_are_passed_over() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let destination = listener.local_addr().unwrap();
    let taken = TcpListener::bind("127.0.0.3:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (first, last) = (port.saturating_sub(1), port.saturating_add(1));
    let source = crate::Source {
        address: plimsoll_config::OneOrMany(vec![format!("127.0.0.3:{first}-{last}").parse().unwrap()]),
        usesrc: None,
        interface: None,
    };
    let outlet = crate::Outlets::default().of(&source, destination, &mut || 5);
    let options = ConnectOptions { source: Some(Arc::clone(&outlet)), ..Default::default() };
    let range = outlet.ranges().next().unwrap();
    let address = Address::Inet(destination);
    let (one, _) = connected(connect(&address, &options).unwrap().finish().await);
    let (other, _) = connected(connect(&address, &options).unwrap().finish().await);
    assert_eq!((range.used(), range.size()), (2, 3));
    let ports: Vec<_> = [&one, &other].map(|stream| stream.local_addr().unwrap().unwrap()).to_vec();
    assert!(ports.iter().all(|local| local.port() != Some(port)) && ports[0] != ports[1], "{ports:?}");
    assert!(matches!(connect(&address, &options), Err(NotStarted::NoPort)));
    assert_eq!(range.used(), 2, "the one that others have is free again, to be tried");
    drop(one);
    assert_eq!(range.used(), 1);
    // Closed by RST, so that the very port can be used at once.
    let (again, _) = connected(connect(&address, &options).unwrap().finish().await);
    assert_eq!(again.local_addr().unwrap(), Some(ports[0].clone()));
    again.reset();
    other.close_towards_server();
    assert_eq!((range.used(), range.most()), (0, 3));
    connect(&address, &options).unwrap().abort();
    assert_eq!(range.used(), 0);
}

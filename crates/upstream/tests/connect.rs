//! What each way in which a connect can end is called, and whether it may be tried again.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::time::Duration;

use plimsoll_clock::{Tick, Wheel};
use plimsoll_net::{Address, ConnectOptions, Outlet, Source, ToServer};
use plimsoll_outcome::{Outcome, Retry};
use plimsoll_upstream::{Personal, connect};

/// Connects with a wheel that stands still: nothing runs out of time.
fn attempt(address: &Address) -> Result<ToServer, &'static Outcome> {
    with(address, &ConnectOptions::default())
}

fn with(address: &Address, options: &ConnectOptions) -> Result<ToServer, &'static Outcome> {
    let runtime = tokio::runtime::LocalRuntime::new().unwrap();
    runtime.block_on(async {
        let wheel = Wheel::new(Tick::now());
        connect(address, options, None, &wheel.timer(), Tick::NEVER).await
    })
}

fn said(outcome: Result<ToServer, &'static Outcome>) -> (&'static str, Retry) {
    let outcome = outcome.expect_err("it should not connect");
    (outcome.slug, outcome.retry)
}

#[test]
fn a_server_that_listens_is_connected() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Inet(listener.local_addr().unwrap());
    assert_eq!(attempt(&address).unwrap().peer_addr().unwrap(), Some(address));
}

#[test]
fn a_preface_is_the_first_that_a_server_hears() {
    use std::io::Read;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Inet(listener.local_addr().unwrap());
    let runtime = tokio::runtime::LocalRuntime::new().unwrap();
    let stream = runtime.block_on(async {
        let wheel = Wheel::new(Tick::now());
        let personal = Personal { preface: (*b"first ").into(), from: None };
        let options = ConnectOptions::default();
        let stream = connect(&address, &options, Some(&personal), &wheel.timer(), Tick::NEVER).await.unwrap();
        stream.write_all(b"then").await.unwrap();
        stream
    });
    let mut heard = [0; 10];
    listener.accept().unwrap().0.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"first then");
    drop(stream);
}

/// Bound keeps the port from others; not listening refuses.
#[test]
fn a_port_that_nobody_listens_on_refuses() {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
    let bound = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&bound, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = SocketAddr::try_from(getsockname(&bound).unwrap()).unwrap();
    assert_eq!(said(attempt(&Address::Inet(address))), ("server.connect.refused", Retry::Safe));
}

#[test]
fn a_unix_socket_that_is_missing_refuses_and_so_does_one_that_nobody_listens_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.sock");
    let address = Address::Unix(path.clone());
    assert_eq!(said(attempt(&address)), ("server.connect.refused", Retry::Safe));
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert_eq!(said(attempt(&address)), ("server.connect.refused", Retry::Safe));
}

/// The kernel drops a SYN while the queue of the listener is full, as a firewall would.
#[test]
fn a_server_that_does_not_answer_runs_out_of_time_at_the_given_tick() {
    let runtime = tokio::runtime::LocalRuntime::new().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let address = Address::Inet(listener.local_addr().unwrap());
        let options = ConnectOptions::default();
        let _fills_the_queue = plimsoll_net::connect(&address, &options).unwrap().finish().await;
        let start = Tick::from_micros(1_000_000);
        let wheel = Wheel::new(start);
        let timer = wheel.timer();
        let mut attempt =
            std::pin::pin!(connect(&address, &options, None, &timer, start.after(Duration::from_secs(5))));
        assert!(poll_once(attempt.as_mut()).await.is_none());
        wheel.advance(start.after(Duration::from_millis(4_990)));
        assert!(poll_once(attempt.as_mut()).await.is_none(), "there was time left");
        wheel.advance(start.after(Duration::from_millis(5_016)));
        assert_eq!(said(attempt.await), ("server.connect.timeout", Retry::Safe));
    });
}

/// Polls once, after the event loop had its turn.
async fn poll_once<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    tokio::task::yield_now().await;
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

/// Multicast is not for TCP: the kernel has no way there, on any machine.
#[test]
fn an_address_without_a_way_is_unreachable() {
    let address = SocketAddr::from((Ipv4Addr::new(224, 0, 0, 1), 9));
    assert_eq!(said(attempt(&Address::Inet(address))), ("server.connect.unreachable", Retry::Safe));
}

#[test]
fn a_source_address_that_is_not_ours_is_our_own_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 0));
    let options = ConnectOptions { source: Some(Outlet::fixed(source)), ..ConnectOptions::default() };
    let address = Address::Inet(listener.local_addr().unwrap());
    assert_eq!(said(with(&address, &options)), ("proxy.connect.source", Retry::Safe));
}

#[test]
fn a_range_that_is_used_up_has_a_name_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let destination = listener.local_addr().unwrap();
    let address = "127.0.0.4:40404".parse().unwrap();
    let source = Source { address: plimsoll_config::OneOrMany(vec![address]), usesrc: None, interface: None };
    let outlet = plimsoll_net::Outlets::default().of(&source, destination, &mut || 0);
    let held = outlet.ranges().next().unwrap().take();
    let options = ConnectOptions { source: Some(outlet), ..ConnectOptions::default() };
    assert_eq!(said(with(&destination.into(), &options)), ("proxy.connect.source-ports", Retry::Safe));
    drop(held);
    assert!(with(&destination.into(), &options).is_ok());
}

#[test]
fn a_source_of_another_family_is_our_own_fault_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let options = ConnectOptions { source: Some(Outlet::fixed(source)), ..ConnectOptions::default() };
    let address = Address::Inet(listener.local_addr().unwrap());
    assert_eq!(said(with(&address, &options)).0, "proxy.connect.source");
}

#[test]
fn accepted_and_reset_at_once_is_an_empty_response_and_not_a_failed_connect() {
    let runtime = tokio::runtime::LocalRuntime::new().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Inet(listener.local_addr().unwrap());
        let options = ConnectOptions::default();
        let wheel = Wheel::new(Tick::now());
        let timer = wheel.timer();
        let server = std::thread::spawn(move || {
            let accepted = listener.accept().unwrap().0;
            rustix::net::sockopt::set_socket_linger(accepted.as_fd(), Some(Duration::ZERO)).unwrap();
        });
        let outcome = connect(&address, &options, None, &timer, Tick::NEVER);
        let mut outcome = std::pin::pin!(outcome);
        // connect() is called by the first poll; the event loop turns only when the reset is there.
        let waker = std::task::Waker::noop();
        let first = outcome.as_mut().poll(&mut std::task::Context::from_waker(waker));
        assert!(first.is_pending());
        server.join().unwrap();
        assert_eq!(said(outcome.await), ("server.connect.reset", Retry::IfIdempotent));
    });
}

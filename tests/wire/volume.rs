//! Many more connections than there are source ports: towards one server from one address, with fifty times fewer ports in `ci` than the
//! 28,000 of a machine, as there are fifty times fewer connections.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_testkit::network::{FRONT, SERVER, at};
use plimsoll_testkit::{Network, wait_until};
use plimsoll_tests::volume;
use rustix::net::SendFlags;

use crate::stage::{KEPT, http};

/// Client connections at once.
const CLIENTS: usize = 32;

fn connections() -> usize {
    volume(10_000, 500_000)
}

/// The ports that `lb` may connect from: 560 in `ci`, 28,000 in full.
fn few_ports(network: &Network) -> u64 {
    let ports = volume(560, 28_000);
    network.lb.set("ipv4/ip_local_port_range", &format!("32768 {}", 32_767 + ports));
    ports as u64
}

/// A server that answers every connection once and leaves the close to its client; every other one it closes itself, FIN with the answer.
struct Server {
    listener: TcpListener,
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Server {
    fn start(network: &Network) -> Self {
        let listener = network.server.enter(|| TcpListener::bind(at(SERVER, 80))).unwrap();
        rustix::net::listen(&listener, 4096).unwrap();
        let stop = Arc::<AtomicBool>::default();
        // A connection that is left to its client keeps its thread for the moment that takes.
        let threads = (0..CLIENTS * 2).map(|number| {
            let (listener, stop) = (listener.try_clone().unwrap(), stop.clone());
            thread::spawn(move || {
                while let Ok((mut stream, _)) = listener.accept() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    serve(&mut stream, number % 2 == 0);
                }
            })
        });
        let threads = threads.collect();
        Self { listener, stop, threads }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Read);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

fn serve(stream: &mut TcpStream, keep: bool) {
    let mut some = [0; 1024];
    let mut read = 0;
    while !some[..read].ends_with(b"\r\n\r\n") {
        match stream.read(&mut some[read..]) {
            Ok(count @ 1..) => read += count,
            _ => return,
        }
    }
    if keep {
        let _ = stream.write_all(KEPT);
        while let Ok(1..) = stream.read(&mut some) {}
    } else {
        let _ = rustix::net::send(&*stream, KEPT, SendFlags::MORE);
    }
}

/// Asks on one kept connection until all is done; gives what was not the right answer.
fn ask(mut stream: TcpStream, left: &AtomicUsize) -> Option<String> {
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut some = [0; 1024];
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        if let Err(error) = stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
            return Some(format!("writing a request: {error}"));
        }
        let mut read = 0;
        while !some[..read].ends_with(b"\r\n\r\nok") {
            match stream.read(&mut some[read..]) {
                Ok(count @ 1..) => read += count,
                other => return Some(format!("{other:?} after {}", some[..read].escape_ascii())),
            }
        }
        if !some.starts_with(b"HTTP/1.1 200") {
            return Some(some[..read].escape_ascii().to_string());
        }
    }
    None
}

/// "We never need the TIME_WAIT anyway" (document 001).
#[test]
fn half_a_million_requests_over_connections_that_are_used_once_run_out_of_no_ports() {
    let network = Network::new();
    let ports = few_ports(&network);
    let _server = Server::start(&network);
    let site = http().backend("http-server-close: true").frontend("access-log: false");
    let _lb = network.lb.enter(|| site.start());
    let left = Arc::new(AtomicUsize::new(connections()));
    let began = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let stream = network.client.enter(|| TcpStream::connect(at(FRONT, 80))).unwrap();
            let left = left.clone();
            thread::spawn(move || ask(stream, &left))
        })
        .collect();
    let failures: Vec<String> = clients.into_iter().filter_map(|client| client.join().unwrap()).collect();
    let (took, opened) = (began.elapsed(), network.lb.counter("Tcp", "ActiveOpens"));
    let time_wait = network.lb.time_wait(SERVER);
    let rate = opened as f64 / took.as_secs_f64();
    println!(
        "http: {opened} connections over {ports} ports in {took:.1?}, {rate:.0}/s; TIME_WAIT {time_wait}, failures {}",
        failures.len()
    );
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(opened as usize, connections(), "one connection a request");
    assert!(opened > 17 * ports, "too few to prove anything");
    assert_eq!(time_wait, 0);
}

#[test]
fn half_a_million_checks_run_out_of_no_ports() {
    for kind in ["tcp", "http"] {
        let network = Network::new();
        let ports = few_ports(&network);
        let _server = Server::start(&network);
        let check = format!("health-check: {{ type: {kind}, interval: 250ms, timeout: 5s, rise: 1, fall: 1 }}");
        let site =
            (0..2000).fold(http().backend(&check), |site, number| site.server(&format!("s{number}"), at(SERVER, 80)));
        let began = Instant::now();
        let lb = network.lb.enter(|| site.start());
        let wanted = (connections() / 2) as u64;
        let opened = || network.lb.counter("Tcp", "ActiveOpens");
        let done = wait_until(Duration::from_secs(volume(60, 300) as u64), || opened() >= wanted);
        let (took, opened) = (began.elapsed(), opened());
        let time_wait = network.lb.time_wait(SERVER);
        let rate = opened as f64 / took.as_secs_f64();
        println!(
            "{kind} checks: {opened} connections over {ports} ports in {took:.1?}, {rate:.0}/s; TIME_WAIT {time_wait}"
        );
        assert!(done, "{opened} of {wanted}");
        let log = lb.stdout() + &lb.stderr();
        assert!(!log.contains("DOWN"), "a check failed:\n{log}");
        assert_eq!(time_wait, 0);
    }
}

/// What the tests above would meet if `lb` closed like anybody else.
#[test]
fn plain_closes_use_the_ports_up() {
    let network = Network::new();
    network.lb.set("ipv4/ip_local_port_range", "32768 32799");
    let _server = Server::start(&network);
    let connect = || network.lb.enter(|| TcpStream::connect(at(SERVER, 80)));
    let mut made = 0;
    let error = loop {
        match connect() {
            Ok(stream) => drop(stream),
            Err(error) => break error,
        }
        made += 1;
    };
    assert_eq!((made, error.kind()), (32, ErrorKind::AddrNotAvailable));
    assert!(network.lb.time_wait(SERVER) > 0);
}

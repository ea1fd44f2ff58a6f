//! Clients that close their sending side while they wait: answered, unless `abortonclose` says that they left.

use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use plimsoll_testkit::{Client, Origin, eventually, origin};
use plimsoll_tests::{Site, Timeouts};
use rustix::net::{AddressFamily, SocketType};

const SOON: Duration = Duration::from_secs(10);
const LONG: Timeouts =
    Timeouts { http_request: 30_000, client: 30_000, server: 30_000, keep_alive: 30_000, tunnel: 30_000 };

/// An origin that reads one request and thinks for ever; it tells of the request, and of the end of its connection.
fn thinker() -> (Origin, Receiver<&'static str>) {
    let (tell, told) = channel();
    let tell = std::sync::Mutex::new(tell);
    let origin = Origin::raw(move |mut wire, _| {
        let tell = tell.lock().unwrap().clone();
        if origin::read_request(&mut wire).is_ok() {
            let _ = tell.send("asked");
            wire.until_end();
            let _ = tell.send("ended");
        }
    });
    (origin, told)
}

#[test]
fn with_abortonclose_a_client_that_closes_ends_the_request_that_its_server_works_on() {
    let (origin, told) = thinker();
    let site = Site::http().timeouts(LONG).backend("abortonclose: true").server("o", origin.addr);
    let lb = site.start();
    let mut client = Client::connect(lb.addr("web")).patient(SOON);
    client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(told.recv_timeout(SOON), Ok("asked"));
    client.half_close();
    assert_eq!(told.recv_timeout(SOON), Ok("ended"), "the server need not go on");
    assert_eq!(client.response().unwrap().status, 400);
    eventually("the log says who left, and when", SOON, || lb.stdout().contains(" CH-- "));
}

#[test]
fn without_it_such_a_client_is_still_answered() {
    let (go, wait) = channel::<()>();
    let (go, wait) = (go, std::sync::Mutex::new(wait));
    let origin = Origin::serving(move |exchange: &mut plimsoll_testkit::Exchange<'_>| {
        wait.lock().unwrap().recv_timeout(SOON).unwrap();
        exchange.answer()
    });
    let lb = Site::http().timeouts(LONG).server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web")).patient(SOON);
    client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    client.half_close();
    assert!(client.silent_for(Duration::from_millis(200)));
    go.send(()).unwrap();
    assert_eq!(client.response().unwrap().text(), origin::expected("GET", "/slow", b""));
}

/// A listener whose queue is full: a connect to it hangs. Everything must be kept.
fn full() -> (SocketAddr, impl Sized) {
    let fd = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&fd, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    rustix::net::listen(&fd, 0).unwrap();
    let addr: SocketAddr = rustix::net::getsockname(&fd).unwrap().try_into().unwrap();
    let waiting: Vec<TcpStream> =
        (0..4).map_while(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(300)).ok()).collect();
    assert!(waiting.len() < 4, "its queue never fills");
    (addr, (fd, waiting))
}

#[test]
fn with_abortonclose_a_client_that_closes_ends_the_wait_for_a_connection() {
    let (addr, _kept) = full();
    let site = Site::http().timeouts(LONG).backend("abortonclose: true").backend("timeouts: { connect: 30s }");
    let lb = site.server("o", addr).start();
    let began = Instant::now();
    let mut client = Client::connect(lb.addr("web")).patient(SOON);
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.silent_for(Duration::from_millis(200)), "the connect hangs");
    client.half_close();
    assert_eq!(client.response().unwrap().status, 503);
    assert!(began.elapsed() < SOON);
    eventually("the log says who left, and when", SOON, || lb.stdout().contains(" CC-- "));
}

//! `send-proxy`: the first bytes of a server connection tell the client's addresses, and no other client travels on it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use plimsoll_testkit::origin::serve_requests;
use plimsoll_testkit::{Client, Lb, Origin, Wire, eventually};
use plimsoll_tests::Site;

use super::site::{SOON, V1, V2, accepting, ours};

/// Headers in the order of the connections, and an origin that answers behind them.
struct Hearing {
    origin: Origin,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A line that begins with `PROXY`, or the bytes that the length field of a binary header announces.
fn header(wire: &mut Wire) -> Vec<u8> {
    if wire.peek().is_ok_and(|first| first == b'P') {
        return wire.line().expect("a line");
    }
    let fixed = wire.take(16).expect("16 bytes");
    let rest = wire.take(usize::from(u16::from_be_bytes([fixed[14], fixed[15]]))).expect("the rest");
    [fixed, rest].concat()
}

impl Hearing {
    fn start() -> Self {
        let heard: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = heard.clone();
        let origin = Origin::raw(move |mut wire, _| {
            kept.lock().unwrap().push(header(&mut wire));
            serve_requests(wire, &|exchange| exchange.answer());
        });
        Self { origin, heard }
    }

    fn heard(&self, number: usize) -> Vec<u8> {
        eventually("a header", SOON, || self.heard.lock().unwrap().len() > number);
        self.heard.lock().unwrap()[number].clone()
    }

    fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn text(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    format!("PROXY TCP4 {} {} {} {}", from.ip(), to.ip(), from.port(), to.port()).into_bytes()
}

/// Both on 127.0.0.1.
fn binary(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    let ports = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &[127, 0, 0, 1, 127, 0, 0, 1][..], &ports].concat()
}

#[test]
fn a_server_hears_the_clients_address_first_and_once_a_connection() {
    for mode in ["http", "tcp"] {
        for (keys, as_told) in
            [("send-proxy: true", text as fn(_, _) -> _), ("send-proxy-v2: true", binary as fn(_, _) -> _)]
        {
            let hearing = Hearing::start();
            let site = if mode == "http" { Site::http().backend("http-reuse: always") } else { Site::tcp() };
            let lb = site.server_with("o", hearing.origin.addr, keys).start();
            let mut one = Client::connect(lb.addr("web"));
            for path in ["/a", "/b", "/c"] {
                assert_eq!(one.get(path).unwrap().status, 200);
            }
            let mut two = Client::connect(lb.addr("web"));
            assert_eq!(two.get("/d").unwrap().status, 200);
            // The first one's connection is idle, and not the second one's.
            assert_eq!(one.get("/e").unwrap().status, 200);
            assert_eq!(hearing.count(), 2, "{mode}, {keys}");
            for (number, client) in [&mut one, &mut two].into_iter().enumerate() {
                let from = ours(client);
                assert_eq!(hearing.heard(number), as_told(from, lb.addr("web")), "{mode}, {keys}");
            }
        }
    }
}

#[test]
fn every_way_of_reuse_keeps_clients_apart() {
    for reuse in ["never", "safe", "aggressive", "always"] {
        let hearing = Hearing::start();
        let lb = Site::http()
            .backend(&format!("http-reuse: {reuse}"))
            .server_with("o", hearing.origin.addr, "send-proxy-v2: true")
            .start();
        let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(lb.addr("web"))).collect();
        for _ in 0..4 {
            for client in &mut clients {
                assert_eq!(client.get("/").unwrap().status, 200);
            }
        }
        assert_eq!(hearing.count(), 3, "{reuse}");
        for (number, client) in clients.iter_mut().enumerate() {
            assert_eq!(hearing.heard(number), binary(ours(client), lb.addr("web")), "{reuse}");
        }
    }
}

#[test]
fn what_a_header_told_is_told_on() {
    for site in [Site::http(), Site::tcp()] {
        let hearing = Hearing::start();
        for (number, header) in [V1, V2].into_iter().enumerate() {
            let keys = if header == V1 { "send-proxy-v2: true" } else { "send-proxy: true" };
            let lb = Lb::start(&accepting(&site.clone().server_with("o", hearing.origin.addr, keys)));
            let mut peer = Client::connect(lb.addr("web"));
            peer.send([header, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
            assert_eq!(peer.response().unwrap().status, 200);
            let expected = if header == V1 { V2 } else { V1.strip_suffix(b"\r\n").unwrap() };
            assert_eq!(hearing.heard(number), expected, "{}", header.escape_ascii());
        }
    }
}

#[test]
fn a_client_of_a_unix_socket_is_unknown_or_local() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (keys, expected)) in
        [("send-proxy: true", &b"PROXY UNKNOWN"[..]), ("send-proxy-v2: true", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")]
            .into_iter()
            .enumerate()
    {
        let hearing = Hearing::start();
        let path = folder.path().join(format!("{number}.sock"));
        let bind = format!("unix@{}", path.display());
        let _lb = Site::http().bind(&bind).server_with("o", hearing.origin.addr, keys).start();
        assert_eq!(Client::connect_unix(&path).get("/").unwrap().status, 200);
        assert_eq!(hearing.heard(0), expected);
    }
}

#[test]
fn a_retry_tells_the_next_server_as_well() {
    let hearing = Hearing::start();
    let refused = plimsoll_testkit::socket::RefusedPort::take().unwrap();
    let lb = Site::http()
        .server_with("dead", refused.addr, "send-proxy: true")
        .server_with("o", hearing.origin.addr, "send-proxy: true")
        .start();
    for _ in 0..4 {
        let mut client = Client::connect(lb.addr("web"));
        assert_eq!(client.get("/").unwrap().status, 200);
        let from = ours(&mut client);
        assert_eq!(hearing.heard(hearing.count() - 1), text(from, lb.addr("web")));
    }
}

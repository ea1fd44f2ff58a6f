//! Scorecard row 18: what idle and stalled connections hold, and that all of it comes back.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use plimsoll_testkit::network::{FRONT, SERVER, at};
use plimsoll_testkit::origin::read_request;
use plimsoll_testkit::process::raise_descriptors;
use plimsoll_testkit::runtime_socket::figure;
use plimsoll_testkit::{Client, Lb, Origin, Wire, eventually, holds_for, wait_until};
use plimsoll_tests::{Site, volume};

use crate::stage::{PATIENT, SOON, connect, listen_on, narrow_network};

/// KiB that a connection which stopped may hold.
const MOST: u64 = 64;
/// The same of resident memory: among the pages are some whose bytes were freed, but not all of them at once.
const MOST_RESIDENT: u64 = 128;

/// The key of `global` that opens a runtime socket, and a quiet log.
fn global(socket: &Path) -> String {
    format!("threads: 1, log: {{ to: \"file:/dev/null\" }}, runtime-api: [{{ bind: \"unix@{}\" }}]", socket.display())
}

/// Sends an answer without end, and reads nothing of a body.
fn without_end(mut wire: Wire, chunks: bool) {
    wire.patience(Duration::from_secs(120));
    while wire.line().is_ok_and(|line| !line.is_empty()) {}
    let head: &[u8] = if chunks {
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    } else {
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
    };
    wire.send(head);
    let piece = [&b"2000\r\n"[..], &[b'y'; 0x2000], b"\r\n"].concat();
    while wire.send(&piece) {}
}

/// Reads nothing and says nothing, until the test is over.
fn takes_nothing(wire: &Wire, over: &AtomicBool) {
    wait_until(Duration::from_secs(120), || over.load(Ordering::Relaxed));
    let _ = wire.socket().half_close();
}

#[derive(Clone, Copy)]
enum Server {
    TakesNothing,
    WithoutEnd { chunks: bool },
}

/// What a client sends: first, and then for ever.
struct Stall {
    name: &'static str,
    site: fn() -> Site,
    first: &'static [u8],
    more: &'static [u8],
    server: Server,
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LENGTH: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n";
const CHUNKS: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const PLAIN: &[u8] = &[b'x'; 0x2000];
const CHUNK: &[u8] = {
    const BYTES: [u8; 0x2008] = {
        let mut bytes = [b'x'; 0x2008];
        let (head, tail) = (*b"2000\r\n", *b"\r\n");
        let mut at = 0;
        while at < head.len() {
            bytes[at] = head[at];
            at += 1;
        }
        bytes[0x2006] = tail[0];
        bytes[0x2007] = tail[1];
        bytes
    };
    &BYTES
};

fn http() -> Site {
    Site::http().timeouts(PATIENT).bind("198.51.100.1:80").server("s", at(SERVER, 80))
}

fn copied() -> Site {
    http().backend("splice-auto: false")
}

fn tcp() -> Site {
    Site::tcp().timeouts(PATIENT).bind("198.51.100.1:80").backend("splice-auto: false").server("s", at(SERVER, 80))
}

const STALLS: &[Stall] = &[
    Stall { name: "upload, a length, spliced", site: http, first: LENGTH, more: PLAIN, server: Server::TakesNothing },
    Stall { name: "upload, a length", site: copied, first: LENGTH, more: PLAIN, server: Server::TakesNothing },
    Stall { name: "upload, chunks", site: copied, first: CHUNKS, more: CHUNK, server: Server::TakesNothing },
    Stall { name: "upload, TCP mode", site: tcp, first: b"", more: PLAIN, server: Server::TakesNothing },
    Stall {
        name: "download, a length, spliced",
        site: http,
        first: GET,
        more: b"",
        server: Server::WithoutEnd { chunks: false },
    },
    Stall {
        name: "download, a length",
        site: copied,
        first: GET,
        more: b"",
        server: Server::WithoutEnd { chunks: false },
    },
    Stall {
        name: "download, chunks",
        site: copied,
        first: GET,
        more: b"",
        server: Server::WithoutEnd { chunks: true },
    },
    Stall {
        name: "download, TCP mode",
        site: tcp,
        first: GET,
        more: b"",
        server: Server::WithoutEnd { chunks: false },
    },
];

/// Opens connections and lets them send until none can send more.
fn stall(stall: &Stall, count: usize) -> Vec<TcpStream> {
    let mut streams: Vec<(TcpStream, usize)> = (0..count)
        .map(|_| {
            let mut stream = connect(at(FRONT, 80));
            stream.write_all(stall.first).expect("room for a head");
            (stream, 0)
        })
        .collect();
    eventually("nobody can send more", SOON, || {
        // The pieces go out whole: where one was cut, it goes on from there.
        holds_for(Duration::from_millis(300), || {
            let mut moved = false;
            for (stream, at) in &mut streams {
                while !stall.more.is_empty() {
                    match stream.write(&stall.more[*at..]) {
                        Ok(count) => {
                            *at = (*at + count) % stall.more.len();
                            moved = true;
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        Err(error) => panic!("{}: {error}", stall.name),
                    }
                }
            }
            !moved
        })
    });
    streams.into_iter().map(|(stream, _)| stream).collect()
}

/// RSS of a process at rest, when it no longer changes: the allocator gives pages back a second after they were freed.
fn resident(lb: &mut Lb) -> u64 {
    eventually("lb comes to rest", SOON * 2, || {
        let before = lb.process().cpu();
        holds_for(Duration::from_millis(300), || lb.process().cpu() == before)
    });
    let mut last = lb.process().resident();
    wait_until(SOON, || {
        let before = std::mem::replace(&mut last, 0);
        holds_for(Duration::from_millis(1300), || true);
        last = lb.process().resident();
        last.abs_diff(before) < 64
    });
    last
}

/// What each of these costs, in KiB: resident, and of that in buffers.
fn cost(way: &Stall, count: u64) -> (u64, u64) {
    let net = narrow_network();
    let (server, over) = (way.server, Arc::<AtomicBool>::default());
    let _server = Origin::raw_on(net.server.enter(|| listen_on(SERVER, 80)), {
        let over = over.clone();
        move |wire, _| match server {
            Server::TakesNothing => takes_nothing(&wire, &over),
            Server::WithoutEnd { chunks } => without_end(wire, chunks),
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("lb.sock");
    let mut lb = net.lb.enter(|| (way.site)().global(&global(&socket)).start());
    let held = || figure(&socket, "BufferBytes");
    // As many as a worker keeps memory for, and more.
    let warm = net.client.enter(|| stall(way, 100));
    let before = (resident(&mut lb), held());
    let stalled = net.client.enter(|| stall(way, count as usize));
    let after = (resident(&mut lb), held());
    drop((stalled, warm));
    over.store(true, Ordering::Relaxed);
    eventually("all of it is given back", SOON, || held() == 0);
    let each = |before: u64, after: u64| after.saturating_sub(before).div_ceil(count);
    (each(before.0, after.0), each(before.1, after.1) / 1024)
}

#[test]
fn a_stalled_upload_or_download_of_a_gigabyte_holds_less_than_64_kib_both_ways() {
    raise_descriptors();
    let count = volume(100, 400) as u64;
    let costs: Vec<(u64, u64)> = thread::scope(|scope| {
        let ways: Vec<_> = STALLS.iter().map(|way| scope.spawn(move || cost(way, count))).collect();
        ways.into_iter().map(|way| way.join().expect("a way to stall")).collect()
    });
    for (way, (resident, buffers)) in STALLS.iter().zip(&costs) {
        println!("row 18: stalled {}: {resident} KiB each, of them buffers {buffers} KiB", way.name);
    }
    for (way, (resident, buffers)) in STALLS.iter().zip(costs) {
        assert!(resident <= MOST_RESIDENT && buffers <= MOST, "{}: {resident} KiB, {buffers} KiB in buffers", way.name);
    }
}

/// What an allocator keeps for itself after a spike, in KiB: pages, not bytes.
const KEPT: u64 = 24 << 10;

#[test]
fn after_a_spike_of_8000_connections_nothing_is_held() {
    raise_descriptors();
    const CONNECTIONS: usize = 8000;
    let origin = Origin::raw(|mut wire, _| {
        while read_request(&mut wire).is_ok() {
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("lb.sock");
    // Room for all of them, whatever else the descriptors are for.
    let global = format!("maxconn: {}, {}", CONNECTIONS + 100, global(&socket));
    let site = Site::http().timeouts(PATIENT).global(&global).backend("http-reuse: always");
    let mut lb = site.server("o", origin.addr).start();
    let held = || figure(&socket, "BufferBytes");
    let connections = || figure(&socket, "CurrConns") as usize;
    assert_eq!(Client::connect(lb.addr("web")).get("/").expect("an answer").status, 200);
    eventually("the client is gone", SOON, || connections() == 0);
    let start = resident(&mut lb);
    let spike = |lb: &mut Lb| {
        let to = lb.addr("web");
        let mut clients: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect(to)).collect();
        eventually("all are in", SOON, || connections() == CONNECTIONS);
        let idle = resident(lb);
        assert_eq!(held(), 0, "who has said nothing holds nothing");
        clients.iter_mut().for_each(|client| client.write_all(b"GET / HTTP/1.1\r\nHost: ").expect("half a head"));
        eventually("each holds a buffer", SOON, || held() / CONNECTIONS as u64 > 32 << 10);
        let most = (resident(lb), held());
        clients.iter_mut().for_each(|client| client.write_all(b"a\r\n\r\n").expect("the other half"));
        eventually("all are idle again", SOON, || held() == 0);
        let again = resident(lb);
        drop(clients);
        eventually("all are gone", SOON, || connections() == 0);
        wait_until(SOON * 2, || lb.process().resident() <= start + KEPT);
        (idle, most, again, lb.process().resident())
    };
    let (idle, (most, held_most), again, end) = spike(&mut lb);
    let second = spike(&mut lb).3;
    println!(
        "row 18: idle {:.2} KiB each; resident {start} KiB, {CONNECTIONS} with half a head {most} ({} MiB of buffers), answered and idle {again}, \
         gone {end}, after a second spike {second}",
        idle.saturating_sub(start) as f64 / CONNECTIONS as f64,
        held_most >> 20,
    );
    assert_eq!(held(), 0);
    assert!(
        end <= start + KEPT && second <= start + KEPT,
        "{start} KiB before, {end} after, {second} after a second one"
    );
}

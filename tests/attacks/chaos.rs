//! Many clients and servers that do their worst at once; afterwards nothing is left: no descriptor, no place, no processor time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use plimsoll_testkit::origin::{answer_to, expected, read_request};
use plimsoll_testkit::{Client, Lb, Origin, Random, Wire, eventually, holds_for};
use plimsoll_tests::{Site, Timeouts, volume};
use rustix::process::Signal;

const SOON: Duration = Duration::from_secs(15);

/// Mostly answers rightly, in pieces; sometimes dies at a random byte, says too much, or is silent for a while.
fn moody(mut wire: Wire, seed: usize) {
    let mut random = Random::new(seed as u64 + 77);
    loop {
        if random.one_in(12) {
            // Does not even read the request to its end.
            let _ = wire.take(1 + random.below(300));
            if random.one_in(2) {
                wire.send(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
            }
            if random.one_in(2) {
                wire.into_socket().reset();
            }
            return;
        }
        let Ok(request) = read_request(&mut wire) else { return };
        if request.fields.get("upgrade").is_some() {
            wire.send(b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhi");
            let _ = wire.take(random.below(5000));
            wire.send(&vec![b'w'; random.below(300_000)]);
            if random.one_in(2) {
                let _ = wire.socket().half_close();
                wire.until_end();
            }
            return;
        }
        if random.one_in(6) {
            wire.send(b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n");
        }
        let mut bytes = answer_to(&request);
        if random.one_in(10) {
            bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL");
        }
        let cut = random.below(bytes.len());
        wire.send(&bytes[..cut]);
        if random.one_in(10) {
            if random.one_in(2) {
                wire.into_socket().reset();
            }
            return;
        }
        wire.send(&bytes[cut..]);
    }
}

/// One client's life. Gives how many answers were right; panics at one that is somebody else's.
fn wild(lb: SocketAddr, seed: u64) -> usize {
    let mut random = Random::new(seed);
    let mut client = Client::connect(lb).patient(Duration::from_secs(8));
    let mut right = 0;
    for number in 0..6 {
        let target = format!("/{seed}/{number}");
        if random.one_in(10) {
            client.send(format!(
                "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nearly"
            ));
            client.send(vec![b'u'; random.below(200_000)]);
            if random.one_in(2) {
                client.half_close();
            }
            if random.one_in(2) {
                client.everything();
            }
            break;
        }
        let size = *random.pick(&[0, 10, 5000, 64 << 10, 300 << 10]);
        let body = vec![b'b'; random.below(size + 1)];
        let whole = format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
        let bytes = [whole.as_bytes(), &body].concat();
        if random.one_in(8) {
            client.send(&bytes[..random.below(bytes.len())]);
            match random.below(3) {
                0 => {
                    client.reset();
                    return right;
                }
                1 => client.half_close(),
                _ => return right,
            }
            client.everything();
            return right;
        }
        if !client.send(&bytes) {
            break;
        }
        match client.response() {
            Ok(response) if response.status == 200 => {
                assert_eq!(response.text(), expected("POST", &target, &body), "a wrong answer for {target}");
                right += 1;
                if response.closes() {
                    break;
                }
            }
            Ok(response) if response.closes() => break,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    right
}

/// Twelve clients at a time. Gives how many answers were right.
fn storm(lb: &mut Lb, to: SocketAddr, rounds: u64) -> usize {
    let before = lb.process().descriptors();
    let right = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..12_u64)
        .map(|thread| {
            let right = right.clone();
            thread::spawn(move || {
                for round in 0..rounds {
                    right.fetch_add(wild(to, thread * 1000 + round + 1), Ordering::SeqCst);
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    // Pipes and idle server connections may stay; what belongs to clients may not.
    eventually("descriptors are given back", SOON, || lb.process().descriptors() <= before + 80);
    right.load(Ordering::SeqCst)
}

#[test]
fn after_a_storm_nothing_is_left_and_nobody_got_the_answer_of_another() {
    let rounds = volume(4, 200) as u64;
    let origins = [Origin::raw(moody), Origin::raw(moody)];
    for reuse in ["always", "safe", "never"] {
        let times = Timeouts { client: 2000, server: 2000, tunnel: 2000, http_request: 2000, keep_alive: 2000 };
        let site = Site::http().global("threads: 2").timeouts(times).backend(&format!("http-reuse: {reuse}"));
        let mut lb = site.backend("redispatch: true").server("a", origins[0].addr).server("b", origins[1].addr).start();
        let to = lb.addr("web");
        let right = storm(&mut lb, to, rounds);
        assert!(right as u64 > 10 * rounds, "{right} right answers");
        eventually("no server connection is in use", SOON, || origins.iter().map(Origin::open).sum::<usize>() < 80);
        let cpu = lb.process().cpu();
        holds_for(Duration::from_millis(1000), || true);
        let spent = lb.process().cpu() - cpu;
        assert!(spent <= Duration::from_millis(50), "{spent:?} of processor time while idle");
        assert!(!lb.stderr().contains("panicked"), "{}", lb.stderr());
        lb.signal(Signal::TERM);
        assert!(lb.wait_exit(Duration::from_secs(5)).success());
    }
}

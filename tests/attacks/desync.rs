//! Messages of all sizes around those of buffers, pipelined and in any pieces: each arrives whole, in order, at its own request.

use plimsoll_testkit::origin::{answer_to, expected, read_request};
use plimsoll_testkit::{Client, Origin, Random, Response};
use plimsoll_tests::{Site, Timeouts};

/// A request of random framing around the sizes of buffers; what the origin must make of it.
fn request(random: &mut Random, number: usize) -> (Vec<u8>, String) {
    let target = format!("/{number}/{}", "t".repeat(if random.one_in(8) { 16_000 } else { random.below(40) }));
    let around = *random.pick(&[0, 1, 1023, 4096, 16 << 10, 63 << 10, 64 << 10, 65 << 10, 128 << 10, 200 << 10]);
    let size = (around + random.below(3000)).saturating_sub(1500);
    let body: Vec<u8> = (0..size).map(|_| random.bits() as u8).collect();
    let pad = "p".repeat(if random.one_in(8) { 30_000 } else { 0 });
    let mut bytes = format!("POST {target} HTTP/1.1\r\nHost: a\r\nX-Pad: {pad}\r\n").into_bytes();
    if random.one_in(2) {
        bytes.extend_from_slice(format!("Content-Length: {size}\r\n\r\n").as_bytes());
        bytes.extend_from_slice(&body);
    } else {
        bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        chunks(random, &body, &mut bytes);
    }
    (bytes, expected("POST", &target, &body))
}

fn chunks(random: &mut Random, body: &[u8], bytes: &mut Vec<u8>) {
    let tiny = random.one_in(3);
    let mut rest = body;
    while !rest.is_empty() {
        let most = if tiny && rest.len() < 70_000 { 3 } else { 70_000 };
        let (chunk, left) = rest.split_at((1 + random.below(most)).min(rest.len()));
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
        rest = left;
    }
    bytes.extend_from_slice(if random.one_in(2) { b"0\r\nX-Sum: 1\r\n\r\n" } else { b"0\r\n\r\n" });
}

#[test]
fn requests_of_all_sizes_pipelined_in_any_pieces_are_answered_in_order() {
    for (reuse, unix) in [("always", false), ("never", false), ("safe", true)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("back.sock");
        let (tcp, there) = (
            Origin::answering(),
            Origin::raw_unix(&path, |mut wire, _| {
                while let Ok(request) = read_request(&mut wire) {
                    wire.send(&answer_to(&request));
                }
            }),
        );
        let address = if unix { format!("unix@{}", path.display()) } else { tcp.addr.to_string() };
        let site = Site::http().backend(&format!("http-reuse: {reuse}")).timeouts(Timeouts::default());
        let lb = site.server("o", address).start();
        for seed in 0..6 {
            let mut random = Random::new(seed + 1);
            let made: Vec<_> = (0..12).map(|number| request(&mut random, number)).collect();
            let all: Vec<u8> = made.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
            let ends: Vec<usize> = {
                let mut ends: Vec<usize> = (0..random.below(40)).map(|_| random.below(all.len())).collect();
                ends.sort_unstable();
                ends
            };
            let mut client = Client::connect(lb.addr("web"));
            let mut up = client.wire().socket().again().unwrap();
            let sender = std::thread::spawn(move || {
                let mut from = 0;
                for end in ends.into_iter().chain([all.len()]) {
                    if std::io::Write::write_all(&mut up, &all[from..end]).is_err() {
                        return;
                    }
                    from = end;
                }
            });
            for (number, (_, digest)) in made.iter().enumerate() {
                let response = client.response();
                let text = response.as_ref().map(Response::text);
                assert_eq!(text.as_ref(), Ok(digest), "seed {seed}, request {number}, {reuse}");
            }
            sender.join().unwrap();
        }
        drop(there);
    }
}

#[test]
fn responses_of_all_sizes_and_framings_arrive_whole() {
    let origin = Origin::raw(|mut wire, _| {
        while let Ok(request) = read_request(&mut wire) {
            let number: u64 = request.target.trim_start_matches('/').parse().unwrap_or_default();
            let mut random = Random::new(number);
            let body = body(&mut random);
            let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
            match number % 3 {
                0 => {
                    bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                    bytes.extend_from_slice(&body);
                }
                1 => {
                    bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                    chunks(&mut random, &body, &mut bytes);
                }
                _ => {
                    bytes.extend_from_slice(b"Connection: close\r\n\r\n");
                    bytes.extend_from_slice(&body);
                }
            }
            let cut = random.below(bytes.len());
            wire.send(&bytes[..cut]);
            wire.send(&bytes[cut..]);
            if number % 3 == 2 {
                return;
            }
        }
    });
    for splice in ["splice-auto: true", "splice-auto: false"] {
        let lb = Site::http().backend("http-reuse: always").backend(splice).server("o", origin.addr).start();
        let mut client = Client::connect(lb.addr("web"));
        for number in 0..120 {
            let want = body(&mut Random::new(number));
            let response = client.get(&format!("/{number}")).unwrap();
            assert!(response.body == want, "{number}: {} of {}", response.body.len(), want.len());
        }
        for number in 0..30 {
            let want = body(&mut Random::new(number));
            let mut old = Client::connect(lb.addr("web"));
            old.send(format!("GET /{number} HTTP/1.0\r\n\r\n"));
            let response = old.response().unwrap();
            assert!(response.body == want, "1.0, {number}: {} of {}", response.body.len(), want.len());
            old.closed().unwrap();
        }
    }
}

fn body(random: &mut Random) -> Vec<u8> {
    let around = *random.pick(&[0, 1, 4096, 63 << 10, 64 << 10, 65 << 10, 128 << 10, 300 << 10]);
    let size = (around + random.below(3000)).saturating_sub(1500);
    (0..size).map(|_| random.bits() as u8).collect()
}

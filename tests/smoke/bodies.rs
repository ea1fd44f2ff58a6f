//! Bodies: chunked with trailers, until close, large both ways at once, and answers that do not wait for one.

use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use plimsoll_testkit::request::Head;
use plimsoll_testkit::{Client, End, Exchange, Framing, Nginx, Origin, RecordingOrigin, Then, client, nginx, origin};
use plimsoll_tests::{Timeouts, front};

const PATIENT: Timeouts =
    Timeouts { http_request: 5000, client: 20_000, server: 20_000, keep_alive: 5000, tunnel: 5000 };
const LARGE: usize = 16 * 1024 * 1024;

/// A byte that tells its place, so that a lost or doubled block shows.
fn at(place: usize) -> u8 {
    (place ^ (place >> 8) ^ (place >> 16)) as u8
}

#[test]
fn chunked_bodies_and_trailers_pass_both_ways() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        let sum = exchange.request.trailers.get("x-sum").unwrap_or_default();
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Echo\r\n\r\n");
        for byte in exchange.request.body.clone() {
            exchange.send(format!("1\r\n{}\r\n", char::from(byte)));
        }
        exchange.send(format!("0\r\nX-Echo: {sum}\r\n\r\n"));
        Then::Keep
    });
    let lb = front(&[origin.addr], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    for _ in 0..2 {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 42\r\n\r\n");
        let response = client.response().unwrap();
        assert_eq!((response.framing, response.text().as_str()), (Framing::Chunked, "abcde"));
        assert_eq!(response.trailers.get("x-echo").as_deref(), Some("42"));
    }
    assert_eq!(origin.accepted(), 1);
}

#[test]
fn a_body_until_close_arrives_whole() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        exchange.send("HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n");
        for _ in 0..100 {
            exchange.send([b'x'; 1000]);
        }
        Then::Close
    });
    let lb = front(&[origin.addr], Timeouts::default());
    assert_eq!(Client::connect(lb.addr("web")).get("/").unwrap().body.len(), 100_000);
    // An HTTP/1.0 client knows no chunks.
    let mut old = Client::connect(lb.addr("web"));
    old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    let response = old.response().unwrap();
    assert_eq!((response.body.len(), response.framing), (100_000, Framing::UntilEnd));
}

#[test]
fn a_response_byte_by_byte_arrives_whole() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        for byte in b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: u\r\n\r\n" {
            exchange.send([*byte]);
        }
        Then::Keep
    });
    let lb = front(&[origin.addr], Timeouts::default());
    let mut client = Client::connect(lb.addr("web"));
    for _ in 0..3 {
        let response = client.get("/").unwrap();
        assert_eq!((response.text().as_str(), response.trailers.get("x-t").as_deref()), ("abc", Some("u")));
    }
}

#[test]
fn a_large_download_from_a_real_server_is_complete() {
    let origin = Nginx::start("big");
    let lb = front(&[origin.addr], PATIENT);
    let mut client = Client::connect(lb.addr("web")).patient(Duration::from_secs(30));
    for _ in 0..2 {
        let response = client.get("/big").unwrap();
        assert_eq!((response.status, response.body.len()), (200, nginx::BIG));
        assert!(response.body.iter().all(|byte| *byte == 0));
    }
}

/// Answers a body while it still comes: each part goes back at once.
fn echo_of_large_bodies(chunked: bool) -> Origin {
    Origin::raw(move |wire, _| {
        let mut wire = wire.forgetful();
        wire.begin();
        let Ok(head) = Head::read(&mut wire) else { return };
        let Ok(mut back) = wire.socket().again() else { return };
        let framing = if chunked { "Transfer-Encoding: chunked".into() } else { format!("Content-Length: {LARGE}") };
        let _ = back.write_all(format!("HTTP/1.1 200 OK\r\n{framing}\r\nConnection: close\r\n\r\n").as_bytes());
        let _ = head.pass_body(&mut wire, |part| {
            let _ = match chunked {
                true => back.write_all(&[format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat()),
                false => back.write_all(part),
            };
        });
        if chunked {
            let _ = back.write_all(b"0\r\n\r\n");
        }
    })
}

#[test]
fn sixteen_megabytes_go_up_and_come_down_at_once() {
    for chunked in [false, true] {
        let origin = echo_of_large_bodies(chunked);
        let lb = front(&[origin.addr], PATIENT);
        let mut client = Client::connect(lb.addr("web")).patient(Duration::from_secs(40));
        let mut up = client.wire().socket().again().unwrap();
        let sender = thread::spawn(move || {
            let framing =
                if chunked { "Transfer-Encoding: chunked".into() } else { format!("Content-Length: {LARGE}") };
            up.write_all(format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n").as_bytes()).unwrap();
            for block in 0..LARGE / 65_536 {
                let bytes: Vec<u8> = (0..65_536).map(|byte| at(block * 65_536 + byte)).collect();
                if chunked {
                    up.write_all(b"10000\r\n").unwrap();
                }
                up.write_all(&bytes).unwrap();
                if chunked {
                    up.write_all(b"\r\n").unwrap();
                }
            }
            if chunked {
                up.write_all(b"0\r\n\r\n").unwrap();
            }
        });
        let response = client.response().unwrap();
        sender.join().unwrap();
        assert_eq!(response.body.len(), LARGE, "chunked: {chunked}");
        let wrong = response.body.iter().enumerate().position(|(place, byte)| *byte != at(place));
        assert_eq!(wrong, None, "the first wrong byte, chunked: {chunked}");
    }
}

#[test]
fn a_denied_upload_still_reads_its_413() {
    let origin = Origin::raw(|mut wire, _| {
        wire.begin();
        if Head::read(&mut wire).is_ok() {
            wire.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch");
            let _ = wire.socket().half_close();
            // A good server discards what was on its way before it closes.
            let mut some = [0; 65_536];
            let Ok(mut rest) = wire.socket().again() else { return };
            let _ = rest.read_within(Duration::from_secs(2));
            while let Ok(1..) = rest.read(&mut some) {}
        }
    });
    let lb = front(&[origin.addr], PATIENT);
    for _ in 0..5 {
        let mut client = Client::connect(lb.addr("web"));
        client.send(format!("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n"));
        let mut up = client.wire().socket().again().unwrap();
        let sender = thread::spawn(move || {
            let block = [b'u'; 65_536];
            // Stops when the proxy no longer takes bytes; 2 MiB are more than every buffer on the way.
            (0..32).all(|_| up.write_all(&block).is_ok())
        });
        let response = client.response().unwrap();
        assert_eq!((response.status, response.text().as_str()), (413, "much"));
        sender.join().unwrap();
        let (more, end) = client.everything();
        assert!(more.is_empty() && end != End::Silence, "an upload cut short cannot be followed by a request");
    }
}

#[test]
fn every_answer_belongs_to_its_request() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr(), origin.addr()], Timeouts::default());
    let clients: Vec<_> = (0..8)
        .map(|lane| {
            let addr = lb.addr("web");
            thread::spawn(move || {
                let mut client = Client::connect(addr);
                for number in 0..100 {
                    let (target, body) = (format!("/{lane}/{number}"), "b".repeat(number * 37));
                    client.send(format!(
                        "PUT {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    ));
                    assert_eq!(client.response().unwrap().text(), origin::expected("PUT", &target, body.as_bytes()));
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert_eq!(client::get(lb.addr("web"), "/end").unwrap().status, 200);
    assert!(origin.take().unclean.is_empty());
}

//! `accept-proxy`: the address that a header tells is the client's everywhere; what is no header is cut and named.

use std::process::Command;

use plimsoll_testkit::{Client, End, Lb, Origin, RecordingOrigin, eventually, lb};
use plimsoll_tests::Site;

use super::site::{LOCAL, SOON, V1, V2, accepting, client, line, lines};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn http(origin: &RecordingOrigin) -> Lb {
    Lb::start(&accepting(&Site::http().frontend("forwardfor: true").server("o", origin.addr())))
}

#[test]
fn the_address_of_a_header_is_the_clients_in_the_log_and_in_x_forwarded_for_for_the_whole_connection() {
    let origin = RecordingOrigin::start();
    let lb = http(&origin);
    let mut number = 0;
    for header in [V1, V2] {
        let mut peer = Client::connect(lb.addr("web"));
        // One segment carries both: what follows the header is the request.
        peer.send([header, GET].concat());
        assert_eq!(peer.response().unwrap().status, 200);
        assert_eq!(peer.get("/again").unwrap().status, 200);
        for recorded in origin.take().requests {
            assert_eq!(recorded.request.fields.get("x-forwarded-for").as_deref(), Some("192.0.2.1"));
            assert_eq!(client(&line(&lb, number)), "192.0.2.1:56324");
            number += 1;
        }
    }
    assert_eq!(number, 4);
}

#[test]
fn a_header_may_come_alone_or_byte_by_byte() {
    let origin = RecordingOrigin::start();
    let lb = http(&origin);
    for (number, header) in [V2, V2, V1].into_iter().enumerate() {
        let mut peer = Client::connect(lb.addr("web"));
        let all = [header, GET].concat();
        let ends: Vec<usize> = if number == 0 { vec![header.len()] } else { (1..=header.len()).collect() };
        peer.send_split(&all, &ends);
        assert_eq!(peer.response().unwrap().status, 200);
        assert_eq!(client(&line(&lb, number)), "192.0.2.1:56324");
        assert_eq!(origin.take().requests[0].request.fields.get("x-forwarded-for").as_deref(), Some("192.0.2.1"));
    }
}

#[test]
fn local_and_unknown_keep_the_real_address() {
    let origin = RecordingOrigin::start();
    let lb = http(&origin);
    let unspecified = b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0";
    for (number, header) in [LOCAL, b"PROXY UNKNOWN\r\n", unspecified].into_iter().enumerate() {
        let mut peer = Client::connect(lb.addr("web"));
        peer.send([header, GET].concat());
        assert_eq!(peer.response().unwrap().status, 200);
        assert_eq!(line(&lb, number)["client"], "127.0.0.1");
        assert_eq!(origin.take().requests[0].request.fields.get("x-forwarded-for").as_deref(), Some("127.0.0.1"));
    }
}

#[test]
fn in_tcp_mode_exactly_what_follows_the_header_reaches_the_server() {
    let origin = Origin::raw(|mut wire, _| {
        let (bytes, _) = wire.until_end();
        wire.send(&bytes);
    });
    let lb = Lb::start(&accepting(&Site::tcp().server("o", origin.addr)));
    for (number, (header, rest)) in [(V1, &b"\r\nPROXY"[..]), (V2, b"\0bytes"), (LOCAL, b"")].into_iter().enumerate() {
        let mut peer = Client::connect(lb.addr("web"));
        peer.send([header, rest].concat());
        peer.send(b" and more");
        peer.half_close();
        let (answer, end) = peer.everything();
        assert_eq!(answer, [rest, b" and more"].concat());
        assert!(matches!(end, End::Fin { .. }));
        let address = if header == LOCAL { "127.0.0.1" } else { "192.0.2.1" };
        assert_eq!(line(&lb, number)["client"], address);
        assert_eq!(line(&lb, number)["bytes_in"], rest.len() as u64 + 9);
    }
}

#[test]
fn what_is_no_header_is_cut_named_in_the_log_and_kept_with_its_bytes() {
    let origin = RecordingOrigin::start();
    let sockets = tempfile::tempdir().unwrap();
    let socket = sockets.path().join("lb.sock");
    let wrong_sum = [&V2[..15], &[12 + 7], &V2[16..], b"\x03\0\x04\0\0\0\0"].concat();
    let table: [(&[u8], &str, &str); 7] = [
        (b"GET / HTTP/1.1\r\n", "client.proxy.missing", "PR"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.7 0x1 443\r\n", "client.proxy.malformed", "PR"),
        (&[b'P', b'R', b'O', b'X', b'Y', b' '].repeat(30), "client.proxy.too_long", "PR"),
        (b"\r\n\r\n\0\r\nQUIT\n\x31", "client.proxy.unsupported", "PR"),
        (&wrong_sum, "client.proxy.checksum", "PR"),
        (b"PROXY TCP4 192.", "client.proxy.timeout", "cR"),
        (b"", "client.proxy.timeout", "cR"),
    ];
    for site in [Site::http(), Site::tcp()] {
        let yaml = accepting(&site.server("o", origin.addr()));
        let global = format!("global: {{ runtime-api: \"unix@{}\",", socket.display());
        let lb = Lb::start(&yaml.replace("global: {", &global));
        for (number, (bytes, slug, state)) in table.iter().enumerate() {
            let mut peer = Client::connect(lb.addr("web"));
            peer.send(bytes);
            assert!(matches!(peer.closed(), Ok(End::Reset)), "{slug}: nothing is answered");
            let line = line(&lb, number);
            assert_eq!((&line["outcome"], &line["state"]), (&(*slug).into(), &(*state).into()), "{line}");
            assert_eq!((&line["client"], &line["server"]), (&"127.0.0.1".into(), &serde_json::Value::Null));
            assert_eq!(line["bytes_in"], bytes.len() as u64);
        }
        let shown = Command::new(lb::binary()).args(["ctl", "--socket"]).arg(&socket).args(["show", "errors"]).output();
        let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
        for (_, slug, _) in table {
            assert!(shown.contains(slug), "{slug} in\n{shown}");
        }
        assert!(shown.contains("PROXY TCP4 192.0.2.1 198.51.100.7 0x1 443\\r\\n"), "{shown}");
    }
    assert_eq!(origin.origin().accepted(), 0, "no server heard of any");
}

#[test]
fn a_header_cut_at_any_byte_is_named_and_a_client_that_says_nothing_is_not() {
    let origin = RecordingOrigin::start();
    let lb = http(&origin);
    let cuts = |header: &'static [u8]| (1..header.len()).map(move |cut| &header[..cut]);
    let mut all = 0;
    for part in cuts(V1).chain(cuts(V2)) {
        drop(Client::connect(lb.addr("web")));
        let mut peer = Client::connect(lb.addr("web"));
        peer.send(part);
        peer.half_close();
        assert!(peer.closed().is_ok(), "{}", part.escape_ascii());
        all += 1;
    }
    eventually("a line each", SOON, || lines(&lb).len() >= all);
    // The one that follows them is the last: nobody's silence came later.
    let mut peer = Client::connect(lb.addr("web"));
    peer.send([V1, GET].concat());
    assert_eq!(peer.response().unwrap().status, 200);
    assert_eq!(line(&lb, all)["outcome"], "ok");
    let lines = lines(&lb);
    assert_eq!(lines.len(), all + 1);
    assert!(lines[..all].iter().all(|line| line["outcome"] == "client.proxy.truncated"), "{lines:?}");
}

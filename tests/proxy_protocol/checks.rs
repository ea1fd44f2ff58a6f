//! Health checks speak for themselves: their own addresses in version 1, LOCAL in version 2; as HAProxy's do.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use plimsoll_testkit::{End, Origin};
use plimsoll_tests::Site;

use super::site::SOON;

/// An origin that answers nothing, what each connection said until its end, and how it ended.
fn listening() -> (Origin, Receiver<(Vec<u8>, End)>) {
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let origin = Origin::raw(move |mut wire, _| {
        let all = wire.until_end();
        let _ = tell.lock().unwrap().send(all);
    });
    (origin, told)
}

fn first(keys: &str, check: &str) -> (Vec<u8>, End, u16) {
    let (origin, told) = listening();
    let port = origin.addr.port();
    let site = Site::http()
        .backend(&format!("health-check: {{ interval: 100ms, {} }}", check.replace("PORT", &port.to_string())));
    let _lb = site.server_with("o", origin.addr, keys).start();
    let (bytes, end) = told.recv_timeout(SOON).expect("a check");
    (bytes, end, port)
}

#[test]
fn a_tcp_check_says_its_own_addresses_and_resets() {
    let (bytes, end, port) = first("send-proxy: true", "type: tcp");
    let text = String::from_utf8(bytes).unwrap();
    let words: Vec<&str> = text.strip_suffix("\r\n").expect("a line").split(' ').collect();
    assert_eq!((words.len(), &words[..4]), (6, &["PROXY", "TCP4", "127.0.0.1", "127.0.0.1"][..]), "{text}");
    assert!(words[4].parse::<u16>().is_ok() && words[5] == port.to_string(), "{text}");
    assert!(matches!(end, End::Reset), "{end:?}");
}

#[test]
fn a_check_is_local_in_version_2_and_its_request_follows() {
    let (bytes, ..) = first("send-proxy-v2: true", "type: http");
    assert_eq!(bytes, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0GET / HTTP/1.0\r\n\r\n");
}

#[test]
fn a_check_of_another_port_says_nothing_unless_it_is_told_to() {
    let (bytes, ..) = first("send-proxy: true", "type: http, port: PORT");
    assert_eq!(bytes, b"GET / HTTP/1.0\r\n\r\n");
    let (bytes, ..) = first("send-proxy: true", "type: http, port: PORT, send-proxy: true");
    assert!(bytes.starts_with(b"PROXY TCP4 127.0.0.1 "), "{}", bytes.escape_ascii());
    let (bytes, ..) = first("weight: 1", "type: http, send-proxy: true");
    assert!(bytes.starts_with(b"PROXY TCP4 127.0.0.1 "), "{}", bytes.escape_ascii());
}

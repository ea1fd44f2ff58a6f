//! The installed haproxy with the same words: the server sees the same source.

use std::net::{IpAddr, SocketAddr, TcpListener};

use plimsoll_testkit::network::{CLIENT, FRONT, at};
use plimsoll_testkit::{Lb, eventually};

use crate::stage::{ONE, SOON, Stage, asked, http};

/// Starts haproxy with this `source` on its server's line.
fn haproxy(stage: &Stage, source: &str) -> Lb {
    let cfg = format!(
        "global\n nbthread 1\ndefaults\n mode http\n timeout connect 2s\n timeout client 60s\n timeout server 60s\n\
         frontend web\n bind fd@0\n bind 198.51.100.1:80\n default_backend origins\n\
         backend origins\n server s 192.0.2.2:80 source {source}\n"
    );
    let lb = stage.net.lb.enter(|| Lb::haproxy("web", &cfg));
    let listens = || stage.net.lb.enter(|| TcpListener::bind(at(FRONT, 80))).is_err();
    eventually("haproxy listens", SOON, listens);
    lb
}

/// What the server sees of both, for one source in both spellings.
fn both(theirs: &str, ours: &str) -> [SocketAddr; 2] {
    let stage = Stage::transparent();
    let _server = stage.mirror();
    let peer = haproxy(&stage, theirs);
    let of_haproxy = asked(&mut stage.client());
    drop(peer);
    let _lb = stage.start(&http(ours));
    [of_haproxy, asked(&mut stage.client())]
}

#[test]
fn an_address_is_the_same_to_the_server() {
    assert_eq!(both("192.0.2.11", "192.0.2.11").map(|from| from.ip()), [IpAddr::from(ONE); 2]);
}

#[test]
fn a_range_of_ports_is_the_same_to_the_server() {
    for from in both("192.0.2.11:2000-2004", "\"192.0.2.11:2000-2004\"") {
        assert!(from.ip() == ONE && (2000..2005).contains(&from.port()), "{from}");
    }
    let one = at(ONE, 2000);
    assert_eq!(both("192.0.2.11:2000", "\"192.0.2.11:2000\""), [one, one]);
}

#[test]
fn the_clients_address_is_the_same_to_the_server() {
    let ours = "{ address: 192.0.2.11, usesrc: clientip }";
    assert_eq!(both("192.0.2.11 usesrc clientip", ours).map(|from| from.ip()), [IpAddr::from(CLIENT); 2]);
    let written = [IpAddr::from([198, 51, 100, 200]); 2];
    let ours = "{ usesrc: 198.51.100.200 }";
    assert_eq!(both("0.0.0.0 usesrc 198.51.100.200", ours).map(|from| from.ip()), written);
}

#[test]
fn an_interface_is_taken_by_both() {
    let [theirs, ours] = both("0.0.0.0 interface back", "{ interface: back }");
    assert_eq!(theirs.ip(), ours.ip());
}

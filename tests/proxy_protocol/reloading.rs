//! A reload switches both directions for what comes from then on; what is there stays as it was.

use plimsoll_testkit::{Client, Lb, RecordingOrigin, eventually};
use plimsoll_tests::Site;
use rustix::process::Signal;

use super::site::{SOON, V1, accepting, line};

#[track_caller]
fn reload(lb: &mut Lb, yaml: &str) {
    let done = |lb: &Lb| lb.stderr().lines().filter(|line| line.ends_with(" kept")).count();
    let before = done(lb);
    std::fs::write(lb.folder().join("lb.yaml"), yaml).unwrap();
    lb.signal(Signal::HUP);
    eventually("the reload is done", SOON, || done(lb) > before);
}

#[test]
fn a_port_begins_to_demand_headers_and_stops_again_without_closing() {
    let origin = RecordingOrigin::start();
    let with = accepting(&Site::http().server("o", origin.addr()));
    let without = with.replace("accept-proxy: true", "accept-proxy: false");
    let mut lb = Lb::start(&without);
    let addr = lb.addr("web");
    let mut old = Client::connect(addr);
    assert_eq!(old.get("/").unwrap().status, 200);
    reload(&mut lb, &with);
    assert_eq!(old.get("/").unwrap().status, 200, "a client that is there is asked for nothing");
    let mut new = Client::connect(addr);
    new.send([V1, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
    assert_eq!(new.response().unwrap().status, 200);
    assert_eq!(line(&lb, 2)["client"], "192.0.2.1");
    assert!(Client::connect(addr).get("/").is_err());
    reload(&mut lb, &without);
    assert_eq!(Client::connect(addr).get("/").unwrap().status, 200);
    assert_eq!(new.get("/").unwrap().status, 200);
}

#[test]
fn idle_connections_of_before_are_not_used_once_the_server_is_told_of_clients() {
    let origin = RecordingOrigin::start();
    let site = |keys| Site::http().backend("http-reuse: always").server_with("o", origin.addr(), keys).yaml();
    let mut lb = Lb::start(&site("send-proxy: false"));
    let mut client = Client::connect(lb.addr("web"));
    assert_eq!(client.get("/").unwrap().status, 200);
    assert_eq!(origin.origin().accepted(), 1);
    reload(&mut lb, &site("send-proxy: true"));
    // This origin knows no headers: it refuses what it gets on the new connection.
    assert_eq!(client.get("/").unwrap().status, 400);
    assert_eq!(origin.origin().accepted(), 2);
    let record = origin.take();
    assert!(record.unclean[0].contains("PROXY TCP4 127.0.0.1 127.0.0.1"), "{:?}", record.unclean);
}

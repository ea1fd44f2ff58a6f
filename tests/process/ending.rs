//! The order to stop, as orchestrators give it: first not ready, then no new clients, then the end.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use plimsoll_testkit::{Client, RecordingOrigin, Socket, eventually, holds_for};
use rustix::process::Signal;

use crate::{Place, Ran, SOON};

fn page(to: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: lb\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

fn admin(ran: &Ran) -> SocketAddr {
    let text = ran.0.stderr.text();
    let line = text.lines().find_map(|line| line.strip_prefix("lb: admin on "));
    line.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

#[test]
fn readiness_fails_first_while_everybody_is_still_served() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    let socket = place.path("admin.sock").display().to_string();
    let global = format!("grace: 2s, admin: \"127.0.0.1:0\", runtime-api: \"unix@{socket}\"");
    place.write(&global, "\"127.0.0.1:0\"", origin.addr());
    let mut ran = place.start(place.run(&[]));
    let (at, admin) = (ran.address(), admin(&ran));
    let mut idle = Client::connect(at);
    idle.get("/").unwrap();
    assert_eq!(page(admin, "/ready"), "HTTP/1.1 200 OK");
    ran.0.signal(Signal::TERM);
    ran.eventually_says("not ready any more; draining begins in 2s");
    assert_eq!(page(admin, "/ready"), "HTTP/1.1 503 Service Unavailable");
    assert_eq!(page(admin, "/alive"), "HTTP/1.1 200 OK");
    assert_eq!(place.lb(&["health", "--ready", "-s", &socket]).status.code(), Some(1));
    let alive = place.lb(&["health", "-s", &socket]);
    assert_eq!((alive.status.code(), &*alive.stdout), (Some(0), &b"lb: alive, leaving\n"[..]));
    assert_eq!(Client::connect(at).get("/new").unwrap().status, 200, "a new client is served during the grace");
    let answer = idle.get("/again").unwrap();
    assert!(answer.status == 200 && !answer.closes(), "and so is an old one, as ever");
    eventually("then nobody is let in", SOON, || Socket::connect(at).is_err());
    assert!(idle.closed().is_ok(), "and idle clients go at once, if nothing else is asked for");
    assert!(ran.0.wait_exit(SOON).unwrap().success());
}

#[test]
fn a_second_signal_ends_the_grace_too() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    place.write("grace: 1h", "\"127.0.0.1:0\"", origin.addr());
    let mut ran = place.start(place.run(&[]));
    ran.0.signal(Signal::TERM);
    ran.eventually_says("not ready any more");
    ran.0.signal(Signal::TERM);
    assert!(ran.0.wait_exit(SOON).unwrap().success());
}

#[test]
fn an_idle_client_hears_connection_close_with_its_next_answer_when_closes_are_spread() {
    for spread in ["infinite", "1h"] {
        let (place, origin) = (Place::new(), RecordingOrigin::start());
        place.write(&format!("close-spread-time: {spread}"), "\"127.0.0.1:0\"", origin.addr());
        let mut ran = place.start(place.run(&[]));
        let at = ran.address();
        let mut clients: Vec<Client> = (0..4).map(|_| Client::connect(at)).collect();
        for client in &mut clients {
            assert!(!client.get("/").unwrap().closes());
        }
        ran.0.signal(Signal::TERM);
        eventually("nobody is let in", SOON, || Socket::connect(at).is_err());
        assert!(clients[0].silent_for(Duration::from_millis(100)), "idle clients stay");
        for client in &mut clients {
            let answer = client.get("/last").unwrap();
            assert!(answer.status == 200 && answer.closes(), "{spread}");
            assert!(client.closed().is_ok());
        }
        assert!(ran.0.wait_exit(SOON).unwrap().success());
    }
}

#[test]
fn idle_clients_that_ask_nothing_are_gone_when_the_time_is_over_and_progress_is_told() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    place.write("close-spread-time: 3s", "\"127.0.0.1:0\"", origin.addr());
    let mut ran = place.start(place.run(&[]));
    let at = ran.address();
    let mut clients: Vec<Client> = (0..40).map(|_| Client::connect(at)).collect();
    for client in &mut clients {
        client.get("/").unwrap();
    }
    ran.0.signal(Signal::TERM);
    ran.eventually_says("lb: draining 40 connections");
    let mut ended = false;
    assert!(
        holds_for(Duration::from_millis(300), || {
            ended |= ran.0.ended().is_some();
            !ended
        }),
        "not all at once"
    );
    assert!(ran.0.wait_exit(SOON).unwrap().success());
    assert!(clients.iter_mut().all(|client| client.closed().is_ok()));
    let text = ran.0.stderr.text();
    let told = text.lines().filter(|line| line.ends_with("connections left")).count();
    assert!((1..=5).contains(&told), "once a second at most: {text}");
}

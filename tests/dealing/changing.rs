//! Dealing while the configuration changes, and while the process ends.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use plimsoll_testkit::{Client, Origin, Then, eventually};
use plimsoll_tests::volume;
use rustix::process::Signal;

use crate::house::{House, SOON, asks};
use crate::local;

/// One more listener, or not, and another limit each time.
fn yaml(folder: &Path, origin: &Origin, round: usize) -> String {
    let site = local(folder, origin).frontend(&format!("maxconn: {}", 500 + round));
    let mut text = site.global(&House::global(folder, 4)).yaml();
    if round % 2 == 1 {
        let place = folder.join("more");
        let more =
            format!("frontends:\n  more: {{ bind: [\"unix@{}\"], default-backend: origins }}\n", place.display());
        text = text.replace("frontends:\n", &more);
    }
    text
}

#[test]
fn reloads_while_connections_are_dealt_fail_no_request() {
    let origin = Origin::answering();
    let mut house = House::new(4, |folder| local(folder, &origin));
    let (over, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    let path = house.path("web");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut kept = Client::connect_unix(&path);
                while !over.load(Relaxed) {
                    let mut client = Client::connect_unix(&path).patient(SOON);
                    asks(&mut client);
                    asks(&mut client);
                    asks(&mut kept);
                    served.fetch_add(3, Relaxed);
                }
            });
        }
        let stop = Stop(&over);
        for round in 0..volume(20, 200) {
            let text = yaml(house.folder(), &origin, round);
            house.reload(&text);
            let before = served.load(Relaxed);
            eventually("they go on", SOON, || served.load(Relaxed) > before + 20);
        }
        drop(stop);
    });
    let dealt = house.info("ConnsDealt");
    println!("dealing: {} requests during reloads, {dealt} connections dealt", served.load(Relaxed));
    assert!(dealt > 0);
    eventually("no place is lost", SOON, || house.info("CurrConns") == 0 && house.connections() == [0; 4]);
}

/// Ends the others, however the test ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn who_connected_to_a_listener_that_is_removed_is_served_once() {
    let origin = Origin::answering();
    let mut house = House::new(4, |folder| local(folder, &origin));
    for _ in 0..5 {
        let mut with = yaml(house.folder(), &origin, 1);
        house.reload(&with);
        let mut clients: Vec<Client> = (0..40).map(|_| Client::connect_unix(&house.path("more"))).collect();
        with = yaml(house.folder(), &origin, 2);
        house.reload(&with);
        for client in &mut clients {
            let response = client.get("/").expect("an answer");
            assert_eq!((response.status, response.fields.get("connection").as_deref()), (200, Some("close")));
        }
    }
    eventually("no place is lost", SOON, || house.info("CurrConns") == 0);
}

#[test]
fn sigterm_lets_dealt_connections_finish() {
    let hold = std::sync::Arc::new(AtomicBool::new(true));
    let origin = Origin::serving({
        let hold = hold.clone();
        move |exchange| {
            plimsoll_testkit::wait_until(SOON, || !hold.load(Relaxed));
            exchange.answer();
            Then::Keep
        }
    });
    let mut house = House::new(4, |folder| local(folder, &origin));
    let mut clients: Vec<Client> = (0..40).map(|_| Client::connect_unix(&house.path("web"))).collect();
    clients.iter_mut().for_each(|client| {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    });
    house.lb.signal(Signal::TERM);
    eventually("it drains", SOON, || house.lb.stderr().contains("drain") || !house.path("web").exists());
    hold.store(false, Relaxed);
    for client in &mut clients {
        let response = client.response().expect("an answer");
        assert_eq!((response.status, response.fields.get("connection").as_deref()), (200, Some("close")));
    }
    assert!(house.lb.wait_exit(SOON).success());
}

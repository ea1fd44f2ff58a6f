//! Who is chosen, and that a place on its way is one place.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::Waker;

use plimsoll_http::Limits;
use plimsoll_net::Peer;
use plimsoll_observe::Sink;

use super::*;
use crate::mail::{Entered, Ticket};
use crate::{Frontend, FrontendLive, Gate, Mode, Process, Splicing, Timeouts};

#[test]
fn the_least_loaded_gets_it_and_equals_take_turns() {
    let pick = |loads: &[usize], last| fewest(loads.iter().copied(), last);
    assert_eq!(pick(&[3, 1, 2], 1), 1);
    assert_eq!([3, 0, 1, 2].map(|last| pick(&[5, 5, 5, 5], last)), [0, 1, 2, 3]);
    assert_eq!(pick(&[4, 2, 4, 2], 1), 3);
    assert_eq!(pick(&[4, 2, 4, 2], 3), 1);
}

#[test]
fn four_hundred_connections_to_four_workers_are_a_hundred_each() {
    let mut loads = [0_usize; 4];
    let mut last = 0;
    for _ in 0..400 {
        last = fewest(loads.iter().copied(), last);
        loads[last] += 1;
    }
    assert_eq!(loads, [100; 4]);
}

#[test]
fn well_above_is_a_quarter_and_sixteen_more_than_the_mean() {
    // Own, all, workers.
    for (own, total, workers, expected) in [
        (0, 0, 4, false),
        (16, 16, 4, false),
        (22, 22, 4, true),
        (21, 21, 4, false),
        (20, 24, 4, false),
        (100, 340, 4, false),
        (107, 340, 4, true),
        (100, 320, 4, false),
        (101, 320, 4, true),
        (1250, 2000, 2, false),
        (1251, 2000, 2, true),
    ] {
        assert_eq!(is_well_above(own, total, workers), expected, "{own} of {total} at {workers}");
    }
}

/// A process whose gates were entered once.
fn entered() -> (Arc<Process>, Arc<FrontendLive>, Arc<Gate>, Mail) {
    let process = Arc::new(Process::new(2, 10, Sink::start(&[]).expect("a log").events()));
    let live = Arc::new(FrontendLive::new("web", 10, 2));
    let own = Arc::new(Gate::new(10));
    assert!(own.try_enter() && live.gate.try_enter() && process.gate.try_enter());
    let gates = Entered { process: Arc::clone(&process), live: Arc::clone(&live), own: Some(Arc::clone(&own)) };
    let frontend = Frontend {
        name: "web".into(),
        mode: Mode::Http,
        timeouts: Timeouts::default(),
        default_backend: None,
        tells: None,
        splicing: Splicing::default(),
        close: false,
        server_close: false,
        limits: Limits::DEFAULT,
        log: crate::Logging::NOTHING,
        rules: None,
        formats: None,
        directory: Arc::default(),
        live: Arc::clone(&live),
    };
    let mail = Mail {
        socket: OwnedFd::from(std::os::unix::net::UnixStream::pair().expect("a pair").0),
        tcp: false,
        peer: Peer::Unix,
        port: 1,
        frontend: Arc::new(frontend),
        accept_proxy: false,
        ticket: Ticket::new(gates),
    };
    (process, live, own, mail)
}

fn places(process: &Process, live: &FrontendLive, own: &Gate) -> [usize; 3] {
    [process.gate.used(), live.gate.used(), own.used()]
}

#[test]
fn a_connection_that_nobody_takes_gives_its_place_back() {
    let (process, live, own, mail) = entered();
    let mailbox = process.mail.shard(1);
    mailbox.put(mail).expect("it is open");
    assert_eq!((mailbox.waiting(), places(&process, &live, &own)), (1, [1, 1, 1]));
    assert!(!mailbox.close(), "something has come");
    mailbox.abandon();
    assert_eq!(places(&process, &live, &own), [0, 0, 0]);
}

#[test]
fn a_mailbox_that_is_closed_gives_the_connection_back_with_its_place() {
    let (process, live, own, mail) = entered();
    let mailbox = process.mail.shard(0);
    assert!(mailbox.close());
    let mail = mailbox.put(mail).expect_err("it is closed");
    assert_eq!(places(&process, &live, &own), [1, 1, 1]);
    let punched = mail.ticket.punch();
    drop(punched);
    assert_eq!(places(&process, &live, &own), [1, 1, 1], "from then on it is somebody else's to give back");
}

#[test]
fn what_is_taken_counts_as_waiting_until_the_next_is_asked_for() {
    let (process, live, own, mail) = entered();
    let (mailbox, cx) = (process.mail.shard(0), &mut std::task::Context::from_waker(Waker::noop()));
    assert!(mailbox.poll_take(cx).is_pending());
    mailbox.put(mail).expect("it is open");
    assert!(mailbox.poll_take(cx).is_ready());
    assert_eq!(mailbox.waiting(), 1);
    assert!(mailbox.poll_take(cx).is_pending());
    assert_eq!((mailbox.waiting(), places(&process, &live, &own)), (0, [0, 0, 0]));
}

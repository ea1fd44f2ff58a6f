//! Patience runs only while a peer keeps us waiting.

use std::task::Waker;

use plimsoll_clock::Wheel;

use super::*;

fn poll(patience: &mut Patience<'_>) -> Poll<()> {
    patience.poll_spent(&mut Context::from_waker(Waker::noop()))
}

fn limit() -> Option<plimsoll_config::Duration> {
    Some(plimsoll_config::Duration::from_secs(5))
}

#[test]
fn the_first_wait_arms_it_and_waiting_on_does_not_prolong_it() {
    let timer = Wheel::new(Tick::now()).timer();
    let mut patience = Patience::new(&timer, limit());
    assert_eq!(timer.deadline(), Tick::NEVER);
    assert!(poll(&mut patience).is_pending());
    let armed = timer.deadline();
    assert!(armed < Tick::NEVER);
    assert!(poll(&mut patience).is_pending());
    assert_eq!(timer.deadline(), armed);
}

#[test]
fn progress_starts_it_anew_at_the_next_wait() {
    let timer = Wheel::new(Tick::now()).timer();
    let mut patience = Patience::new(&timer, limit());
    assert!(poll(&mut patience).is_pending());
    timer.disarm();
    assert!(poll(&mut patience).is_pending());
    assert_eq!(timer.deadline(), Tick::NEVER, "nothing moved");
    patience.progress(1);
    assert_eq!(timer.deadline(), Tick::NEVER, "nobody waits");
    assert!(poll(&mut patience).is_pending());
    assert!(timer.deadline() < Tick::NEVER);
}

#[test]
fn where_a_pace_is_asked_for_a_few_bytes_do_not_prolong_the_wait() {
    let timer = Wheel::new(Tick::now()).timer();
    let mut patience = Patience::new(&timer, Pace { limit: limit(), least: 1000 });
    assert!(poll(&mut patience).is_pending());
    timer.disarm();
    patience.progress(999);
    assert!(poll(&mut patience).is_pending());
    assert_eq!(timer.deadline(), Tick::NEVER, "too few");
    patience.progress(1);
    assert!(poll(&mut patience).is_pending());
    assert!(timer.deadline() < Tick::NEVER, "a thousand together");
}

#[test]
fn it_is_spent_when_the_time_is_over_and_never_without_a_limit() {
    let wheel = Wheel::new(Tick::now());
    let (short, endless) = (wheel.timer(), wheel.timer());
    let mut patience = Patience::new(&short, limit());
    let mut patient = Patience::new(&endless, None);
    assert!(poll(&mut patience).is_pending() && poll(&mut patient).is_pending());
    wheel.advance(Tick::now().after(std::time::Duration::from_secs(6)));
    assert!(poll(&mut patience).is_ready());
    assert!(poll(&mut patient).is_pending());
}

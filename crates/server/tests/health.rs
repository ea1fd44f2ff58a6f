//! The state machine of a server, as HAProxy 2.6 was seen to do it.

use plimsoll_server::{Admin, Change, Event, Health};

const UP: &[Event] = &[Event::Passed];
const DOWN: &[Event] = &[Event::Failed];

fn fresh() -> Health {
    Health::new(2, 3, Admin::Ready)
}

fn after(events: &[&[Event]]) -> Health {
    let mut health = fresh();
    for event in events.concat() {
        health.apply(event);
    }
    health
}

fn changes(health: &mut Health, events: &[Event]) -> Vec<Option<Change>> {
    events.iter().map(|event| health.apply(*event)).collect()
}

#[test]
fn a_new_server_is_up_and_falls_at_its_first_failure() {
    let mut health = fresh();
    assert!(health.is_usable());
    assert_eq!(health.word(true), "UP 1/3");
    assert_eq!(health.apply(Event::Failed), Some(Change::Down));
    assert_eq!((health.word(true).as_str(), health.value()), ("DOWN", 0));
}

#[test]
fn one_success_makes_a_new_server_sound() {
    let mut health = fresh();
    assert_eq!(health.apply(Event::Passed), Some(Change::Recovered));
    assert_eq!((health.word(true).as_str(), health.value()), ("UP", 4));
    assert_eq!(health.apply(Event::Passed), None);
}

#[test]
fn a_sound_server_falls_after_three_failures_in_a_row() {
    let mut health = after(&[UP]);
    let words: Vec<String> = (0..3)
        .map(|_| {
            health.apply(Event::Failed);
            health.word(true)
        })
        .collect();
    assert_eq!(words, ["UP 2/3", "UP 1/3", "DOWN"]);
}

#[test]
fn a_success_between_failures_forgets_them() {
    let mut health = after(&[UP, DOWN, DOWN]);
    assert_eq!(health.apply(Event::Passed), Some(Change::Recovered));
    assert_eq!(
        changes(&mut health, &[Event::Failed; 3]),
        [Some(Change::GoingDown), Some(Change::GoingDown), Some(Change::Down)]
    );
}

#[test]
fn a_dead_server_rises_after_two_successes_and_is_sound_at_once() {
    let mut health = after(&[DOWN]);
    assert_eq!(health.apply(Event::Passed), Some(Change::GoingUp));
    assert_eq!(health.word(true), "DOWN 1/2");
    assert_eq!(health.apply(Event::Passed), Some(Change::Up));
    assert_eq!(health.word(true), "UP");
}

#[test]
fn a_failure_while_rising_starts_again() {
    let mut health = after(&[DOWN, UP]);
    assert_eq!(health.apply(Event::Failed), Some(Change::Relapsed));
    assert_eq!(health.apply(Event::Failed), None);
    assert_eq!(changes(&mut health, &[Event::Passed; 2]), [Some(Change::GoingUp), Some(Change::Up)]);
}

#[test]
fn maintenance_ends_checks_and_leaving_it_makes_the_server_new() {
    let mut health = after(&[DOWN]);
    assert_eq!(health.apply(Event::Admin(Admin::Maint)), Some(Change::Admin { from: Admin::Ready }));
    assert_eq!(health.apply(Event::Passed), None);
    assert_eq!(health.word(true), "MAINT");
    assert_eq!(health.apply(Event::Admin(Admin::Maint)), None);
    assert_eq!(health.apply(Event::Admin(Admin::Ready)), Some(Change::Admin { from: Admin::Maint }));
    assert_eq!(health, fresh());
}

#[test]
fn a_draining_server_gets_nothing_new_but_is_checked() {
    let mut health = after(&[UP, &[Event::Admin(Admin::Drain)]]);
    assert!(health.is_up() && !health.is_usable());
    assert_eq!(health.word(true), "DRAIN");
    changes(&mut health, &[Event::Failed; 3]);
    assert_eq!(health.word(true), "DOWN");
    health.apply(Event::Admin(Admin::Ready));
    assert!(!health.is_up());
}

#[test]
fn forced_states_hold_until_checks_say_otherwise() {
    let mut health = after(&[UP]);
    assert_eq!(health.apply(Event::Force { up: false }), Some(Change::Down));
    assert_eq!(changes(&mut health, &[Event::Passed; 2]), [Some(Change::GoingUp), Some(Change::Up)]);
    health.apply(Event::Force { up: false });
    assert_eq!(health.apply(Event::Force { up: true }), Some(Change::Up));
    assert_eq!(changes(&mut health, &[Event::Failed; 3])[2], Some(Change::Down));
}

#[test]
fn the_level_stays_within_bounds_whatever_happens() {
    let events = [Event::Passed, Event::Failed, Event::Force { up: true }, Event::Force { up: false }];
    for (rise, fall) in [(1, 1), (1, 5), (4, 1), (3, 3), (0, 0)] {
        let (mut health, mut seed) = (Health::new(rise, fall, Admin::Ready), 1_u64);
        for _ in 0..2000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let before = health;
            let change = health.apply(events[(seed >> 62) as usize]);
            assert!(health.value() < health.rise() + health.fall());
            assert_eq!(change.is_some(), health != before, "{before:?} {health:?}");
        }
    }
}

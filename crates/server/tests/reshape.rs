//! What of a server outlives a reload, and what does not: the table of identities, row by row.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_server::{
    Admin, CheckReport, CheckStatus, Difference, Follow, HealthOptions, Left, Server, ServerOptions, Set, Settings,
    Wanted,
};

const fn at(seconds: u64) -> Tick {
    Tick::from_micros(seconds * 1_000_000)
}

fn wanted(name: &str) -> Wanted {
    Settings { name: name.into(), ..Settings::default() }.into()
}

fn with(name: &str, change: impl FnOnce(&mut Wanted)) -> Wanted {
    let mut wanted = wanted(name);
    change(&mut wanted);
    wanted
}

fn set(names: &[&str]) -> Arc<Set> {
    let settings: Vec<Settings> = names.iter().map(|name| wanted(name).settings).collect();
    Set::new("be", &settings, 2, at(1))
}

fn names(servers: &[Arc<Server>]) -> Vec<&str> {
    servers.iter().map(|server| server.name()).collect()
}

fn failed() -> CheckReport {
    CheckReport::new(CheckStatus::L4Con, Duration::ZERO)
}

fn boxed(names: &[&str]) -> Vec<Box<str>> {
    names.iter().map(|name| (*name).into()).collect()
}

#[test]
fn a_server_that_keeps_its_name_is_the_very_same() {
    let set = set(&["a", "b"]);
    let a = set.find("a").unwrap();
    a.load().begin();
    a.counters().shard(1).chosen.add(7);
    a.report(at(2), failed());
    let reshaped = set.reshape(&[wanted("c"), wanted("b"), wanted("a")], at(3));
    assert_eq!(names(&reshaped.servers), ["c", "b", "a"]);
    assert_eq!(reshaped.slots, [2, 1, 0]);
    assert!(Arc::ptr_eq(&reshaped.servers[2], &a));
    assert_eq!((a.served(), a.counters().shard(1).chosen.get(), a.health().is_up()), (1, 7, false));
    assert_eq!(a.last_check().unwrap().0, at(2));
    assert_eq!(reshaped.servers.iter().map(|server| server.id()).collect::<Vec<_>>(), [3, 2, 1]);
}

#[test]
fn comparing_says_the_same_as_reshaping_and_changes_nothing() {
    let set = set(&["a", "b", "c", "d"]);
    let next = [wanted("e"), with("a", |a| a.settings.options.weight = 9), with("b", |b| b.fresh = true), wanted("d")];
    let difference = set.compare(&next);
    let expected =
        Difference { added: boxed(&["e"]), removed: boxed(&["c"]), changed: boxed(&["a", "b"]), kept: boxed(&["d"]) };
    assert_eq!(difference, expected);
    assert_eq!(names(&set.servers()), ["a", "b", "c", "d"]);
    assert_eq!(set.find("a").unwrap().weight(), 1);
    assert_eq!(set.reshape(&next, at(2)).difference, expected);
}

#[test]
fn what_was_set_at_run_time_stays_until_the_file_says_otherwise() {
    let set = set(&["a"]);
    let a = set.find("a").unwrap();
    a.set_weight(at(2), 50);
    a.administer(at(2), Admin::Drain);
    set.reshape(&[wanted("a"), wanted("b")], at(3));
    assert_eq!((a.weight(), a.health().admin()), (50, Admin::Drain));
    set.reshape(&[with("a", |a| a.settings.options.weight = 7)], at(4));
    assert_eq!((a.weight(), a.file_weight(), a.health().admin()), (7, 7, Admin::Drain), "only the key that changed");
    set.reshape(&[with("a", |a| (a.settings.options.weight, a.settings.options.disabled) = (7, true))], at(5));
    assert_eq!(a.health().admin(), Admin::Maint);
    a.administer(at(6), Admin::Ready);
    set.reshape(&[with("a", |a| (a.settings.options.weight, a.settings.options.disabled) = (7, true))], at(7));
    assert_eq!(a.health().admin(), Admin::Ready);
    a.administer(at(8), Admin::Drain);
    set.reshape(&[with("a", |a| a.settings.options.weight = 7)], at(9));
    assert_eq!(a.health().admin(), Admin::Ready);
    assert_eq!(a.effective_weight(), 7);
}

#[test]
fn the_log_hears_what_the_file_changed() {
    let set = set(&["a", "b"]);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    set.on_transition(move |server, transition| sink.lock().unwrap().extend(transition.lines(server)));
    set.reshape(&[with("a", |a| a.settings.options.disabled = true), wanted("b")], at(2));
    set.retire();
    let lost = "1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.";
    assert_eq!(*lines.lock().unwrap(), [format!("Server be/a is going DOWN for maintenance. {lost}")]);
}

#[test]
fn a_new_address_is_a_new_server_with_the_old_counters_and_wishes() {
    let set = set(&["a"]);
    let old = set.find("a").unwrap();
    old.counters().shard(0).sessions.add(3);
    old.set_weight(at(2), 50);
    (0..3).for_each(|_| drop(old.report(at(2), failed())));
    old.load().begin();
    let reshaped = set.reshape(&[with("a", |a| a.fresh = true)], at(10));
    let new = &reshaped.servers[0];
    assert!(!Arc::ptr_eq(new, &old));
    assert_ne!(new.slot(), old.slot());
    assert_eq!((new.served(), old.served()), (0, 1));
    assert!(new.usable() && new.health().is_up() && new.last_check().is_none());
    assert_eq!((new.weight(), new.id(), new.counters().shard(0).sessions.get()), (50, 1, 3));
    let standing = new.standing(at(20));
    assert_eq!((standing.failed_checks, standing.downs, standing.downtime), (1, 1, Duration::from_secs(8)));
    new.counters().shard(1).sessions.add(1);
    assert_eq!(old.counters().sum(|counters| counters.sessions.get()), 4);
}

#[test]
fn a_server_that_becomes_a_backup_keeps_its_health() {
    let set = set(&["a", "b"]);
    let old = set.find("a").unwrap();
    old.report(at(2), failed());
    let backup = with("a", |a| a.settings.options.backup = true);
    let reshaped = set.reshape(&[backup.clone(), wanted("b")], at(3));
    set.retire();
    let new = &reshaped.servers[0];
    assert!(new.is_backup() && !new.health().is_up() && old.is_retired());
    assert_eq!(set.left(), Left { active: 1, backup: 0 });
    assert_eq!(set.compare(&[backup, wanted("b")]).kept, boxed(&["a", "b"]));
}

#[test]
fn other_limits_for_checks_turn_nobody() {
    let limits = |rise, fall| move |a: &mut Wanted| a.settings.health = HealthOptions { rise, fall };
    let set = set(&["a"]);
    let a = set.find("a").unwrap();
    a.report(at(2), CheckReport::new(CheckStatus::L4Ok, Duration::ZERO));
    set.reshape(&[with("a", limits(5, 10))], at(3));
    assert!(a.health().is_up() && !a.health().is_moving());
    a.report(at(4), failed());
    set.reshape(&[with("a", limits(1, 1))], at(5));
    assert!(a.health().is_up());
    a.report(at(6), failed());
    set.reshape(&[with("a", limits(3, 1))], at(7));
    assert_eq!((a.health().is_up(), a.health().value()), (false, 0));
}

#[test]
fn removed_servers_serve_until_they_retire_and_then_hear_of_nothing() {
    let set = set(&["a", "b"]);
    let a = set.find("a").unwrap();
    set.reshape(&[wanted("b")], at(2));
    assert!(a.usable(), "the old snapshot may have nobody else");
    assert_eq!(set.left().active, 2);
    assert!(set.find("a").is_none());
    set.retire();
    assert!(!a.usable() && a.is_retired());
    assert_eq!(set.left().active, 1);
    assert!(a.report(at(3), failed()).is_none());
    assert!(a.administer(at(3), Admin::Maint).is_none());
    assert!(a.set_weight(at(3), 9).is_none());
    assert_eq!((set.left().active, a.effective_weight()), (1, 0));
}

#[test]
fn a_reload_that_is_undone_before_anybody_retired_finds_the_same_servers() {
    let set = set(&["a", "b"]);
    let before = set.servers();
    set.reshape(&[wanted("c")], at(2));
    let back = set.reshape(&[wanted("a"), wanted("b")], at(3));
    assert!(before.iter().zip(&*back.servers).all(|(before, back)| Arc::ptr_eq(before, back)));
    set.retire();
    assert_eq!(set.left().active, 2);
}

#[test]
fn a_slot_is_free_when_nobody_holds_its_server() {
    let set = set(&["a", "b"]);
    let held = set.find("a").unwrap();
    set.reshape(&[wanted("b")], at(2));
    set.retire();
    assert_eq!(set.reshape(&[wanted("b"), wanted("c")], at(3)).slots, [1, 2], "a snapshot still finds `a` in slot 0");
    drop(held);
    assert_eq!(set.reshape(&[wanted("b"), wanted("c"), wanted("d")], at(4)).slots, [1, 2, 0]);
}

#[test]
fn numbers_stay_unless_the_file_gives_them_away() {
    let set = set(&["a", "b"]);
    let next = [wanted("b"), with("c", |c| c.settings.id = Some(2)), wanted("a")];
    let ids: Vec<u32> = set.reshape(&next, at(2)).servers.iter().map(|server| server.id()).collect();
    assert_eq!(ids, [3, 2, 1]);
}

#[test]
fn a_thousand_reloads_leave_nothing_behind() {
    #[derive(Default)]
    struct Idle(Mutex<usize>);
    impl Follow for Idle {
        fn changed(&self, _: &Server) {}
        fn reshaped(&self, _: &[Arc<Server>], servers: &[Arc<Server>], _: &[Arc<Server>]) {
            *self.0.lock().unwrap() = servers.len();
        }
    }
    let set = set(&["a"]);
    for reload in 0..1000 {
        let follower = Arc::new(Idle::default());
        set.follow(&follower);
        let name = format!("s{reload}");
        let slots = set.reshape(&[wanted(&name), with("a", |a| a.fresh = true)], at(reload)).slots;
        assert!(slots.iter().all(|slot| *slot < 4), "{slots:?}");
        assert_eq!(*follower.0.lock().unwrap(), 2);
        set.retire();
    }
}

#[test]
fn the_standing_counts_as_haproxy_does() {
    let set = set(&["a"]);
    let a = set.find("a").unwrap();
    (2..6).for_each(|second| drop(a.report(at(second), failed())));
    let standing = a.standing(at(10));
    assert_eq!((standing.failed_checks, standing.downs), (1, 1), "a failure of a server that is down is not counted");
    assert_eq!((standing.last_change, standing.downtime), (at(2), Duration::from_secs(8)));
    a.administer(at(10), Admin::Maint);
    assert_eq!((a.standing(at(12)).downs, a.last_change()), (1, at(2)), "it already did not serve");
    assert_eq!((a.standing(at(12)).admin_mask(), a.standing(at(12)).op_state()), (1, 0));
    a.administer(at(12), Admin::Ready);
    assert_eq!((a.downtime(at(20)), a.last_change()), (Duration::from_secs(10), at(12)));
    a.administer(at(20), Admin::Drain);
    let standing = a.standing(at(21));
    assert_eq!((standing.last_change, standing.admin_mask(), standing.op_state()), (at(20), 8, 2));
    assert_eq!(a.identity(), "be/a");
    let disabled = Settings {
        name: "d".into(),
        options: ServerOptions { disabled: true, ..ServerOptions::default() },
        ..Settings::default()
    };
    let d = &Set::new("be", &[disabled], 1, at(1)).servers()[0].clone();
    assert_eq!(d.standing(at(2)).admin_mask(), 5);
    d.administer(at(2), Admin::Ready);
    assert_eq!(d.standing(at(2)).admin_mask(), 4);
}

//! What a set of servers tells the balancer and the log; the texts are those of HAProxy 2.6, word for word.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_server::{Admin, Change, CheckReport, CheckStatus, HealthOptions, Left, ServerOptions, Set, Settings};

const NOW: Tick = Tick::from_micros(1_000_000);

fn set(servers: &[(&str, ServerOptions)]) -> (Arc<Set>, Arc<Mutex<Vec<String>>>) {
    let settings: Vec<Settings> = servers
        .iter()
        .map(|(name, options)| Settings {
            name: (*name).into(),
            id: None,
            options: options.clone(),
            health: HealthOptions::default(),
        })
        .collect();
    let set = Set::new("be", &settings, 2, NOW);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    set.on_transition(move |server, transition| {
        log.lock().unwrap().extend(transition.lines(server).into_iter().chain(transition.backend_line(server)));
    });
    (set, lines)
}

fn active() -> ServerOptions {
    ServerOptions::default()
}

fn backup() -> ServerOptions {
    ServerOptions { backup: true, ..active() }
}

fn refused() -> CheckReport {
    CheckReport::new(CheckStatus::L4Con, Duration::ZERO).with_info("Connection refused")
}

fn passed() -> CheckReport {
    CheckReport::new(CheckStatus::L7Ok, Duration::from_micros(1900)).with_code(200)
}

fn taken(lines: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut lines.lock().unwrap())
}

#[test]
fn going_down_and_up_by_checks_reads_as_in_haproxy() {
    let (set, lines) = set(&[("a", active()), ("b", active()), ("c", backup())]);
    let servers = set.servers();
    let [a, b, c] = &*servers else { unreachable!() };
    a.report(NOW, refused());
    assert_eq!(
        taken(&lines),
        [
            "Server be/a is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. 1 \
          active and 1 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
        ]
    );
    b.load().begin();
    b.report(NOW, CheckReport::new(CheckStatus::L7Sts, Duration::ZERO).with_code(503).with_info("Down"));
    assert_eq!(
        taken(&lines),
        [
            "Server be/b is DOWN, reason: Layer7 wrong status, code: 503, info: \"Down\", check duration: 0ms. 0 active and \
          1 backup servers left. Running on backup. 1 sessions active, 0 requeued, 0 remaining in queue."
        ]
    );
    c.report(NOW, refused());
    assert_eq!(
        taken(&lines),
        [
            "Backup Server be/c is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: \
             0ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            "backend be has no server available!"
        ]
    );
    c.report(NOW, passed());
    assert!(taken(&lines).is_empty());
    c.report(NOW, passed());
    assert_eq!(
        taken(&lines),
        [
            "Backup Server be/c is UP, reason: Layer7 check passed, code: 200, check duration: 1ms. 0 active and 1 backup \
          servers online. Running on backup. 0 sessions requeued, 0 total in queue.",
            // This one HAProxy does not say.
            "backend be has a server available again."
        ]
    );
    a.report(NOW, passed());
    a.report(NOW, passed());
    assert_eq!(
        taken(&lines),
        [
            "Server be/a is UP, reason: Layer7 check passed, code: 200, check duration: 1ms. 1 active and 1 backup servers \
          online. 0 sessions requeued, 0 total in queue."
        ]
    );
}

#[test]
fn the_administrators_changes_read_as_in_haproxy() {
    let (set, lines) = set(&[("a", active()), ("b", active())]);
    let a = &set.find("a").unwrap();
    let says = |admin| {
        a.administer(NOW, admin);
        taken(&lines)
    };
    let lost = "1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.";
    let gained = "1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.";
    assert_eq!(says(Admin::Maint), [format!("Server be/a is going DOWN for maintenance. {lost}")]);
    assert_eq!(
        says(Admin::Drain),
        ["Server be/a is UP/DRAIN (leaving forced maintenance).", "Server be/a remains in forced drain mode."]
    );
    assert_eq!(says(Admin::Ready), ["Server be/a is UP (leaving forced drain)."]);
    assert_eq!(says(Admin::Drain), [format!("Server be/a enters drain state. {gained}")]);
    assert_eq!(says(Admin::Maint), [format!("Server be/a is going DOWN for maintenance. {lost}")]);
    assert_eq!(says(Admin::Ready), ["Server be/a is UP/READY (leaving forced maintenance)."]);
    a.force(NOW, false);
    assert_eq!(taken(&lines), [format!("Server be/a is DOWN, changed from CLI. {lost}")]);
    assert_eq!(says(Admin::Drain), [format!("Server be/a enters drain state. {lost}")]);
    assert_eq!(says(Admin::Maint), ["Server be/a was DOWN and now enters maintenance."]);
    assert_eq!(says(Admin::Ready), ["Server be/a is UP/READY (leaving forced maintenance)."]);
}

#[test]
fn a_draining_server_that_turns_says_that_it_remains_drained() {
    let (set, lines) = set(&[("a", active())]);
    let a = &set.find("a").unwrap();
    a.administer(NOW, Admin::Drain);
    taken(&lines);
    a.report(NOW, refused());
    assert_eq!(taken(&lines)[1..], ["Server be/a remains in forced drain mode."]);
}

#[test]
fn a_server_of_weight_zero_or_in_maintenance_is_not_counted_as_left() {
    let (set, _) = set(&[
        ("a", active()),
        ("b", ServerOptions { weight: 0, ..active() }),
        ("c", ServerOptions { disabled: true, ..active() }),
        ("d", backup()),
    ]);
    assert_eq!(set.left(), Left { active: 1, backup: 1 });
    set.servers()[1].set_weight(NOW, 9);
    set.servers()[2].administer(NOW, Admin::Ready);
    assert_eq!(set.left(), Left { active: 3, backup: 1 });
    assert_eq!(set.servers()[1].effective_weight(), 9);
}

#[test]
fn every_step_reaches_the_subscribers_with_the_state_already_in_force() {
    let (set, _) = set(&[("a", ServerOptions { weight: 7, ..active() })]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    set.on_transition(move |server, transition| {
        sink.lock().unwrap().push((transition.change, server.effective_weight()));
    });
    let a = &set.find("a").unwrap();
    for report in [passed(), refused(), refused(), refused(), passed(), passed()] {
        a.report(NOW, report);
    }
    a.set_weight(NOW, 300);
    let expected = [
        (Change::Recovered, 7),
        (Change::GoingDown, 7),
        (Change::GoingDown, 7),
        (Change::Down, 0),
        (Change::GoingUp, 0),
        (Change::Up, 7),
        (Change::Weight { from: 7 }, 256),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn an_unknown_result_is_kept_for_display_and_changes_nothing() {
    let (set, _) = set(&[("a", active())]);
    let a = &set.find("a").unwrap();
    assert!(a.report(NOW, CheckReport::new(CheckStatus::Ini, Duration::ZERO)).is_none());
    assert_eq!(a.last_check().unwrap().1.status.code(), "INI");
}

#[test]
fn numbers_start_at_one_and_leave_out_those_given() {
    let settings: Vec<Settings> = [None, Some(1), None, Some(4), None]
        .into_iter()
        .enumerate()
        .map(|(i, id)| Settings { name: format!("s{i}").into(), id, ..Settings::default() })
        .collect();
    let set = Set::new("be", &settings, 1, NOW);
    assert_eq!(set.servers().iter().map(|server| server.id()).collect::<Vec<_>>(), [2, 1, 3, 4, 5]);
    assert_eq!(set.find("s3").unwrap().slot(), 3);
    assert!(set.find("s9").is_none());
}

#[test]
fn what_a_server_sent_cannot_forge_a_line() {
    let report = CheckReport::new(CheckStatus::L7Rsp, Duration::ZERO).with_info("x\n\u{1b}[2JServer be/b is UP");
    assert_eq!(
        report.to_string(),
        r#"reason: Layer7 invalid response, info: "x\n\u{1b}[2JServer be/b is UP", check duration: 0ms"#
    );
}

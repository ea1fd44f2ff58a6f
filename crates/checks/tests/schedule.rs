//! When checks run, in paused time: scripted probes instead of sockets.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use plimsoll_checks::probe::{Outcome, Run};
use plimsoll_checks::{Applied, Checks, Defaults, HealthCheck, Pace, Plan, Probe, Subject, watch};
use plimsoll_clock::Tick;
use plimsoll_net::Address;
use plimsoll_observe::{Panics, Sink};
use plimsoll_server::{Admin, CheckReport, CheckStatus, HealthOptions, Set, Settings};
use tokio::time::{Instant, advance, timeout};

const NOW: Tick = Tick::from_micros(5);

fn pace() -> Pace {
    let panics = Panics::new(Sink::start(&[]).unwrap().events());
    Pace { at_once: 100, spread: 0, seed: 1, now: || NOW, panics }
}

fn set(servers: usize) -> std::sync::Arc<Set> {
    set_with(servers, HealthOptions::default())
}

fn set_with(servers: usize, health: HealthOptions) -> std::sync::Arc<Set> {
    let settings =
        (0..servers).map(|number| Settings { name: number.to_string().into(), health, ..Settings::default() });
    Set::new("be", &settings.collect::<Vec<_>>(), 1, NOW)
}

fn subjects(set: &Set, options: &str, probe: &'static Probe) -> Vec<Subject> {
    let options: HealthCheck = serde_json::from_str(options).expect("valid options");
    let mut plan = options.plan(&Address::Inet(([127, 0, 0, 1], 9).into()), &Defaults::default());
    plan.probe = probe;
    let subject = |server: &std::sync::Arc<_>| Subject { server: std::sync::Arc::clone(server), plan: plan.clone() };
    set.servers().iter().map(subject).collect()
}

fn start(set: &Set, options: &str, probe: &'static Probe, pace: &Pace) -> Checks {
    watch(subjects(set, options, probe), pace)
}

fn paused<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test);
}

/// Lets paused time pass; no real time does.
async fn pass(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

fn outcome(status: CheckStatus) -> Outcome {
    Outcome { report: CheckReport::new(status, Duration::ZERO), stream: None }
}

#[test]
fn intervals_follow_the_state_and_count_from_the_end_of_a_check() {
    static STARTS: Mutex<Vec<Instant>> = Mutex::new(Vec::new());
    // Passes, then fails for ever; each check takes 100 ms.
    const SCRIPT: Probe = Probe { name: "script", haproxy: "", doc: "", run };
    fn run(_: &Plan) -> Run<'_> {
        Box::pin(async {
            let number = {
                let mut starts = STARTS.lock().unwrap();
                starts.push(Instant::now());
                starts.len()
            };
            pass(Duration::from_millis(100)).await;
            outcome(if number == 1 { CheckStatus::L4Ok } else { CheckStatus::L4Con })
        })
    }
    paused(async {
        let set = set(1);
        let options = r#"{"interval":"2s","fast-interval":"500ms","down-interval":"5s"}"#;
        let _checks = start(&set, options, &SCRIPT, &pace());
        pass(Duration::from_secs(20)).await;
        let starts = STARTS.lock().unwrap();
        let gaps: Vec<u128> = starts.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
        // Sound, two steps down, down.
        assert_eq!(gaps[..5], [2100, 600, 600, 5100, 5100]);
        assert_eq!(set.servers()[0].last_check().map(|(at, _)| at), Some(NOW));
    });
}

#[test]
fn first_checks_are_spread_over_the_interval() {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    const NOTE: Probe = Probe { name: "note", haproxy: "", doc: "", run };
    fn run(_: &Plan) -> Run<'_> {
        Box::pin(async {
            STARTED.fetch_add(1, SeqCst);
            outcome(CheckStatus::L4Ok)
        })
    }
    paused(async {
        let set = set(4000);
        let _checks = start(&set, r#"{"interval":"2s"}"#, &NOTE, &pace());
        for quarter in 1..=4 {
            pass(Duration::from_millis(500)).await;
            let done = STARTED.load(SeqCst);
            assert!(done.abs_diff(quarter * 1000) <= 10, "{done} checks after {quarter} quarters");
        }
    });
}

#[test]
fn a_probe_that_panics_counts_neither_way_and_the_next_one_runs() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    // At once, in a later step, and then never again.
    const FAULTY: Probe = Probe { name: "faulty", haproxy: "", doc: "", run };
    fn run(_: &Plan) -> Run<'_> {
        let number = RUNS.fetch_add(1, SeqCst);
        assert!(number != 1, "injected at once");
        Box::pin(async move {
            pass(Duration::from_millis(100)).await;
            assert!(number != 2, "injected later");
            outcome(if number < 3 { CheckStatus::L4Ok } else { CheckStatus::L4Con })
        })
    }
    paused(async {
        // One failure would take it down.
        let (set, pace) = (set_with(1, HealthOptions { rise: 1, fall: 1 }), Pace { at_once: 1, ..pace() });
        let _checks = start(&set, r#"{"interval":"1s"}"#, &FAULTY, &pace);
        let server = &set.servers()[0];
        let status = || server.standing(NOW).last_check.map(|(_, report)| report.status);
        for (status_now, up, panics) in [
            (CheckStatus::L4Ok, true, 0),
            (CheckStatus::Unk, true, 1),
            (CheckStatus::Unk, true, 2),
            (CheckStatus::L4Con, false, 2),
        ] {
            pass(Duration::from_millis(1050)).await;
            assert_eq!((status(), server.health().is_up(), pace.panics.count()), (Some(status_now), up, panics));
        }
    });
}

#[test]
fn no_more_than_the_bound_run_at_once_and_never_two_of_one_server() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    static ALL: AtomicUsize = AtomicUsize::new(0);
    const SLOW: Probe = Probe { name: "slow", haproxy: "", doc: "", run };
    fn run(_: &Plan) -> Run<'_> {
        Box::pin(async {
            MOST.fetch_max(RUNNING.fetch_add(1, SeqCst) + 1, SeqCst);
            pass(Duration::from_secs(3)).await;
            RUNNING.fetch_sub(1, SeqCst);
            ALL.fetch_add(1, SeqCst);
            outcome(CheckStatus::L4Tout)
        })
    }
    paused(async {
        // One server whose checks take longer than its interval.
        let checks = start(&set(1), r#"{"interval":"1s"}"#, &SLOW, &pace());
        pass(Duration::from_secs(20)).await;
        assert_eq!(MOST.swap(0, SeqCst), 1);
        drop(checks);
        tokio::task::yield_now().await;
        RUNNING.store(0, SeqCst);
        ALL.store(0, SeqCst);
        let _checks = start(&set(50), r#"{"interval":"1s"}"#, &SLOW, &Pace { at_once: 7, ..pace() });
        pass(Duration::from_secs(60)).await;
        assert_eq!(MOST.load(SeqCst), 7);
        assert!(ALL.load(SeqCst) > 100, "all get their turn");
    });
}

#[test]
fn maintenance_is_not_checked_and_checks_resume_after_it() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    const COUNTED: Probe = Probe { name: "counted", haproxy: "", doc: "", run };
    fn run(_: &Plan) -> Run<'_> {
        Box::pin(async {
            COUNT.fetch_add(1, SeqCst);
            outcome(CheckStatus::L4Ok)
        })
    }
    paused(async {
        let set = set(1);
        set.servers()[0].administer(NOW, Admin::Maint);
        let checks = start(&set, r#"{"interval":"1s"}"#, &COUNTED, &pace());
        pass(Duration::from_secs(10)).await;
        assert_eq!(COUNT.load(SeqCst), 0);
        set.servers()[0].administer(NOW, Admin::Ready);
        pass(Duration::from_secs(3)).await;
        assert!((2..=4).contains(&COUNT.load(SeqCst)));
        drop(checks);
        let count = COUNT.load(SeqCst);
        advance(Duration::from_secs(10)).await;
        assert_eq!(COUNT.load(SeqCst), count, "dropping ends them");
    });
}

#[test]
fn a_reload_leaves_unchanged_checks_their_time_and_ends_those_of_removed_servers() {
    static LOG: Mutex<Vec<(u128, u16)>> = Mutex::new(Vec::new());
    static START: Mutex<Option<Instant>> = Mutex::new(None);
    // The port of the plan tells the checks apart.
    const NOTE: Probe = Probe { name: "reloaded", haproxy: "", doc: "", run };
    fn run(plan: &Plan) -> Run<'_> {
        let Address::Inet(address) = &plan.address else { unreachable!() };
        let at = Instant::now() - START.lock().unwrap().expect("set before");
        LOG.lock().unwrap().push((at.as_millis(), address.port()));
        Box::pin(async { outcome(CheckStatus::L4Ok) })
    }
    fn taken() -> Vec<(u128, u16)> {
        std::mem::take(&mut LOG.lock().unwrap())
    }
    paused(async {
        *START.lock().unwrap() = Some(Instant::now());
        let set = set(2);
        let wanted = |port: u16| {
            let options = format!(r#"{{"interval":"2s","port":{port}}}"#);
            subjects(&set, &options, &NOTE)
        };
        let mut checks = Checks::new(pace());
        let both = || vec![wanted(1).remove(0), wanted(2).remove(1)];
        assert_eq!(checks.apply(both()), Applied { started: 2, kept: 0, stopped: 0 });
        pass(Duration::from_millis(2500)).await;
        assert_eq!(taken(), [(0, 1), (1000, 2), (2000, 1)]);
        assert_eq!(checks.apply(both()), Applied { started: 0, kept: 2, stopped: 0 });
        pass(Duration::from_millis(2000)).await;
        assert_eq!(taken(), [(3000, 2), (4000, 1)], "as if nothing had happened");
        let changed = vec![wanted(1).remove(0), wanted(3).remove(1)];
        assert_eq!(checks.apply(changed), Applied { started: 1, kept: 1, stopped: 1 });
        pass(Duration::from_millis(2100)).await;
        assert_eq!(taken(), [(4500, 3), (6000, 1), (6500, 3)]);
        assert_eq!(checks.apply(vec![wanted(1).remove(0)]), Applied { started: 0, kept: 1, stopped: 1 });
        assert_eq!(checks.apply(Vec::new()), Applied { started: 0, kept: 0, stopped: 1 });
        pass(Duration::from_secs(10)).await;
        assert_eq!(taken(), []);
        tokio::task::yield_now().await;
        assert!(set.servers().iter().all(|server| std::sync::Arc::strong_count(server) == 1), "no check holds it");
    });
}

#[test]
fn a_check_under_way_when_its_server_is_removed_reports_nothing() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    const SLOW: Probe = Probe { name: "slow to end", haproxy: "", doc: "", run };
    fn run(_: &Plan) -> Run<'_> {
        Box::pin(async {
            pass(Duration::from_secs(1)).await;
            ENDED.fetch_add(1, SeqCst);
            outcome(CheckStatus::L4Con)
        })
    }
    paused(async {
        let set = set(1);
        let mut checks = start(&set, r#"{"interval":"2s"}"#, &SLOW, &pace());
        pass(Duration::from_millis(500)).await;
        checks.apply(Vec::new());
        pass(Duration::from_secs(5)).await;
        assert_eq!(ENDED.load(SeqCst), 0);
        assert!(set.servers()[0].health().is_up());
    });
}

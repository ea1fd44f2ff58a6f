//! Scorecard row 16: descriptors run out while clients POST; servers are not blamed for it.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use plimsoll_testkit::{Lb, eventually, holds_for};
use plimsoll_tests::{Site, volume};

use crate::posts::{Counts, Posts, Report, counting};
use crate::stage::{SOON, listen_on};

/// Descriptors, when they do not run out.
const PLENTY: u64 = 1000;

/// What became of the POSTs, how many failed late, and what the log says.
fn suffer(start: fn(&Site) -> Lb) -> (Report, usize, String) {
    let counts = Counts::default();
    let servers = [(); 2].map(|()| counting(listen_on(Ipv4Addr::LOCALHOST, 0), &counts));
    // Each POST needs a connection of its own.
    let site = Site::http()
        .global("threads: 1, maxconn: 100")
        .backend("http-server-close: true")
        .backend("health-check: { type: http, interval: 200ms, rise: 2, fall: 2 }");
    let mut lb = start(&site.server("s1", servers[0].addr).server("s2", servers[1].addr));
    // Enough for the four clients, not for what they ask for.
    let short = lb.process().limit_for(4);
    let posts = Posts::start(lb.addr("web"), 100);
    eventually("clients are served", SOON, || posts.done() > 40);
    lb.process().limit_descriptors(short);
    holds_for(Duration::from_secs(volume(2, 20) as u64), || true);
    lb.process().limit_descriptors(PLENTY);
    let whole = Instant::now() + Duration::from_secs(1);
    holds_for(Duration::from_millis(1800), || true);
    let report = posts.stop(&counts);
    let late = report.failures.iter().filter(|(at, _)| *at > whole).count();
    (report, late, lb.stdout())
}

fn print(who: &str, (report, late, log): &(Report, usize, String)) {
    let (sent, failed) = (report.sent, report.failures.len());
    let downs = log.matches(" is DOWN").count();
    println!(
        "row 16{who}: EMFILE: {sent} POSTs, {failed} failed, {} arrived twice, {late} failed later than 1 s after it was over, servers went down {downs} times",
        report.duplicates
    );
}

#[test]
fn descriptors_that_run_out_duplicate_nothing_take_no_server_down_and_are_forgotten() {
    let ours = suffer(Site::start);
    print("", &ours);
    if !Lb::is_haproxy() {
        print(", haproxy", &suffer(|site| Lb::haproxy("web", &site.haproxy_cfg())));
    }
    let (report, late, log) = ours;
    assert!(report.failures.iter().any(|(_, what)| what == "503"), "nothing was short: {report:?}");
    assert_eq!((report.duplicates, report.wrong, late), (0, 0, 0), "{report:?}");
    assert!(!log.contains(" is DOWN"), "a server is blamed for our descriptors: {log}");
}

//! A thousand reloads while wrk asks as fast as it can, with a tunnel opened after each.

use std::time::{Duration, Instant};

use plimsoll_testkit::process::{Process, command, raise_descriptors};
use plimsoll_testkit::runtime_socket::figure;
use plimsoll_testkit::{Client, Lb, eventually};
use plimsoll_tests::{named, volume};
use rustix::process::Signal;

use crate::{SOON, reload, site};

/// What a reload may leave of resident memory, in KiB: pages that an allocator has not given back, spread over all reloads.
/// Bytes are counted exactly in the engine's own test.
const SLACK: u64 = 4096;

/// What wrk says of failures: it has no line for them when there are none.
fn failures(report: &str) -> Vec<&str> {
    report.lines().filter(|line| line.contains("Non-2xx") || line.contains("Socket errors")).collect()
}

#[test]
fn reloads_under_wrk_fail_no_request_close_no_tunnel_and_leave_no_snapshot() {
    raise_descriptors();
    let (one, two, three) = (named("one"), named("two"), named("three"));
    let sockets = tempfile::tempdir().unwrap();
    let socket = sockets.path().join("lb.sock");
    let global = format!(
        "threads: 2, log: {{ to: \"file:/dev/null\" }}, runtime-api: [{{ bind: \"unix@{}\", level: admin }}]",
        socket.display()
    );
    let even = site().global(&global).server("one", one.addr).server("two", two.addr).yaml();
    let odd = site().global(&global).server("two", two.addr).server("three", three.addr).yaml();
    let mut lb = Lb::start(&even);
    let mut wrk = command("wrk");
    // It is told to stop when the reloads are done.
    wrk.args(["-t1", "-c8", "-d600s", "--timeout", "20s"]).arg(format!("http://{}/", lb.addr("web")));
    let mut wrk = Process::spawn(wrk).expect("wrk is installed");
    let served = || figure(&socket, "CumReq");
    eventually("wrk asks", SOON, || served() > 1000);

    let reloads = volume(20, 1000);
    let mut tunnels = Vec::new();
    let mut most = 0;
    let start = Instant::now();
    for round in 0..reloads {
        reload(&mut lb, if round % 2 == 0 { &odd } else { &even });
        most = most.max(figure(&socket, "Snapshots"));
        let mut new = Client::tunnel(lb.addr("web"));
        new.echoes("here");
        tunnels.push(new);
        let so_far = served();
        eventually("wrk asks on", SOON, || served() > so_far + 20);
    }
    let took = start.elapsed();
    let with_tunnels = lb.process().resident();
    for round in 0..reloads {
        reload(&mut lb, if round % 2 == 0 { &odd } else { &even });
        most = most.max(figure(&socket, "Snapshots"));
    }
    let after = lb.process().resident();
    let before = served();
    eventually("wrk still asks", SOON, || served() > before);
    wrk.signal(Signal::INT);
    assert!(wrk.wait_exit(Duration::from_secs(30)).is_some(), "wrk ends");
    let report = wrk.stdout.text();
    let requests = report.lines().find(|line| line.contains(" requests in ")).unwrap_or_default().trim();
    eprintln!(
        "{{\"reloads\":{reloads},\"seconds\":{:.1},\"tunnels\":{},\"most_snapshots\":{most},\"resident_kib\":{with_tunnels},\
         \"resident_kib_after_as_many_more\":{after},\"wrk\":\"{requests}\"}}",
        took.as_secs_f64(),
        tunnels.len(),
    );
    assert!(!requests.is_empty() && failures(&report).is_empty(), "{report}");
    for (at, tunnel) in tunnels.iter_mut().enumerate() {
        tunnel.echoes(&format!("tunnel {at}"));
    }
    assert!((1..=2).contains(&most), "{most} snapshots were alive at once");
    assert!(after <= with_tunnels + SLACK, "{with_tunnels} KiB resident, {after} after as many reloads again");
}

//! Connections of an older configuration, or of the process before, go on holding their ports.

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::{Lb, eventually};
use rustix::process::Signal;

use crate::stage::{SOON, Stage, tcp};

const RANGE: &str = "192.0.2.11:2000-2003";

#[test]
fn a_reload_knows_the_ports_of_connections_that_were_there_before_even_if_the_range_was_gone_meanwhile() {
    let stage = Stage::new();
    let _server = stage.greeter();
    let site = tcp(&format!("\"{RANGE}\"")).backend("balance: roundrobin");
    let mut lb = stage.start(&site);
    let (_first, one) = stage.greeted();
    let mut reloads = 0;
    let mut reload = |lb: &mut Lb, yaml: String| {
        std::fs::write(lb.folder().join("lb.yaml"), yaml).unwrap();
        lb.signal(Signal::HUP);
        reloads += 1;
        eventually("the reload", SOON, || lb.stderr().matches("lb: reloaded").count() == reloads);
    };
    reload(&mut lb, site.yaml().replace("roundrobin", "leastconn"));
    assert_eq!(stage.ports("used", RANGE), 1);
    let (_second, two) = stage.greeted();
    // Another range, then the first one again.
    reload(&mut lb, site.yaml().replace("2000-2003", "3000-3003"));
    let (_other, elsewhere) = stage.greeted();
    assert!((3000..3004).contains(&elsewhere.port()));
    reload(&mut lb, site.yaml());
    assert_eq!(stage.ports("used", RANGE), 2);
    let (third, fourth) = (stage.greeted(), stage.greeted());
    let mut ports = [one, two, third.1, fourth.1].map(|from| from.port());
    ports.sort_unstable();
    assert_eq!(ports, [2000, 2001, 2002, 2003]);
    stage.refused();
}

/// The new process knows nothing of the old one's ports, and finds them taken.
#[test]
fn a_successor_passes_over_the_ports_that_its_predecessors_tunnels_have() {
    let stage = Stage::new();
    let _server = stage.greeter();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("lb.sock");
    let global = format!(
        "threads: 2, admin: \"198.51.100.1:9090\", runtime-api: [{{ bind: \"unix@{}\", level: admin }}]",
        socket.display()
    );
    let site = tcp("\"192.0.2.11:2000-2009\"").global(&global);
    let old = stage.start(&site);
    let held: Vec<_> = (0..5).map(|_| stage.greeted()).collect();
    let start = Start { arguments: vec!["--take-over".to_owned(), socket.display().to_string()], ..Start::default() };
    let _new = stage.net.lb.enter(|| Lb::start_with(&site.yaml(), &start));
    eventually("the old one takes no more clients", SOON, || {
        old.stderr().contains("taken over") || { stage.ports("used", "192.0.2.11:2000-2009") == 0 }
    });
    let more: Vec<_> = (0..5).map(|_| stage.greeted()).collect();
    let mut ports: Vec<u16> = held.iter().chain(&more).map(|(_, from)| from.port()).collect();
    ports.sort_unstable();
    assert!(ports.into_iter().eq(2000..2010), "five of each");
}

//! A container: process 1, and the health check from inside.

use std::fs;
use std::process::Command;

use plimsoll_testkit::{RecordingOrigin, eventually};
use rustix::process::{Pid, Signal, kill_process};

use crate::{Place, Ran, SOON, children, exists, own_address, status};

/// `lb` as process 1 of its own namespace, as seen from here.
fn first(place: &Place) -> (Ran, u32) {
    let ran = place.start(place.run(&["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"]));
    let inside = children(ran.pid());
    assert_eq!(inside.len(), 1);
    let numbers = status(format!("/proc/{}/status", inside[0]).as_ref(), "NSpid");
    assert!(numbers.ends_with(" 1"), "{numbers}");
    (ran, inside[0])
}

fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

#[test]
fn process_1_drains_on_sigterm_and_exits_0() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    place.write("", "\"127.0.0.1:0\"", origin.addr());
    let (mut ran, pid) = first(&place);
    kill(pid, Signal::TERM);
    assert!(ran.0.wait_exit(SOON).unwrap().success(), "the kernel gives process 1 no default: it has to listen");
    ran.eventually_says("lb: draining 0 connections");
}

#[test]
fn process_1_lets_orphans_go() {
    let place = Place::new();
    place.write("", "\"127.0.0.1:0\"", own_address(9));
    let (ran, pid) = first(&place);
    // A shell inside starts something, and ends before it.
    let enter = ["--target", &pid.to_string(), "--pid", "--mount", "sh", "-c", "sleep 1000 & exit 0"];
    assert!(Command::new("nsenter").args(enter).status().unwrap().success());
    let mut orphans = Vec::new();
    eventually("process 1 has it for a child", SOON, || {
        orphans = children(pid);
        orphans.len() == 1
    });
    let orphan = orphans[0];
    // Until it runs that, it is the shell's twin.
    let runs = || fs::read_to_string(format!("/proc/{orphan}/cmdline")).unwrap_or_default();
    eventually("it sleeps", SOON, || runs().starts_with("sleep"));
    kill(orphan, Signal::KILL);
    eventually("no zombie is left", SOON, || !exists(orphan));
    drop(ran);
}

#[test]
fn health_is_an_exit_code_and_a_line() {
    let place = Place::new();
    let socket = place.path("admin.sock");
    place.write(&format!("runtime-api: \"unix@{}\"", socket.display()), "\"127.0.0.1:0\"", own_address(9));
    let ran = place.start(place.run(&[]));
    let well = place.lb(&["health", "-f", "lb.yaml"]);
    assert_eq!((well.status.code(), &*well.stdout), (Some(0), &b"lb: ready\n"[..]));
    let ready = place.lb(&["health", "--ready", "--socket", socket.to_str().unwrap()]);
    assert_eq!(ready.status.code(), Some(0));
    assert!(ran.stop().success());
    let gone = place.lb(&["health", "-f", "lb.yaml"]);
    let said = String::from_utf8_lossy(&gone.stderr);
    assert_eq!(gone.status.code(), Some(1));
    assert!(said.starts_with("lb: unhealthy: ") && said.lines().count() == 1, "{said}");
}

//! A service manager: what it hears, what it hands over, and the unit file.

use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;

use plimsoll_testkit::{Client, RecordingOrigin, eventually, lb};
use rustix::process::Signal;

use crate::{Place, SOON, own_address};

/// The next datagram that is no sign of life.
fn heard(manager: &UnixDatagram) -> String {
    manager.set_read_timeout(Some(SOON)).unwrap();
    loop {
        let mut bytes = [0; 1024];
        let count = manager.recv(&mut bytes).expect("a datagram");
        let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
        if text != "WATCHDOG=1" {
            return text;
        }
    }
}

#[test]
fn a_manager_hears_of_start_reload_drain_and_end() {
    let origin = RecordingOrigin::start();
    let place = Place::new();
    let name = format!("plimsoll-manager-{}", std::process::id());
    let path = place.path("notify");
    let managers = [
        (UnixDatagram::bind(&path).unwrap(), path.display().to_string()),
        (UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap(), format!("@{name}")),
    ];
    for (manager, address) in managers {
        place.write("close-spread-time: infinite", "\"127.0.0.1:0\"", origin.addr());
        let mut run = place.run(&[]);
        run.env("NOTIFY_SOCKET", &address);
        let mut ran = place.start(run);
        assert_eq!(heard(&manager), "READY=1\nSTATUS=serving");
        ran.0.signal(Signal::HUP);
        let reloading = heard(&manager);
        let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap_or_else(|| panic!("{reloading}"));
        assert!(micros.parse::<u64>().is_ok_and(|micros| micros > 0));
        assert_eq!(heard(&manager), "READY=1\nSTATUS=serving");
        let mut client = Client::connect(ran.address());
        client.get("/").unwrap();
        ran.0.signal(Signal::TERM);
        assert_eq!(heard(&manager), "STOPPING=1\nSTATUS=stopping");
        assert_eq!(heard(&manager), "EXTEND_TIMEOUT_USEC=10000000\nSTATUS=draining: 1 connections left");
        drop(client);
        assert!(ran.0.wait_exit(SOON).unwrap().success());
    }
}

#[test]
fn the_manager_is_heard_from_behind_a_chroot_too() {
    let (place, jail) = (Place::new(), tempfile::tempdir().unwrap());
    let manager = UnixDatagram::bind(place.path("notify")).unwrap();
    place.write(&format!("user: nobody, chroot: \"{}\"", jail.path().display()), "\"127.0.0.1:0\"", own_address(9));
    let mut run = place.run(&[]);
    run.env("NOTIFY_SOCKET", place.path("notify"));
    let ran = place.start(run);
    assert_eq!(heard(&manager), "READY=1\nSTATUS=serving");
    ran.stop();
    assert_eq!(heard(&manager), "STOPPING=1\nSTATUS=stopping");
}

#[test]
fn a_watchdog_is_fed_while_every_thread_turns() {
    let place = Place::new();
    let manager = UnixDatagram::bind(place.path("notify")).unwrap();
    manager.set_read_timeout(Some(SOON)).unwrap();
    place.write("", "\"127.0.0.1:0\"", own_address(9));
    let mut run = place.run(&[]);
    run.env("NOTIFY_SOCKET", place.path("notify")).env("WATCHDOG_USEC", "400000");
    let ran = place.start(run);
    let mut fed = 0;
    while fed < 5 {
        let mut bytes = [0; 64];
        let count = manager.recv(&mut bytes).expect("a sign of life");
        fed += usize::from(&bytes[..count] == b"WATCHDOG=1");
    }
    assert!(ran.stop().success());
}

/// A free port, as far as anybody can tell: `systemd-socket-activate` cannot say which one the kernel chose.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn sockets_that_a_manager_opened_are_bound_by_number_and_by_name_and_kept_over_a_reload() {
    for (bind, arguments) in [("fd@3", &[][..]), ("fd@public", &["--fdname=public"][..])] {
        let (place, origin) = (Place::new(), RecordingOrigin::start());
        place.write("", &format!("\"{bind}\""), origin.addr());
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
        let listen = format!("--listen={address}");
        let before = [&["systemd-socket-activate", listen.as_str()], arguments].concat();
        let mut ran = place.spawn(place.run(&before));
        // It starts the program with the first client, who waits in the queue meanwhile.
        let mut first = None;
        eventually("somebody listens", SOON, || {
            first = plimsoll_testkit::Socket::connect(address).ok();
            first.is_some()
        });
        ran.eventually_says(&format!("lb: listening on {bind} (frontend web)"));
        ran.eventually_says("lb: ready");
        assert_eq!(Client::connect(address).get("/").unwrap().status, 200, "{bind}");
        ran.0.signal(Signal::HUP);
        ran.eventually_says("lb: reloaded");
        assert_eq!(Client::connect(address).get("/").unwrap().status, 200, "{bind}");
        drop(first);
        assert!(ran.stop().success());
    }
}

#[test]
fn a_socket_file_that_a_manager_made_stays_his() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    place.write("", "\"fd@3\"", origin.addr());
    let path = place.path("web.sock");
    let listen = format!("--listen={}", path.display());
    let ran = place.spawn(place.run(&["systemd-socket-activate", &listen]));
    eventually("the file is there", SOON, || path.exists());
    let mut client = Client::connect_unix(&path);
    assert_eq!(client.get("/").unwrap().status, 200);
    drop(client);
    assert!(ran.stop().success());
    assert!(path.exists(), "who made it removes it");
}

#[test]
fn a_socket_that_was_not_passed_is_said_to_be_missing() {
    let place = Place::new();
    place.write("", "\"fd@web\"", own_address(9));
    let said = place.fails(place.run(&[]));
    assert!(said.contains("no socket `web` was passed to this process: none was"), "{said}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit_files() {
    let folder = tempfile::tempdir().unwrap();
    let version = Command::new("systemd-analyze").arg("--version").output().unwrap();
    let version: u32 = String::from_utf8_lossy(&version.stdout)
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap();
    for unit in ["lb.service", "lb.socket"] {
        let text = fs::read_to_string(lb::root().join("packaging").join(unit)).unwrap();
        let here = text.replace("/usr/bin/lb", &lb::binary().display().to_string());
        // Debian 12's does not know the type yet.
        let here = if version < 253 { here.replace("Type=notify-reload", "Type=notify") } else { here };
        fs::write(folder.path().join(unit), here).unwrap();
    }
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no", "lb.service", "lb.socket"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("lb."), "{said}");
}

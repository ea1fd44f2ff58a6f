//! `user`, `group`, `chroot`: what is given up, what is kept, and what the keeper opens.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use plimsoll_testkit::{Client, RecordingOrigin, eventually};
use rustix::process::Signal;

use crate::{Place, Ran, SOON, children, exists, own_address, status};

/// CAP_NET_BIND_SERVICE, number 10, and nothing else.
const BIND_ONLY: &str = "0000000000000400";

#[track_caller]
fn has_no_rights(pid: u32) {
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let task = task.unwrap().path().join("status");
        for key in ["Uid", "Gid"] {
            assert_eq!(status(&task, key), "65534 65534 65534 65534", "{key} of every thread");
        }
        for key in ["CapEff", "CapPrm", "CapBnd"] {
            assert_eq!(status(&task, key), BIND_ONLY, "{key}");
        }
        assert_eq!((status(&task, "CapInh"), status(&task, "NoNewPrivs")), ("0000000000000000".into(), "1".into()));
        assert_eq!(status(&task, "Groups"), "");
    }
}

#[track_caller]
fn keeper(ran: &Ran) -> u32 {
    let children = children(ran.pid());
    assert_eq!(children.len(), 1, "{}", ran.0.stderr.text());
    let facts = format!("/proc/{}/status", children[0]);
    // CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: files, and nothing else.
    assert_eq!(status(Path::new(&facts), "CapEff"), "0000000000000006");
    children[0]
}

fn answers(to: std::net::SocketAddr) -> bool {
    Client::connect(to).get("/").is_ok_and(|response| response.status == 200)
}

/// A reload that binds a port below 1024, and opens a log file and a UNIX socket where only root may.
fn a_reload_opens_what_only_root_may(global: &str) -> (Place, Ran, u32) {
    let place = Place::new();
    let origin = RecordingOrigin::start();
    let log = place.path("first.log");
    let first = format!("user: nobody, {global} log: \"file:{}\"", log.display());
    place.write(&first, "\"127.0.0.1:0\"", origin.addr());
    let mut ran = place.start(place.run(&[]));
    has_no_rights(ran.pid());
    let keeper = keeper(&ran);
    assert!(answers(ran.address()));
    eventually("the first log file", SOON, || fs::read_to_string(&log).is_ok_and(|text| text.contains("GET /")));

    let (log, socket) = (place.path("second.log"), place.path("web.sock"));
    let second = format!("user: nobody, {global} log: \"file:{}\"", log.display());
    let low = own_address(443);
    place.write(&second, &format!("\"{low}\", \"unix@{}\"", socket.display()), origin.addr());
    ran.0.signal(Signal::HUP);
    ran.eventually_says("lb: reloaded");
    assert!(answers(low), "a port below 1024");
    let mut by_file = Client::connect_unix(&socket);
    assert_eq!(by_file.get("/by-file").unwrap().status, 200);
    eventually("the second log file", SOON, || fs::read_to_string(&log).is_ok_and(|text| text.contains("/by-file")));
    assert_eq!(fs::metadata(&log).unwrap().uid(), 0, "it is root's: the process could not have made it");
    has_no_rights(ran.pid());
    drop(by_file);
    (place, ran, keeper)
}

#[test]
fn after_a_change_of_user_a_reload_binds_443_and_opens_what_only_root_may() {
    let (place, ran, keeper) = a_reload_opens_what_only_root_may("");
    assert!(ran.stop().success());
    eventually("the keeper ends with it", SOON, || !exists(keeper));
    assert!(!place.path("web.sock").exists(), "the keeper made the file, and removed it");
}

#[test]
fn behind_a_chroot_all_of_that_goes_on() {
    let jail = tempfile::tempdir().unwrap();
    let folder = jail.path().canonicalize().unwrap();
    let (place, ran, keeper) = a_reload_opens_what_only_root_may(&format!("chroot: \"{}\",", folder.display()));
    assert_eq!(fs::read_link(format!("/proc/{}/root", ran.pid())).unwrap(), folder);
    assert!(ran.stop().success());
    eventually("the keeper ends with it", SOON, || !exists(keeper));
    assert!(!place.path("web.sock").exists());
}

#[test]
fn a_name_is_looked_up_outside_of_the_chroot() {
    let (place, jail) = (Place::new(), tempfile::tempdir().unwrap());
    let origin = RecordingOrigin::start();
    let global = format!("user: nobody, chroot: \"{}\"", jail.path().display());
    place.write(&global, "\"127.0.0.1:0\"", origin.addr());
    let mut ran = place.start(place.run(&[]));
    let yaml = fs::read_to_string(place.path("lb.yaml")).unwrap();
    let named = yaml.replace(&origin.addr().to_string(), &format!("localhost:{}", origin.addr().port()));
    fs::write(place.path("lb.yaml"), named).unwrap();
    ran.0.signal(Signal::HUP);
    ran.eventually_says("lb: reloaded");
    assert!(answers(ran.address()), "{}", ran.0.stderr.text());
}

#[test]
fn ctrl_c_for_the_whole_group_leaves_the_keeper_until_the_end() {
    let place = Place::new();
    place.write("user: nobody, grace: 300ms", "\"127.0.0.1:0\"", own_address(9));
    let mut ran = place.start(place.run(&[]));
    let keeper = keeper(&ran);
    rustix::process::kill_process(rustix::process::Pid::from_raw(keeper as i32).unwrap(), Signal::TERM).unwrap();
    ran.0.signal_group(Signal::INT);
    ran.eventually_says("not ready any more");
    assert!(exists(keeper), "SIGTERM to all of a service's processes does not end it before the one that needs it");
    assert!(ran.0.wait_exit(SOON).unwrap().success());
    eventually("the keeper is gone", SOON, || !exists(keeper));
}

#[test]
fn without_a_need_no_keeper_stays() {
    let place = Place::new();
    place.write("user: nobody", "\"127.0.0.1:0\"", own_address(9));
    fs::set_permissions(place.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(place.path("lb.yaml"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let mut ran = place.start(place.run(&[]));
    has_no_rights(ran.pid());
    assert_eq!(children(ran.pid()), []);
    ran.0.signal(Signal::HUP);
    ran.eventually_says("lb: reloaded");
}

#[test]
fn a_configuration_that_the_other_user_can_change_has_no_keeper() {
    let place = Place::new();
    place.write("user: nobody", "\"127.0.0.1:0\"", own_address(9));
    chown(place.path("lb.yaml"), Some(65534), None).unwrap();
    let said = place.fails(place.run(&[]));
    assert!(said.contains("can change lb.yaml") && said.contains("obeys only what others cannot rewrite"), "{said}");
}

#[test]
fn rights_that_are_not_there_cannot_be_given_up() {
    let place = Place::new();
    place.write("user: www-data", "\"127.0.0.1:0\"", own_address(9));
    fs::set_permissions(place.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(place.path("lb.yaml"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let said = place.fails(place.run(&["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]));
    assert!(said.contains("`user` needs the rights of root"), "{said}");
    place.write("user: no-such-user", "\"127.0.0.1:0\"", own_address(9));
    let said = place.fails(place.run(&[]));
    assert!(said.contains("there is no user `no-such-user`"), "{said}");
}

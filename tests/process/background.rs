//! `daemon`, `pidfile`, and what the machine is asked for: descriptors, CPUs.

use std::fs;
use std::path::Path;

use plimsoll_testkit::{Client, RecordingOrigin, Socket, eventually};
use rustix::process::{Pid, Signal, kill_process};

use crate::{Place, SOON, exists, own_address, status};

/// Ends what was started in the background, whatever the test comes to.
struct Daemon(u32);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_raw(self.0 as i32).unwrap(), Signal::KILL);
    }
}

#[test]
fn the_first_process_ends_with_0_once_the_one_in_the_background_serves() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    let (pid, at) = (place.path("lb.pid"), own_address(8081));
    place.write(&format!("daemon: true, log: [], pidfile: \"{}\"", pid.display()), &format!("\"{at}\""), origin.addr());
    // Without `setpriv`: the parent's end must not be the child's.
    let started = place.lb(&["run", "-f", "lb.yaml"]);
    assert_eq!(started.status.code(), Some(0), "{}", String::from_utf8_lossy(&started.stderr));
    let number: u32 = fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    let daemon = Daemon(number);
    assert_eq!(Client::connect(at).get("/").unwrap().status, 200, "it serves by then");
    let session = rustix::process::getsid(Pid::from_raw(number as i32)).unwrap();
    assert_eq!(session.as_raw_nonzero().get() as u32, number, "a session of its own");
    assert_eq!(fs::read_link(format!("/proc/{number}/fd/2")).unwrap(), Path::new("/dev/null"));
    kill_process(Pid::from_raw(number as i32).unwrap(), Signal::TERM).unwrap();
    eventually("it drains and ends", SOON, || {
        !exists(number) || status(format!("/proc/{number}/status").as_ref(), "State").starts_with('Z')
    });
    assert!(!pid.exists(), "it takes its number along");
    drop(daemon);
}

#[test]
fn a_keeper_of_the_process_in_the_background_holds_nobody_up() {
    let place = Place::new();
    let pid = place.path("lb.pid");
    let keys = format!("daemon: true, user: nobody, log: [], pidfile: \"{}\"", pid.display());
    place.write(&keys, &format!("\"{}\"", own_address(8082)), own_address(9));
    // Reads both outputs to their end: whoever still holds one would be waited for.
    let started = place.lb(&["run", "-f", "lb.yaml"]);
    let said = String::from_utf8_lossy(&started.stderr);
    assert!(started.status.success() && said.contains("a keeper"), "{said}");
    let daemon = Daemon(fs::read_to_string(&pid).unwrap().trim().parse().unwrap());
    let keeper = crate::children(daemon.0);
    assert_eq!(keeper.len(), 1);
    drop(daemon);
    eventually("the keeper ends with it, however it ends", SOON, || !exists(keeper[0]));
}

#[test]
fn what_keeps_the_background_from_serving_is_said_and_is_the_exit_code() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    place.write("daemon: true, log: []", &format!("\"{at}\""), own_address(9));
    let said = place.fails(place.run(&[]));
    assert!(said.contains(&format!("cannot listen on {at}")), "{said}");
    fs::write(place.path("lb.yaml"), "global: { daemon: true, colour: red }\n").unwrap();
    let said = place.fails(place.run(&[]));
    assert_eq!(said.matches("unknown key `colour`").count(), 1, "{said}");
}

#[test]
fn the_pid_file_holds_the_number_as_long_as_it_serves() {
    let place = Place::new();
    let pid = place.path("lb.pid");
    place.write(&format!("pidfile: \"{}\"", pid.display()), "\"127.0.0.1:0\"", own_address(9));
    let ran = place.start(place.run(&[]));
    assert_eq!(fs::read_to_string(&pid).unwrap(), format!("{}\n", ran.pid()));
    assert!(ran.stop().success());
    assert!(!pid.exists());
    place.write("pidfile: /no/such/folder/lb.pid", "\"127.0.0.1:0\"", own_address(9));
    let said = place.fails(place.run(&[]));
    assert!(said.contains("cannot write the pid file /no/such/folder/lb.pid"), "{said}");
}

/// `Max open files`, both limits.
fn limits(pid: u32) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = text.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().skip(3).take(2).map(str::to_owned).collect()
}

#[test]
fn the_limit_on_descriptors_is_what_is_asked_for() {
    let place = Place::new();
    for (keys, expected) in
        [("ulimit-n: 3000", "3000"), ("fd-hard-limit: 2000", "2000"), ("ulimit-n: 3000, fd-hard-limit: 2500", "2500")]
    {
        place.write(keys, "\"127.0.0.1:0\"", own_address(9));
        let ran = place.start(place.run(&["prlimit", "--nofile=1000:4000"]));
        assert_eq!(limits(ran.pid()), [expected, expected], "{keys}");
    }
}

#[test]
fn a_limit_that_cannot_be_had_ends_the_start_unless_that_is_not_strict() {
    let place = Place::new();
    fs::set_permissions(place.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let as_nobody = ["prlimit", "--nofile=1000:2000", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let open =
        || fs::set_permissions(place.path("lb.yaml"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    place.write("ulimit-n: 3000", "\"127.0.0.1:0\"", own_address(9));
    open();
    let said = place.fails(place.run(&as_nobody));
    assert!(said.contains("cannot set the limit on descriptors to 3000") && said.contains("2000 at most"), "{said}");
    place.write("ulimit-n: 3000, strict-limits: false", "\"127.0.0.1:0\"", own_address(9));
    open();
    let ran = place.start(place.run(&as_nobody));
    assert_eq!(limits(ran.pid()), ["2000", "2000"]);
    ran.eventually_says("cannot set the limit on descriptors to 3000");
}

#[test]
fn a_worker_runs_where_the_map_says() {
    let place = Place::new();
    let own = status("/proc/self/status".as_ref(), "Cpus_allowed_list");
    let first: String = own.chars().take_while(char::is_ascii_digit).collect();
    place.write(&format!("cpu-map: \"1/1 {first}\""), "\"127.0.0.1:0\"", own_address(9));
    let ran = place.start(place.run(&[]));
    let tasks = || fs::read_dir(format!("/proc/{}/task", ran.pid())).unwrap().map(|task| task.unwrap().path());
    let worker =
        tasks().find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|name| name == "worker 0\n")).unwrap();
    assert_eq!(status(&worker.join("status"), "Cpus_allowed_list"), first);
    let main = format!("/proc/{}/status", ran.pid());
    assert_eq!(status(main.as_ref(), "Cpus_allowed_list"), own, "only workers are bound");
    assert!(Socket::connect(ran.address()).is_ok());
    place.write("cpu-map: \"1/1 1023\"", "\"127.0.0.1:0\"", own_address(9));
    let said = place.fails(place.run(&[]));
    assert!(said.contains("cpu-map: CPU 1023 cannot be used"), "{said}");
}

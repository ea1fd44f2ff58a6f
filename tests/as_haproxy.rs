//! Called as `haproxy`: arguments, exit codes, streams and signals beside the real haproxy.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Output};
use std::time::{Duration, Instant};

use plimsoll_testkit::process::{Process, command};
use plimsoll_testkit::{Client, RecordingOrigin, eventually, lb};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

const GOOD: &str = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

/// A folder with `haproxy`, which is `lb`, and configurations.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        symlink(lb::binary(), place.path("haproxy")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A frontend at a port that the kernel chooses, for ours only: haproxy takes no port 0.
    fn site(&self, name: &str, global: &str, bind: &str, origin: SocketAddr) {
        let rest = format!("frontend web\n bind {bind}\n default_backend b\nbackend b\n server s {origin}\n");
        self.write(name, &format!("global\n nbthread 1\n{global}{GOOD}{rest}"));
    }

    fn ours(&self, arguments: &[&str]) -> Output {
        command(self.path("haproxy")).args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    fn theirs(&self, arguments: &[&str]) -> Output {
        command("haproxy").args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    /// Starts ours and waits until it serves.
    #[track_caller]
    fn start(&self, arguments: &[&str]) -> Process {
        let mut run = command(self.path("haproxy"));
        run.args(arguments).current_dir(self.0.path());
        let mut process = Process::spawn(run).unwrap();
        let mut ended = None;
        eventually("it serves", SOON, || {
            ended = process.ended();
            ended.is_some() || process.stderr.text().contains(" : ready\n")
        });
        assert!(ended.is_none(), "{ended:?}: {}", process.stderr.text());
        process
    }
}

/// As a shell shows it.
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

fn address(process: &Process) -> SocketAddr {
    let text = process.stderr.text();
    let place = text.lines().find_map(|line| line.split_once("listening on ")?.1.split_once(' '));
    place.expect("an address").0.parse().unwrap()
}

#[test]
fn a_check_ends_as_haproxys_and_says_the_same_on_standard_output() {
    let place = Place::new();
    let site = "frontend a\n bind 127.0.0.1:18099\n default_backend b\nbackend b\n server s 127.0.0.1:9\n";
    place.write("good.cfg", &format!("{GOOD}{site}"));
    place.write("warned.cfg", &format!("defaults\n mode http\n{site}"));
    place.write("bad.cfg", "global\n foo\n");
    place.write("empty.cfg", "");
    place.write("silent.cfg", &format!("{GOOD}backend b\n server s 127.0.0.1:9\n"));
    fs::create_dir(place.path("folder")).unwrap();
    place.write("folder/1.cfg", GOOD);
    place.write("folder/2.cfg", site);
    place.write("folder/3.yaml", "nonsense");
    for (arguments, expected) in [
        (&["-c", "-V", "-f", "good.cfg"][..], 0),
        (&["-c", "-V", "-f", "warned.cfg"], 0),
        (&["-c", "-V", "-dW", "-f", "warned.cfg"], 1),
        (&["-c", "-V", "-f", "bad.cfg"], 1),
        (&["-c", "-V", "-f", "empty.cfg"], 2),
        (&["-c", "-V", "-f", "silent.cfg"], 2),
        (&["-c", "-q", "-f", "good.cfg"], 0),
        (&["-c", "-q", "-f", "silent.cfg"], 2),
        (&["-c", "-V", "-f", "no.cfg"], 1),
        (&["-c", "-V", "-f", "folder"], 0),
        (&["-c", "-V", "--", "folder/1.cfg", "folder/2.cfg"], 0),
        (&["-c", "-V", "-f", "1.cfg", "-f", "2.cfg", "-C", "folder"], 0),
        (&["-c", "-V", "-f", "good.cfg", "-C", "none"], 1),
        (
            &["-c", "-V", "-f", "good.cfg", "-n", "10", "-N", "5", "-m", "500", "-L", "me", "-de", "-dr", "-dV", "-dM"],
            0,
        ),
        (&["-f", "empty.cfg"], 1),
    ] {
        let (ours, theirs) = (place.ours(arguments), place.theirs(arguments));
        assert_eq!(code(theirs.status), expected, "haproxy {arguments:?}");
        assert_eq!(code(ours.status), expected, "{arguments:?}: {}", String::from_utf8_lossy(&ours.stderr));
        assert_eq!(String::from_utf8_lossy(&ours.stdout), String::from_utf8_lossy(&theirs.stdout), "{arguments:?}");
    }
    let quiet = place.ours(&["-c", "-f", "good.cfg"]);
    assert!(quiet.status.success() && quiet.stdout.is_empty(), "a later haproxy says it only with -V");
}

#[test]
fn findings_look_like_haproxys() {
    let place = Place::new();
    place.write("bad.cfg", "global\n foo\n");
    let said = String::from_utf8(place.ours(&["-c", "-f", "bad.cfg"]).stderr).unwrap();
    let mut lines = said.lines();
    assert!(lines.next().unwrap().starts_with("[NOTICE]   ("), "{said}");
    let line = lines.next().unwrap();
    assert!(line.starts_with("[ALERT]    (") && line.contains(") : config : parsing [bad.cfg:2]: "), "{said}");
    assert!(place.ours(&["-c", "-q", "-f", "bad.cfg"]).stderr.is_empty());
}

#[test]
fn a_condition_is_answered_by_the_exit_code_within_50_milliseconds() {
    let place = Place::new();
    for condition in [
        "1",
        "0",
        "",
        "streq(a,a)",
        "streq(a,b)",
        "foo(",
        "feature(EPOLL)",
        "feature(NONE)",
        "version_atleast(2.6)",
        "!0 &&",
    ] {
        let arguments = ["-cc", condition];
        let fastest = (0..5).map(|_| {
            let since = Instant::now();
            let ours = place.ours(&arguments);
            (since.elapsed(), code(ours.status))
        });
        let (took, ours) = fastest.min().unwrap();
        assert_eq!(ours, code(place.theirs(&arguments).status), "{condition}");
        assert!(took < Duration::from_millis(50), "{condition}: {took:?}");
    }
    assert_eq!(code(place.ours(&["-cc", "feature(OPENSSL)"]).status), 1, "there is no TLS yet");
}

#[test]
fn what_is_no_argument_is_answered_with_the_usage_and_1() {
    let place = Place::new();
    for arguments in [&["-k"][..], &["-c"], &["word"], &["-cc"], &[]] {
        for output in [place.ours(arguments), place.theirs(arguments)] {
            let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(code(output.status), 1, "{arguments:?}");
            assert!(out.starts_with("HAProxy version ") && error.contains("Usage"), "{arguments:?}: {error}");
        }
    }
    for arguments in [&["-W", "-f", "x"][..], &["-Ws", "-f", "x"], &["-S", "x", "-f", "x"]] {
        let refused = place.ours(arguments);
        assert_eq!(code(refused.status), 1);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("`lb reload`"), "{arguments:?}");
    }
}

#[test]
fn versions_begin_with_the_level_and_the_features_are_those_of_conditions() {
    let place = Place::new();
    let text = String::from_utf8(place.ours(&["-vv"]).stdout).unwrap();
    assert!(text.starts_with("HAProxy version 3.5-plimsoll 0.1.0"), "{text}");
    assert!(text.contains("\n  TARGET  = linux-glibc\n"), "{text}");
    let features = text.lines().find_map(|line| line.strip_prefix("Feature list : ")).unwrap();
    for feature in features.split(' ') {
        let (sign, name) = feature.split_at(1);
        let has = place.ours(&["-cc", &format!("feature({name})")]).status.success();
        assert_eq!(has, sign == "+", "{feature}");
    }
    assert!(place.ours(&["-v"]).stdout.starts_with(b"HAProxy version 3.5-plimsoll 0.1.0"));
}

#[test]
fn signals_end_it_with_haproxys_exit_codes() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    place.site("ours.cfg", "", "127.0.0.1:0", origin.addr());
    for (signal, expected) in [(Signal::USR1, 0), (Signal::TERM, 143), (Signal::INT, 130)] {
        let mut process = place.start(&["-db", "-f", "ours.cfg"]);
        let mut client = Client::connect(address(&process));
        assert_eq!(client.get("/").unwrap().status, 200);
        process.signal(signal);
        assert_eq!(code(process.wait_exit(SOON).unwrap()), expected, "{signal:?}");
        let mut theirs = lb::Lb::haproxy("web", &format!("{GOOD}frontend web\n bind fd@0\n"));
        // It listens before it hears signals: one that answers does both.
        assert_eq!(Client::connect(theirs.addr("web")).get("/").unwrap().status, 503);
        theirs.signal(signal);
        assert_eq!(code(theirs.wait_exit(SOON)), expected, "haproxy at {signal:?}");
    }
}

#[test]
fn usr2_and_hup_reload_and_a_terminals_signals_change_nothing() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    place.site("ours.cfg", "", "127.0.0.1:0", origin.addr());
    let mut process = place.start(&["-f", "ours.cfg"]);
    for (number, signal) in [Signal::USR2, Signal::HUP].into_iter().enumerate() {
        process.signal(signal);
        eventually("it reloads", SOON, || process.stderr.text().matches(" : reloaded:").count() == number + 1);
    }
    for signal in [Signal::TTIN, Signal::TTOU, Signal::QUIT] {
        process.signal(signal);
    }
    assert_eq!(Client::connect(address(&process)).get("/").unwrap().status, 200);
    assert!(process.ended().is_none());
}

#[test]
fn the_processes_before_it_go_once_it_serves() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    place.site("ours.cfg", "", "127.0.0.1:0", origin.addr());
    for (argument, expected) in [("-sf", 0), ("-st", 143)] {
        let (mut one, mut two) = (place.start(&["-f", "ours.cfg"]), place.start(&["-f", "ours.cfg"]));
        let (first, second) = (one.pid().to_string(), two.pid().to_string());
        let after = place.start(&["-f", "ours.cfg", argument, &first, &second]);
        assert_eq!(code(one.wait_exit(SOON).unwrap()), expected, "{argument}");
        assert_eq!(code(two.wait_exit(SOON).unwrap()), expected, "{argument}");
        assert_eq!(Client::connect(address(&after)).get("/").unwrap().status, 200);
    }
}

#[test]
fn the_listening_sockets_are_taken_from_a_running_process() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    let socket = place.path("admin.sock");
    let global = format!(" stats socket {} level admin\n", socket.display());
    place.site("ours.cfg", &global, "127.0.0.1:0", origin.addr());
    let mut before = place.start(&["-f", "ours.cfg"]);
    let (at, pid) = (address(&before), before.pid().to_string());
    let after = place.start(&["-f", "ours.cfg", "-x", socket.to_str().unwrap(), "-sf", &pid]);
    assert_eq!(code(before.wait_exit(SOON).unwrap()), 0);
    assert_eq!(address(&after), at);
    assert_eq!(Client::connect(at).get("/").unwrap().status, 200);
}

#[test]
fn in_the_background_it_writes_its_number_and_keeps_its_name() {
    let (place, origin) = (Place::new(), RecordingOrigin::start());
    place.site("ours.cfg", "", "127.0.0.1:0", origin.addr());
    let started = place.ours(&["-D", "-p", "own.pid", "-f", "ours.cfg"]);
    assert_eq!(code(started.status), 0, "{}", String::from_utf8_lossy(&started.stderr));
    let number: i32 = fs::read_to_string(place.path("own.pid")).unwrap().trim().parse().unwrap();
    let pid = Pid::from_raw(number).unwrap();
    let name = fs::read(format!("/proc/{number}/cmdline")).unwrap();
    assert!(name.split(|byte| *byte == 0).next().unwrap().ends_with(b"/haproxy"));
    kill_process(pid, Signal::USR1).unwrap();
    eventually("it ends", SOON, || !place.path("own.pid").exists());
    // What stays in the foreground may be told to.
    place.site("daemon.cfg", " daemon\n", "127.0.0.1:0", origin.addr());
    for argument in ["-db", "-d"] {
        let mut process = place.start(&[argument, "-f", "daemon.cfg"]);
        process.signal(Signal::USR1);
        assert_eq!(code(process.wait_exit(SOON).unwrap()), 0);
    }
}

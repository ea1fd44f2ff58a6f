//! The runtime socket, spoken to as HAProxy's users and tools do; where HAProxy is installed, with HAProxy beside it.

mod house;

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use house::{House, server};
use plimsoll_admin::{FileMode, Options, RuntimeApi, Serving, State, serve};
use plimsoll_commands::Level;
use plimsoll_net::Address;
use plimsoll_observe::keep_panics;
use plimsoll_server::CheckStatus;
use plimsoll_testkit::runtime_socket::ask;
use plimsoll_testkit::{eventually, process};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The state served on a socket of its own.
struct Served {
    folder: TempDir,
    state: Arc<House>,
    serving: Option<Serving>,
    runtime: Runtime,
}

fn house() -> House {
    House::new(&[(
        "app",
        vec![server("a1", 10, false, false), server("a2", 1, true, false), server("a3", 5, false, true)],
    )])
}

fn api(path: &Path, level: Level) -> RuntimeApi {
    RuntimeApi {
        bind: Address::Unix(path.into()),
        level,
        mode: FileMode(0o600),
        timeout: plimsoll_config::Duration::from_secs(10),
    }
}

impl Served {
    fn new(house: House) -> Self {
        let folder = TempDir::new().unwrap();
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().on_thread_start(keep_panics).build().unwrap();
        let state = Arc::new(house);
        let options = Options {
            runtime_api: [("a", Level::Admin), ("o", Level::Operator), ("u", Level::User)]
                .map(|(name, level)| api(&folder.path().join(name), level))
                .into(),
            admin: Vec::new(),
        };
        let serving = runtime.block_on(async { serve(&options, Arc::clone(&state) as Arc<dyn State>) }).unwrap();
        Self { folder, state, serving: Some(serving), runtime }
    }

    fn ask(&self, line: &str) -> String {
        self.ask_as("a", line)
    }

    fn ask_as(&self, level: &str, line: &str) -> String {
        ask(&self.folder.path().join(level), line)
    }
}

/// The values of one row of `show stat`, by column.
fn row(csv: &str, name: &str) -> Vec<(String, String)> {
    let mut lines = csv.lines();
    let header = lines.next().unwrap().trim_start_matches("# ").split(',');
    let line = lines.find(|line| line.split(',').nth(1) == Some(name)).unwrap_or_else(|| panic!("{name}: {csv}"));
    header.zip(line.split(',')).map(|(column, value)| (column.into(), value.into())).collect()
}

fn value(csv: &str, name: &str, column: &str) -> String {
    row(csv, name).into_iter().find(|(known, _)| known == column).unwrap().1
}

#[test]
fn a_panic_in_a_session_costs_that_session_and_is_counted() {
    let served = Served::new(house());
    let mut neighbour = UnixStream::connect(served.folder.path().join("a")).unwrap();
    neighbour.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    neighbour.write_all(b"prompt\n").unwrap();
    neighbour.read_exact(&mut [0; 3]).unwrap();
    served.state.faulty.store(true, SeqCst);
    assert_eq!(served.ask("show info"), "", "the session ends");
    eventually("it is counted", Duration::from_secs(20), || served.state.snapshot.process.panics.count() == 1);
    assert!(served.ask("show info").contains("Name: Plimsoll"), "the next one is served");
    neighbour.write_all(b"show info; quit\n").unwrap();
    let mut answer = String::new();
    neighbour.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("Name: Plimsoll"), "another one goes on: {answer}");
}

/// As HAProxy 2.6 shows it (its manual, section 9.1: `status`, `check_status`; `rise` 2, `fall` 3).
#[test]
fn a_server_that_is_checked_shows_how_far_it_is_from_a_change() {
    let served = Served::new(house().checked());
    let shown = || {
        let csv = served.ask("show stat");
        ["a1", "a2"].map(|name| (value(&csv, name, "status"), value(&csv, name, "check_status")))
    };
    // The backup is not checked in this house.
    let unchecked = ("no check".to_owned(), String::new());
    assert_eq!(shown(), [("UP 1/3".into(), "INI".into()), unchecked.clone()], "as new: one failure is enough");
    for (found, status) in [
        (CheckStatus::L4Ok, "UP"),
        (CheckStatus::L4Con, "UP 2/3"),
        (CheckStatus::Unk, "UP 2/3"),
        (CheckStatus::L4Tout, "UP 1/3"),
        (CheckStatus::L4Con, "DOWN"),
        (CheckStatus::L4Ok, "DOWN 1/2"),
        (CheckStatus::L4Ok, "UP"),
    ] {
        served.state.check(found, "");
        assert_eq!(shown(), [(status.into(), found.code().into()), unchecked.clone()]);
    }
}

#[test]
fn figures_come_as_csv() {
    let served = Served::new(house().checked());
    served.state.check(CheckStatus::L4Con, "Connection refused, \"really\"");
    served.state.serve(3);
    served.state.advance(Duration::from_secs(5));
    let csv = served.ask("show stat");
    assert!(csv.ends_with(",\n\n"), "{csv}");
    assert_eq!(csv.lines().filter(|line| !line.is_empty()).count(), 6);
    let expected = [
        ("FRONTEND", "req_tot", "3"),
        ("FRONTEND", "hrsp_2xx", "3"),
        ("FRONTEND", "slim", "100"),
        ("a1", "status", "DOWN"),
        ("a1", "check_status", "L4CON"),
        ("a1", "lastchg", "5"),
        ("a1", "downtime", "5"),
        ("a1", "stot", "3"),
        ("a1", "addr", "127.0.0.1:18713"),
        ("a2", "status", "no check"),
        ("a2", "bck", "1"),
        ("a3", "status", "MAINT"),
        ("BACKEND", "status", "UP"),
        ("BACKEND", "bck", "1"),
    ];
    for (name, column, wanted) in expected {
        if (name, column) != ("a1", "addr") {
            assert_eq!(value(&csv, name, column), wanted, "{name} {column}");
        }
    }
    assert!(csv.contains(",\"Connection refused, \"\"really\"\"\","), "{csv}");
}

#[test]
fn rows_can_be_chosen() {
    let served = Served::new(house().checked());
    let names = |line: &str| -> Vec<String> {
        let csv = served.ask(line);
        csv.lines().skip(1).filter(|line| !line.is_empty()).map(|line| line.split(',').nth(1).unwrap().into()).collect()
    };
    assert_eq!(names("show stat -1 1 -1"), ["FRONTEND"]);
    assert_eq!(names("show stat app 4 -1"), ["a1", "a2", "a3"]);
    assert_eq!(names("show stat 3 4 2"), ["a2"]);
    assert_eq!(names("show stat no-maint"), ["FRONTEND", "a1", "a2", "BACKEND"]);
    served.state.check(CheckStatus::L4Con, "");
    assert_eq!(names("show stat up"), ["FRONTEND", "a2", "BACKEND"]);
    assert_eq!(served.ask("show stat domain dns"), "Invalid statistics domain.\n\n");
}

#[test]
fn figures_come_as_json_and_typed() {
    let served = Served::new(house());
    let json: serde_json::Value = serde_json::from_str(&served.ask("show stat json")).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 5);
    assert_eq!(json[1][0]["value"]["value"], "app");
    assert_eq!(json[1][0]["tags"]["origin"], "Key");
    let json: serde_json::Value = serde_json::from_str(&served.ask("show info json")).unwrap();
    assert_eq!(json[0]["value"]["value"], "Plimsoll");
    assert!(
        served.ask("show stat typed").starts_with("F.2.0.0.pxname.1:KNS:str:web\nF.2.0.1.svname.1:KNS:str:FRONTEND\n")
    );
    assert!(served.ask("show info typed").contains("\n15.Maxconn.1:CLP:u64:1000\n"));
}

#[test]
fn a_server_is_set_and_shown() {
    let served = Served::new(house());
    assert_eq!(
        served.ask("disable server app/a1; set server app/a2 state drain; set server app/a3 weight 50%"),
        "\n\n\n"
    );
    let state = served.ask("show servers state");
    let lines: Vec<&str> = state.lines().skip(2).collect();
    assert_eq!(lines[0], "3 app 1 a1 127.0.0.1 0 1 10 10 0 1 0 0 0 0 0 0 - 18713 - 0 0 - - 0");
    assert_eq!(lines[1], "3 app 2 a2 127.0.0.1 2 8 1 1 0 1 0 2 0 0 0 0 - 18714 - 0 0 - - 0");
    assert_eq!(lines[2], "3 app 3 a3 127.0.0.1 0 5 3 5 0 1 0 0 8 0 0 0 - 18715 - 0 0 - - 0");
    assert_eq!(served.ask("get weight app/a3"), "3 (initial 5)\n\n");
    assert_eq!(served.ask("enable server app/a1; set server app/a2 state ready"), "\n\n");
    let csv = served.ask("show stat");
    assert_eq!(value(&csv, "a1", "status"), "no check");
    assert_eq!(value(&csv, "a2", "status"), "no check");
}

#[test]
fn levels_hold() {
    let served = Served::new(house());
    assert_eq!(served.ask_as("o", "disable server app/a1; reload"), "Permission denied\n\nPermission denied\n\n");
    assert_eq!(served.ask_as("u", "show errors; show cli level"), "Permission denied\n\nuser\n\n");
    assert!(served.ask_as("o", "show errors").starts_with("Total events captured on ["));
}

#[test]
fn a_reload_answers_with_the_engines_words() {
    let served = Served::new(house());
    let answer = served.ask("set severity-output number; reload; reload plan; reload now");
    let expected =
        "\n[3]: 1 error: nothing was changed\n\n[6]: kept: 1 backend\n\n[3]: 'reload' expects nothing, or 'plan'.\n\n";
    assert_eq!(answer, expected);
}

#[test]
fn failures_are_shown_with_their_bytes() {
    let served = Served::new(house());
    served.state.fail(b"GET / HTTP/1.1\r\nHost: \x1b[31m\r\n");
    let answer = served.ask("show errors");
    assert!(answer.contains("] : 1\n\n[01/Jan/1970:"), "{answer}");
    assert!(answer.contains("server.connect.refused") && !answer.contains('\x1b'), "{answer}");
}

#[test]
fn a_socket_has_its_rights_and_goes_with_its_server() {
    let mut served = Served::new(house());
    let path = served.folder.path().join("a");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(served.serving.take());
    assert!(!path.exists());
}

#[test]
fn a_new_configuration_keeps_what_stays_and_closes_what_goes() {
    let mut served = Served::new(house());
    let (path, next) = (served.folder.path().join("a"), served.folder.path().join("b"));
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap());
    let changed = served.folder.path().join("u");
    let kept = (inode(&path), inode(&changed));
    let other = RuntimeApi { mode: FileMode(0o660), ..api(&changed, Level::Admin) };
    let options =
        Options { runtime_api: vec![api(&path, Level::Admin), api(&next, Level::User), other], admin: Vec::new() };
    let serving = served.serving.as_mut().unwrap();
    served.runtime.block_on(async { serving.apply(&options) }).unwrap();
    assert_eq!((inode(&path), inode(&changed)), kept, "with other options it is the very socket as well");
    assert_eq!(std::fs::metadata(&changed).unwrap().permissions().mode() & 0o777, 0o660);
    assert_eq!(ask(&next, "show cli level"), "user\n\n");
    assert_eq!(served.ask_as("u", "show cli level"), "admin\n\n");
    assert!(!served.folder.path().join("o").exists());
    // One that cannot be opened closes none.
    let good = served.folder.path().join("good");
    let sockets = vec![api(&good, Level::User), api(Path::new("/nowhere/at/all"), Level::User)];
    let broken = Options { runtime_api: sockets, admin: Vec::new() };
    let serving = served.serving.as_mut().unwrap();
    assert!(served.runtime.block_on(async { serving.apply(&broken) }).is_err());
    assert!(!good.exists(), "what was opened for nothing is gone");
    assert_eq!(served.ask("show version"), "0.1.0\n\n");
}

/// HAProxy with the same backend, while it lives.
struct Haproxy {
    child: Child,
    folder: TempDir,
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Haproxy {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path();
        let configuration = format!(
            "global\n stats socket {0}/a level admin\n stats socket {0}/o level operator\n stats socket {0}/u level user\n\
            defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
            frontend web\n bind unix@{0}/web\n maxconn 100\n default_backend app\n\
            backend app\n server a1 127.0.0.1:18713 weight 10\n server a2 127.0.0.1:18714 backup\n\
            \x20server a3 127.0.0.1:18715 weight 5 disabled\n",
            path.display()
        );
        std::fs::write(path.join("cfg"), configuration).unwrap();
        let mut command = process::command("haproxy");
        command
            .args(["-db", "-f"])
            .arg(path.join("cfg"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut command: Command = command;
        let haproxy = Self { child: command.spawn().expect("haproxy is installed"), folder };
        eventually("haproxy answers", Duration::from_secs(20), || {
            UnixStream::connect(haproxy.folder.path().join("a")).is_ok()
        });
        haproxy
    }
}

#[test]
fn the_words_are_haproxys() {
    let (haproxy, served) = (Haproxy::start(), Served::new(house()));
    let lines = [
        ("a", "set server"),
        ("a", "set server x"),
        ("a", "set server x/y state ready"),
        ("a", "set server app/y state ready"),
        ("a", "set server app/a1 state"),
        ("a", "set server app/a1 state foo"),
        ("a", "set server app/a1 state ready extra"),
        ("a", "set server app/a1 weight"),
        ("a", "set server app/a1 weight 300"),
        ("a", "set server app/a1 weight -1"),
        ("a", "set server app/a1 weight 20%; get weight app/a1; set server app/a1 weight 10"),
        ("a", "set server app/a\\ 1 weight 1"),
        ("a", "enable server"),
        ("a", "disable server app"),
        ("a", "disable server app/zz"),
        ("a", "disable server app/a1; enable server app/a1"),
        ("a", "get weight app"),
        ("a", "get weight app/a3"),
        ("a", "set weight app/a1 7; get weight app/a1; set weight app/a1 10"),
        ("a", "show servers state nowhere"),
        ("a", "show backend"),
        ("a", "show stat domain dns"),
        ("a", "set severity-output number; disable server x/y"),
        ("a", "set severity-output string; disable server app/zz; show backend"),
        ("a", "set severity-output loud"),
        ("a", "operator; disable server app/a1; show cli level"),
        ("o", "disable server app/a1; set server app/a1 weight 1"),
        ("u", "disable server app/a1; show cli level"),
        ("a", "prompt; get weight app/a3"),
        ("a", "prompt; quit; show version"),
        ("a", "quit; show version"),
    ];
    for (level, line) in lines {
        let theirs = ask(&haproxy.folder.path().join(level), line);
        assert_eq!(served.ask_as(level, line), theirs, "{line}");
    }
}

#[test]
fn the_shapes_are_haproxys() {
    let (haproxy, served) = (Haproxy::start(), Served::new(house()));
    let theirs = |line: &str| ask(&haproxy.folder.path().join("a"), line);
    let first = |text: &str| text.lines().next().unwrap().to_owned();
    assert_eq!(first(&served.ask("show stat")), first(&theirs("show stat")));
    for name in ["FRONTEND", "a1", "a2", "a3", "BACKEND"] {
        let (ours, theirs) = (row(&served.ask("show stat"), name), row(&theirs("show stat"), name));
        for ((column, ours), (_, theirs)) in ours.iter().zip(&theirs) {
            // What is not known yet is empty; what is known is the same. Theirs has a listener's default limit elsewhere.
            let skip = ["slim", "lastchg"].contains(&column.as_str()) || ours.is_empty();
            assert!(skip || ours == theirs, "{name} {column}: {ours}, haproxy {theirs}");
        }
        assert_eq!(ours.len(), theirs.len(), "{name}");
    }
    let line = "disable server app/a1; set server app/a2 state drain; enable server app/a3";
    assert_eq!(served.ask(line), theirs(line));
    // Times may differ by a second.
    let states = |text: &str| -> Vec<Vec<String>> {
        let words =
            |line: &str| line.split(' ').enumerate().filter(|(at, _)| *at != 9).map(|(_, word)| word.into()).collect();
        text.lines().map(words).collect()
    };
    let (ours, theirs) = (served.ask("show servers state"), theirs("show servers state"));
    assert_eq!(states(&ours), states(&theirs), "\n{ours}\n{theirs}");
    assert!(served.ask("show errors").starts_with("Total events captured on ["));
}

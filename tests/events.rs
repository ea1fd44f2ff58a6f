//! Process events in the log: what the process did, who asked for it, and what came of it, for people and for machines.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_testkit::scripted::Misbehaviour;
use plimsoll_testkit::{Client, Lb, Origin, eventually, runtime_socket};
use rustix::process::Signal;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

/// A site whose log is one JSON object a line.
struct Site {
    folder: tempfile::TempDir,
    origin: Origin,
}

impl Site {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), origin: Origin::answering() }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("lb.sock")
    }

    fn yaml(&self, format: &str, more: &str) -> String {
        format!(
            "global: {{ threads: 1, log: {{ to: stdout, format: {format} }}, runtime-api: {{ bind: \"unix@{}\", level: admin }} }}\n\
             defaults: {{ timeouts: {{ connect: 1s, client: 5s, server: 5s }} }}\n\
             frontends:\n  web: {{ bind: [\"127.0.0.1:0\"], default-backend: app }}\n\
             backends:\n  app: {{ servers: {{ a1: \"{}\" }} }}\n{more}",
            self.socket().display(),
            self.origin.addr
        )
    }

    fn ask(&self, line: &str) -> String {
        runtime_socket::ask(&self.socket(), line)
    }
}

/// The first event of that name, once it is there.
#[track_caller]
fn event(lb: &Lb, slug: &str) -> Value {
    let mut found = None;
    eventually(&format!("the event {slug}"), SOON, || {
        let events = lb.stdout();
        let events = events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        found = events.into_iter().find(|event| event["event"] == slug);
        found.is_some()
    });
    found.unwrap()
}

fn write(lb: &Lb, yaml: &str) {
    std::fs::write(lb.folder().join("lb.yaml"), yaml).unwrap();
}

#[test]
fn a_life_is_told_from_start_to_stop() {
    let site = Site::new();
    let mut lb = Lb::start(&site.yaml("json", ""));
    let started = event(&lb, "process.started");
    assert_eq!((&started["workers"], &started["listeners"]), (&1.into(), &1.into()), "{started}");
    assert_eq!(event(&lb, "listener.opened")["frontend"], "web");
    lb.signal(Signal::TERM);
    assert!(lb.wait_exit(SOON).success());
    assert_eq!(event(&lb, "process.stopping")["connections"], 0);
    assert_eq!(event(&lb, "process.stopped")["level"], "notice");
}

#[test]
fn a_reload_says_who_asked_and_what_came_of_it() {
    let site = Site::new();
    let mut lb = Lb::start(&site.yaml("json", ""));
    let more = "  spare: { servers: { s1: \"127.0.0.1:1\" } }\n";
    write(&lb, &site.yaml("json", more));
    site.ask("reload");
    let done = event(&lb, "reload.done");
    assert_eq!(
        (&done["by"], &done["added"], &done["removed"]),
        (&"runtime socket".into(), &2.into(), &0.into()),
        "{done}"
    );

    write(&lb, &site.yaml("json", "  spare: { serverz: {} }\n"));
    lb.signal(Signal::HUP);
    let refused = event(&lb, "reload.refused");
    assert_eq!((&refused["by"], &refused["level"]), (&"signal".into(), &"err".into()), "{refused}");
    assert_eq!(refused["code"], "config.unknown-key", "{refused}");
    assert!(refused["place"].as_str().is_some_and(|place| place.ends_with("lb.yaml:7:12")), "{refused}");

    write(&lb, &site.yaml("json", ""));
    lb.signal(Signal::HUP);
    let removed = event(&lb, "backend.removed");
    assert_eq!((&removed["backend"], &removed["total"]), (&"spare".into(), &0.into()), "{removed}");
    assert_eq!(removed["message"], "Proxy spare stopped (cumulated conns: FE: 0, BE: 0).");
}

#[test]
fn a_pause_of_accepting_is_told_when_it_begins_and_when_it_is_over() {
    let site = Site::new();
    let mut lb = Lb::start(&site.yaml("json", ""));
    let process = lb.process();
    process.limit_descriptors(process.limit_for(0));
    let mut client = Client::connect(lb.addr("web"));
    let paused = event(&lb, "accept.paused");
    assert_eq!((&paused["frontend"], &paused["worker"], &paused["level"]), (&"web".into(), &0.into(), &"err".into()));
    assert!(paused["message"].as_str().unwrap().contains("Too many open files"), "{paused}");
    assert!(!lb.stdout().contains("accept.resumed"), "{}", lb.stdout());
    lb.process().limit_descriptors(1000);
    let resumed = event(&lb, "accept.resumed");
    assert_eq!((&resumed["frontend"], &resumed["worker"]), (&"web".into(), &0.into()), "{resumed}");
    assert_eq!(resumed["level"], "notice", "{resumed}");
    assert_eq!(client.get("/").unwrap().status, 200);
}

#[test]
fn a_stop_that_cannot_wait_any_longer_says_why_and_whom_it_cost() {
    for (reason, limit) in [("hard-stop-after", "hard-stop-after: 200ms, "), ("second signal", "")] {
        let site = Site { origin: Origin::scripted(Misbehaviour::Silent), ..Site::new() };
        let yaml = site.yaml("json", "").replace("global: { ", &format!("global: {{ {limit}"));
        let mut lb = Lb::start(&yaml);
        let mut client = Client::connect(lb.addr("web"));
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually("it is under way", SOON, || site.origin.open() == 1);
        lb.signal(Signal::TERM);
        assert_eq!(event(&lb, "process.stopping")["connections"], 1, "{reason}");
        if reason == "second signal" {
            lb.signal(Signal::TERM);
        }
        lb.wait_exit(SOON);
        let stop = event(&lb, "process.hard-stop");
        assert_eq!((&stop["reason"], &stop["connections"]), (&reason.into(), &1.into()), "{stop}");
        assert_eq!(stop["level"], "warning", "{stop}");
    }
}

#[test]
fn what_an_administrator_asked_for_is_no_alarm_but_a_backend_without_servers_is() {
    let site = Site::new();
    let lb = Lb::start(&site.yaml("json", ""));
    site.ask("disable server app/a1");
    let maintenance = event(&lb, "server.maintenance");
    assert_eq!(maintenance["level"], "notice", "{maintenance}");
    let text = maintenance["message"].as_str().unwrap();
    assert!(
        text.starts_with("Server app/a1 is going DOWN for maintenance. 0 active and 0 backup servers left."),
        "{text}"
    );
    let down = event(&lb, "backend.down");
    assert_eq!((&down["level"], &down["message"]), (&"emerg".into(), &"backend app has no server available!".into()));
    site.ask("enable server app/a1; set server app/a1 state drain");
    assert_eq!(event(&lb, "backend.up")["backend"], "app");
    assert_eq!(event(&lb, "server.ready")["message"], "Server app/a1 is UP/READY (leaving forced maintenance).");
    let drain = event(&lb, "server.drain");
    assert_eq!((&drain["level"], &drain["active"]), (&"notice".into(), &0.into()), "{drain}");
}

/// The words of the two are the same, line by line, when the same is asked of both.
#[test]
fn the_words_about_servers_are_haproxys() {
    let site = Site::new();
    let ours = Lb::start(&site.yaml("text", ""));
    let socket = site.folder.path().join("haproxy.sock");
    let theirs = Lb::haproxy(
        "web",
        &format!(
            "global\n log stdout format raw daemon\n stats socket {} level admin\ndefaults\n mode http\n log global\n\
             \x20timeout connect 1s\n timeout client 5s\n timeout server 5s\nfrontend web\n bind fd@0\n default_backend app\n\
             backend app\n server a1 {}\n",
            socket.display(),
            site.origin.addr
        ),
    );
    let steps = [
        "disable server app/a1",
        "enable server app/a1",
        "set server app/a1 state drain",
        "set server app/a1 state maint",
        "set server app/a1 state drain",
        "set server app/a1 state ready",
    ];
    eventually("haproxy's socket is there", SOON, || UnixStream::connect(&socket).is_ok());
    for step in steps {
        site.ask(step);
        runtime_socket::ask(&socket, step);
    }
    let words = |lb: &Lb| -> Vec<String> {
        let words = |line: &str| {
            let from = line.find("Server app/").or_else(|| line.find("backend app has no"))?;
            Some(line[from..].to_owned())
        };
        lb.stdout().lines().filter_map(words).collect()
    };
    let last = "Server app/a1 is UP (leaving forced drain).";
    for lb in [&ours, &theirs] {
        eventually("the last one is told", SOON, || words(lb).last().is_some_and(|line| line == last));
    }
    assert_eq!(words(&ours), words(&theirs));
}

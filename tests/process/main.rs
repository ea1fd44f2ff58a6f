//! The process as the system sees it: rights, service managers, containers, background, and how it ends. Needs root, as `cargo xtask ci` has it.

mod background;
mod container;
mod ending;
mod rights;
mod service;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

use plimsoll_testkit::process::{Process, command, explain_failure};
use plimsoll_testkit::{eventually, lb};
use rustix::process::Signal;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

/// A folder that only root may enter, with a configuration that only root may read.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        fs::set_permissions(place.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `global`: its keys, in the words of a flow map.
    fn write(&self, global: &str, bind: &str, server: SocketAddr) {
        let yaml = format!(
            "global: {{ threads: 1, {global} }}\ndefaults: {{ timeouts: {{ connect: 1s, client: 20s, server: 20s }} }}\n\
             frontends: {{ web: {{ bind: [{bind}], default-backend: app }} }}\n\
             backends: {{ app: {{ servers: {{ s: \"{server}\" }} }} }}\n"
        );
        let file = self.path("lb.yaml");
        fs::write(&file, yaml).unwrap();
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// `lb` with these arguments, under what `before` does first.
    fn command(&self, before: &[&str], arguments: &[&str]) -> Command {
        let mut run = match before.split_first() {
            Some((program, rest)) => {
                let mut run = command(program);
                run.args(rest).arg(lb::binary());
                run
            }
            None => command(lb::binary()),
        };
        run.args(arguments).current_dir(self.0.path());
        run
    }

    fn run(&self, before: &[&str]) -> Command {
        self.command(before, &["run", "-f", "lb.yaml"])
    }

    /// Starts it and waits until it serves.
    #[track_caller]
    fn start(&self, command: Command) -> Ran {
        let mut ran = self.spawn(command);
        let mut ended = None;
        eventually("lb is ready", SOON, || {
            ended = ran.0.ended();
            ran.says("lb: ready") || ended.is_some()
        });
        assert!(ran.says("lb: ready"), "{ended:?}: {}", ran.0.stderr.text());
        ran
    }

    fn spawn(&self, command: Command) -> Ran {
        Ran(Process::spawn(command).unwrap())
    }

    /// Waits for the end of what is to fail.
    fn fails(&self, command: Command) -> String {
        let mut ran = self.spawn(command);
        let status = ran.0.wait_exit(SOON).expect("it ends");
        assert!(!status.success(), "{}", ran.0.stderr.text());
        ran.0.stderr.text()
    }

    fn lb(&self, arguments: &[&str]) -> Output {
        Command::new(lb::binary()).args(arguments).current_dir(self.0.path()).output().unwrap()
    }
}

/// A running `lb`.
struct Ran(Process);

impl Ran {
    fn says(&self, line: &str) -> bool {
        self.0.stderr.text().lines().any(|known| known == line)
    }

    #[track_caller]
    fn eventually_says(&self, part: &str) {
        eventually(part, SOON, || self.0.stderr.text().contains(part));
    }

    /// The first address of the frontend.
    #[track_caller]
    fn address(&self) -> SocketAddr {
        let text = self.0.stderr.text();
        let line =
            text.lines().find_map(|line| line.strip_prefix("lb: listening on ")?.strip_suffix(" (frontend web)"));
        line.unwrap_or_else(|| panic!("no address in {text}")).parse().unwrap()
    }

    fn pid(&self) -> u32 {
        self.0.pid()
    }

    #[track_caller]
    fn stop(mut self) -> ExitStatus {
        self.0.signal(Signal::TERM);
        self.0.wait_exit(SOON).expect("it ends")
    }
}

impl Drop for Ran {
    fn drop(&mut self) {
        explain_failure("lb", &self.0.stdout, &self.0.stderr);
    }
}

/// A line of `/proc/PID/…/status`.
fn status(path: &Path, key: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// An address of this machine that no other test uses, so that ports below 1024 are free there.
fn own_address(port: u16) -> SocketAddr {
    let [_, .., high, low] = std::process::id().to_be_bytes();
    (Ipv4Addr::new(127, 99, high, low.max(1)), port).into()
}

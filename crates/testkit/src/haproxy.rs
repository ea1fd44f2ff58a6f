//! Starts the installed haproxy in the place of `lb`: to prove that clients and origins here are right, and to compare.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::eventually::wait_until;
use crate::lb::{Lb, binary};
use crate::process::{Process, command};
use crate::socket::listen;

impl Lb {
    /// Whether the tests were asked to run against haproxy instead (`PLIMSOLL_PEER=haproxy`).
    pub fn is_haproxy() -> bool {
        std::env::var_os("PLIMSOLL_PEER").is_some_and(|peer| peer == "haproxy")
    }

    /// Starts haproxy with one frontend, `bind fd@0`, whose socket the harness chose; `frontend` is its name for `addr`.
    #[track_caller]
    pub fn haproxy(frontend: &str, cfg: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, cfg).expect("writing the configuration");
        let listener = listen().expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let mut command = command("haproxy");
        // -W and daemon mode would close standard input; -db keeps the one process in front.
        command.args(["-db", "-f"]).arg(&file).stdin(Stdio::from(OwnedFd::from(listener)));
        let mut process = Process::spawn(command).expect("haproxy starts");
        // The socket listens from the start: haproxy is up when it has said so, or answers to a connection at all.
        let up = wait_until(Duration::from_secs(10), || listens(process.pid()));
        assert!(up && process.ended().is_none(), "haproxy: {}", process.stderr.text());
        Self::other(process, folder, "haproxy", vec![(frontend.into(), addr)])
    }
}

/// One of the two programs that read `haproxy.cfg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Ours.
    Lb,
    /// The installed haproxy.
    Haproxy,
}

impl Lb {
    /// Starts either program on the same `haproxy.cfg`, whose `bind fd@0` is a socket that the harness chose: `web` for `addr`.
    ///
    /// Files lie beside the configuration, where both run.
    #[track_caller]
    pub fn reads(program: Program, cfg: &str, files: &[(&str, &str)], variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, cfg).expect("writing the configuration");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("writing a file beside it");
        }
        let (addr, stdin) = as_stdin(listen().expect("a loopback port"));
        let (mut command, name) = match program {
            Program::Lb => (command(binary()), "lb"),
            Program::Haproxy => (command("haproxy"), "haproxy"),
        };
        match program {
            Program::Lb => command.arg("run"),
            Program::Haproxy => command.arg("-db"),
        };
        command.arg("-f").arg(&file).stdin(stdin).current_dir(folder.path()).envs(variables.iter().copied());
        let mut process = Process::spawn(command).expect("it starts");
        let up = wait_until(Duration::from_secs(20), || {
            let ready = match program {
                Program::Lb => process.stderr.text().lines().any(|line| line == "lb: ready"),
                Program::Haproxy => listens(process.pid()),
            };
            ready || process.ended().is_some()
        });
        let ended = process.wait_exit(Duration::ZERO);
        assert!(up && ended.is_none(), "{name} does not start: {}", process.stderr.text());
        Self::other(process, folder, name, vec![("web".into(), addr)])
    }
}

/// Hands a listening socket to a child as its standard input.
pub(crate) fn as_stdin(listener: TcpListener) -> (SocketAddr, Stdio) {
    let addr = listener.local_addr().expect("its address");
    (addr, Stdio::from(OwnedFd::from(listener)))
}

/// Whether a process waits for events: haproxy does so only after it has started everything.
fn listens(pid: u32) -> bool {
    let folder = format!("/proc/{pid}/fd");
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries
        .flatten()
        .any(|entry| std::fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().contains("eventpoll")))
}

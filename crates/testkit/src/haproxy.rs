//! Starts the installed haproxy in the place of `lb`: to prove that clients and origins here are right, and to compare.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::eventually::wait_until;
use crate::lb::Lb;
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

//! The programs of other projects that tests and benchmarks start, by Debian package.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;
use crate::suites::Closing;

/// Package, and the program by which its presence is known: so other distributions serve as well.
const PACKAGES: &[(&str, &str)] = &[
    ("haproxy", "haproxy"),
    ("nginx-light", "nginx"),
    ("wrk", "wrk"),
    ("curl", "curl"),
    ("rsyslog", "rsyslogd"),
    ("valgrind", "valgrind"),
    // The networks of tests/wire and tests/faults.
    ("iproute2", "ip"),
    ("nftables", "nft"),
    ("util-linux", "unshare"),
    // Faults of system calls in tests/binds.
    ("strace", "strace"),
    // The clocks of tests/faults.
    ("faketime", "faketime"),
    // The service managers of tests/process.
    ("systemd", "systemd-socket-activate"),
];

/// Installs what is missing if we are root; says how to, and fails, if not.
pub fn check() -> Result<Closing> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let install = format!("apt-get update && apt-get install -y {}", missing.join(" "));
    if !rustix::process::geteuid().is_root() {
        bail!("missing: {}; do, as root: {install}", missing.join(", "));
    }
    let mut command = Command::new("sh");
    // RUNLEVEL keeps Debian's scripts from starting the services: we need the programs only.
    command.args(["-c", &install]).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    shell::run(command)?;
    Ok(vec![format!("installed {}", missing.join(", "))])
}

fn missing() -> Vec<&'static str> {
    PACKAGES.iter().filter(|(_, program)| !is_there(program)).map(|(package, _)| *package).collect()
}

/// Looks into the folders of servers too: an ordinary user's PATH has no /usr/sbin.
fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let ours = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    ours || ["/usr/sbin", "/usr/local/sbin"].iter().any(|folder| Path::new(folder).join(program).is_file())
}

//! Starts the real `lb` on a YAML text and talks about it: addresses, outputs, signals, exit.
//!
//! The YAML binds `127.0.0.1:0`; `lb` prints `lb: listening on ADDRESS (frontend NAME)` for every bind and then
//! `lb: ready` to standard error, which is what `start` waits for.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::eventually::wait_until;
use crate::process::{Process, command, explain_failure};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(20);

/// The `lb` binary: `PLIMSOLL_LB`, or built once beside the running test.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = env::var_os("PLIMSOLL_LB") {
            return path.into();
        }
        // target/debug/deps/this_test-0123: the binary is built into the same profile, so that it is never an old one.
        let test = env::current_exe().expect("the test's own path");
        let profile = test.ancestors().nth(2).expect("the profile's folder");
        let target = profile.parent().expect("the target folder");
        let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--package", "plimsoll", "--bin", "lb"]).arg("--target-dir").arg(target);
        build.current_dir(root());
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let built = build.status().expect("cargo runs");
        assert!(built.success(), "building lb failed");
        profile.join("lb")
    })
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout")
}

/// A running `lb` (or, for comparing, haproxy).
pub struct Lb {
    process: Process,
    folder: TempDir,
    name: &'static str,
    /// Addresses that the harness itself chose (haproxy).
    known: Vec<(String, SocketAddr)>,
}

/// How to start it.
#[derive(Debug, Default)]
pub struct Start {
    /// `RLIMIT_NOFILE`, both limits.
    pub descriptors: Option<u64>,
    /// Variables of the environment, which `${NAME}` in the YAML reads.
    pub variables: Vec<(String, String)>,
    /// A program that runs it, with its arguments: `strace` and what it does to system calls.
    pub under: Vec<String>,
    /// More arguments of `lb run`.
    pub arguments: Vec<String>,
}

impl Lb {
    /// Starts `lb run` on this YAML and waits until it is ready.
    #[track_caller]
    pub fn start(yaml: &str) -> Self {
        Self::start_with(yaml, &Start::default())
    }

    /// As `start`, with limits.
    #[track_caller]
    pub fn start_with(yaml: &str, how: &Start) -> Self {
        let mut lb = Self::spawn(yaml, how);
        let ready = |lb: &Self| lb.stderr().lines().any(|line| line == "lb: ready");
        wait_until(START, || ready(&lb) || lb.process.ended().is_some());
        if !ready(&lb) {
            let status = lb.process.ended();
            panic!("lb is not ready ({status:?}):\n{}\n--- for\n{yaml}", lb.stderr());
        }
        lb
    }

    /// Starts `lb run` without waiting for anything.
    #[track_caller]
    pub fn spawn(yaml: &str, how: &Start) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("lb.yaml");
        std::fs::write(&file, yaml).expect("writing the YAML");
        let mut run = match how.descriptors {
            None if how.under.is_empty() => command(binary()),
            None => {
                let mut wrapped = command(&how.under[0]);
                wrapped.args(&how.under[1..]).arg(binary());
                wrapped
            }
            Some(limit) => {
                let mut limited = command("prlimit");
                limited.arg(format!("--nofile={limit}:{limit}")).arg(binary());
                limited
            }
        };
        run.arg("run").arg("-f").arg(&file).args(&how.arguments).current_dir(folder.path());
        run.envs(how.variables.iter().map(|(name, value)| (name, value)));
        let process = Process::spawn(run).expect("lb starts");
        Self { process, folder, name: "lb", known: Vec::new() }
    }

    pub(crate) fn other(
        process: Process,
        folder: TempDir,
        name: &'static str,
        known: Vec<(String, SocketAddr)>,
    ) -> Self {
        Self { process, folder, name, known }
    }

    /// The first address of a frontend.
    #[track_caller]
    pub fn addr(&self, frontend: &str) -> SocketAddr {
        if let Some((_, addr)) = self.known.iter().find(|(name, _)| name == frontend) {
            return *addr;
        }
        let suffix = format!(" (frontend {frontend})");
        let stderr = self.stderr();
        let line = stderr.lines().find_map(|line| line.strip_prefix("lb: listening on ")?.strip_suffix(&suffix));
        let line = line.unwrap_or_else(|| panic!("no address of frontend {frontend} in:\n{stderr}"));
        line.parse().unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Its temporary folder, where relative paths of the YAML lead.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything on standard output: the access log.
    pub fn stdout(&self) -> String {
        self.process.stdout.text()
    }

    /// Everything on standard error.
    pub fn stderr(&self) -> String {
        self.process.stderr.text()
    }

    /// How much of standard error there is, for `stderr_from`.
    pub fn stderr_len(&self) -> usize {
        self.process.stderr.len()
    }

    /// What came on standard error after so many bytes.
    pub fn stderr_from(&self, start: usize) -> String {
        self.process.stderr.text_from(start)
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait_exit(&mut self, within: Duration) -> ExitStatus {
        let status = self.process.wait_exit(within);
        status.unwrap_or_else(|| panic!("{} still runs after {within:?}", self.name))
    }

    /// The process: processor time, descriptors, end.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

impl Drop for Lb {
    fn drop(&mut self) {
        explain_failure(self.name, &self.process.stdout, &self.process.stderr);
    }
}

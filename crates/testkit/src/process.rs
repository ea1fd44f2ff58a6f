//! A child process: its output is kept, its end is awaited, its processor time is read, and it never outlives the test.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, kill_process_group, prlimit, setrlimit};

use crate::eventually::wait_until;

/// What one stream printed so far.
#[derive(Debug, Clone, Default)]
pub struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// All of it as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// How many bytes it printed.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether it printed nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it printed after so many bytes, as text: for those who look often at what becomes long.
    pub fn text_from(&self, start: usize) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned()
    }

    /// The last lines.
    pub fn tail(&self, lines: usize) -> String {
        let text = self.text();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    fn follow(&self, mut from: impl Read + Send + 'static) -> JoinHandle<()> {
        let kept = self.0.clone();
        thread::spawn(move || {
            let mut some = [0_u8; 8192];
            while let Ok(count @ 1..) = from.read(&mut some) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&some[..count]);
            }
        })
    }
}

/// A command whose process dies with the thread that starts it: a test that is killed leaves nothing running.
///
/// `setpriv` sets the parent-death signal and becomes the program, so the process id stays.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Lets this process, and those that it starts, open as many descriptors as the system allows without asking.
pub fn raise_descriptors() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Not fatal: a test that then runs out says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// A running child in a process group of its own.
#[derive(Debug)]
pub struct Process {
    child: Child,
    status: Option<ExitStatus>,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    followers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it, with both outputs kept.
    pub fn spawn(mut command: Command) -> std::io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
        let (stdout, stderr) = (Output::default(), Output::default());
        let mut followers = Vec::new();
        followers.extend(child.stdout.take().map(|from| stdout.follow(from)));
        followers.extend(child.stderr.take().map(|from| stderr.follow(from)));
        Ok(Self { child, status: None, stdout, stderr, followers })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to this process alone; nothing when it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
    }

    /// Sends a signal to it and its children.
    pub fn signal_group(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), signal);
        }
    }

    /// Its exit status if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    /// Waits for its end and for the last of its output.
    pub fn wait_exit(&mut self, within: Duration) -> Option<ExitStatus> {
        wait_until(within, || self.ended().is_some());
        let status = self.ended()?;
        for follower in self.followers.drain(..) {
            // A grandchild may hold the pipe open; what it prints is not waited for.
            wait_until(Duration::from_secs(1), || follower.is_finished());
        }
        Some(status)
    }

    /// Processor time used so far, user and system.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        // After the command's closing parenthesis: state is field 3, utime 14, stime 15 (proc(5)), in 1/100 s.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Memory that is resident, in KiB.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// The limit on descriptors with which it could open exactly so many more.
    pub fn limit_for(&self, more: usize) -> u64 {
        let open = fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("a running process").flatten();
        let open: Vec<u64> = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        // A limit is one on numbers, and the lowest free number is given out.
        (0..).filter(|number| !open.contains(number)).nth(more).expect("numbers without end")
    }

    /// Changes that limit (`RLIMIT_NOFILE`) while it runs.
    pub fn limit_descriptors(&self, current: u64) {
        let limit = Rlimit { current: Some(current), maximum: Some(20_000) };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Nofile, limit).expect("a running process");
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Reports to a failing test: the outputs' tails and the command that runs this test alone.
pub fn explain_failure(name: &str, stdout: &Output, stderr: &Output) {
    if !thread::panicking() {
        return;
    }
    eprintln!("--- {name} stdout, last lines\n{}\n--- {name} stderr, last lines\n{}", stdout.tail(20), stderr.tail(30));
    let binary = std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
    let area = binary.as_deref().and_then(|stem| stem.rsplit_once('-')).map_or("AREA", |(area, _)| area);
    let test = thread::current().name().unwrap_or_default().to_owned();
    eprintln!("--- this test alone: cargo test -p plimsoll-tests --test {area} -- --exact {test}");
}

//! A child process and its children: started so that it cannot outlive us, charged for its CPU, ended by its id.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// CPU used since the start, summed over the threads of a tree of processes.
#[derive(Clone, Copy, Default)]
pub struct Cpu {
    /// Exact, from the scheduler.
    pub total_ns: u64,
    /// Clock ticks. The kernel samples them (250 times a second here), so the user share needs seconds to settle.
    pub user_ticks: u64,
    pub system_ticks: u64,
}

impl Cpu {
    pub fn since(self, earlier: Cpu) -> Cpu {
        Cpu {
            total_ns: self.total_ns.saturating_sub(earlier.total_ns),
            user_ticks: self.user_ticks.saturating_sub(earlier.user_ticks),
            system_ticks: self.system_ticks.saturating_sub(earlier.system_ticks),
        }
    }

    /// The exact total, split by the sampled shares.
    pub fn user_ns(self) -> f64 {
        let ticks = self.user_ticks + self.system_ticks;
        if ticks == 0 { 0.0 } else { self.total_ns as f64 * self.user_ticks as f64 / ticks as f64 }
    }
}

pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program, bound to one CPU if wished; its output goes to `LOGS/NAME.log`.
    ///
    /// `setpriv --pdeathsig` ends it when we are killed; both wrappers exec, so the process id is the program's.
    pub fn start(name: &str, program: &Path, args: &[&str], cpu: Option<usize>, logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let output = fs::File::create(&log)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]);
        if let Some(cpu) = cpu {
            command.args(["taskset", "--cpu-list", &cpu.to_string()]);
        }
        let child = command
            .arg(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("starting {name} ({})", program.display()))?;
        Ok(Process { name: name.to_owned(), child, log })
    }

    /// Fails, with the tail of its log, if the process has ended.
    pub fn must_live(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            bail!("{} ended with {status}:\n{}", self.name, tail.join("\n"));
        }
        Ok(())
    }

    /// The process and all its descendants.
    fn tree(&self) -> Vec<u32> {
        let mut tree = vec![self.child.id()];
        let mut next = 0;
        while next < tree.len() {
            let tasks = fs::read_dir(format!("/proc/{}/task", tree[next])).into_iter().flatten().flatten();
            for task in tasks {
                let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
                tree.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
            next += 1;
        }
        tree
    }

    pub fn cpu(&self) -> Result<Cpu> {
        let mut cpu = Cpu::default();
        for pid in self.tree() {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| self.name.clone())?;
            // The name may hold spaces; behind its `)` utime and stime are the 12th and 13th words (proc(5)).
            let after_name = stat.rsplit_once(')').context("no name in stat")?.1;
            let words: Vec<&str> = after_name.split_whitespace().collect();
            cpu.user_ticks += words[11].parse::<u64>()?;
            cpu.system_ticks += words[12].parse::<u64>()?;
            for task in fs::read_dir(format!("/proc/{pid}/task"))? {
                let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
                cpu.total_ns += schedstat.split_whitespace().next().context("empty schedstat")?.parse::<u64>()?;
            }
        }
        Ok(cpu)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, waits for that, and gives back what it wrote.
    pub fn finish(mut self, at_most: Duration) -> Result<String> {
        signal(self.child.id(), Signal::TERM);
        ensure!(self.ends_within(at_most), "{} does not end within {} s", self.name, at_most.as_secs());
        Ok(fs::read_to_string(&self.log)?)
    }

    fn ends_within(&mut self, at_most: Duration) -> bool {
        let started = Instant::now();
        loop {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return true;
            }
            if started.elapsed() >= at_most {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Resident KiB, shared pages counted by their share.
    pub fn memory_kib(&self) -> Result<u64> {
        let mut sum = 0;
        for pid in self.tree() {
            let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
            let line = rollup.lines().find(|line| line.starts_with("Pss:")).context("no Pss in smaps_rollup")?;
            sum += line.split_whitespace().nth(1).context("no figure in Pss")?.parse::<u64>()?;
        }
        Ok(sum)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let tree = self.tree();
        // TERM is a quick stop to haproxy and nginx, a drain to lb: what does not go at once is killed.
        signal(self.child.id(), Signal::TERM);
        if self.ends_within(Duration::from_millis(500)) {
            return;
        }
        for pid in tree {
            signal(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// Waits until every thread of a process sleeps: it has done all it can with what it was given. At once if there is no such process.
pub fn settle(pid: u32) {
    let awake = |task: fs::DirEntry| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // The state is the first word behind the name (proc(5)).
        stat.rsplit_once(") ").is_some_and(|(_, words)| !words.starts_with('S'))
    };
    while fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|tasks| tasks.flatten().any(awake)) {
        std::thread::yield_now();
    }
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

//! `bench`: `lb` beside haproxy, nginx and a bare relay, on the same work, in the same run.
//!
//! Start reading at `work` (the rows), then [`Bench::run`].

mod added;
mod idle;
mod load;
mod pick;
mod proxies;
mod report;
pub mod rules;
mod work;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use self::load::Load;
use self::proxies::{Built, Duty, Running, Who};
use self::report::{Done, Outcome};
use self::work::{Kind, Mode, ROWS, Row};
use crate::suites::Closing;
use crate::workspace;

/// Compare lb with haproxy, nginx and a bare relay: CPU, latency and memory, side by side.
///
/// All proxies stand in front of the same nginx origin and take turns under the same load of wrk, so that what disturbs
/// one disturbs all; medians are printed. CPU a request is the figure to believe, requests/s on a shared machine is not.
/// By default the proxy has CPU 0 and origin and wrk share CPU 1.
///
/// Rows: h1-100 h1-1k h1-16k h1-1m close tcp-100 tcp-1m tcp-1m-splice two-workers log-udp log-json rules idle pick.
///
/// For a quick look while designing: `cargo xtask bench h1-100 --quick`.
/// For docs/benchmarks.md: `cargo xtask bench --markdown docs/benchmarks.md --date 2026-01-31`.
#[derive(clap::Args)]
pub struct Bench {
    /// Rows to run, all by default; a prefix names several (`h1`, `tcp`).
    names: Vec<String>,
    /// How often each proxy is measured in a row.
    #[arg(long, default_value_t = 7)]
    pairs: usize,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// 3 pairs of 2 seconds: for steering, not for the record.
    #[arg(long)]
    quick: bool,
    /// Contestants.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Who::ALL)]
    only: Vec<Who>,
    /// Leave the placing on CPUs to the kernel.
    #[arg(long)]
    no_pin: bool,
    /// A built `lb` to measure instead of building one.
    #[arg(long, value_name = "PATH")]
    lb: Option<PathBuf>,
    /// Another haproxy than the installed one, such as `cargo xtask oracle` unpacks.
    #[arg(long, value_name = "PATH", default_value = "haproxy")]
    haproxy: PathBuf,
    /// Write every sample.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the page with the tables.
    #[arg(long, value_name = "FILE", requires = "date")]
    markdown: Option<PathBuf>,
    /// The date that the page bears.
    #[arg(long)]
    date: Option<String>,
}

/// Every row at the volume for the record: the step of `long`. The samples lie in the target folder.
pub fn all() -> Result<Closing> {
    let json = workspace::target()?.join("bench.json");
    let told = format!("samples in {}", json.display());
    let bench = Bench {
        names: Vec::new(),
        pairs: 7,
        seconds: 4,
        quick: false,
        only: Who::ALL.to_vec(),
        no_pin: false,
        lb: None,
        haproxy: "haproxy".into(),
        json: Some(json),
        markdown: None,
        date: None,
    };
    bench.run()?;
    Ok(vec![told])
}

/// One bench run: where its files are, when it began, what it measures with.
struct Run<'a> {
    bench: &'a Bench,
    built: Built,
    folder: &'a Path,
    started: Instant,
    pairs: usize,
    seconds: u32,
}

impl Bench {
    pub fn run(self) -> Result<()> {
        let rows = self.rows()?;
        raise_descriptors()?;
        let wants = |who| self.only.contains(&who) && rows.iter().any(|row| row.kind != Kind::Pick);
        let relay = wants(Who::Relay).then(|| workspace::build("xtask", "relay", "release")).transpose()?;
        let lb = match (&self.lb, wants(Who::Lb)) {
            (Some(path), _) => Some(path.clone()),
            (None, true) => Some(workspace::build("plimsoll", "lb", "release")?),
            (None, false) => None,
        };
        let folder = tempfile::tempdir()?;
        let run = Run {
            built: Built { lb, haproxy: self.haproxy.clone(), relay },
            folder: folder.path(),
            started: Instant::now(),
            pairs: if self.quick { 3 } else { self.pairs },
            seconds: if self.quick { 2 } else { self.seconds },
            bench: &self,
        };
        let (mut results, mut failed) = (Vec::new(), Vec::new());
        for row in rows {
            match run.row(row) {
                Ok(done) => {
                    println!("{}", done.text());
                    results.push(done);
                }
                // An hour of other rows is not lost for one.
                Err(error) => {
                    eprintln!("row {}: {error:?}", row.name);
                    failed.push(row.name);
                }
            }
        }
        self.write(&results)?;
        ensure!(failed.is_empty(), "{} rows failed; alone: cargo xtask bench {}", failed.len(), failed.join(" "));
        Ok(())
    }

    fn rows(&self) -> Result<Vec<&'static Row>> {
        if self.names.is_empty() {
            return Ok(ROWS.iter().collect());
        }
        let exact = |name: &str| ROWS.iter().any(|row| row.name == name);
        for name in &self.names {
            let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
            ensure!(known.iter().any(|row| row.starts_with(&**name)), "no row {name}; there are {}", known.join(" "));
        }
        let wanted = |row: &&Row| {
            self.names.iter().any(|name| row.name == name || !exact(name) && row.name.starts_with(&**name))
        };
        Ok(ROWS.iter().filter(wanted).collect())
    }

    fn write(&self, results: &[Done]) -> Result<()> {
        if let Some(path) = &self.json {
            let rows: Vec<_> = results.iter().map(Done::json).collect();
            let all = json!({ "machine": machine(&self.haproxy), "rows": rows });
            fs::write(path, format!("{all:#}\n")).with_context(|| path.display().to_string())?;
        }
        if let (Some(path), Some(date)) = (&self.markdown, &self.date) {
            let mut page = format!(
                "# Benchmarks\n\nWritten by `cargo xtask bench --markdown`; {date}. CPU is µs a request of the proxy alone \
                 (user; user and system);\nthe kernel samples the user share 250 times a second or so, the total is exact. \
                 Figures are medians of\ninterleaved runs in one go; the ratio is to haproxy's median. Timeouts and counters \
                 on, logging off but for the rows `log-*`.\n`relay` is a bare epoll copy without any parsing: the kernel's share of the work. \
                 MiB is resident memory after\nthe load. Compare only inside one table.\n\n"
            );
            for (what, value) in machine(&self.haproxy) {
                let _ = writeln!(page, "- {what}: {value}");
            }
            for done in results {
                page.push_str(&done.markdown());
            }
            fs::write(path, page).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

impl Run<'_> {
    fn say(&self, what: &str) {
        eprintln!("[{:4} s] {what}", self.started.elapsed().as_secs());
    }

    fn row(&self, row: &'static Row) -> Result<Done> {
        match row.kind {
            Kind::Load { .. } => self.load(row),
            Kind::Added(extra) => self.added(row, extra),
            Kind::Idle => self.idle(row),
            Kind::Pick => Ok(Done {
                row,
                conditions: "example `pick` of plimsoll-lb".to_owned(),
                outcomes: vec![(Who::Lb, Outcome::Picks(pick::run()?))],
            }),
        }
    }

    /// The CPU of the proxy, and that of all others.
    fn places(&self, threads: usize) -> (Option<usize>, Option<usize>) {
        let pin = !self.bench.no_pin && threads == 1 && cpus() >= 2;
        if pin { (Some(0), Some(1)) } else { (None, None) }
    }

    fn conditions(&self, proxy_cpu: Option<usize>) -> String {
        let place = if proxy_cpu.is_some() { "proxy on CPU 0, origin and wrk on CPU 1" } else { "nothing pinned" };
        let (pairs, seconds) = (self.pairs, self.seconds);
        format!("{pairs} pairs of {seconds} s, 64 connections, {place}, load average {}", load_average())
    }

    fn load(&self, row: &'static Row) -> Result<Done> {
        let Kind::Load { path, mode, threads, close } = row.kind else { bail!("{} is no row of load", row.name) };
        let (proxy_cpu, load_cpu) = self.places(threads);
        let origin = proxies::origin(load_cpu, self.folder)?;
        let duty = Duty { mode, threads, share_servers: false, cpu: proxy_cpu, log: None, rules: false };
        let mut contestants: Vec<(Who, Result<Running, String>, Vec<load::Sample>)> = Vec::new();
        for &who in &self.bench.only {
            let running = match who.absent(mode) {
                Some(why) => Err(why.to_owned()),
                None => Ok(proxies::start(who, duty, origin.address, &self.built, self.folder)?),
            };
            contestants.push((who, running, Vec::new()));
        }
        let warm = Load { path, close, seconds: 1, cpu: load_cpu };
        for (_, running, _) in &mut contestants {
            if let Ok(running) = running {
                load::measure(running, &warm)?;
            }
        }
        let load = Load { seconds: self.seconds, ..warm };
        for pair in 0..self.pairs {
            // Each round starts with another one, so that nobody always runs behind the same neighbour.
            let count = contestants.len();
            for turn in 0..count {
                let (who, running, samples) = &mut contestants[(pair + turn) % count];
                let Ok(running) = running else { continue };
                let sample = load::measure(running, &load).with_context(|| who.name())?;
                self.say(&format!(
                    "{} {}/{} {:<8} user {:7.2} total {:7.2} µs a request, {:.0} requests/s{}",
                    row.name,
                    pair + 1,
                    self.pairs,
                    who.name(),
                    sample.user,
                    sample.total,
                    sample.rate,
                    if sample.errors > 0 { format!(", {} ERRORS", sample.errors) } else { String::new() },
                ));
                samples.push(sample);
            }
        }
        let outcome = |running, samples| match running {
            Ok(_) => Outcome::Load(samples),
            Err(why) => Outcome::Absent(why),
        };
        Ok(Done {
            row,
            conditions: self.conditions(proxy_cpu),
            outcomes: contestants.into_iter().map(|(who, running, s)| (who, outcome(running, s))).collect(),
        })
    }

    fn idle(&self, row: &'static Row) -> Result<Done> {
        let duty = Duty { mode: Mode::Http, threads: 1, share_servers: true, cpu: None, log: None, rules: false };
        let origin = proxies::origin(None, self.folder)?;
        let runs = if self.bench.quick { 1 } else { 3 };
        let mut outcomes = Vec::new();
        for &who in &self.bench.only {
            if who == Who::Relay {
                // Each of its idle connections holds a server connection too: another thing.
                outcomes.push((who, Outcome::Absent("holds two connections each".to_owned())));
                continue;
            }
            let mut slopes = Vec::new();
            for _ in 0..runs {
                let mut running = proxies::start(who, duty, origin.address, &self.built, self.folder)?;
                slopes.push(idle::slope(&mut running).with_context(|| who.name())?);
                self.say(&format!("idle {:<8} {:.2} KiB a connection", who.name(), slopes[slopes.len() - 1]));
            }
            outcomes.push((who, Outcome::Idle(slopes)));
        }
        Ok(Done { row, conditions: format!("{runs} runs, one shared server connection"), outcomes })
    }
}

/// 8,000 connections need more than the usual 1,024 descriptors, here and in the proxies, which inherit the limit.
fn raise_descriptors() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// What the figures depend on.
fn machine(haproxy: &Path) -> Vec<(&'static str, String)> {
    let line = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
        line.split_once(':').map_or(String::new(), |(_, value)| value.trim().to_owned())
    };
    let git = |args: &[&str]| {
        let output = std::process::Command::new("git").args(args).current_dir(workspace::root()).output();
        output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let dirty = if git(&["status", "--porcelain", "--untracked-files=no"]).is_empty() { "" } else { ", with changes" };
    vec![
        (
            "machine",
            format!("{} × {}, {}", cpus(), line("/proc/cpuinfo", "model name"), line("/proc/meminfo", "MemTotal")),
        ),
        ("kernel", fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()),
        ("haproxy", workspace::version_of(&haproxy.display().to_string(), "-v")),
        ("nginx", workspace::version_of("nginx", "-v")),
        ("wrk", workspace::version_of("wrk", "-v")),
        ("rustc", workspace::version_of("rustc", "-V")),
        ("commit", format!("{}{dirty}", git(&["rev-parse", "--short", "HEAD"]))),
    ]
}

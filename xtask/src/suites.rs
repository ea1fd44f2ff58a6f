//! The table of everything that CI runs, in order: which step belongs to `ci`, which to `long`, and at what volume.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::{bench, deny, e2e, fuzz, packages, ratchet, shell, tidy, toolchain, workspace};

/// How much the tests that count by thousands do; they read it from `PLIMSOLL_VOLUME`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Volume {
    /// A fiftieth: every commit.
    Fiftieth,
    /// The numbers that the scorecard names.
    Full,
}

impl Volume {
    pub fn word(self) -> &'static str {
        match self {
            Volume::Fiftieth => "50th",
            Volume::Full => "full",
        }
    }
}

/// Lines for the summary: the closing lines of test runners, or what was left out and why.
pub type Closing = Vec<String>;

pub struct Suite {
    pub name: &'static str,
    pub what: &'static str,
    pub ci: Option<Volume>,
    pub long: Option<Volume>,
    pub run: fn(Volume) -> Result<Closing>,
}

const EVERYWHERE: (Option<Volume>, Option<Volume>) = (Some(Volume::Fiftieth), Some(Volume::Full));
const LONG_ONLY: (Option<Volume>, Option<Volume>) = (None, Some(Volume::Full));

const fn suite(
    name: &'static str,
    what: &'static str,
    (ci, long): (Option<Volume>, Option<Volume>),
    run: fn(Volume) -> Result<Closing>,
) -> Suite {
    Suite { name, what, ci, long, run }
}

/// In the order in which they run: what fails fastest comes first.
pub const SUITES: &[Suite] = &[
    suite("toolchain", "the Rust that rust-toolchain.toml names, and a C compiler", EVERYWHERE, |_| toolchain::check()),
    suite("packages", "Debian packages that tests and benchmarks start", EVERYWHERE, |_| packages::check()),
    suite("format", "cargo fmt", EVERYWHERE, |_| quiet(&["fmt", "--all", "--check"])),
    suite("tidy", "floors, openings, sizes, words, lock file, links", EVERYWHERE, |_| tidy::all()),
    suite("clippy", "all targets, no warning", EVERYWHERE, |_| {
        quiet(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    }),
    suite("deny", "bans, licences and sources of all dependencies", EVERYWHERE, deny::check),
    suite("unit", "the crates' own tests, and the fuzz corpora replayed", EVERYWHERE, |volume| {
        tests(volume, &["--workspace", "--exclude", e2e::PACKAGE])
    }),
    suite("doc", "the examples in the documentation", EVERYWHERE, |_| {
        shell::run_tests(workspace::cargo(&["test", "--workspace", "--doc", "--quiet"]))
    }),
    suite("e2e", "the real lb, real sockets, real peers", EVERYWHERE, e2e::all),
    suite(
        "ratchet",
        "instructions a request under callgrind, beside the figures in the repository",
        EVERYWHERE,
        |_| ratchet::check(),
    ),
    suite("fuzz", "every target, five minutes each", LONG_ONLY, |_| fuzz::all(300)),
    suite("bench", "lb beside haproxy, nginx and a bare relay", LONG_ONLY, |_| bench::all()),
];

fn quiet(args: &[&str]) -> Result<Closing> {
    shell::run(workspace::cargo(args)).map(|()| Vec::new())
}

/// Runs tests with nextest if it is there, with cargo's own runner if not. `selection` suits both.
pub fn tests(volume: Volume, selection: &[&str]) -> Result<Closing> {
    shell::run_tests(test_command(volume, selection, None))
}

/// `filter`: part of a test's name; with nextest also of its file's or folder's.
pub fn test_command(volume: Volume, selection: &[&str], filter: Option<&str>) -> std::process::Command {
    let nextest = workspace::cargo(&["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let runner: &[&str] =
        if nextest { &["nextest", "run", "--config-file", ".ci/nextest.toml"] } else { &["test", "--all-targets"] };
    let mut command = workspace::cargo(&[runner, selection].concat());
    match filter {
        Some(word) if nextest => command.args(["--filterset", &format!("binary(~{word}) | test(~{word})")]),
        Some(word) => command.arg(word),
        None => &mut command,
    };
    command.env("PLIMSOLL_VOLUME", volume.word());
    command
}

/// Runs the suites that `volume` selects, stops at the first failure, and sums up.
pub fn run(verb: &str, only: &[String], volume: fn(&Suite) -> Option<Volume>) -> Result<()> {
    let chosen: Vec<(&Suite, Volume)> = SUITES
        .iter()
        .filter_map(|suite| Some((suite, volume(suite)?)))
        .filter(|(suite, _)| only.is_empty() || only.iter().any(|name| name == suite.name))
        .collect();
    let started = Instant::now();
    let mut summary = Vec::new();
    for (index, (suite, volume)) in chosen.iter().enumerate() {
        let (name, what) = (suite.name, suite.what);
        eprintln!("\n== [{:4} s] {}/{} {name}: {what}", started.elapsed().as_secs(), index + 1, chosen.len());
        let step = Instant::now();
        let closing = (suite.run)(*volume).with_context(|| {
            print_summary(&summary);
            format!("{name} failed after {} s; alone: cargo xtask {verb} --only {name}", step.elapsed().as_secs())
        })?;
        summary.push((name, step.elapsed().as_secs_f64(), closing));
    }
    print_summary(&summary);
    println!("{verb}: {} steps, all passed, in {} s", summary.len(), started.elapsed().as_secs());
    Ok(())
}

fn print_summary(summary: &[(&str, f64, Closing)]) {
    println!();
    for (name, seconds, closing) in summary {
        println!("  {name:<10} {seconds:7.1} s  {}", if closing.is_empty() { "ok" } else { &*closing[0] });
        for line in closing.iter().skip(1) {
            println!("  {:<10} {:9}  {line}", "", "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ci_runs_long_runs_too_and_no_two_suites_share_a_name() {
        for (index, suite) in SUITES.iter().enumerate() {
            assert!(suite.long.is_some(), "{} is in ci alone", suite.name);
            assert!(SUITES[..index].iter().all(|other| other.name != suite.name), "{} stands there twice", suite.name);
        }
    }
}

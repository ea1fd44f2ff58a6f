//! `ratchet`: what a request costs in instructions, compared with figures that are committed.
//!
//! Start reading at [`ROWS`], then [`Ratchet::run`].

mod callgrind;
mod figures;
mod origin;
mod requests;

use std::fs;

use anyhow::{Result, ensure};

use self::callgrind::Counted;
use self::figures::Figures;
use crate::suites::Closing;
use crate::{packages, workspace};

/// Count instructions a request under callgrind and compare with the figures in xtask/ratchet.json.
///
/// A row that takes more than the figure and its tolerance fails. If the change is worth it, `--accept` writes the new figures, and the
/// commit says why. One that takes less passes and says so: accept it, so that it stays. Counted is `lb` in the profile `ratchet`
/// (release without fat LTO) with one worker, a JSON log, counters and histograms: the steps of its tasks, from the first byte of a request
/// to its line in the log. The event loop is not in it, and system calls cost nothing here. The figure is the difference of two
/// runs over the difference of their requests, so the start is not in it either.
///
/// Rows: h1-100 h1-1k close rules histogram.
#[derive(clap::Args)]
pub struct Ratchet {
    /// Rows to count, all by default.
    names: Vec<String>,
    /// Write what was counted into xtask/ratchet.json.
    #[arg(long)]
    accept: bool,
}

struct Row {
    name: &'static str,
    what: &'static str,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    /// Requests through `lb`, one at a time.
    Requests { body: usize, close: bool, rules: bool },
    /// An example of `plimsoll-counters` that takes the number of repetitions.
    Example(&'static str),
}

const ROWS: &[Row] = &[
    Row {
        name: "h1-100",
        what: "HTTP/1.1 keep-alive, 100 B",
        work: Work::Requests { body: 100, close: false, rules: false },
    },
    Row {
        name: "h1-1k",
        what: "HTTP/1.1 keep-alive, 1 KiB",
        work: Work::Requests { body: 1024, close: false, rules: false },
    },
    Row {
        name: "close",
        what: "HTTP/1.1, a client connection per request, 100 B",
        work: Work::Requests { body: 100, close: true, rules: false },
    },
    Row {
        name: "rules",
        what: "h1-100 with the rules of the bench: 20 ACLs that do not match, 5 edits",
        work: Work::Requests { body: 100, close: false, rules: true },
    },
    Row { name: "histogram", what: "one latency into a histogram", work: Work::Example("record_cost") },
];

/// The profile in Cargo.toml.
const PROFILE: &str = "ratchet";

/// Every row: the step of CI.
pub fn check() -> Result<Closing> {
    Ratchet { names: Vec::new(), accept: false }.compare()
}

impl Ratchet {
    pub fn run(self) -> Result<()> {
        packages::check()?;
        self.compare().map(drop)
    }

    fn compare(&self) -> Result<Closing> {
        let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        for name in &self.names {
            ensure!(known.contains(&&**name), "no row {name}; there are {}", known.join(" "));
        }
        let path = workspace::root().join("xtask/ratchet.json");
        let mut figures = Figures::read(&path)?;
        let (mut told, mut worse) = (Vec::new(), 0);
        for row in ROWS.iter().filter(|row| self.names.is_empty() || self.names.iter().any(|name| name == row.name)) {
            let mut counted = row.count()?;
            // What goes by the clock weighs more on a slow machine, and never less than on a quick one: the lesser figure is the truer.
            if !self.accept && figures.verdict(row.name, counted.each).is_worse() {
                let again = row.count()?;
                counted.each = counted.each.min(again.each);
            }
            let verdict = figures.verdict(row.name, counted.each);
            worse += usize::from(verdict.is_worse());
            told.push(format!("{:<10} {:>8.0} instructions ({}): {verdict}", row.name, counted.each, row.what));
            println!("{}\n{:<10} callgrind_annotate {}", told[told.len() - 1], "", counted.profile.display());
            if self.accept {
                figures.accept(row.name, counted.each);
            }
        }
        if self.accept {
            figures.write(&path)?;
            println!("written: {}", path.display());
            return Ok(told);
        }
        ensure!(
            worse == 0,
            "{worse} of {} rows cost more than before; `callgrind_annotate` shows where. If it is worth it: cargo xtask ratchet \
             --accept, and the commit says why\n{}",
            told.len(),
            told.join("\n")
        );
        Ok(told)
    }
}

impl Row {
    fn count(&self) -> Result<Counted> {
        let folder = workspace::target()?.join("callgrind");
        fs::create_dir_all(&folder)?;
        let profile = folder.join(format!("{}.out", self.name));
        match self.work {
            Work::Requests { body, close, rules } => {
                let lb = workspace::build("plimsoll", "lb", PROFILE)?;
                callgrind::difference(profile, 500, 2_500, |times, profile| {
                    requests::run(&lb, profile, times, body, close, rules)
                })
            }
            Work::Example(name) => {
                let example = workspace::build_example("plimsoll-counters", name, PROFILE)?;
                callgrind::difference(profile, 10_000, 20_000, |times, profile| {
                    callgrind::run(&example, &[&times.to_string()], profile)
                })
            }
        }
    }
}

//! Runs programs under valgrind's callgrind and reads what it counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::process::Process;

/// Instructions of one repetition, and where they went in the longer run.
pub struct Counted {
    pub each: f64,
    pub profile: PathBuf,
}

/// The cost of one of what `run` repeats, from a short and a long run: what both do alike cancels out.
pub fn difference(profile: PathBuf, few: u64, many: u64, run: impl Fn(u64, &Path) -> Result<()>) -> Result<Counted> {
    let count = |times| {
        // Whatever an earlier run left there is not ours.
        let _ = fs::remove_file(&profile);
        run(times, &profile)?;
        let text = fs::read_to_string(&profile).with_context(|| format!("callgrind wrote no {}", profile.display()))?;
        total(&text).with_context(|| format!("no total in {}", profile.display()))
    };
    let (short, long) = (count(few)?, count(many)?);
    ensure!(
        long > short,
        "{many} repetitions took {long} instructions, {few} took {short}: was a counted function renamed?"
    );
    Ok(Counted { each: (long - short) as f64 / (many - few) as f64, profile })
}

/// `--vgdb=no`: nobody will ask it anything.
fn args(profile: &Path) -> Vec<String> {
    let profile = format!("--callgrind-out-file={}", profile.display());
    vec!["--tool=callgrind".to_owned(), "--vgdb=no".to_owned(), profile]
}

/// Runs a program to its end.
pub fn run(program: &Path, arguments: &[&str], profile: &Path) -> Result<()> {
    let mut command = Command::new("valgrind");
    command.args(args(profile)).arg(program).args(arguments);
    let output = command.stdin(Stdio::null()).output().context("valgrind: is it installed?")?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Starts a program that serves until it is told to end. Counted is what happens in the function `only` and what it calls.
pub fn start(program: &Path, arguments: &[&str], only: &str, profile: &Path, folder: &Path) -> Result<Process> {
    let mut ours = args(profile);
    ours.push(format!("--toggle-collect={only}"));
    let program = program.display().to_string();
    let arguments: Vec<&str> =
        ours.iter().map(String::as_str).chain([&*program]).chain(arguments.iter().copied()).collect();
    Process::start("valgrind", Path::new("valgrind"), &arguments, None, folder)
}

/// The line `summary: N` or `totals: N`, whichever is there: all threads together.
fn total(profile: &str) -> Option<u64> {
    let line =
        profile.lines().rev().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_profile_is_found_at_its_end() {
        assert_eq!(total("# callgrind format\nevents: Ir\nfn=(1) main\n3 12\n\ntotals: 2176\n"), Some(2176));
        assert_eq!(total("# callgrind format\nsummary: 12\nfn=(1) main\n3 12\n"), Some(12));
        assert_eq!(total("fn=(1) main\n"), None);
    }

    #[test]
    fn what_short_and_long_runs_do_alike_cancels_out() {
        let folder = tempfile::tempdir().unwrap();
        let counted = difference(folder.path().join("out"), 10, 30, |times, profile| {
            Ok(fs::write(profile, format!("totals: {}\n", 5_000 + 7 * times))?)
        });
        assert_eq!(counted.unwrap().each.to_string(), "7");
    }
}

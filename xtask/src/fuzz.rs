//! `fuzz`: builds a target of fuzz/ with the nightly compiler and lets libFuzzer run it.
//!
//! The folder has cargo-fuzz's layout, so `cargo +nightly fuzz run TARGET` works too where that tool is installed. We pass
//! the few flags that it would pass, and need one tool less.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::suites::Closing;
use crate::{shell, workspace};

/// Coverage counters for libFuzzer, the address sanitizer, and our own assertions: cargo-fuzz's choice.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address -Cdebug-assertions -Ccodegen-units=1 --cfg fuzzing";

/// Fuzz one target, or each in turn; needs the nightly toolchain.
///
/// New inputs that reach new code go to fuzz/found/TARGET (not committed); an input that crashes, hangs or takes
/// 2 GiB goes to fuzz/artifacts/TARGET. Put what taught something into fuzz/corpus/TARGET and commit it: CI replays
/// that folder on stable. With --minimize, what was found is merged into the corpus: only inputs that reach new code.
#[derive(clap::Args)]
pub struct Fuzz {
    /// A file of fuzz/fuzz_targets, without `.rs`.
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Merge fuzz/found/TARGET into fuzz/corpus/TARGET instead of fuzzing.
    #[arg(long)]
    minimize: bool,
}

impl Fuzz {
    pub fn run(self) -> Result<()> {
        let all = targets()?;
        let chosen = match self.target {
            Some(name) if all.contains(&name) => vec![name],
            Some(name) => bail!("no target {name}; there are {}", all.join(", ")),
            None => all,
        };
        for target in &chosen {
            let closing = if self.minimize { minimize(target)? } else { fuzz(target, self.seconds)? };
            println!("{closing}");
        }
        Ok(())
    }
}

pub fn all(seconds: u32) -> Result<Closing> {
    targets()?.iter().map(|target| fuzz(target, seconds)).collect()
}

fn folder(name: &str) -> PathBuf {
    workspace::root().join("fuzz").join(name)
}

fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder("fuzz_targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.push(path.file_stem().context("a target without a name")?.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Naming the target keeps the flags away from build scripts and macros, even when it is this very machine.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names no host")?.to_owned())
}

fn build(target: &str) -> Result<PathBuf> {
    let nightly = Command::new("rustup").args(["run", "nightly", "rustc", "--version"]).output();
    ensure!(
        nightly.is_ok_and(|o| o.status.success()),
        "no nightly; do: rustup toolchain install nightly --profile minimal"
    );
    let host = host()?;
    let target_folder = workspace::target()?.join("fuzz");
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", "build", "--release", "--target", &host, "--bin", target, "--manifest-path"])
        .arg(folder("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target_folder)
        .env("RUSTFLAGS", FLAGS)
        .env_remove("CARGO")
        .env_remove("CARGO_TARGET_DIR");
    shell::run(command)?;
    Ok(target_folder.join(host).join("release").join(target))
}

fn fuzz(target: &str, seconds: u32) -> Result<String> {
    let program = build(target)?;
    let (found, artifacts, corpus) =
        (folder("found").join(target), folder("artifacts").join(target), folder("corpus").join(target));
    for folder in [&found, &artifacts, &corpus] {
        fs::create_dir_all(folder)?;
    }
    let mut command = Command::new(program);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        // libFuzzer counts wall time: on a busy machine a second passes with waiting alone. Slower ones are shown.
        .args(["-timeout=5", "-report_slow_units=1", "-rss_limit_mb=2048", "-print_final_stats=1", "-max_len=65536"])
        // New inputs go to the first folder; the committed ones are read only.
        .args([&found, &corpus]);
    shell::run(command).with_context(|| {
        format!(
            "the input lies in {}; copy it to {} with a telling name when repaired",
            artifacts.display(),
            corpus.display()
        )
    })?;
    Ok(format!("fuzz {target}: {seconds} s, no crash"))
}

fn minimize(target: &str) -> Result<String> {
    let program = build(target)?;
    let (found, corpus) = (folder("found").join(target), folder("corpus").join(target));
    let before = fs::read_dir(&corpus)?.count();
    let mut command = Command::new(program);
    command.arg("-merge=1").args([&corpus, &found]);
    shell::run(command)?;
    Ok(format!("fuzz {target}: corpus of {before} inputs is now {}", fs::read_dir(&corpus)?.count()))
}

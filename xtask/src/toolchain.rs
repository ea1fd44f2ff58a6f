//! The first step of CI: is the toolchain here with which everything else is built?

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::suites::Closing;
use crate::workspace;

pub fn check() -> Result<Closing> {
    let wanted = wanted()?;
    let found = workspace::version_of("rustc", "--version");
    ensure!(
        found.split_whitespace().nth(1) == Some(&wanted),
        "rustc is `{found}`, rust-toolchain.toml wants {wanted}; do: rustup toolchain install {wanted}"
    );
    for (component, verb) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let there = workspace::cargo(&[verb, "--version"]).output().is_ok_and(|output| output.status.success());
        ensure!(there, "cargo {verb} is missing; do: rustup component add --toolchain {wanted} {component}");
    }
    let compiler = Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
    ensure!(compiler, "no C compiler; do, as root: apt-get install -y gcc libc6-dev");
    Ok(vec![found])
}

/// The channel in rust-toolchain.toml.
fn wanted() -> Result<String> {
    let text = fs::read_to_string(workspace::root().join("rust-toolchain.toml"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("channel = \""));
    Ok(line.context("no channel in rust-toolchain.toml")?.trim_end_matches('"').to_owned())
}

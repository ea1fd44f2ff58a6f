//! Where things are: the root of the checkout, the target folder, the built binaries.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The checkout that this xtask was built from.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// `cargo`, in the workspace's root. The one that runs us, so that the toolchain is the same.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// `cargo metadata` of the workspace's own packages.
pub fn metadata() -> Result<Value> {
    let output = cargo(&["metadata", "--format-version", "1", "--no-deps"]).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo metadata failed");
    serde_json::from_slice(&output.stdout).context("cargo metadata did not print JSON")
}

/// Builds one binary in a profile and says where it lies.
pub fn build(package: &str, binary: &str, profile: &str) -> Result<PathBuf> {
    Ok(built(&["--package", package, "--bin", binary], profile)?.join(binary))
}

/// Builds one example in a profile and says where it lies.
pub fn build_example(package: &str, example: &str, profile: &str) -> Result<PathBuf> {
    Ok(built(&["--package", package, "--example", example], profile)?.join("examples").join(example))
}

/// Gives back the profile's folder.
fn built(what: &[&str], profile: &str) -> Result<PathBuf> {
    let args = [&["build", "--profile", profile], what].concat();
    eprintln!("+ cargo {}", args.join(" "));
    let mut cargo = cargo(&args);
    if profile != "dev" {
        // What is measured is built whole, whatever the environment says: pieces do not inline each other.
        cargo.env("CARGO_INCREMENTAL", "0");
    }
    ensure!(cargo.status()?.success(), "cargo {} failed", args.join(" "));
    Ok(target()?.join(if profile == "dev" { "debug" } else { profile }))
}

/// Cargo's target folder, wherever it was put.
pub fn target() -> Result<PathBuf> {
    Ok(metadata()?["target_directory"].as_str().context("no target_directory")?.into())
}

/// First line that a program prints about itself, or why it does not.
pub fn version_of(program: &str, flag: &str) -> String {
    match Command::new(program).arg(flag).stdin(Stdio::null()).output() {
        Ok(output) => {
            let both = [output.stdout, output.stderr].concat();
            String::from_utf8_lossy(&both).lines().next().unwrap_or("").trim().to_owned()
        }
        Err(error) => format!("{program}: {error}"),
    }
}

//! cargo-deny over deny.toml: bans, licences, sources. Advisories need a network that CI does not promise.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::suites::{Closing, Volume};
use crate::{shell, workspace};

/// `long` installs the tool (minutes of compiling) below the target folder; `ci` uses it if it is there.
pub fn check(volume: Volume) -> Result<Closing> {
    let tools = workspace::target()?.join("tools");
    let program = match (found(&tools), volume) {
        (Some(program), _) => program,
        (None, Volume::Fiftieth) => {
            let told =
                "not run: cargo-deny is absent (tidy checks the banned crates); do: cargo xtask long --only deny";
            return Ok(vec![told.to_owned()]);
        }
        (None, Volume::Full) => {
            let mut install = workspace::cargo(&["install", "cargo-deny", "--locked", "--root"]);
            install.arg(&tools);
            shell::run(install)?;
            tools.join("bin/cargo-deny")
        }
    };
    let mut command = Command::new(program);
    command.args(["check", "bans", "licenses", "sources"]).current_dir(workspace::root());
    shell::run(command)?;
    Ok(Vec::new())
}

fn found(tools: &std::path::Path) -> Option<PathBuf> {
    let ours = tools.join("bin/cargo-deny");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let theirs = std::env::split_paths(&path).map(|folder| folder.join("cargo-deny"));
    std::iter::once(ours).chain(theirs).find(|program| program.is_file())
}

//! `ci`: everything that must pass on every commit.

use anyhow::Result;

use crate::suites;

/// Run what every commit must pass, in order, up to the first failure; about 20 minutes on two cores.
///
/// Steps: toolchain packages format tidy clippy deny unit doc e2e ratchet. As root, missing Debian packages are installed;
/// otherwise the command that installs them is printed. `.ci/run` calls this verb.
#[derive(clap::Args)]
pub struct Ci {
    /// Run these steps only (repeat for several).
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
}

fn names() -> Vec<&'static str> {
    suites::SUITES.iter().filter(|suite| suite.ci.is_some()).map(|suite| suite.name).collect()
}

impl Ci {
    pub fn run(self) -> Result<()> {
        suites::run("ci", &self.only, |suite| suite.ci)
    }
}

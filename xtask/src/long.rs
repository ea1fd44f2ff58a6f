//! `long`: what takes too long for every commit.

use anyhow::Result;

use crate::suites;

/// Run everything at full volume: all of `ci`, then every fuzz target for five minutes, then the benchmark. Hours.
#[derive(clap::Args)]
pub struct Long {
    /// Run these steps only (repeat for several).
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
}

fn names() -> Vec<&'static str> {
    suites::SUITES.iter().filter(|suite| suite.long.is_some()).map(|suite| suite.name).collect()
}

impl Long {
    pub fn run(self) -> Result<()> {
        suites::run("long", &self.only, |suite| suite.long)
    }
}

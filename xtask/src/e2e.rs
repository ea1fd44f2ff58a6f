//! `e2e`: builds `lb` and runs the black-box tests against it.

use anyhow::Result;

use crate::suites::{self, Closing, Volume};
use crate::{packages, workspace};

/// The package in tests/.
pub const PACKAGE: &str = "plimsoll-tests";

/// Run the black-box tests: the real lb, real sockets, real peers. Works by itself on a fresh clone.
///
/// Builds `lb` first; tests find it by PLIMSOLL_LB. Set that variable yourself to test another binary.
#[derive(clap::Args)]
pub struct E2e {
    /// Tests whose names, or whose area's (smoke, h1_strictness …), contain this; all by default.
    filter: Option<String>,
    /// The numbers that the scorecard names, instead of a fiftieth.
    #[arg(long)]
    full: bool,
}

impl E2e {
    pub fn run(self) -> Result<()> {
        packages::check()?;
        let volume = if self.full { Volume::Full } else { Volume::Fiftieth };
        against_lb(volume, self.filter.as_deref()).map(drop)
    }
}

pub fn all(volume: Volume) -> Result<Closing> {
    against_lb(volume, None)
}

fn against_lb(volume: Volume, filter: Option<&str>) -> Result<Closing> {
    let lb = match std::env::var_os("PLIMSOLL_LB") {
        Some(path) => path.into(),
        // The dev profile: optimised a little, assertions on, and most of it is built for the tests anyway.
        None => workspace::build("plimsoll", "lb", "dev")?,
    };
    let mut command = suites::test_command(volume, &["--package", PACKAGE], filter);
    command.env("PLIMSOLL_LB", lb);
    crate::shell::run_tests(command)
}

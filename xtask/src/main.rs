//! `cargo xtask VERB`: the project's chores, by the names under which CI runs them.
//!
//! One file a verb. Start reading at `suites`, the table of what CI runs.

mod bench;
mod ci;
mod deny;
mod e2e;
mod fuzz;
mod get;
mod long;
mod oracle;
mod packages;
mod process;
mod ratchet;
mod shell;
mod suites;
mod tidy;
mod toolchain;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The project's chores. CI runs the same verbs, so what passes here passes there.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Chores {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Ci(ci::Ci),
    Long(long::Long),
    E2e(e2e::E2e),
    Tidy(tidy::Tidy),
    Fuzz(fuzz::Fuzz),
    Ratchet(ratchet::Ratchet),
    Bench(bench::Bench),
    Oracle(oracle::Oracle),
}

fn main() -> ExitCode {
    let done = match Chores::parse().verb {
        Verb::Ci(ci) => ci.run(),
        Verb::Long(long) => long.run(),
        Verb::E2e(e2e) => e2e.run(),
        Verb::Tidy(tidy) => tidy.run(),
        Verb::Fuzz(fuzz) => fuzz.run(),
        Verb::Ratchet(ratchet) => ratchet.run(),
        Verb::Bench(bench) => bench.run(),
        Verb::Oracle(oracle) => oracle.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // What went wrong, not where in this program: the chore has said how to run it alone.
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

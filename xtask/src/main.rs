//! `cargo xtask VERB`: the project's chores, by the names under which CI runs them.

mod bench;
mod tidy;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's chores. CI runs the same verbs, so what passes here passes there.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Chores {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Tidy(tidy::Tidy),
    Bench(bench::Bench),
}

fn main() -> Result<()> {
    match Chores::parse().verb {
        Verb::Tidy(tidy) => tidy.run(),
        Verb::Bench(bench) => bench.run(),
    }
}

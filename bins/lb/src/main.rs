//! `lb`: reads its arguments and hands over to the engine. Reads top to bottom.

mod check;
mod demo;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Connections come and go in great numbers: this allocator gives memory back after a spike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plimsoll: a TCP and HTTP load balancer and reverse proxy.
#[derive(Debug, Parser)]
#[command(
    name = "lb",
    version,
    disable_help_subcommand = true,
    after_help = "Start here:\n  lb demo                     see it balance, without any file\n  lb check -f lb.yaml         say everything that is wrong with a file\n  lb run -f lb.yaml           serve it; SIGTERM drains, a second one stops now\n\nExit codes: 0 done, 1 the configuration or the system says no, 2 wrong arguments."
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve a configuration until SIGTERM or SIGINT.
    ///
    /// Listens on every `bind` of the file, or on none: an address that is taken, a file with errors or a `maxconn` that the
    /// descriptor limit cannot hold end it before it serves. `lb: ready` on standard error says that it serves.
    Run {
        /// The configuration, in YAML.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Say what is wrong with a configuration; open no port.
    ///
    /// Prints every error and warning with its line. Exit code 0 if the file can be run, else 1.
    Check {
        /// The configuration, in YAML.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
    },
    /// See it balance: no file, no other server.
    ///
    /// Listens on 127.0.0.1:8080, or the next port that is free, before three small servers inside this process, of which one goes
    /// away every few seconds and comes back. Says what to try with curl; Ctrl-C drains and ends it.
    Demo {
        /// Print the demo's configuration instead, to start your own from.
        #[arg(long)]
        print_config: bool,
    },
    /// Print the version.
    Version,
}

fn main() -> ExitCode {
    match Arguments::parse().verb {
        Verb::Run { file } => run::run(&file),
        Verb::Check { file } => check::check(&file),
        Verb::Demo { print_config: true } => demo::print_config(),
        Verb::Demo { print_config: false } => demo::demo(),
        Verb::Version => {
            println!("lb {} (Plimsoll)", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
    }
}

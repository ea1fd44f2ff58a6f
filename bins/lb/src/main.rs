//! `lb`: reads its arguments and hands over to the engine. Reads top to bottom.

mod check;
mod configuration;
mod ctl;
mod demo;
mod errors;
mod explain;
mod haproxy;
mod health;
mod import;
mod reference;
mod reload;
mod rights;
mod route;
mod run;
mod say;
mod schema;
mod shell;
mod signals;
mod take_over;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use configuration::Configuration;

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
        #[command(flatten)]
        configuration: Configuration,
        /// Take the place of the running process that has this runtime socket (level admin): every listening socket is passed on, no client
        /// is lost, and it drains once this one serves. If this one cannot serve, it stays.
        #[arg(long, value_name = "SOCKET")]
        take_over: Option<PathBuf>,
        /// This is the process that `daemon` asked for.
        #[arg(long, hide = true)]
        in_background: bool,
    },
    /// Say what is wrong with a configuration; open no port.
    ///
    /// Prints every error and warning with its line. Exit code 0 if it can be run, else 1.
    Check(check::Check),
    /// Write a haproxy.cfg as YAML.
    ///
    /// The YAML goes to standard output, with the comments of the file and what HAProxy does without being told. The report goes to standard
    /// error: what is not supported yet, and what has no effect here, line by line. Exit code 1 if the file has errors.
    Import(import::Import),
    /// Say what would become of a request, rule by rule; open no port.
    ///
    /// Prints every rule that is looked at with the reason, what it changes, and where the request goes or how it is answered. Exit code 1 if
    /// the file has errors, 2 if the request or the frontend is wrong.
    #[command(
        after_help = "Example:\n  lb route -f lb.yaml 'GET https://a.example/x' --from 10.0.0.1 -H 'Cookie: a=1'"
    )]
    Route(Box<route::Route>),
    /// Say what a code means, where it comes from and what to change.
    ///
    /// Knows every code of a finding (`config.unknown-key`), every outcome of a request (`server.connect.refused`), and every word of a rule
    /// (`fetch hdr`, `converter lower`, `action deny`, or only its name).
    Explain {
        /// The code, or the word with or without its kind; all codes are listed without.
        #[arg(num_args = 0..=2)]
        words: Vec<String>,
    },
    /// Print the JSON Schema of a configuration, for editors.
    Schema,
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page, or write one for each verb.
    Man {
        /// Write the pages into this folder.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Write the generated reference into a folder.
    #[command(hide = true)]
    Reference {
        /// Which folder: docs/reference.
        folder: Option<PathBuf>,
        /// List every word of the rules instead, with its kind and its crate.
        #[arg(long, conflicts_with = "folder")]
        list: bool,
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
    /// Say a command to a running process and print its answer; without one, `help`.
    ///
    /// The process is found by --socket, then LB_SOCKET, then the `global.runtime-api` of the file. Exit code 1 if it answers with an
    /// error, or not at all.
    Ctl {
        #[command(flatten)]
        place: ctl::Where,
        /// The command, such as `show stat` or `"show info; show version"`; `-` for commands on standard input, one a line.
        #[arg(value_name = "CMD", trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Show what failed last in a running process, with the bytes that were to blame.
    Errors {
        #[command(flatten)]
        place: ctl::Where,
        /// How many, newest first.
        #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 16)]
        most: usize,
    },
    /// Let a running process read its configuration again.
    ///
    /// A file with errors changes nothing: the errors are printed, and the exit code is 1.
    Reload {
        #[command(flatten)]
        place: ctl::Where,
        /// Only say what would be added, changed, removed and kept.
        #[arg(long)]
        plan: bool,
    },
    /// Open for `run` what only root may; it is started by it.
    #[command(hide = true)]
    Keeper {
        /// The user of the process that asks.
        #[arg(long)]
        user: u32,
        /// Its group.
        #[arg(long)]
        group: u32,
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Ask a running process whether it is alive: for a container's health check.
    ///
    /// One line, and exit code 0 if it answers and serves; 1 if it does not answer, or takes no more clients.
    Health {
        #[command(flatten)]
        place: ctl::Where,
        /// It must also be ready for new clients: it is not from the order to stop on.
        #[arg(long)]
        ready: bool,
    },
    /// Print the version.
    Version,
}

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    if haproxy::is_called(words.next().as_ref()) {
        return haproxy::main(words.collect());
    }
    match Arguments::parse().verb {
        Verb::Run { configuration, take_over, in_background } => {
            run::run(configuration.files(), take_over.as_deref(), in_background)
        }
        Verb::Health { place, ready } => health::health(&place, ready),
        Verb::Check(arguments) => check::check(&arguments),
        Verb::Import(arguments) => import::import(&arguments),
        Verb::Route(arguments) => route::route(&arguments),
        Verb::Explain { words } => explain::explain(&words),
        Verb::Schema => schema::schema(),
        Verb::Completions { shell } => shell::completions(shell, Arguments::command()),
        Verb::Man { folder } => shell::man(folder.as_deref(), Arguments::command()),
        Verb::Reference { folder, list: false } => {
            reference::write(folder.as_deref().unwrap_or("docs/reference".as_ref()))
        }
        Verb::Reference { .. } => {
            print!("{}", reference::words::list());
            ExitCode::SUCCESS
        }
        Verb::Demo { print_config: true } => demo::print_config(),
        Verb::Demo { print_config: false } => demo::demo(),
        Verb::Ctl { place, words } => ctl::ctl(&place, &words),
        Verb::Errors { place, most } => errors::errors(&place, most),
        Verb::Reload { place, plan } => reload::reload(&place, plan),
        Verb::Keeper { user, group, configuration } => rights::keep(configuration.files(), user, group),
        Verb::Version => {
            println!("lb {} (Plimsoll)", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
    }
}

//! `lb check`: everything that is wrong with a configuration, and nothing else.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::configuration::Configuration;
use clap::{Args, ValueEnum};
use plimsoll_engine::{Findings, Plan, Refused};

/// What `check` is told.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    configuration: Configuration,
    /// How findings are shown: `json` and `sarif` on standard output, the others on standard error.
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    format: Format,
    /// Warnings fail, too.
    #[arg(long)]
    strict: bool,
}

/// How findings are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The lines with carets under what is meant.
    Human,
    /// One line each: file:line:column: severity[code]: message.
    Short,
    /// One object with an array of findings.
    Json,
    /// SARIF 2.1.0, for editors and CI.
    Sarif,
}

/// Prints the findings; the plan if there is one.
pub fn told(files: &[PathBuf], plan: Option<Plan>, findings: &Findings) -> Option<Plan> {
    show(findings, Format::Human);
    if plan.is_none() {
        let errors = findings.errors();
        eprintln!("lb: {}: {errors} error{}", names(files), if errors == 1 { "" } else { "s" });
    }
    plan
}

/// For a reload: the plan, or everything that is wrong, as text.
pub fn read(files: &[PathBuf]) -> Result<Plan, Refused> {
    let (plan, findings) = plimsoll_engine::load_files(files);
    plan.ok_or_else(|| Refused::of(&findings))
}

/// The verb.
pub fn check(arguments: &Check) -> ExitCode {
    let (plan, mut findings) = plimsoll_engine::load_files(arguments.configuration.files());
    if let Some(plan) = &plan {
        findings.add(plan.tried());
    }
    show(&findings, arguments.format);
    let good = plan.is_some() && findings.errors() == 0 && (!arguments.strict || findings.is_empty());
    if matches!(arguments.format, Format::Human | Format::Short) {
        let names = names(arguments.configuration.files());
        match findings.errors() {
            0 if good => println!("{names}: valid"),
            0 => eprintln!("lb: {names}: warnings, and --strict"),
            1 => eprintln!("lb: {names}: 1 error"),
            errors => eprintln!("lb: {names}: {errors} errors"),
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn names(files: &[PathBuf]) -> String {
    files.iter().map(|file| Path::display(file).to_string()).collect::<Vec<_>>().join(", ")
}

fn show(findings: &Findings, format: Format) {
    let (found, sources) = (findings.diagnostics(), findings.sources());
    // A reader that has enough may close the pipe.
    let _ = match format {
        Format::Human => io::stderr().write_all(findings.render(io::stderr().is_terminal()).as_bytes()),
        Format::Short => io::stderr().write_all(found.render_short(sources).as_bytes()),
        Format::Json => io::stdout().write_all(found.render_json(sources).as_bytes()),
        Format::Sarif => {
            let describe = |code: &str| crate::explain::sentence(code);
            let log = found.render_sarif(sources, "lb", env!("CARGO_PKG_VERSION"), &describe);
            io::stdout().write_all(log.as_bytes())
        }
    };
}

//! `lb import`: a haproxy.cfg as YAML, and a report of what it does not become.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use plimsoll_engine::Imported;

/// What `import` is told.
#[derive(Debug, Args)]
pub struct Import {
    /// A haproxy.cfg, or a directory of them; several are read as one configuration.
    #[arg(required = true, value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Write the YAML into this file instead.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The verb.
pub fn import(arguments: &Import) -> ExitCode {
    let imported = plimsoll_engine::import(&arguments.files);
    let errors = imported.findings.errors();
    report(&imported);
    let Some(yaml) = &imported.yaml else { return ExitCode::FAILURE };
    let written = match &arguments.output {
        Some(path) => std::fs::write(path, yaml),
        None => io::stdout().write_all(yaml.as_bytes()),
    };
    if let Err(error) = written {
        eprintln!("lb: cannot write the YAML: {error}");
        return ExitCode::FAILURE;
    }
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(imported: &Imported) {
    for (title, lines) in [("not supported yet", &imported.unsupported), ("without effect here", &imported.passed_over)]
    {
        for (file, line, text) in lines {
            eprintln!("{file}:{line}: {title}: {text}");
        }
    }
    if imported.wrong > 0 {
        eprint!("{}", imported.findings.render(false));
    }
    let (lines, translated) = (imported.lines, imported.translated());
    let share = (translated * 100).checked_div(lines).unwrap_or(100);
    eprintln!(
        "lb: {translated} of {lines} lines translated ({share} %), {} not supported yet, {} without effect here, {} wrong",
        imported.unsupported.len(),
        imported.passed_over.len(),
        imported.wrong
    );
}

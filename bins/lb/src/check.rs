//! `lb check`: everything that is wrong with a file, and nothing else.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use plimsoll_engine::Plan;

/// Prints the findings; the plan if there is one.
pub fn load(file: &Path) -> Option<Plan> {
    let (plan, findings) = match plimsoll_engine::load_file(file) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("lb: cannot read {}: {error}", file.display());
            return None;
        }
    };
    if !findings.is_empty() {
        eprint!("{}", findings.render(std::io::stderr().is_terminal()));
    }
    if plan.is_none() {
        let errors = findings.errors();
        eprintln!("lb: {}: {errors} error{}", file.display(), if errors == 1 { "" } else { "s" });
    }
    plan
}

/// For a reload: the plan, or everything that is wrong, as text.
pub fn read(file: &Path) -> Result<Plan, String> {
    let (plan, findings) =
        plimsoll_engine::load_file(file).map_err(|error| format!("lb: cannot read {}: {error}", file.display()))?;
    plan.ok_or_else(|| findings.render(false))
}

/// The verb.
pub fn check(file: &Path) -> ExitCode {
    match load(file) {
        Some(_) => {
            println!("{}: valid", file.display());
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

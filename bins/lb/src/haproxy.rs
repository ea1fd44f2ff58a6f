//! Called as `haproxy`: HAProxy's arguments, messages and exit codes before the same engine.

mod arguments;
mod messages;
mod rows;
mod version;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use plimsoll_config::Severity;
use plimsoll_engine::{Language, PROGRAM, Wishes};
use plimsoll_haproxy_cfg::{Environment, condition};

use arguments::{Asked, Order};
use messages::Told;

use crate::run;

/// The name that makes the difference.
const NAME: &str = "haproxy";

/// Whether the program was called by that name.
pub fn is_called(program: Option<&OsString>) -> bool {
    program.and_then(|path| Path::new(path).file_name()).is_some_and(|name| name == NAME)
}

/// Does what the arguments say.
pub fn main(words: Vec<OsString>) -> ExitCode {
    let order = match arguments::read(words) {
        Ok(order) => order,
        Err(wrong) => return refused(&wrong),
    };
    let told = Told::new(order.quiet);
    match &order.asked {
        Asked::Version { long } => {
            print!("{}", version::text(*long));
            ExitCode::SUCCESS
        }
        Asked::Condition(text) => holds(text, &told),
        Asked::Check | Asked::Serve => with_files(&order, &told),
    }
}

/// The version, what is wrong, the usage; 1.
fn refused(wrong: &str) -> ExitCode {
    print!("{}", version::text(false));
    eprint!("{wrong}\n{}", rows::usage());
    ExitCode::FAILURE
}

/// `-cc`: 0, 1, or 2 if it cannot be read.
fn holds(text: &str, told: &Told) -> ExitCode {
    let process = |name: &str| std::env::var(name).ok();
    match condition::holds(text, &PROGRAM, &Environment::new(&process)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(wrong) => {
            told.alert(&format!("config : the condition '{text}' cannot be read at byte {}: {}", wrong.at, wrong.what));
            ExitCode::from(2)
        }
    }
}

fn with_files(order: &Order, told: &Told) -> ExitCode {
    // The process in the background starts where this one already is.
    if let Some(folder) = order.folder.as_ref().filter(|_| !order.in_background)
        && let Err(error) = std::env::set_current_dir(folder)
    {
        told.alert(&format!("cannot change to the directory {}: {error}", folder.display()));
        return ExitCode::FAILURE;
    }
    plimsoll_engine::read_as(Language::Haproxy);
    plimsoll_engine::wish(Wishes {
        maxconn: order.maxconn,
        maxconn_of_frontends: order.maxconn_of_frontends,
        pidfile: order.pidfile.clone(),
        daemon: order.daemon,
        log_tag: Some(NAME.into()),
        local_peer: order.local_peer.clone(),
    });
    for note in &order.notes {
        told.notice(note);
    }
    let (plan, mut findings) = plimsoll_engine::load_files(&order.files);
    let check = matches!(order.asked, Asked::Check);
    if let Some(plan) = plan.as_ref().filter(|_| check) {
        findings.add(plan.tried());
    }
    // The second process of a start in the background has nothing new to say.
    if !order.in_background {
        told.findings(&findings);
    }
    let errors = findings.errors() > 0;
    let Some(plan) = plan.filter(|_| !errors) else {
        told.alert("config : Fatal errors found in configuration.");
        return ExitCode::FAILURE;
    };
    let warned = findings.diagnostics().iter().any(|finding| finding.severity == Severity::Warning);
    if warned && order.warnings_are_errors {
        told.alert("config : there are warnings, and -dW makes them errors.");
        return ExitCode::FAILURE;
    }
    let listens = !plan.binds.is_empty();
    if check {
        return match listens {
            true => {
                told.verdict(warned, order.verbose);
                ExitCode::SUCCESS
            }
            false => {
                told.say("Configuration file has no error but will not start (no listener) => exit(2).");
                ExitCode::from(2)
            }
        };
    }
    if !listens {
        told.alert("nothing listens: there is no `bind` in a frontend that is enabled");
        return ExitCode::FAILURE;
    }
    told.lead_lines();
    run::as_haproxy(plan, order)
}

pub use arguments::{Order as Orders, Successor};

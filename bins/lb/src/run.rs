//! `lb run`: serves until it is told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plimsoll_engine::{Engine, Loader, Plan};
use plimsoll_process::background::{self, Background, Started};
use plimsoll_process::{Notify, PidFile, activation};
use rustix::process::{Pid, Signal, kill_process};

use crate::haproxy::{Orders, Successor};
use crate::say::say;
use crate::take_over::take_over;
use crate::{check, rights};

pub use crate::signals::{Meaning, Signals, Stop};

/// Said to the process that `daemon` starts.
pub const IN_BACKGROUND: &str = "--in-background";

/// The verb. `background`: this is the process that `daemon` asked for.
pub fn run(files: &[PathBuf], take_over: Option<&Path>, in_background: bool) -> ExitCode {
    let entered = match in_background.then(Background::enter).transpose() {
        Ok(entered) => entered,
        Err(error) => return failed(&format!("cannot go to the background: {error}")),
    };
    let (plan, findings) = plimsoll_engine::load_files(files);
    if let Some(plan) = &plan
        && plan.is_daemon()
        && !in_background
    {
        // It says what there is to say about the files.
        return daemon();
    }
    match check::told(files, plan, &findings) {
        Some(plan) => served(serve(plan, &Start { files, take_over, meaning: Meaning::Own, ready: &|| {} }, entered)),
        None => ExitCode::FAILURE,
    }
}

/// The same for those who call it `haproxy`.
pub fn as_haproxy(plan: Plan, order: &Orders) -> ExitCode {
    let entered = match order.in_background.then(Background::enter).transpose() {
        Ok(entered) => entered,
        Err(error) => return failed(&format!("cannot go to the background: {error}")),
    };
    if plan.is_daemon() && !order.in_background {
        return daemon();
    }
    let signal = match order.successor {
        Some(Successor::Terminate) => Signal::TERM,
        _ => Signal::USR1,
    };
    let ready = || {
        for pid in order.before.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            if let Err(error) = kill_process(pid, signal) {
                say(&format!("lb: process {pid} could not be told to go: {error}"));
            }
        }
    };
    let take_over = order.take_over.as_deref();
    served(serve(plan, &Start { files: &order.files, take_over, meaning: Meaning::Haproxy, ready: &ready }, entered))
}

fn served(ended: Result<Option<u8>, String>) -> ExitCode {
    match ended {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(code)) => code.into(),
        Err(error) => failed(&error),
    }
}

/// What differs from start to start.
struct Start<'s> {
    files: &'s [PathBuf],
    take_over: Option<&'s Path>,
    meaning: Meaning,
    /// Done once it serves.
    ready: &'s dyn Fn(),
}

fn failed(error: &str) -> ExitCode {
    say(&format!("lb: {error}"));
    ExitCode::FAILURE
}

/// Starts the same again in the background and ends when that serves, or as it ended.
fn daemon() -> ExitCode {
    let arguments = std::env::args_os().skip(1).chain([IN_BACKGROUND.into()]);
    match background::start(arguments) {
        Ok(Started::Serves(_)) => ExitCode::SUCCESS,
        Ok(Started::Ended(status)) => {
            ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1).max(1))
        }
        Err(error) => failed(&format!("cannot go to the background: {error}")),
    }
}

/// The exit code, if it is not 0.
fn serve(plan: Plan, start: &Start<'_>, entered: Option<Background>) -> Result<Option<u8>, String> {
    let (files, before) = (start.files, start.take_over);
    let text = |error: std::io::Error| error.to_string();
    // What takes the rights of root, or a file that a change of root hides.
    let wanted = plan.descriptors();
    if let Err(error) = plimsoll_net::limits::set_descriptors(&wanted) {
        if wanted.strict {
            return Err(format!("{error} (`strict-limits: false` would go on)"));
        }
        say(&format!("lb: {error}"));
    }
    activation::learn_names();
    let predecessor = before.map(take_over).transpose()?;
    let notify = Notify::from_env().map_err(text)?;
    let mut pidfile = plan.pidfile().map(|path| PidFile::open(&path)).transpose().map_err(text)?;
    // Before the first thread: rights belong to threads, not to the process.
    rights::give_up(&plan, files)?;

    let signals = Signals::catch_as(start.meaning).map_err(text)?;
    let files = files.to_vec();
    let engine = Engine::start(plan, Loader::new(move || check::read(&files))).map_err(|error| error.to_string())?;
    for (frontend, address) in engine.addresses() {
        say(&format!("lb: listening on {address} (frontend {frontend})"));
    }
    if let Some(file) = &mut pidfile {
        file.write().map_err(text)?;
    }
    say("lb: ready");
    let main = (entered.is_some() || before.is_some()).then(std::process::id);
    notify.ready(main, "serving");
    // The service manager knows by now whom to watch.
    if let Some(predecessor) = predecessor {
        let sockets = predecessor.sockets;
        match predecessor.replace() {
            Ok(()) => say(&format!("lb: has taken over {sockets} sockets")),
            // It went by itself meanwhile.
            Err(error) => say(&format!("lb: the process before this one could not be told that it may go: {error}")),
        }
    }
    (start.ready)();
    if let Some(entered) = entered {
        entered.serves().map_err(text)?;
    }
    let mut code = None;
    match signals.until_stopped(&engine, &notify) {
        Stop::Drained => engine.finish(),
        Stop::Now(why) => engine.end(why),
        Stop::Killed(why, number) => {
            code = Some(128 + number);
            engine.end(why);
        }
    }
    if let Some(file) = pidfile {
        file.remove();
    }
    Ok(code)
}

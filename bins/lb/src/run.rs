//! `lb run`: serves until it is told to stop.

use std::path::Path;
use std::process::ExitCode;

use plimsoll_engine::{Engine, Plan};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::check;

/// The verb.
pub fn run(file: &Path) -> ExitCode {
    match check::load(file) {
        Some(plan) => serve(&plan),
        None => ExitCode::FAILURE,
    }
}

fn serve(plan: &Plan) -> ExitCode {
    let engine = match Engine::start(plan) {
        Ok(engine) => engine,
        Err(error) => {
            eprintln!("lb: {error}");
            return ExitCode::FAILURE;
        }
    };
    for (frontend, address) in engine.addresses() {
        eprintln!("lb: listening on {address} (frontend {frontend})");
    }
    eprintln!("lb: ready");
    match until_stopped(&engine) {
        Ok(Stop::Drained) => {
            engine.finish();
            ExitCode::SUCCESS
        }
        // Connections that are left end with the process.
        Ok(Stop::Now) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lb: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How it ended.
pub enum Stop {
    /// Every connection came to its end.
    Drained,
    /// A second signal came first.
    Now,
}

/// Serves until SIGTERM or SIGINT, then drains until the last connection is gone or a second one comes.
pub fn until_stopped(engine: &Engine) -> std::io::Result<Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        either(&mut terminate, &mut interrupt).await;
        eprintln!("lb: draining {} connections; a second signal stops now", engine.connections());
        engine.drain();
        let drained = async {
            while !engine.is_drained() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = drained => Ok(Stop::Drained),
            () = either(&mut terminate, &mut interrupt) => Ok(Stop::Now),
        }
    })
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

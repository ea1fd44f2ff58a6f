//! `lb run`: serves until it is told to stop.

use std::path::Path;
use std::process::ExitCode;

use plimsoll_engine::{Engine, Plan};
use tokio::runtime::Runtime;
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
    let started = Signals::catch().map_err(|error| error.to_string()).and_then(|signals| {
        let engine = Engine::start(plan).map_err(|error| error.to_string())?;
        Ok((signals, engine))
    });
    let (signals, engine) = match started {
        Ok(started) => started,
        Err(error) => {
            eprintln!("lb: {error}");
            return ExitCode::FAILURE;
        }
    };
    for (frontend, address) in engine.addresses() {
        eprintln!("lb: listening on {address} (frontend {frontend})");
    }
    eprintln!("lb: ready");
    match signals.until_stopped(&engine) {
        Stop::Drained => engine.finish(),
        // Connections that are left end with the process.
        Stop::Now => {}
    }
    ExitCode::SUCCESS
}

/// How it ended.
pub enum Stop {
    /// Every connection came to its end.
    Drained,
    /// A second signal came first.
    Now,
}

/// SIGTERM and SIGINT, caught from here on.
pub struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// To be called before anybody is told that we are ready.
    pub fn catch() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (terminate, interrupt) = {
            let _inside = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        Ok(Self { runtime, terminate, interrupt })
    }

    /// Serves until the first signal, then drains until the last connection is gone or a second one comes.
    pub fn until_stopped(mut self, engine: &Engine) -> Stop {
        let (terminate, interrupt) = (&mut self.terminate, &mut self.interrupt);
        self.runtime.block_on(async {
            either(terminate, interrupt).await;
            eprintln!("lb: draining {} connections; a second signal stops now", engine.connections());
            engine.drain();
            let drained = async {
                while !engine.is_drained() {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            };
            tokio::select! {
                () = drained => Stop::Drained,
                () = either(terminate, interrupt) => Stop::Now,
            }
        })
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

//! `lb run`: serves until it is told to stop.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use plimsoll_engine::{Asked, Engine, Loader, Plan};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::check;

/// The verb.
pub fn run(files: &[PathBuf]) -> ExitCode {
    match check::load(files) {
        Some(plan) => serve(plan, files),
        None => ExitCode::FAILURE,
    }
}

fn serve(plan: Plan, files: &[PathBuf]) -> ExitCode {
    let files = files.to_vec();
    let loader = Loader::new(move || check::read(&files));
    let started = Signals::catch().map_err(|error| error.to_string()).and_then(|signals| {
        let engine = Engine::start(plan, loader).map_err(|error| error.to_string())?;
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
        Stop::Now(why) => engine.end(why),
    }
    ExitCode::SUCCESS
}

/// SIGHUP: the files are read again.
fn reload(engine: &Engine) {
    let before = engine.addresses();
    match engine.reload_files(Asked::Signal) {
        Ok(changes) => {
            for (frontend, address) in engine.addresses().iter().filter(|bind| !before.contains(bind)) {
                eprintln!("lb: listening on {address} (frontend {frontend})");
            }
            eprintln!("lb: reloaded:\n{changes}");
        }
        Err(error) => eprintln!("{error}\nlb: not reloaded: nothing has changed"),
    }
}

/// How it ended.
pub enum Stop {
    /// Every connection came to its end.
    Drained,
    /// A second signal came first, or the time for draining was up: which of them.
    Now(&'static str),
}

/// The signals that mean something, caught from here on.
pub struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    soft: Signal,
    hangup: Signal,
}

impl Signals {
    /// To be called before anybody is told that we are ready.
    pub fn catch() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let inside = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let soft = signal(SignalKind::user_defined1())?;
        let hangup = signal(SignalKind::hangup())?;
        drop(inside);
        Ok(Self { runtime, terminate, interrupt, soft, hangup })
    }

    /// Serves until the first SIGTERM, SIGINT or SIGUSR1, then drains until the last connection is gone, the time for it is up, or a
    /// second one comes. SIGHUP reloads as long as it serves.
    pub fn until_stopped(self, engine: &Engine) -> Stop {
        let Self { runtime, mut terminate, mut interrupt, mut soft, mut hangup } = self;
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    _ = soft.recv() => break,
                    _ = hangup.recv() => reload(engine),
                }
            }
            eprintln!("lb: draining {} connections; a second signal stops now", engine.connections());
            engine.drain();
            let drained = async {
                while !engine.is_drained() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            let too_long = async {
                match engine.hard_stop_after() {
                    Some(limit) => tokio::time::sleep(limit).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = drained => Stop::Drained,
                () = too_long => {
                    eprintln!("lb: hard-stop-after: {} connections end now", engine.connections());
                    Stop::Now("hard-stop-after")
                }
                _ = terminate.recv() => Stop::Now("second signal"),
                _ = interrupt.recv() => Stop::Now("second signal"),
                _ = soft.recv() => Stop::Now("second signal"),
            }
        })
    }
}

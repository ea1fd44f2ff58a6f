//! What the main thread waits for: signals, the service manager's watchdog, the end of a drain.

use std::io;
use std::time::Duration;

use plimsoll_engine::{Asked, Engine, Pulse};
use plimsoll_process::{Notify, children};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::say::say;

/// How often the progress of a drain is told.
const EVERY: Duration = Duration::from_secs(1);
/// How long a service manager is asked to go on waiting, each time.
const PATIENCE: Duration = Duration::from_secs(10);

/// How it ended.
pub enum Stop {
    /// Every connection came to its end.
    Drained,
    /// A second signal came first, or the time for draining was up: which of them.
    Now(&'static str),
    /// HAProxy's order to end at once: which, and the signal's number.
    Killed(&'static str, u8),
}

/// What signals mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// SIGTERM, SIGINT and SIGUSR1 drain, a second one ends it now.
    Own,
    /// SIGUSR1 drains, SIGTERM and SIGINT end it at once.
    Haproxy,
}

/// The signals that mean something, caught from here on.
pub struct Signals {
    runtime: Runtime,
    caught: Caught,
}

struct Caught {
    meaning: Meaning,
    /// SIGUSR2; it reloads where signals mean what they mean to HAProxy's master.
    again: Option<Signal>,
    /// Of a terminal, and SIGQUIT, which HAProxy pauses, resumes and tells of its pools at: without them they would stop us.
    _idle: Vec<Signal>,
    terminate: Signal,
    interrupt: Signal,
    soft: Signal,
    hangup: Signal,
    /// Of a child's end; only process 1 has children that it did not start.
    child: Option<Signal>,
}

impl Signals {
    /// To be called before anybody is told that we are ready.
    pub fn catch() -> io::Result<Self> {
        Self::catch_as(Meaning::Own)
    }

    /// As [`Signals::catch`], with this meaning.
    pub fn catch_as(meaning: Meaning) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let inside = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let soft = signal(SignalKind::user_defined1())?;
        let hangup = signal(SignalKind::hangup())?;
        let haproxy = meaning == Meaning::Haproxy;
        let again = haproxy.then(|| signal(SignalKind::user_defined2())).transpose()?;
        let idle = [rustix::process::Signal::TTIN, rustix::process::Signal::TTOU, rustix::process::Signal::QUIT];
        let idle = idle.iter().filter(|_| haproxy).map(|one| signal(SignalKind::from_raw(one.as_raw())));
        let idle = idle.collect::<io::Result<_>>()?;
        let child = children::is_first().then(|| signal(SignalKind::child())).transpose()?;
        drop(inside);
        Ok(Self { runtime, caught: Caught { meaning, again, _idle: idle, terminate, interrupt, soft, hangup, child } })
    }

    /// Serves until the first SIGTERM, SIGINT or SIGUSR1; then it is not ready any more, goes on for the time of grace, and drains until the
    /// last connection is gone, the time for it is up, or a second signal comes. SIGHUP reloads as long as it serves.
    pub fn until_stopped(self, engine: &Engine, notify: &Notify) -> Stop {
        let Self { runtime, mut caught } = self;
        runtime.block_on(caught.stopped(engine, notify))
    }
}

impl Caught {
    async fn stopped(&mut self, engine: &Engine, notify: &Notify) -> Stop {
        let mut watchdog = Watchdog::new(notify);
        let succeeded = loop {
            tokio::select! {
                _ = self.terminate.recv() => match self.meaning {
                    Meaning::Own => break false,
                    Meaning::Haproxy => return Stop::Killed("SIGTERM", 15),
                },
                _ = self.interrupt.recv() => match self.meaning {
                    Meaning::Own => break false,
                    Meaning::Haproxy => return Stop::Killed("SIGINT", 2),
                },
                _ = self.soft.recv() => break false,
                () = engine.until_succeeded() => break true,
                () = either(&mut self.hangup, &mut self.again) => {
                    notify.reloading();
                    reload(engine);
                    notify.ready(None, "serving");
                }
                () = watchdog.beat(engine, notify) => {}
                () = ended(&mut self.child) => {
                    children::reap();
                }
            }
        };
        engine.leave();
        let nobody = Notify::default();
        let (grace, notify) = if succeeded {
            // The service goes on: neither the manager nor those who send clients need to know.
            say("lb: another process has taken over");
            (None, &nobody)
        } else {
            notify.stopping("stopping");
            (engine.grace(), notify)
        };
        tokio::select! {
            stop = leave(engine, notify, grace) => stop,
            stop = order(self.meaning, &mut self.terminate, &mut self.interrupt, &mut self.soft) => stop,
            // Neither ends by itself.
            () = async { loop { watchdog.beat(engine, notify).await } } => Stop::Drained,
            () = async { loop { ended(&mut self.child).await; children::reap(); } } => Stop::Drained,
        }
    }
}

/// An order to stop while it drains: to HAProxy a second SIGUSR1 says nothing new.
async fn order(meaning: Meaning, terminate: &mut Signal, interrupt: &mut Signal, soft: &mut Signal) -> Stop {
    let haproxy = meaning == Meaning::Haproxy;
    let again = async {
        loop {
            soft.recv().await;
            if !haproxy {
                break;
            }
        }
    };
    let (what, number) = tokio::select! {
        _ = terminate.recv() => ("SIGTERM", 15),
        _ = interrupt.recv() => ("SIGINT", 2),
        () = again => ("SIGUSR1", 10),
    };
    if haproxy { Stop::Killed(what, number) } else { Stop::Now("second signal") }
}

/// The order to reload.
async fn either(hangup: &mut Signal, again: &mut Option<Signal>) {
    let again = async {
        match again {
            Some(again) => again.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = hangup.recv() => {}
        _ = again => {}
    }
}

/// A child has ended; never where nobody asks.
async fn ended(child: &mut Option<Signal>) {
    match child {
        Some(child) => {
            child.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// SIGHUP: the files are read again.
fn reload(engine: &Engine) {
    let before = engine.addresses();
    match engine.reload_files(Asked::Signal) {
        Ok(changes) => {
            for (frontend, address) in engine.addresses().iter().filter(|bind| !before.contains(bind)) {
                say(&format!("lb: listening on {address} (frontend {frontend})"));
            }
            say(&format!("lb: reloaded:\n{changes}"));
        }
        Err(error) => say(&format!("{error}\nlb: not reloaded: nothing has changed")),
    }
}

/// The time of grace, then the drain.
async fn leave(engine: &Engine, notify: &Notify, grace: Option<Duration>) -> Stop {
    if let Some(grace) = grace {
        say(&format!("lb: not ready any more; draining begins in {grace:?}"));
        let pass = tokio::time::sleep(grace);
        tokio::select! {
            () = pass => {}
            () = telling(|| notify.extend(PATIENCE, "not ready any more; draining begins soon")) => {}
        }
    }
    say(&format!("lb: draining {} connections; a second signal stops now", engine.connections()));
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
    let mut last = engine.connections();
    let progress = telling(|| {
        let left = engine.connections();
        if left != last {
            say(&format!("lb: draining: {left} connections left"));
            last = left;
        }
        notify.extend(PATIENCE, &format!("draining: {left} connections left"));
    });
    tokio::select! {
        () = drained => Stop::Drained,
        // It has no end.
        () = progress => Stop::Drained,
        () = too_long => {
            say(&format!("lb: hard-stop-after: {} connections end now", engine.connections()));
            Stop::Now("hard-stop-after")
        }
    }
}

/// Tells now and once a second, for ever.
async fn telling(mut tell: impl FnMut()) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        tell();
    }
}

/// Tells the service manager that we live, as long as every thread does.
struct Watchdog {
    every: Option<Interval>,
    asked: Option<Pulse>,
}

impl Watchdog {
    /// A quarter of the manager's patience: asked one time, told the next, and both again before it is over.
    fn new(notify: &Notify) -> Self {
        let every = notify.watchdog().map(|patience| {
            let mut every = interval((patience / 4).max(Duration::from_millis(1)));
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            every
        });
        Self { every, asked: None }
    }

    /// One beat. A pulse that is not complete is waited for: then nothing is told, and the manager draws its conclusions.
    async fn beat(&mut self, engine: &Engine, notify: &Notify) {
        let Some(every) = &mut self.every else { return std::future::pending().await };
        every.tick().await;
        match &self.asked {
            None => self.asked = Some(engine.pulse()),
            Some(pulse) if pulse.is_complete() => {
                notify.alive();
                self.asked = Some(engine.pulse());
            }
            Some(_) => {}
        }
    }
}

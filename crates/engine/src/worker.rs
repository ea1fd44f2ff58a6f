//! A worker's thread: a runtime of its own, its listeners, and what the control thread tells it.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_net::Listener;
use plimsoll_observe::Writer;
use plimsoll_proxy::{Assignment, Mark, Process, Spread, Worker};
use plimsoll_server::Server;
use tokio::runtime::RuntimeMetrics;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often a draining worker looks whether its last client is gone.
const LOOK: Duration = Duration::from_millis(5);

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum Command {
    /// Register new listeners; hear whether that went.
    Prepare(Vec<(u32, Listener)>, Sender<io::Result<()>>),
    /// Let go of them: their configuration does not come.
    Forget,
    /// Take a configuration over; the sender is dropped when that is done.
    Adopt(Vec<Assignment>, Sender<()>),
    /// Every worker has adopted: close idle connections to servers that are gone.
    Settle,
    /// End the tunnels of these servers.
    Revoke(Vec<Weak<Server>>),
    /// Take no more clients; end when the last is gone.
    Drain(Option<Spread>),
    /// Say that this thread turns.
    Pulse(Arc<AtomicUsize>),
    /// After a drain: end now. Whoever is dropped closes as its rule says; at the process's end the kernel would close as it likes.
    End,
}

/// The control thread's end of a worker.
#[derive(Debug)]
pub(crate) struct Handle {
    commands: UnboundedSender<Command>,
    thread: JoinHandle<()>,
    /// Of its event loop, once there is one.
    metrics: Arc<OnceLock<RuntimeMetrics>>,
}

/// What a worker starts with.
pub(crate) struct Start {
    pub(crate) id: usize,
    pub(crate) process: Arc<Process>,
    pub(crate) listeners: Vec<(u32, Listener)>,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) log: Option<Writer>,
    /// Where it runs; `None`: wherever the system wants it.
    pub(crate) cpus: Option<Vec<usize>>,
}

impl Handle {
    /// Starts the thread; `ready` hears once it listens, or why it cannot.
    pub(crate) fn spawn(start: Start, ready: Sender<io::Result<()>>) -> io::Result<Self> {
        let (commands, received) = unbounded_channel();
        let name = format!("worker {}", start.id);
        let metrics: Arc<OnceLock<RuntimeMetrics>> = Arc::default();
        let thread = std::thread::Builder::new().name(name).spawn({
            let metrics = Arc::clone(&metrics);
            move || run(start, received, ready, &metrics)
        })?;
        Ok(Self { commands, thread, metrics })
    }

    pub(crate) fn tell(&self, command: Command) {
        // A worker that has ended needs no telling.
        let _ = self.commands.send(command);
    }

    /// For those who tell it something later.
    pub(crate) fn commands(&self) -> UnboundedSender<Command> {
        self.commands.clone()
    }

    /// Tasks, those of them that are ready, and how long it was busy so far.
    pub(crate) fn load(&self) -> (usize, usize, Duration) {
        self.metrics.get().map_or((0, 0, Duration::ZERO), |metrics| {
            (metrics.num_alive_tasks(), metrics.global_queue_depth(), metrics.worker_total_busy_duration(0))
        })
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    pub(crate) fn join(self) {
        if self.thread.join().is_err() {
            eprintln!("lb: a worker panicked");
        }
    }
}

fn run(
    start: Start,
    commands: UnboundedReceiver<Command>,
    ready: Sender<io::Result<()>>,
    metrics: &OnceLock<RuntimeMetrics>,
) {
    if let Some(Err(error)) = start.cpus.as_deref().map(plimsoll_process::pin) {
        let _ = ready.send(Err(error));
        return;
    }
    let mark = Mark::default();
    let woke = mark.clone();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // Passwords of rules are compared there: no more at once than leave the machine to the requests.
    builder.max_blocking_threads(2);
    match builder.enable_io().enable_time().on_thread_unpark(move || woke.woke()).build_local(Default::default()) {
        Ok(runtime) => {
            metrics.get_or_init(|| runtime.metrics());
            runtime.block_on(serve(start, mark, commands, ready));
        }
        Err(error) => {
            let _ = ready.send(Err(error));
        }
    }
}

async fn serve(start: Start, mark: Mark, mut commands: UnboundedReceiver<Command>, ready: Sender<io::Result<()>>) {
    let Start { id, process, listeners, assignments, log, .. } = start;
    let worker = Worker::start(id, process, log, mark, Tick::now());
    let listening = worker.prepare(listeners);
    if listening.is_ok() {
        // As an order, so that the time it takes is nobody else's step.
        worker.obey("the start", || worker.adopt(assignments));
    }
    if ready.send(listening).is_err() {
        return;
    }
    // The control thread waits until every worker has spoken or gone.
    drop(ready);
    let mut ends = false;
    let spread = loop {
        match commands.recv().await {
            Some(Command::Prepare(listeners, done)) => worker.obey("listeners to come", || {
                // Nobody listens any more: the process is ending.
                let _ = done.send(worker.prepare(listeners));
            }),
            Some(Command::Forget) => worker.forget_prepared(),
            Some(Command::Adopt(assignments, done)) => worker.obey("a reload", || {
                worker.adopt(assignments);
                drop(done);
            }),
            Some(Command::Settle) => worker.obey("a reload's end", || worker.settle()),
            Some(Command::Revoke(servers)) => worker.obey("the end of tunnels", || worker.revoke(servers)),
            Some(Command::Pulse(beats)) => beat(&beats),
            Some(Command::Drain(spread)) => break spread,
            Some(Command::End) => {
                ends = true;
                break None;
            }
            None => break None,
        }
    };
    worker.drain(spread, Tick::now());
    while !ends && !worker.is_over() {
        tokio::time::sleep(LOOK).await;
        while let Ok(command) = commands.try_recv() {
            match command {
                Command::Pulse(beats) => beat(&beats),
                Command::Revoke(servers) => worker.revoke(servers),
                Command::End => ends = true,
                // There is nothing to take over any more, and nothing to settle.
                Command::Prepare(..) | Command::Forget | Command::Adopt(..) | Command::Settle | Command::Drain(_) => {}
            }
        }
    }
    worker.abandon();
    worker.flush();
}

fn beat(beats: &AtomicUsize) {
    beats.fetch_add(1, Relaxed);
}

//! A worker's thread: a runtime of its own, its listeners, and what the control thread tells it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_net::{Listener, PipePool};
use plimsoll_observe::Writer;
use plimsoll_proxy::{Snapshot, Worker};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often a draining worker looks whether its last client is gone.
const LOOK: Duration = Duration::from_millis(5);
/// Pipes of one worker: two descriptors each.
const PIPES: usize = 256;
/// Pipes that are kept while nobody uses them.
const IDLE_PIPES: usize = 16;

/// What a worker is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    /// Take no more clients; end when the last is gone.
    Drain,
}

/// The control thread's end of a worker.
#[derive(Debug)]
pub(crate) struct Handle {
    commands: UnboundedSender<Command>,
    thread: JoinHandle<()>,
}

/// What a worker starts with.
pub(crate) struct Start {
    pub(crate) id: usize,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) listeners: Vec<(usize, Listener)>,
    pub(crate) log: Option<Writer>,
}

impl Handle {
    /// Starts the thread; `ready` hears once it listens, or why it cannot.
    pub(crate) fn spawn(start: Start, ready: Sender<io::Result<()>>) -> io::Result<Self> {
        let (commands, received) = unbounded_channel();
        let name = format!("worker {}", start.id);
        let thread = std::thread::Builder::new().name(name).spawn(move || run(start, received, ready))?;
        Ok(Self { commands, thread })
    }

    pub(crate) fn tell(&self, command: Command) {
        // A worker that has ended needs no telling.
        let _ = self.commands.send(command);
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

fn run(start: Start, commands: UnboundedReceiver<Command>, ready: Sender<io::Result<()>>) {
    let runtime =
        match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build_local(Default::default()) {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
    runtime.block_on(serve(start, commands, ready));
}

async fn serve(start: Start, mut commands: UnboundedReceiver<Command>, ready: Sender<io::Result<()>>) {
    let Start { id, snapshot, listeners, log } = start;
    let worker = Worker::start(id, snapshot, PipePool::new(PIPES, IDLE_PIPES), log, Tick::now());
    let listening = listeners.into_iter().try_for_each(|(frontend, listener)| worker.listen(listener, frontend));
    if ready.send(listening).is_err() {
        return;
    }
    // The control thread waits until every worker has spoken or gone.
    drop(ready);
    match commands.recv().await {
        Some(Command::Drain) | None => worker.drain(),
    }
    while worker.live() > 0 {
        tokio::time::sleep(LOOK).await;
    }
    worker.flush();
}

//! The other end: a thread for each target, which takes batches from a bounded queue and writes them, however slow that is.

mod datagram;
mod stream;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::time::Duration;

use jiff::tz::TimeZone;
use plimsoll_clock::{Tick, wall};

use crate::batch::Batch;
use crate::event::{Event, Value};
use crate::framing::Header;
use crate::options::{LogTarget, To};
use crate::writer::Writer;
use crate::{DateCache, Format, Framing, Level};

/// Batches that may wait for a target, of all workers together: at most 128 x 32 KiB, and only while the target is slow.
pub(crate) const QUEUE: usize = 128;

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A file or a stream cannot be opened. Sockets are tried again and again instead.
    #[error("cannot log to {to}: {error}")]
    Open {
        /// Which target.
        to: To,
        /// What the system says.
        error: io::Error,
    },
    /// No thread.
    #[error("cannot start a thread for the log: {0}")]
    Thread(io::Error),
}

/// All targets of the process.
#[derive(Debug)]
pub struct Sink {
    events: Events,
    ends: Vec<Receiver<()>>,
}

/// Where process events are told, from any thread.
#[derive(Clone, Debug)]
pub struct Events(Arc<[Queue]>);

/// The near end of one target.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) format: Format,
    pub(crate) room: usize,
    /// The least important level it takes.
    pub(crate) level: Level,
    bare: bool,
    to: To,
    sender: SyncSender<Message>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    dropped: AtomicU64,
    reopen: AtomicBool,
    closing: AtomicBool,
}

pub(crate) enum Message {
    Lines(Arc<Batch>),
    /// Look at the flags.
    Look,
}

/// What takes lines. The count that comes back: lines that were lost.
trait Output: Send {
    fn write(&mut self, lines: &Batch) -> u64;
    fn reopen(&mut self) {}
}

impl Sink {
    /// Opens the targets and starts their threads. Nothing is left behind when it fails.
    pub fn start(targets: &[LogTarget]) -> Result<Self, SinkError> {
        let mut opened = Vec::with_capacity(targets.len());
        for target in targets {
            let header = Header::new(target, std::process::id(), TimeZone::system());
            let longest = header.longest();
            let output = open(target, header).map_err(|error| SinkError::Open { to: target.to.clone(), error })?;
            opened.push((target, longest, output));
        }
        let mut queues = Vec::with_capacity(targets.len());
        let mut sink = Self { events: Events([].into()), ends: Vec::with_capacity(targets.len()) };
        for (target, longest, output) in opened {
            let (sender, receiver) = sync_channel(QUEUE);
            let (end, ended) = channel();
            let queue = Queue {
                format: target.format,
                // The line's end counts.
                room: target.longest().saturating_sub(longest + 1),
                level: target.level.unwrap_or(Level::Debug),
                bare: target.framing() == Framing::Raw,
                to: target.to.clone(),
                sender,
                state: Arc::default(),
            };
            let near = Near { state: Arc::clone(&queue.state), queue: queue.clone(), told: 0 };
            std::thread::Builder::new()
                .name("log".into())
                .spawn(move || {
                    near.run(&receiver, output);
                    drop(end);
                })
                .map_err(SinkError::Thread)?;
            queues.push(queue);
            sink.events = Events(queues.clone().into());
            sink.ends.push(ended);
        }
        Ok(sink)
    }

    /// One worker's end.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(&self.events.0)
    }

    /// Where process events are told.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// Opens files anew under their names: what follows goes there, while the old ones keep what they have.
    pub fn reopen(&self) {
        for queue in self.events.0.iter() {
            queue.state.reopen.store(true, SeqCst);
            queue.look();
        }
    }

    /// Lines that were dropped so far, by target.
    #[must_use]
    pub fn dropped(&self) -> Vec<(String, u64)> {
        self.events.dropped()
    }

    /// Waits until everything that was sent is written, for at most so long. True: it is. What is sent afterwards is lost.
    pub fn finish(self, at_most: Duration) -> bool {
        self.close();
        let until = Tick::now().after(at_most);
        // A thread says that it ends by dropping its sender.
        self.ends.iter().all(|end| end.recv_timeout(until.since(Tick::now())) == Err(RecvTimeoutError::Disconnected))
    }
}

impl Sink {
    fn close(&self) {
        for queue in self.events.0.iter() {
            queue.state.closing.store(true, SeqCst);
            queue.look();
        }
    }
}

/// The threads end by themselves once they have written what was sent.
impl Drop for Sink {
    fn drop(&mut self) {
        self.close();
    }
}

impl Events {
    /// Tells it to every target that takes its level. Rare: it formats anew for each.
    pub fn send(&self, event: &Event<'_>) {
        self.0.iter().for_each(|queue| queue.event(event));
    }

    /// Lines that were dropped so far, by target.
    #[must_use]
    pub fn dropped(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|queue| (queue.to.to_string(), queue.state.dropped.load(Relaxed))).collect()
    }
}

impl Queue {
    pub(crate) fn send(&self, message: Message, lines: usize) {
        if self.sender.try_send(message).is_err() {
            self.dropped(lines);
        }
    }

    #[cold]
    pub(crate) fn dropped(&self, lines: usize) {
        self.state.dropped.fetch_add(lines as u64, Relaxed);
    }

    /// A full queue needs no telling: the flags are looked at after every batch.
    fn look(&self) {
        let _ = self.sender.try_send(Message::Look);
    }

    fn event(&self, event: &Event<'_>) {
        if event.level <= self.level {
            self.send(Message::Lines(Arc::new(self.lines(event))), 1);
        }
    }

    fn lines(&self, event: &Event<'_>) -> Batch {
        let mut batch = Batch::default();
        let mut dates = DateCache::default();
        batch.line(event.level, |out| event.write(self.format, self.bare, self.room, &mut dates, out));
        batch
    }
}

/// What a target's thread knows.
struct Near {
    queue: Queue,
    state: Arc<State>,
    told: u64,
}

impl Near {
    fn run(mut self, receiver: &Receiver<Message>, mut output: Box<dyn Output>) {
        loop {
            let closing = self.state.closing.load(SeqCst);
            // Everything that was sent before the flag was set is in the queue.
            let message = if closing { receiver.try_recv().ok() } else { receiver.recv().ok() };
            let Some(message) = message else { return };
            if self.state.reopen.swap(false, SeqCst) {
                output.reopen();
            }
            if let Message::Lines(batch) = message {
                let lost = output.write(&batch);
                drop(batch);
                self.state.dropped.fetch_add(lost, Relaxed);
                self.tell(&mut *output, lost == 0);
            }
        }
    }

    /// Says how many lines were dropped, once something gets through again.
    fn tell(&mut self, output: &mut dyn Output, works: bool) {
        let dropped = self.state.dropped.load(Relaxed);
        if dropped == self.told || !works || self.queue.level < Level::Warning {
            return;
        }
        let lines = dropped - self.told;
        let to = self.queue.to.to_string();
        let event = Event {
            time: wall(),
            level: Level::Warning,
            slug: "log.dropped",
            text: &format!("{lines} log lines were dropped: {to} could not take them fast enough"),
            fields: &[("target", Value::Text(&to)), ("lines", Value::Number(lines as i64))],
        };
        if output.write(&self.queue.lines(&event)) == 0 {
            self.told = dropped;
        }
    }
}

fn open(target: &LogTarget, header: Header) -> io::Result<Box<dyn Output>> {
    let level = target.level.unwrap_or(Level::Debug);
    Ok(match &target.to {
        To::Stdout | To::Stderr | To::File(_) => Box::new(stream::Stream::open(&target.to, header, level)?),
        To::Udp(..) | To::Unix(_) => Box::new(datagram::Datagram::new(target.to.clone(), header, level)),
    })
}

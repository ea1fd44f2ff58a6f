//! The other end: a thread for each target, which takes batches from a bounded queue and writes them, however slow that is.

mod datagram;
mod stream;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plimsoll_clock::{Tick, wall};

pub use stream::{Opener, open_files_with};

use crate::batch::Batch;
use crate::event::{Event, Value};
use crate::framing::Header;
use crate::options::{LogTarget, To};
use crate::writer::Writer;
use crate::{DateCache, Format, Framing, Level, Targets};

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
    shared: Arc<Shared>,
    ends: Mutex<Vec<Receiver<()>>>,
}

/// What writers look at. A new set of targets has a new number, so that a look costs one load.
#[derive(Debug)]
pub(crate) struct Shared {
    number: AtomicU64,
    queues: Mutex<Arc<[Queue]>>,
    /// Where events go, by the backend that they are about.
    events: Mutex<(Targets, HashMap<Box<str>, Targets>)>,
}

/// Where process events are told, from any thread.
#[derive(Clone, Debug)]
pub struct Events(Arc<Shared>);

/// Targets that are open but get nothing yet. Dropped, they close again.
#[derive(Debug)]
pub struct Prepared {
    queues: Vec<Queue>,
    ends: Vec<Receiver<()>>,
}

/// The near end of one target.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    /// Its place among the targets, as a set.
    pub(crate) own: Targets,
    pub(crate) shape: Shape,
    target: Arc<LogTarget>,
    sender: SyncSender<Message>,
    state: Arc<State>,
}

/// What a line looks like there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) format: Format,
    /// The longest line.
    pub(crate) room: usize,
    /// The least important level.
    pub(crate) level: Level,
    /// Nothing else stands on the line.
    bare: bool,
    /// A line begins with structured data.
    structured: bool,
}

#[derive(Debug, Default)]
struct State {
    dropped: AtomicU64,
    reopen: AtomicBool,
    closing: AtomicBool,
    /// Lines so far, where only some are taken.
    lines: AtomicU64,
}

#[derive(Debug)]
pub(crate) enum Message {
    Lines(Arc<Batch>),
    /// Look at the flags.
    Look,
}

/// What takes lines. The count that comes back: lines that were lost.
trait Output: Send {
    fn write(&mut self, lines: &Batch) -> u64;
    /// Why lines were lost since this was last asked, if the system said so.
    fn error(&mut self) -> Option<io::Error> {
        None
    }
    fn reopen(&mut self) {}
}

impl Sink {
    /// Opens the targets and starts their threads. Nothing is left behind when it fails.
    pub fn start(targets: &[LogTarget]) -> Result<Self, SinkError> {
        let shared = Shared {
            number: AtomicU64::new(0),
            queues: Mutex::new([].into()),
            events: Mutex::new((Targets::ALL, HashMap::new())),
        };
        let sink = Self { shared: Arc::new(shared), ends: Mutex::default() };
        let prepared = sink.prepare(targets)?;
        sink.replace(prepared);
        Ok(sink)
    }

    /// Opens what a new configuration wants and is not open yet. What stays the same stays open.
    pub fn prepare(&self, targets: &[LogTarget]) -> Result<Prepared, SinkError> {
        let known = self.shared.queues();
        let mut prepared = Prepared { queues: Vec::with_capacity(targets.len()), ends: Vec::new() };
        let mut taken = known.iter().fold(Targets::NONE, |all, queue| all.and(queue.own));
        for target in targets {
            if let Some(queue) = known.iter().find(|queue| *queue.target == *target) {
                prepared.queues.push(queue.clone());
                continue;
            }
            // Beyond the last place they share it: whoever asked for more has been told before.
            let place = taken.free().unwrap_or(u64::BITS - 1);
            taken = taken.and(Targets::one(place));
            let (queue, end) = start(target, Targets::one(place))?;
            prepared.queues.push(queue);
            prepared.ends.push(end);
        }
        Ok(prepared)
    }

    /// From now on lines go to these. A target that is no more ends when the last writer has noticed, and loses nothing.
    pub fn replace(&self, prepared: Prepared) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.retain(|end| end.try_recv() == Err(TryRecvError::Empty));
        ends.extend(prepared.ends);
        *self.shared.queues.lock().unwrap_or_else(PoisonError::into_inner) = prepared.queues.into();
        self.shared.number.fetch_add(1, SeqCst);
    }

    /// One worker's end.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.shared))
    }

    /// Where process events are told.
    #[must_use]
    pub fn events(&self) -> Events {
        Events(Arc::clone(&self.shared))
    }

    /// Opens files anew under their names: what follows goes there, while the old ones keep what they have.
    pub fn reopen(&self) {
        for queue in self.shared.queues().iter() {
            queue.state.reopen.store(true, SeqCst);
            queue.look();
        }
    }

    /// Lines that were dropped so far, by target.
    #[must_use]
    pub fn dropped(&self) -> Vec<(String, u64)> {
        self.events().dropped()
    }

    /// Waits until everything that was sent is written, for at most so long. True: it is. What is sent afterwards is lost.
    pub fn finish(&self, at_most: Duration) -> bool {
        self.close();
        let until = Tick::now().after(at_most);
        let ends = std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner));
        // A thread says that it ends by dropping its sender.
        ends.iter().all(|end| end.recv_timeout(until.since(Tick::now())) == Err(RecvTimeoutError::Disconnected))
    }

    fn close(&self) {
        for queue in self.shared.queues().iter() {
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

impl Shared {
    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Relaxed)
    }

    pub(crate) fn queues(&self) -> Arc<[Queue]> {
        Arc::clone(&self.queues.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Events {
    /// Tells it to every target that takes its level. Rare: it formats anew for each.
    pub fn send(&self, event: &Event<'_>) {
        let to = self.to(event);
        let wanted = |queue: &&Queue| event.level <= queue.shape.level && queue.own.meets(to) && queue.takes_next();
        for queue in self.0.queues().iter().filter(wanted) {
            queue.send(Message::Lines(Arc::new(queue.shape.lines(event))), 1);
        }
    }

    /// The places of these targets.
    #[must_use]
    pub fn places(&self, targets: &[LogTarget]) -> Targets {
        let queues = self.0.queues();
        let wanted = queues.iter().filter(|queue| targets.contains(&queue.target));
        wanted.fold(Targets::NONE, |all, queue| all.and(queue.own))
    }

    /// From now on events go to `all`, and those about backends with targets of their own to these.
    pub fn route(&self, all: Targets, backends: HashMap<Box<str>, Targets>) {
        *self.0.events.lock().unwrap_or_else(PoisonError::into_inner) = (all, backends);
    }

    fn to(&self, event: &Event<'_>) -> Targets {
        let events = self.0.events.lock().unwrap_or_else(PoisonError::into_inner);
        let backend = event.fields.iter().find_map(|field| match field {
            ("backend", Value::Text(name)) => events.1.get(*name),
            _ => None,
        });
        backend.copied().unwrap_or(events.0)
    }

    /// Lines that were dropped so far, by target.
    #[must_use]
    pub fn dropped(&self) -> Vec<(String, u64)> {
        let queues = self.0.queues();
        queues.iter().map(|queue| (queue.target.to.to_string(), queue.state.dropped.load(Relaxed))).collect()
    }

    /// Is there any target? If not, an event is told to nobody.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        !self.0.queues().is_empty()
    }
}

impl Queue {
    pub(crate) fn send(&self, message: Message, lines: usize) {
        if self.sender.try_send(message).is_err() {
            self.dropped(lines);
        }
    }

    /// Does it take but some lines?
    pub(crate) fn is_sampled(&self) -> bool {
        self.target.sample.is_some()
    }

    /// Counts a line, if only some are taken: is this one of them?
    pub(crate) fn takes_next(&self) -> bool {
        self.target.sample.as_ref().is_none_or(|sample| sample.takes(self.state.lines.fetch_add(1, Relaxed)))
    }

    #[cold]
    pub(crate) fn dropped(&self, lines: usize) {
        self.state.dropped.fetch_add(lines as u64, Relaxed);
    }

    /// A full queue needs no telling: the flags are looked at after every batch.
    fn look(&self) {
        let _ = self.sender.try_send(Message::Look);
    }
}

impl Shape {
    /// Writes what a line begins with there; how much room is left for the rest. `data`: its structured data, if it has some.
    pub(crate) fn begin(&self, data: Option<&[u8]>, out: &mut Vec<u8>) -> usize {
        if !self.structured {
            return self.room;
        }
        let data = data.filter(|data| !data.is_empty() && data.len() < self.room).unwrap_or(b"-");
        out.extend_from_slice(data);
        out.push(b' ');
        self.room.saturating_sub(data.len() + 1)
    }

    fn lines(&self, event: &Event<'_>) -> Batch {
        let mut batch = Batch::default();
        let mut dates = DateCache::default();
        batch.line(event.level, |out| {
            let room = self.begin(None, out);
            event.write(self.format, self.bare, room, &mut dates, out);
        });
        batch
    }
}

/// Opens a target and starts its thread, which ends when it is told to, or when nobody can send to it any more.
fn start(target: &LogTarget, own: Targets) -> Result<(Queue, Receiver<()>), SinkError> {
    let header = Header::new(target, std::process::id(), crate::date::zone());
    let shape = Shape {
        format: target.format,
        // The line's end counts.
        room: target.longest().saturating_sub(header.longest() + 1),
        level: target.level.unwrap_or(Level::Debug),
        bare: target.framing() == Framing::Raw,
        structured: target.framing() == Framing::Rfc5424,
    };
    let output = open(target, header).map_err(|error| SinkError::Open { to: target.to.clone(), error })?;
    let (sender, receiver) = sync_channel(QUEUE);
    let (end, ended) = channel();
    let queue = Queue { own, shape, target: Arc::new(target.clone()), sender, state: Arc::default() };
    let near = Near { state: Arc::clone(&queue.state), shape, to: target.to.clone(), told: 0 };
    let run = move || {
        near.run(&receiver, output);
        drop(end);
    };
    std::thread::Builder::new().name("log".into()).spawn(run).map_err(SinkError::Thread)?;
    Ok((queue, ended))
}

/// What a target's thread knows.
struct Near {
    state: Arc<State>,
    shape: Shape,
    to: To,
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
        if dropped == self.told || !works || self.shape.level < Level::Warning {
            return;
        }
        let lines = dropped - self.told;
        let to = self.to.to_string();
        let text = match output.error() {
            Some(error) => format!("{lines} log lines were dropped: {to}: {error}"),
            None => format!("{lines} log lines were dropped: {to} could not take them fast enough"),
        };
        let event = Event {
            time: wall(),
            level: Level::Warning,
            slug: "log.dropped",
            text: &text,
            fields: &[("target", Value::Text(&to)), ("lines", Value::Number(lines as i64))],
        };
        if output.write(&self.shape.lines(&event)) == 0 {
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

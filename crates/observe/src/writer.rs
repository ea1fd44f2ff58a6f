//! A worker's end of the log: lines are formatted into batches, batches are handed over or dropped. A request never waits for its line.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use plimsoll_clock::{Tick, Timer};

use crate::batch::{Batch, Buffers};
use crate::record::{HttpRecord, TcpRecord};
use crate::sink::{Message, QUEUE, Queue, Shape, Shared};
use crate::{DateCache, Format, Level, Targets, json, text};

/// A batch of this size goes at once.
const BATCH: usize = 32 << 10;
/// A smaller one goes after this time.
const DELAY: Duration = Duration::from_millis(20);

/// A worker's end. Targets that want the same lines share the work of formatting.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    /// Which set of targets the streams are for.
    number: Cell<u64>,
    streams: RefCell<Vec<Stream>>,
    /// Something waits to be sent.
    waiting: Cell<bool>,
    flusher: RefCell<Option<Waker>>,
}

/// What a frontend's own formats made of a request or connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Own<'a> {
    /// To targets of text, instead of their own line.
    pub line: Option<&'a [u8]>,
    /// The structured data, for targets that are framed as RFC 5424.
    pub data: Option<&'a [u8]>,
}

/// Lines in one shape, and the targets that take them.
#[derive(Debug)]
struct Stream {
    /// The places of its targets.
    own: Targets,
    shape: Shape,
    dates: DateCache,
    batch: Batch,
    buffers: Buffers,
    queues: Vec<Queue>,
    /// Its only target takes but some of the lines.
    sampled: bool,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let number = Cell::new(shared.number());
        let streams = RefCell::new(streams(&shared.queues()));
        Self { shared, number, streams, waiting: Cell::new(false), flusher: RefCell::new(None) }
    }

    /// Does any of these targets want lines of this level? If not, no record need be made.
    #[must_use]
    pub fn wants(&self, level: Level, to: Targets) -> bool {
        if self.number.get() != self.shared.number() {
            self.renew();
        }
        self.streams.borrow().iter().any(|stream| stream.shape.level >= level && stream.own.meets(to))
    }

    /// Once a reload that changed the targets. What was written for the old ones goes to them.
    #[cold]
    fn renew(&self) {
        self.flush();
        self.number.set(self.shared.number());
        self.streams.replace(streams(&self.shared.queues()));
    }

    /// Writes about a request.
    pub fn http(&self, level: Level, record: &HttpRecord<'_>) {
        self.http_as((level, Targets::ALL), record, Own::default());
    }

    /// Writes about a request, in shapes of its frontend's own.
    pub fn http_as(&self, level: (Level, Targets), record: &HttpRecord<'_>, own: Own<'_>) {
        self.lines(level, own.data, |format, room, dates, out| match (format, own.line) {
            (Format::Text, Some(line)) => out.extend_from_slice(line),
            (Format::Text, None) => text::http(record, dates, out),
            (Format::Json, _) => json::http(record, room, dates, out),
        });
    }

    /// Writes about a connection.
    pub fn tcp(&self, level: Level, record: &TcpRecord<'_>) {
        self.tcp_as((level, Targets::ALL), record, Own::default());
    }

    /// Writes about a connection, in shapes of its frontend's own.
    pub fn tcp_as(&self, level: (Level, Targets), record: &TcpRecord<'_>, own: Own<'_>) {
        self.lines(level, own.data, |format, _, dates, out| match (format, own.line) {
            (Format::Text, Some(line)) => out.extend_from_slice(line),
            (Format::Text, None) => text::tcp(record, dates, out),
            (Format::Json, _) => json::tcp(record, dates, out),
        });
    }

    fn lines(
        &self,
        (level, to): (Level, Targets),
        data: Option<&[u8]>,
        write: impl Fn(Format, usize, &mut DateCache, &mut Vec<u8>),
    ) {
        let mut streams = self.streams.borrow_mut();
        if streams.iter().any(|stream| stream.own.meets(to) && !to.holds(stream.own)) {
            split(&mut streams, to);
        }
        for stream in streams.iter_mut().filter(|stream| stream.shape.level >= level && to.holds(stream.own)) {
            if stream.sampled && !stream.queues.iter().all(Queue::takes_next) {
                continue;
            }
            let Stream { shape, dates, batch, .. } = stream;
            batch.line(level, |out| {
                let room = shape.begin(data, out);
                let start = out.len();
                write(shape.format, room, dates, out);
                if shape.format == Format::Text {
                    out.truncate(out.len().min(start + room));
                }
            });
            if batch.bytes.len() >= BATCH {
                stream.flush();
            }
        }
        if !self.waiting.replace(true)
            && let Some(flusher) = self.flusher.borrow_mut().take()
        {
            flusher.wake();
        }
    }

    /// Hands everything over, or drops it.
    pub fn flush(&self) {
        self.waiting.set(false);
        self.streams.borrow_mut().iter_mut().for_each(Stream::flush);
    }

    /// To be polled by one task of the worker for ever: sends small batches a little later. Does nothing while nothing is logged.
    pub fn poll_flush(&self, timer: &Timer, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.get() {
            if timer.deadline() == Tick::NEVER {
                timer.arm(Tick::now().after(DELAY));
            }
            if timer.poll_expired(cx).is_pending() {
                return Poll::Pending;
            }
            self.flush();
        }
        timer.disarm();
        *self.flusher.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Of targets that shared their lines so far only some want this one: from now on they are apart.
#[cold]
fn split(streams: &mut Vec<Stream>, to: Targets) {
    for stream in std::mem::take(streams) {
        if to.holds(stream.own) || !stream.own.meets(to) {
            streams.push(stream);
            continue;
        }
        let mut stream = stream;
        stream.flush();
        let (ours, others): (Vec<Queue>, Vec<Queue>) = stream.queues.drain(..).partition(|queue| queue.own.meets(to));
        streams.extend([ours, others].map(Stream::of));
    }
}

fn streams(queues: &[Queue]) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    for queue in queues {
        let alike = |stream: &&mut Stream| stream.shape == queue.shape && !stream.sampled && !queue.is_sampled();
        match streams.iter_mut().find(alike) {
            Some(stream) => {
                stream.own = stream.own.and(queue.own);
                stream.queues.push(queue.clone());
            }
            None => streams.push(Stream::of(vec![queue.clone()])),
        }
    }
    streams
}

impl Stream {
    /// For targets of one shape.
    fn of(queues: Vec<Queue>) -> Self {
        Self {
            own: queues.iter().fold(Targets::NONE, |all, queue| all.and(queue.own)),
            shape: queues[0].shape,
            dates: DateCache::default(),
            batch: Batch::default(),
            buffers: Buffers::default(),
            sampled: queues.iter().any(Queue::is_sampled),
            queues,
        }
    }

    #[cold]
    fn flush(&mut self) {
        let lines = self.batch.lines();
        if lines == 0 {
            return;
        }
        // Each target holds what waits for it, and one in its hands.
        let most = self.queues.len() * (QUEUE + 1) + 1;
        match self.buffers.swap(&mut self.batch, most) {
            Some(batch) => {
                for queue in &self.queues {
                    queue.send(Message::Lines(Arc::clone(&batch)), lines);
                }
            }
            None => {
                self.batch.clear();
                self.queues.iter().for_each(|queue| queue.dropped(lines));
            }
        }
    }
}

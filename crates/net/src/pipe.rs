//! Pipes for splicing: how many the process may have and how large they are, and those that a worker keeps for reuse.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use plimsoll_counters::{Cell, Gauge, Sharded};
use rustix::pipe::PipeFlags;

/// Room that is asked for unless the file says otherwise; the kernel may refuse (`fs.pipe-user-pages-soft`), and then it is less. A pipe has a
/// slot for each 4 KiB of it, and each segment from the network takes one, however short: a pipe of 64 KiB would be full with 23 KiB.
const ROOM: usize = 256 << 10;
/// Bytes that are put into it then, unless the receiver has room for all that fits: this is what a transfer holds when its receiver stops.
const FILL: usize = 64 << 10;
/// Pipes that a worker keeps while nobody uses them, at most.
const KEPT: usize = 16;

/// The pipes of the process: a limit for all workers together, and what they have.
#[derive(Debug)]
pub struct Pipes {
    most: AtomicUsize,
    /// As asked for; 0: not at all.
    size: AtomicUsize,
    /// Pipes that exist. Written when one is made or closed, not when it is lent.
    open: AtomicUsize,
    counters: Sharded<PipeCounters>,
}

/// What one worker does with pipes.
#[derive(Debug, Default)]
struct PipeCounters {
    used: Gauge,
    kept: Gauge,
    lacking: Cell,
}

impl Pipes {
    /// For so many workers; none may be made yet.
    #[must_use]
    pub fn new(workers: usize) -> Arc<Self> {
        let (most, size, open) = Default::default();
        Arc::new(Self { most, size, open, counters: Sharded::new(workers) })
    }

    /// At most `most` pipes, each with room for `size` bytes. Those that are lent out stay as they are.
    pub fn set(&self, most: usize, size: Option<usize>) {
        self.most.store(most, Relaxed);
        self.size.store(size.unwrap_or(0), Relaxed);
    }

    /// How many there may be.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most.load(Relaxed)
    }

    /// How many are lent out now. Summed up while it changes.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.sum(|worker| &worker.used)
    }

    /// How many wait to be used again.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.sum(|worker| &worker.kept)
    }

    /// Transfers that got none, and were copied.
    #[must_use]
    pub fn lacking(&self) -> u64 {
        self.counters.sum(|worker| worker.lacking.get())
    }

    fn sum(&self, gauge: impl Fn(&PipeCounters) -> &Gauge) -> u64 {
        self.counters.iter().map(|worker| gauge(worker).get()).sum::<i64>().try_into().unwrap_or(0)
    }

    fn reserve(&self) -> bool {
        self.open.fetch_update(Relaxed, Relaxed, |open| (open < self.most()).then_some(open + 1)).is_ok()
    }

    fn gone(&self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

/// The most room that a pipe may have here without special rights (`fs.pipe-max-size`), in bytes.
#[must_use]
pub fn most_room() -> usize {
    let text = std::fs::read_to_string("/proc/sys/fs/pipe-max-size").unwrap_or_default();
    text.trim().parse().unwrap_or(1 << 20)
}

/// Both ends of a pipe, and what was asked of the system for it.
struct Ends {
    reader: OwnedFd,
    writer: OwnedFd,
    room: usize,
    asked: usize,
}

impl Ends {
    fn new(asked: usize) -> io::Result<Self> {
        let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
        let wanted = if asked == 0 { ROOM } else { asked };
        let room = rustix::pipe::fcntl_setpipe_size(&writer, wanted)
            // Too much is refused as a whole.
            .or_else(|_| rustix::pipe::fcntl_setpipe_size(&writer, wanted.min(most_room())))
            .or_else(|_| rustix::pipe::fcntl_getpipe_size(&writer))
            .unwrap_or(4096);
        Ok(Self { reader, writer, room, asked })
    }

    /// Who writes a size down knows what a receiver that stops may leave in it.
    fn fill(&self) -> usize {
        if self.asked == 0 { self.room.min(FILL) } else { self.room }
    }
}

/// A pipe between two sockets. It knows how much is in it.
pub(crate) struct Pipe {
    ends: Ends,
    pub(crate) filled: usize,
    /// Bytes that may be left in it when its receiver stops.
    pub(crate) fill: usize,
    /// Bytes that fit, if each segment is as large as a page.
    pub(crate) capacity: usize,
    pool: Rc<Shared>,
}

/// A worker's pipes; cheap to clone.
#[derive(Clone)]
pub struct PipePool(Rc<Shared>);

struct Shared {
    all: Arc<Pipes>,
    worker: usize,
    kept: RefCell<Vec<Ends>>,
}

impl Shared {
    fn counters(&self) -> &PipeCounters {
        self.all.counters.shard(self.worker)
    }

    /// No worker may keep away from others what is scarce.
    fn may_keep(&self) -> usize {
        (self.all.most() / (2 * self.all.counters.workers())).min(KEPT)
    }

    fn close(&self, ends: Ends) {
        drop(ends);
        self.all.gone();
    }
}

impl PipePool {
    /// The share of worker number `worker`.
    #[must_use]
    pub fn new(all: &Arc<Pipes>, worker: usize) -> Self {
        PipePool(Rc::new(Shared { all: Arc::clone(all), worker, kept: RefCell::default() }))
    }

    /// A pipe with nothing in it; `None` when all are in use and the caller copies instead.
    pub(crate) fn take(&self) -> io::Result<Option<Pipe>> {
        let shared = &self.0;
        let asked = shared.all.size.load(Relaxed);
        let kept = shared.kept.borrow_mut().pop();
        let kept = kept.and_then(|ends| {
            shared.counters().kept.add(-1);
            if ends.asked == asked {
                return Some(ends);
            }
            shared.close(ends);
            None
        });
        let ends = match kept {
            Some(ends) => ends,
            None if !shared.all.reserve() => {
                shared.counters().lacking.add(1);
                return Ok(None);
            }
            None => match Ends::new(asked) {
                Ok(ends) => ends,
                Err(error) => {
                    shared.all.gone();
                    shared.counters().lacking.add(1);
                    return Err(error);
                }
            },
        };
        shared.counters().used.add(1);
        let (fill, capacity) = (ends.fill(), ends.room);
        Ok(Some(Pipe { ends, filled: 0, fill, capacity, pool: Rc::clone(shared) }))
    }
}

impl Pipe {
    /// Where bytes come out.
    pub(crate) fn reader(&self) -> &OwnedFd {
        &self.ends.reader
    }

    /// Where they go in.
    pub(crate) fn writer(&self) -> &OwnedFd {
        &self.ends.writer
    }

    /// Ends the use of the pipe: an empty one goes back to its pool, one with bytes left is closed with them.
    pub(crate) fn give_back(self) {
        let Pipe { ends, filled, pool, .. } = self;
        pool.counters().used.add(-1);
        let mut kept = pool.kept.borrow_mut();
        if filled == 0 && kept.len() < pool.may_keep() {
            kept.push(ends);
            pool.counters().kept.add(1);
        } else {
            pool.close(ends);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for ends in std::mem::take(self.kept.get_mut()) {
            self.counters().kept.add(-1);
            self.close(ends);
        }
    }
}

impl fmt::Debug for PipePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = self.0.counters();
        f.debug_struct("PipePool").field("used", &counters.used.get()).field("kept", &counters.kept.get()).finish()
    }
}

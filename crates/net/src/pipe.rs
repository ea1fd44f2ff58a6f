//! Pipes for splicing, kept for reuse by one worker and bounded.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::pipe::PipeFlags;

/// What we ask for; the kernel may refuse (`fs.pipe-user-pages-soft`), and then 64 KiB it is.
const WANTED: usize = 256 * 1024;

/// A pipe between two sockets. It knows how much is in it.
pub(crate) struct Pipe {
    pub(crate) reader: OwnedFd,
    pub(crate) writer: OwnedFd,
    pub(crate) filled: usize,
    pub(crate) capacity: usize,
    pool: Rc<Shared>,
}

/// A worker's pipes; cheap to clone.
#[derive(Clone)]
pub struct PipePool(Rc<Shared>);

struct Shared {
    idle: RefCell<Vec<(OwnedFd, OwnedFd, usize)>>,
    max_idle: usize,
    in_use: Cell<usize>,
    max_in_use: usize,
}

impl PipePool {
    /// At most `max_in_use` pipes at a time, of which `max_idle` are kept when nobody uses them (two descriptors each).
    #[must_use]
    pub fn new(max_in_use: usize, max_idle: usize) -> Self {
        let (idle, in_use) = (RefCell::default(), Cell::new(0));
        PipePool(Rc::new(Shared { idle, max_idle, in_use, max_in_use }))
    }

    /// A pipe with nothing in it; `None` when all are in use and the caller copies instead.
    pub(crate) fn take(&self) -> io::Result<Option<Pipe>> {
        let shared = &self.0;
        if shared.in_use.get() >= shared.max_in_use {
            return Ok(None);
        }
        let idle = shared.idle.borrow_mut().pop();
        let (reader, writer, capacity) = match idle {
            Some(pipe) => pipe,
            None => {
                let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
                let capacity = rustix::pipe::fcntl_setpipe_size(&writer, WANTED)
                    .or_else(|_| rustix::pipe::fcntl_getpipe_size(&writer))
                    .unwrap_or(4096);
                (reader, writer, capacity)
            }
        };
        shared.in_use.set(shared.in_use.get() + 1);
        Ok(Some(Pipe { reader, writer, filled: 0, capacity, pool: shared.clone() }))
    }

    /// Pipes lent out now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.0.in_use.get()
    }

    /// Pipes waiting to be used again.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.0.idle.borrow().len()
    }
}

impl Pipe {
    /// Ends the use of the pipe: an empty one goes back to its pool, one with bytes left is closed with them.
    pub(crate) fn give_back(self) {
        let Pipe { reader, writer, filled, capacity, pool } = self;
        pool.in_use.set(pool.in_use.get() - 1);
        let mut idle = pool.idle.borrow_mut();
        if filled == 0 && idle.len() < pool.max_idle {
            idle.push((reader, writer, capacity));
        }
    }
}

impl fmt::Debug for PipePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipePool").field("in_use", &self.in_use()).field("idle", &self.idle()).finish()
    }
}

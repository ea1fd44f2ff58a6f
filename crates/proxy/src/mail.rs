//! Connections on their way from the worker that accepted them to the one that will serve them: a short-locked box for each worker.
//!
//! Does not know who should get what; that is `dealing`'s.

use std::collections::VecDeque;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use plimsoll_net::Peer;

use crate::Gate;
use crate::snapshot::{Frontend, FrontendLive, Process};

/// What comes to one worker.
#[derive(Default)]
pub(crate) struct Mailbox {
    inside: Mutex<Inside>,
    /// As many as are inside, for those who compare workers.
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Inside {
    mail: VecDeque<Mail>,
    reader: Option<Waker>,
    closed: bool,
}

/// A connection that no event loop has, and of which nothing was read.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) socket: OwnedFd,
    pub(crate) tcp: bool,
    pub(crate) peer: Peer,
    /// Which listener it came by.
    pub(crate) port: u32,
    /// Where that led when it was accepted.
    pub(crate) frontend: Arc<Frontend>,
    /// `accept-proxy`, then.
    pub(crate) accept_proxy: bool,
    pub(crate) ticket: Ticket,
}

/// A place at the gates that were entered, wherever it goes. Dropped it gives the place back.
#[derive(Debug)]
pub(crate) struct Ticket(Option<Entered>);

/// The gates that a connection is inside of.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) process: Arc<Process>,
    pub(crate) live: Arc<FrontendLive>,
    pub(crate) own: Option<Arc<Gate>>,
}

impl Ticket {
    /// For gates that have been entered.
    pub(crate) fn new(entered: Entered) -> Self {
        Self(Some(entered))
    }

    /// From here on the caller gives the place back.
    pub(crate) fn punch(mut self) -> Entered {
        self.0.take().expect("punched once: it is consumed")
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(Entered { process, live, own }) = &self.0 {
            own.as_deref().into_iter().chain([&live.gate, &process.gate]).for_each(Gate::leave);
        }
    }
}

impl Mailbox {
    /// Leaves a connection there and wakes the worker. `Err`: nobody reads it any more.
    pub(crate) fn put(&self, mail: Mail) -> Result<(), Mail> {
        let reader = {
            let mut inside = self.inside.lock();
            if inside.closed {
                return Err(mail);
            }
            inside.mail.push_back(mail);
            self.waiting.store(inside.mail.len(), Relaxed);
            inside.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(())
    }

    /// The next one, in the order in which they came. It waits, to those who compare, until the next call: by then it is served.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Mail> {
        let mut inside = self.inside.lock();
        self.waiting.store(inside.mail.len(), Relaxed);
        if let Some(mail) = inside.mail.pop_front() {
            return Poll::Ready(mail);
        }
        inside.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// How many wait to be taken.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Nothing more comes. False: something has come already, and has to be looked after first.
    pub(crate) fn close(&self) -> bool {
        let mut inside = self.inside.lock();
        inside.closed = inside.mail.is_empty();
        inside.closed
    }

    /// Nothing more comes, and what is there is nobody's.
    pub(crate) fn abandon(&self) {
        let left = {
            let mut inside = self.inside.lock();
            inside.closed = true;
            std::mem::take(&mut inside.mail)
        };
        drop(left);
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

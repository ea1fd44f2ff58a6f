//! Which worker serves a fresh connection: nearly always the one that accepted it, sometimes the one that has the fewest.
//!
//! The kernel deals TCP connections to the workers' sockets by a hash, which knows nothing of how long they last. A socket that only one worker
//! can accept from deals nothing at all.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;

use plimsoll_net::{AcceptError, Stream};

use crate::accept::{self, Port};
use crate::client::{Client, Gates, Permit};
use crate::mail::{Mail, Mailbox};
use crate::worker::Worker;

/// Connections served from the mailbox before other tasks run.
const BURST: usize = 64;
/// A worker keeps what it accepts unless it has so many more than the mean, and a quarter more.
const ABOVE: usize = 16;

/// What a worker knows of its share.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// Accepts until it compares itself with the others again: it cannot get far above the mean sooner.
    rest: Cell<usize>,
    /// Who got the last one that it gave away.
    last: Cell<usize>,
    /// The highest number of a listener that it was told of.
    newest: Cell<u32>,
    /// Connections of listeners that it was not told of yet: the reload is on its way.
    early: RefCell<Vec<Mail>>,
}

/// Is this much more than the mean of all?
fn is_well_above(own: usize, total: usize, workers: usize) -> bool {
    4 * own * workers > 5 * total && (own.saturating_sub(ABOVE)) * workers >= total
}

/// Who has the fewest; among equals the next one behind `last`.
fn fewest(loads: impl ExactSizeIterator<Item = usize>, last: usize) -> usize {
    let workers = loads.len();
    let distance = |worker: usize| (worker + workers - 1 - last % workers) % workers;
    let least = loads.enumerate().min_by_key(|&(worker, load)| (load, distance(worker)));
    least.map_or(0, |(worker, _)| worker)
}

impl Worker {
    fn mailbox(&self) -> &Mailbox {
        self.process.mail.shard(self.id)
    }

    /// Connections that it serves, and those that are on their way to it.
    fn load(&self, worker: usize) -> usize {
        let live = self.process.counters.shard(worker).live.get();
        usize::try_from(live).unwrap_or(0) + self.process.mail.shard(worker).waiting()
    }

    fn loads(&self) -> impl ExactSizeIterator<Item = usize> {
        (0..self.process.mail.workers()).map(|worker| self.load(worker))
    }

    /// Who is to serve what was accepted just now. `None`: this worker.
    #[inline]
    pub(crate) fn elsewhere(&self, alone: bool) -> Option<usize> {
        if self.process.mail.workers() == 1 { None } else { self.someone_else(alone) }
    }

    fn someone_else(&self, alone: bool) -> Option<usize> {
        let rest = self.share.rest.get();
        if !alone && rest > 0 {
            self.share.rest.set(rest - 1);
            return None;
        }
        if !alone && !is_well_above(self.load(self.id), self.loads().sum(), self.process.mail.workers()) {
            self.share.rest.set(ABOVE - 1);
            return None;
        }
        let chosen = fewest(self.loads(), self.share.last.get());
        self.share.last.set(chosen);
        Some(chosen).filter(|worker| *worker != self.id)
    }

    /// Gives a connection to another worker. `Err`: that one has ended, and it is still ours.
    pub(crate) fn give(&self, to: usize, mail: Mail) -> Result<(), Mail> {
        self.process.mail.shard(to).put(mail)?;
        self.process.counters.shard(self.id).given.add(1);
        Ok(())
    }

    /// Serves what other workers accepted.
    pub(crate) async fn read_mail(self: Rc<Self>) {
        let mut served = 0;
        loop {
            let mail = poll_fn(|cx| self.mailbox().poll_take(cx)).await;
            self.process.counters.shard(self.id).taken.add(1);
            self.serve_mail(mail);
            served += 1;
            if served % BURST == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Serves a connection that came by the listener of that number, here or at another worker.
    pub(crate) fn serve_mail(self: &Rc<Self>, mail: Mail) {
        if mail.port > self.share.newest.get() && !self.is_draining() {
            self.share.early.borrow_mut().push(mail);
            return;
        }
        let Mail { socket, tcp, peer, port, frontend, accept_proxy, ticket } = mail;
        // Closed since, here: what has been accepted is served once, as what waits in a listener that is closed.
        let port = self.port(port).unwrap_or_else(|| Port::closed(self, port, &frontend));
        let stream = match Stream::accepted(socket, tcp) {
            Ok(stream) => stream,
            // Its place is given back.
            Err(error) => return accept::say_paused(&port, &AcceptError::Exhausted(error)),
        };
        let entered = ticket.punch();
        let gates = port.gates();
        let gates = if gates.are(&entered) { gates } else { Gates::of(self, entered) };
        accept::serve(Client::new(stream, peer, Permit::entered(&port, gates)), accept_proxy);
    }

    /// It knows all listeners up to this number.
    pub(crate) fn knows_ports(self: &Rc<Self>, newest: u32) {
        self.share.newest.set(newest.max(self.share.newest.get()));
        self.serve_early();
    }

    /// Those that waited for a reload are served, now that it is here, or never comes.
    pub(crate) fn serve_early(self: &Rc<Self>) {
        for mail in self.share.early.take() {
            self.serve_mail(mail);
        }
    }

    /// Takes nothing more from other workers, unless something has come: then it is not over yet.
    ///
    /// Who waits in the kernel's queue of a listener is let in before that.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.accepting.get() == 0 && self.live() == 0 && self.mailbox().close()
    }

    /// Takes nothing more from other workers, and closes what has come.
    pub fn abandon(&self) {
        self.mailbox().abandon();
    }
}

#[cfg(test)]
mod tests;

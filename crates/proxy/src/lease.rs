//! A request's places in a backend and on a server, given back whatever happens; and the same for a tunnel, which holds less.

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_clock::Tick;
use plimsoll_lb::Balancer;
use plimsoll_server::Server;

use crate::site::Site;
use crate::snapshot::{Backend, BackendLive, Target};

/// Counted as served by the server until it is dropped. It holds its backend, never a whole configuration: fit for requests, which end.
pub(crate) struct Lease {
    site: Rc<Site>,
    index: usize,
    /// A [`Seat`] has the place now.
    kept: bool,
}

impl Lease {
    /// Takes a place on the server `index` of the backend.
    pub(crate) fn take(site: &Rc<Site>, index: usize) -> Self {
        site.backend.balancer.took(&site.backend.targets[index].server);
        Self { site: Rc::clone(site), index, kept: false }
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.site.backend
    }

    pub(crate) fn target(&self) -> &Target {
        &self.site.backend.targets[self.index]
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.kept {
            self.site.backend.balancer.released(&self.target().server);
        }
    }
}

/// Counted as under way in the backend until it is dropped, with or without a server.
pub(crate) struct Stay {
    site: Rc<Site>,
    /// A [`Seat`] has it now.
    kept: bool,
}

impl Stay {
    /// A request or connection comes to this backend.
    pub(crate) fn begin(site: &Rc<Site>, worker: usize, now: Tick) -> Self {
        let live = &*site.backend.live;
        let counters = live.counters.shard(worker);
        counters.requests.add(1);
        counters.last.set(now.as_micros());
        live.counters.count(worker, |shard| &shard.rate, &live.busiest, now);
        live.load.begin();
        Self { site: Rc::clone(site), kept: false }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if !self.kept {
            self.site.backend.live.load.end();
        }
    }
}

/// Both places without the backend, which may have thousands of other servers: for what may last for days.
pub(crate) struct Seat {
    pub(crate) server: Arc<Server>,
    pub(crate) backend: Arc<BackendLive>,
    balancer: Arc<Balancer>,
    left: bool,
}

impl Seat {
    /// The places of a request, without giving them back in between.
    pub(crate) fn keep(mut lease: Lease, mut stay: Stay) -> Self {
        (lease.kept, stay.kept) = (true, true);
        let backend = &*lease.site.backend;
        Self {
            server: Arc::clone(&lease.target().server),
            backend: Arc::clone(&stay.site.backend.live),
            balancer: Arc::clone(&backend.balancer),
            left: false,
        }
    }

    /// The backend's name.
    pub(crate) fn backend_name(&self) -> &str {
        self.server.backend()
    }

    /// Gives both back. The names stay.
    pub(crate) fn leave(&mut self) {
        if !std::mem::replace(&mut self.left, true) {
            self.balancer.released(&self.server);
            self.backend.load.end();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

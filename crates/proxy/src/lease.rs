//! A request's places in a backend and on a server, given back whatever happens.

use std::rc::Rc;

use plimsoll_clock::Tick;

use crate::site::Site;
use crate::snapshot::{Backend, Target};

/// Counted as served by the server until it is dropped. It holds its backend, never a whole configuration.
pub(crate) struct Lease {
    site: Rc<Site>,
    index: usize,
}

impl Lease {
    /// Takes a place on the server `index` of the backend.
    pub(crate) fn take(site: &Rc<Site>, index: usize) -> Self {
        site.backend.balancer.took(&site.backend.targets[index].server);
        Self { site: Rc::clone(site), index }
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
        self.site.backend.balancer.released(&self.target().server);
    }
}

/// Counted as under way in the backend until it is dropped, with or without a server.
pub(crate) struct Stay(Rc<Site>);

impl Stay {
    /// A request or connection comes to this backend.
    pub(crate) fn begin(site: &Rc<Site>, worker: usize, now: Tick) -> Self {
        let live = &*site.backend.live;
        let counters = live.counters.shard(worker);
        counters.requests.add(1);
        counters.last.set(now.as_micros());
        live.counters.count(worker, |shard| &shard.rate, &live.busiest, now);
        live.load.begin();
        Self(Rc::clone(site))
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.0.backend.live.load.end();
    }
}

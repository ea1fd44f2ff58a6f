//! A request's place on a server, given back whatever happens.

use std::rc::Rc;

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

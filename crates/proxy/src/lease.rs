//! A request's place on a server, given back whatever happens.

use std::rc::Rc;

use crate::snapshot::{Backend, Target};
use crate::worker::View;

/// Counted as served by the server until it is dropped.
pub(crate) struct Lease {
    view: Rc<View>,
    backend: usize,
    index: usize,
}

impl Lease {
    /// Takes a place on the server `index` of the backend.
    pub(crate) fn take(view: &Rc<View>, backend: usize, index: usize) -> Self {
        view.snapshot.backends[backend].balancer.took(index);
        Self { view: Rc::clone(view), backend, index }
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.view.snapshot.backends[self.backend]
    }

    pub(crate) fn target(&self) -> &Target {
        &self.backend().targets[self.index]
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.backend().balancer.released(self.index);
    }
}

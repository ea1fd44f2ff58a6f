//! A worker's own view of the configuration: where a port's clients go, and the idle connections to its servers.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use plimsoll_upstream::Pool;

use crate::snapshot::{Backend, Frontend};
use crate::worker::Worker;

/// A backend as one worker uses it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) backend: Arc<Backend>,
    /// By server, made when first needed: a swap must not take time for servers that nobody asks.
    pools: Box<[OnceCell<Rc<Pool>>]>,
}

impl Site {
    pub(crate) fn new(backend: &Arc<Backend>) -> Rc<Self> {
        let pools = backend.targets.iter().map(|_| OnceCell::new()).collect();
        Rc::new(Self { backend: Arc::clone(backend), pools })
    }

    /// The idle connections to a server: the same pool as long as it is the same server at the same address.
    pub(crate) fn pool(&self, worker: &Worker, index: usize) -> &Rc<Pool> {
        self.pools[index].get_or_init(|| worker.pool(&self.backend.targets[index]))
    }

    /// Where a server of an older view is in this one.
    #[cold]
    pub(crate) fn place_of(&self, older: &Self, index: usize) -> Option<usize> {
        let server = &older.backend.targets[index].server;
        self.backend.targets.iter().position(|target| Arc::ptr_eq(&target.server, server))
    }
}

/// Where the clients of a port go.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) frontend: Arc<Frontend>,
    pub(crate) site: Option<Rc<Site>>,
    /// Of the backends that rules lead to, by their places in the directory; made when first needed.
    others: RefCell<HashMap<u32, Rc<Site>>>,
}

impl Route {
    pub(crate) fn new(frontend: &Arc<Frontend>) -> Rc<Self> {
        let site = frontend.default_backend.as_ref().map(Site::new);
        Rc::new(Self { frontend: Arc::clone(frontend), site, others: RefCell::default() })
    }

    /// The site of a backend that a rule leads to. `None` too where it has another mode, which a name that is made when it is needed may lead to.
    pub(crate) fn switched(&self, place: u32) -> Option<Rc<Site>> {
        let backend = self.frontend.directory.backends.get(place as usize)?;
        if backend.mode != self.frontend.mode {
            return None;
        }
        if let Some(site) = self.site.as_ref().filter(|site| Arc::ptr_eq(&site.backend, backend)) {
            return Some(Rc::clone(site));
        }
        Some(Rc::clone(self.others.borrow_mut().entry(place).or_insert_with(|| Site::new(backend))))
    }

    /// The site of a backend by its name.
    pub(crate) fn named(&self, name: &str) -> Option<Rc<Site>> {
        match &self.site {
            Some(site) if *site.backend.name == *name => Some(Rc::clone(site)),
            _ => self.switched(self.frontend.directory.backend(name)?),
        }
    }
}

//! The proxies of a configuration as rules see them, and which are at work.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use plimsoll_rules::variables::Limits;
use plimsoll_rules::{Fact, Origin, Slot};
use plimsoll_server::Server;

use crate::rules::Progress;
use crate::rules::capture::Captured;
use crate::site::{Route, Site};
use crate::snapshot::{Backend, FrontendLive};

/// A backend that rules name: its place in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackendRef(pub u32);

/// A frontend that rules name: its place in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrontendRef(pub u32);

/// A server that rules name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerRef {
    /// Its backend.
    pub backend: BackendRef,
    /// Its place there.
    pub server: u32,
}

/// All proxies of one configuration, in the order of the file.
#[derive(Debug, Default)]
pub struct Directory {
    /// Where clients come in.
    pub frontends: Vec<Arc<FrontendLive>>,
    /// Where requests go.
    pub backends: Vec<Arc<Backend>>,
    by_name: HashMap<Box<str>, u32>,
    /// `tune.vars`
    pub variables: Limits,
}

impl Directory {
    /// Of these.
    #[must_use]
    pub fn new(frontends: Vec<Arc<FrontendLive>>, backends: Vec<Arc<Backend>>, variables: Limits) -> Self {
        let by_name = backends.iter().zip(0..).map(|(backend, place)| (backend.name.clone(), place)).collect();
        Self { frontends, backends, by_name, variables }
    }

    /// Where a backend of that name is.
    #[must_use]
    pub fn backend(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }
}

/// The first number of a proxy in statistics.
const FIRST: usize = 2;

/// Which proxies are at work, as a fact.
#[derive(Debug)]
pub(crate) struct Proxies {
    pub(crate) route: Rc<Route>,
    /// Chosen already?
    pub(crate) site: Option<Rc<Site>>,
    /// The request's number, if its frontend has formats: `%rt`.
    pub(crate) number: u64,
    /// The request's name, if its frontend gives it one.
    pub(crate) id: Option<Box<[u8]>>,
    /// The server of the last attempt.
    pub(crate) server: RefCell<Option<Arc<Server>>>,
    /// The last rule that ended its list.
    pub(crate) last_rule: RefCell<Option<Origin>>,
    /// What was captured.
    pub(crate) captured: RefCell<Captured>,
    /// How far the request has come.
    pub(crate) progress: Cell<Progress>,
}

impl Fact for Proxies {
    const SLOT: Slot = Slot::Proxies;
}

impl Proxies {
    pub(crate) fn of(route: &Rc<Route>) -> Self {
        Self {
            route: Rc::clone(route),
            site: None,
            server: RefCell::default(),
            last_rule: RefCell::default(),
            captured: RefCell::default(),
            progress: Cell::default(),
            number: 0,
            id: None,
        }
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.route.frontend.directory
    }

    /// The number of the frontend, from 2 on, as statistics count them.
    pub(crate) fn frontend_number(&self) -> Option<usize> {
        let live = &self.route.frontend.live;
        self.directory().frontends.iter().position(|frontend| Arc::ptr_eq(frontend, live)).map(|at| FIRST + at)
    }

    /// The number of a backend: they follow the frontends.
    pub(crate) fn backend_number(&self, backend: &Arc<Backend>) -> Option<usize> {
        let Directory { frontends, backends, .. } = self.directory();
        backends.iter().position(|have| Arc::ptr_eq(have, backend)).map(|at| FIRST + frontends.len() + at)
    }
}

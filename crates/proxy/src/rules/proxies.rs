//! The proxies of a configuration as rules see them, and which are at work.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use plimsoll_rules::{Fact, Slot};

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
}

impl Directory {
    /// Of these.
    #[must_use]
    pub fn new(frontends: Vec<Arc<FrontendLive>>, backends: Vec<Arc<Backend>>) -> Self {
        let by_name = backends.iter().zip(0..).map(|(backend, place)| (backend.name.clone(), place)).collect();
        Self { frontends, backends, by_name }
    }

    /// Where a backend of that name is.
    #[must_use]
    pub fn backend(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }
}

/// Which proxies are at work, as a fact.
#[derive(Debug)]
pub(crate) struct Proxies {
    pub(crate) route: Rc<Route>,
    /// Chosen already?
    pub(crate) site: Option<Rc<Site>>,
    /// Its place among the backend's servers.
    pub(crate) server: Option<usize>,
    /// The request's number, if its frontend has formats: `%rt`.
    pub(crate) number: u64,
    /// The request's name, if its frontend gives it one.
    pub(crate) id: Option<Box<[u8]>>,
}

impl Fact for Proxies {
    const SLOT: Slot = Slot::Proxies;
}

impl Proxies {
    pub(crate) fn of(route: &Rc<Route>) -> Self {
        Self { route: Rc::clone(route), site: None, server: None, number: 0, id: None }
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.route.frontend.directory
    }
}

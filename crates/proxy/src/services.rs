//! Services: what answers a request inside a proxy, in the place of a server.
//!
//! Who has some exports rows ([`Service`]) over something of its own; the process joins both and gives them to its proxies as [`Services`].

mod options;
mod stats;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use plimsoll_http::Request;

pub use options::{ShowNode, StatsOptions};
pub use stats::Stats;

/// Answers under way at once, over all services and workers: each may hold the figures of ten thousand servers.
const MOST: usize = 64;

/// A service, as a row of its owner's table; `S` is what it looks at.
#[derive(Debug)]
pub struct Service<S: ?Sized> {
    /// By which rules name it.
    pub name: &'static str,
    /// As it stands in a line of the log, in the place of a server.
    pub logged: &'static str,
    /// Answers. Called on a worker: what takes long belongs into the pieces of the body.
    pub serve: fn(&Arc<S>, &Asked<'_>) -> Given,
    /// One or two sentences for the reference.
    pub doc: &'static str,
}

/// A service that rules name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceRef(pub &'static str);

/// What a service is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The request; of its body nothing is read.
    pub request: &'a Request,
    /// What the proxy's `stats` says, if that is why it is asked.
    pub stats: Option<&'a Arc<Stats>>,
}

/// The pieces of a body, each made when the one before is on its way. They are made away from the event loop.
pub type Pieces = Box<dyn Iterator<Item = Vec<u8>> + Send>;

/// What a service answers.
pub struct Given {
    /// The status.
    pub status: u16,
    /// Its fields, without those of framing.
    pub fields: Vec<(&'static str, String)>,
    /// Its body, which is none for some statuses.
    pub pieces: Option<Pieces>,
}

impl Given {
    /// With this type, not to be kept by caches.
    #[must_use]
    pub fn new(status: u16, content_type: &'static str, pieces: Option<Pieces>) -> Self {
        let fields = vec![("cache-control", "no-cache".to_owned()), ("content-type", content_type.to_owned())];
        Self { status, fields, pieces }
    }

    /// A short text.
    #[must_use]
    pub fn text(status: u16, text: &'static str) -> Self {
        Self::new(status, "text/plain", Some(Box::new(std::iter::once(text.as_bytes().to_vec()))))
    }
}

/// A service with what it looks at.
struct Row {
    name: &'static str,
    logged: &'static str,
    serve: Box<Serve>,
}

type Serve = dyn Fn(&Asked<'_>) -> Option<Given> + Send + Sync;

/// The services of a process.
#[derive(Default)]
pub struct Services {
    rows: Vec<Row>,
    busy: Arc<AtomicUsize>,
}

impl Services {
    /// With the rows of one owner and what they look at, which is not kept alive.
    #[must_use]
    pub fn with<S: ?Sized + Send + Sync + 'static>(mut self, rows: &'static [Service<S>], of: &Weak<S>) -> Self {
        self.rows.extend(rows.iter().map(|row| {
            let of = Weak::clone(of);
            let serve = Box::new(move |asked: &Asked<'_>| Some((row.serve)(&of.upgrade()?, asked)));
            Row { name: row.name, logged: row.logged, serve }
        }));
        self
    }

    /// The answer of a service, and its place. `None`: there is none of that name, it is ending, or too many are asked already.
    pub(crate) fn serve(&self, name: &str, asked: &Asked<'_>) -> Option<(Given, Busy)> {
        let row = self.rows.iter().find(|row| row.name == name)?;
        let busy = Busy::take(&self.busy)?;
        Some(((row.serve)(asked)?, busy))
    }

    /// As a service stands in a line of the log.
    pub(crate) fn logged(&self, name: &str) -> Option<&'static str> {
        self.rows.iter().find(|row| row.name == name).map(|row| row.logged)
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows.iter().map(|row| row.name)).finish()
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("status", &self.status).field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// An answer's place among those under way.
#[derive(Debug)]
pub(crate) struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn take(all: &Arc<AtomicUsize>) -> Option<Self> {
        if all.fetch_add(1, Relaxed) >= MOST {
            all.fetch_sub(1, Relaxed);
            return None;
        }
        Some(Self(Arc::clone(all)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &[Service<u16>] = &[Service {
        name: "one",
        logged: "<ONE>",
        serve: |status, _| Given::text(**status, "one\n"),
        doc: "Says one.",
    }];

    fn ask(services: &Services, name: &str) -> Option<(Given, Busy)> {
        services.serve(name, &Asked { request: &Request::default(), stats: None })
    }

    #[test]
    fn a_service_is_found_by_its_name_as_long_as_what_it_looks_at_lives() {
        let of = Arc::new(201);
        let services = Services::default().with(ROWS, &Arc::downgrade(&of));
        let (given, _) = ask(&services, "one").expect("a service");
        assert_eq!((given.status, given.pieces.map(Iterator::collect)), (201, Some(vec![b"one\n".to_vec()])));
        assert_eq!(services.logged("one"), Some("<ONE>"));
        assert!(ask(&services, "two").is_none());
        drop(of);
        assert!(ask(&services, "one").is_none());
    }

    #[test]
    fn so_many_answers_are_under_way_at_once_and_no_more() {
        let of = Arc::new(200);
        let services = Services::default().with(ROWS, &Arc::downgrade(&of));
        let mut held: Vec<_> = (0..MOST).map(|_| ask(&services, "one").expect("a place")).collect();
        assert!(ask(&services, "one").is_none());
        held.pop();
        assert!(ask(&services, "one").is_some());
    }
}

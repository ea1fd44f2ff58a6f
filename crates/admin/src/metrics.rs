//! `GET /metrics`: Prometheus' text, under the names of HAProxy's exporter. Read once, written page by page: ten thousand servers are
//! some tens of megabytes.
//!
//! Start reading at [`table`]: a metric is a row there.

mod table;
mod write;

use bytes::Bytes;
use plimsoll_commands::Progress;

use crate::figures::{BackendFigures, FrontendFigures, Row, Rows, ServerFigures};
use crate::{Latencies, State};
use table::{BACKEND, FRONTEND, HISTOGRAMS, Metric, SERVER, TRAFFIC};
use write::{Lines, label};

/// Bytes after which a page ends.
const PAGE: usize = 128 * 1024;

/// Those of [`Metrics::next`].
const TABLES: usize = 6;

/// Which tables are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    global: bool,
    frontend: bool,
    backend: bool,
    server: bool,
}

impl Scope {
    const fn new(all: bool) -> Self {
        Self { global: all, frontend: all, backend: all, server: all }
    }

    /// Out of a query, in the words of HAProxy's exporter: each `scope` adds to those before, an empty one takes them back. `None`: it is wrong.
    pub(crate) fn of(query: &[u8]) -> Option<Self> {
        let mut scope: Option<Self> = None;
        for part in query.split(|byte| *byte == b'&') {
            let Some(name) = part.strip_prefix(b"scope=") else { continue };
            let of = scope.get_or_insert(Self::new(false));
            match name {
                b"" => *of = Self::new(false),
                b"*" => *of = Self::new(true),
                b"global" => of.global = true,
                b"frontend" => of.frontend = true,
                b"backend" => of.backend = true,
                b"server" => of.server = true,
                // There are none of these here.
                b"listener" | b"sticktable" => {}
                _ => return None,
            }
        }
        Some(scope.unwrap_or(Self::new(true)))
    }
}

/// Something with figures, and its labels.
struct Labelled<F> {
    labels: String,
    figures: F,
}

/// A scrape under way: an iterator over its pages.
pub struct Metrics {
    process: Option<Vec<u8>>,
    frontends: Vec<Labelled<FrontendFigures>>,
    backends: Vec<Labelled<BackendFigures>>,
    servers: Vec<Labelled<Box<ServerFigures>>>,
    latencies: Vec<Labelled<Latencies>>,
    /// Which table, which metric of it, which row.
    at: (usize, usize, usize),
}

/// Reads all figures.
#[must_use]
pub fn metrics(state: &std::sync::Arc<dyn State>) -> Metrics {
    let mut all = Metrics {
        process: Some(table::process(&**state)),
        frontends: Vec::new(),
        backends: Vec::new(),
        servers: Vec::new(),
        latencies: Vec::new(),
        at: (0, 0, 0),
    };
    for row in Rows::new(state) {
        let mut labels = label("proxy", row.proxy_name());
        match row {
            Row::Frontend(figures) => all.frontends.push(Labelled { labels, figures }),
            Row::Server(figures) => {
                labels = format!("{labels},{}", label("server", figures.server().name()));
                all.servers.push(Labelled { labels, figures });
            }
            Row::Backend(figures) => {
                if let Some(latencies) = state.latencies(&figures.backend) {
                    all.latencies.push(Labelled { labels: labels.clone(), figures: latencies });
                }
                all.backends.push(Labelled { labels, figures });
            }
        }
    }
    all
}

impl Metrics {
    /// Only these tables.
    pub(crate) fn within(mut self, scope: Scope) -> Self {
        if !scope.global {
            self.process = None;
        }
        if !scope.frontend {
            self.frontends.clear();
        }
        if !scope.backend {
            self.backends.clear();
            self.latencies.clear();
        }
        if !scope.server {
            self.servers.clear();
        }
        self
    }
}

impl Iterator for Metrics {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if let Some(process) = self.process.take() {
            return Some(process.into());
        }
        let mut out = Vec::with_capacity(PAGE + 4096);
        while self.at.0 < TABLES && out.len() < PAGE {
            let at = (&mut self.at.1, &mut self.at.2);
            let out = &mut out;
            let progress = match self.at.0 {
                0 => fill(FRONTEND, "haproxy_frontend_", &self.frontends, |row| row, at, out),
                1 => fill(BACKEND, "haproxy_backend_", &self.backends, |row| row, at, out),
                2 => fill(TRAFFIC, "haproxy_backend_", &self.backends, |row| &row.traffic, at, out),
                3 => fill(HISTOGRAMS, "haproxy_backend_", &self.latencies, |row| row, at, out),
                4 => fill(SERVER, "haproxy_server_", &self.servers, |row| row, at, out),
                _ => fill(TRAFFIC, "haproxy_server_", &self.servers, |row| &row.traffic, at, out),
            };
            if progress == Progress::Done {
                self.at = (self.at.0 + 1, 0, 0);
            }
        }
        (!out.is_empty()).then(|| out.into())
    }
}

/// Goes on with a table of what is part of the figures, until the page is full.
fn fill<F, P>(
    table: &[Metric<P>],
    prefix: &str,
    rows: &[Labelled<F>],
    part: fn(&F) -> &P,
    (metric, row): (&mut usize, &mut usize),
    out: &mut Vec<u8>,
) -> Progress {
    if rows.is_empty() {
        return Progress::Done;
    }
    while let Some(current) = table.get(*metric) {
        let name = format!("{prefix}{}", current.name);
        if *row == 0 {
            write::head(&name, current.kind, current.help, out);
        }
        while let Some(labelled) = rows.get(*row) {
            (current.values)(part(&labelled.figures), &mut Lines::new(&name, &labelled.labels, out));
            *row += 1;
            if out.len() >= PAGE {
                return Progress::More;
            }
        }
        (*metric, *row) = (*metric + 1, 0);
    }
    Progress::Done
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").field("servers", &self.servers.len()).finish_non_exhaustive()
    }
}

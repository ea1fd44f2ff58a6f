//! What this crate serves inside proxies: the rows for `use-service`, and the page of `stats`.

use std::sync::Arc;

use plimsoll_commands::Progress;
use plimsoll_http::{Method, from_path, path_and_query};
use plimsoll_proxy::services::{Asked, Given, Pieces, Service};

use crate::commands::{self, Shape};
use crate::figures::Rows;
use crate::http::POLICY;
use crate::metrics::Scope;
use crate::page::Look;
use crate::{State, metrics, page};

/// The rows.
pub const SERVICES: &[Service<dyn State>] = &[
    Service {
        name: "prometheus-exporter",
        logged: "<PROMEX>",
        serve: prometheus,
        doc: "The metrics of all proxies and servers as Prometheus' text. The query chooses: `scope=global`, `frontend`, `backend` and `server`, each \
              of them once.",
    },
    Service {
        name: "stats",
        logged: "<STATS>",
        serve: stats,
        doc: "The page of figures; with `;csv`, `;json` or `;typed` in its address in that shape, with `;up` or `;no-maint` without servers that are \
              down or in maintenance.",
    },
    Service {
        name: "health",
        logged: "<HEALTH>",
        serve: health,
        doc: "200 as long as the process takes clients, 503 once it is leaving.",
    },
];

fn prometheus(state: &Arc<dyn State>, asked: &Asked<'_>) -> Given {
    let (_, query) = path_and_query(asked.request.head.get(asked.request.target));
    let Some(scope) = Scope::of(query.unwrap_or_default()) else {
        return Given::text(400, "the query is `scope=` with `global`, `frontend`, `backend`, `server` or `*`\n");
    };
    let state = Arc::clone(state);
    Given::new(200, "text/plain; version=0.0.4", Some(later(move || metrics(&state).within(scope).map(Vec::from))))
}

fn stats(state: &Arc<dyn State>, asked: &Asked<'_>) -> Given {
    let target = asked.request.head.get(asked.request.target);
    let (uri, words) = match asked.stats {
        Some(stats) => (stats.uri.to_string(), target.get(stats.uri.len()..).unwrap_or_default()),
        None => {
            let own = from_path(target);
            let (uri, words) = own.split_at(memchr::memchr(b';', own).unwrap_or(own.len()));
            (String::from_utf8_lossy(uri).into_owned(), words)
        }
    };
    if asked.request.method == Method::Post {
        // As in HAProxy where nobody may change anything.
        let mut given = Given { pieces: None, ..Given::text(303, "") };
        given.fields.push(("location", format!("{uri};st=DENY")));
        return given;
    }
    let has = |word: &str| memchr::memmem::find(words, format!(";{word}").as_bytes()).is_some();
    let scope = asked.stats.map(|stats| stats.scope.clone()).unwrap_or_default();
    let shape = match () {
        () if has("csv") => Some((Shape::Csv, "text/plain")),
        () if has("json") => Some((Shape::Json, "application/json")),
        () if has("typed") => Some((Shape::Typed, "text/plain")),
        () => None,
    };
    let state = Arc::clone(state);
    if let Some((shape, kind)) = shape {
        let words: Vec<&'static str> = ["up", "no-maint"].into_iter().filter(|word| has(word)).collect();
        let pieces = later(move || taken(commands::by_http(Rows::within(&state, &scope), shape, &words)));
        return refreshed(asked, Given::new(200, kind, Some(pieces)), has("norefresh"));
    }
    let links = vec![(format!("{uri};csv"), "csv"), (format!("{uri};json"), "json")];
    let mut look = Look { links, scope, ..Look::default() };
    if let Some(stats) = asked.stats {
        look.hide_version = stats.hide_version;
        look.node = stats.node.as_deref().map(str::to_owned);
        look.description = stats.description.as_deref().map(str::to_owned);
    }
    let mut given = Given::new(200, "text/html; charset=utf-8", Some(later(move || page(&state, look))));
    given.fields.extend([("x-content-type-options", "nosniff".into()), ("content-security-policy", POLICY.into())]);
    refreshed(asked, given, has("norefresh"))
}

fn refreshed(asked: &Asked<'_>, mut given: Given, not: bool) -> Given {
    if let Some(refresh) = asked.stats.and_then(|stats| stats.refresh).filter(|_| !not) {
        given.fields.push(("refresh", refresh.to_string()));
    }
    given
}

fn health(state: &Arc<dyn State>, _: &Asked<'_>) -> Given {
    if state.is_ready() { Given::text(200, "ready\n") } else { Given::text(503, "leaving\n") }
}

/// Nothing is read before the first piece is asked for, which is not on a worker's event loop.
fn later<I: Iterator<Item = Vec<u8>> + Send + 'static>(make: impl FnOnce() -> I + Send + 'static) -> Pieces {
    Box::new(std::iter::once_with(make).flatten())
}

/// The pages of a command.
fn taken(mut pages: plimsoll_commands::Pages) -> impl Iterator<Item = Vec<u8>> {
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let mut out = Vec::new();
        over = pages(&mut out) == Progress::Done;
        Some(out)
    })
}

//! The pages by HTTP: hyper on one connection, a table of paths, nothing that changes anything.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use plimsoll_commands::{Pages, Progress};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::listen::Stream;
use crate::{Events, Look, Metrics, Page, State, commands, metrics, page};

/// How often an open page hears of changes.
const EVERY: Duration = Duration::from_secs(1);
/// It waits this many times as long as the last update took to make, so that ten thousand servers cost the control thread no more
/// than a fortieth of its time a page.
const REST: u32 = 40;
/// A client that sends no request for so long is closed.
const PATIENCE: Duration = Duration::from_secs(30);
/// The page brings its own style and script, and speaks to nobody else.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `live`: places for pages that are told of changes.
pub(crate) async fn serve(stream: Box<dyn Stream>, state: Arc<dyn State>, live: Arc<Semaphore>) {
    let service = service_fn(move |request| {
        let answer = answer(&request, &state, &live);
        async move { Ok::<_, Infallible>(answer) }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .half_close(true)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// What a path is answered with.
type Serve = fn(&Arc<dyn State>) -> Content;

const PATHS: &[(&str, &str, Serve)] = &[
    ("/", "text/html; charset=utf-8", |state| Content::Page(Box::new(page(state, Look::live())))),
    ("/metrics", "text/plain; version=0.0.4; charset=utf-8", |state| Content::Metrics(Box::new(metrics(state)))),
    ("/alive", "text/plain", |_| Content::text("alive\n")),
    ("/ready", "text/plain", |_| Content::text("ready\n")),
    ("/stats.csv", "text/csv; charset=utf-8", |state| Content::Pages(commands::csv(state))),
];

fn answer(request: &Request<Incoming>, state: &Arc<dyn State>, live: &Arc<Semaphore>) -> Response<Content> {
    let path = request.uri().path();
    // For those who balance over several of us, and for orchestrators.
    if let ("/ready", false) = (path, state.is_ready()) {
        return respond(StatusCode::SERVICE_UNAVAILABLE, "text/plain", Content::text("leaving\n"));
    }
    let (status, kind, content) = match PATHS.iter().find(|(known, ..)| *known == path) {
        None if path == "/events" && request.method() == Method::GET => match Arc::clone(live).try_acquire_owned() {
            Ok(place) => {
                (StatusCode::OK, "text/event-stream", Content::Events(Box::new(Subscription::new(state, place))))
            }
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "text/plain", Content::text("too many open pages\n")),
        },
        None => (StatusCode::NOT_FOUND, "text/plain", Content::text("not found\n")),
        Some(_) if request.method() != Method::GET && request.method() != Method::HEAD => {
            (StatusCode::METHOD_NOT_ALLOWED, "text/plain", Content::text("GET only\n"))
        }
        Some((_, kind, _)) if request.method() == Method::HEAD => (StatusCode::OK, *kind, Content::Whole(None)),
        Some((_, kind, serve)) => (StatusCode::OK, *kind, serve(state)),
    };
    respond(status, kind, content)
}

fn respond(status: StatusCode, kind: &'static str, content: Content) -> Response<Content> {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// A body, made as it is taken.
enum Content {
    Whole(Option<Bytes>),
    Page(Box<Page>),
    Metrics(Box<Metrics>),
    Pages(Pages),
    Events(Box<Subscription>),
    Done,
}

impl Content {
    fn text(text: &'static str) -> Self {
        Self::Whole(Some(Bytes::from_static(text.as_bytes())))
    }
}

/// An open page.
struct Subscription {
    events: Events,
    state: Arc<dyn State>,
    ticks: Interval,
    _place: OwnedSemaphorePermit,
}

impl Subscription {
    fn new(state: &Arc<dyn State>, place: OwnedSemaphorePermit) -> Self {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { events: Events::default(), state: Arc::clone(state), ticks, _place: place }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut *self {
            Self::Whole(whole) => whole.take(),
            Self::Page(page) => page.next().map(Bytes::from),
            Self::Metrics(metrics) => metrics.next(),
            Self::Pages(pages) => {
                let mut out = Vec::new();
                if pages(&mut out) == Progress::Done {
                    *self = Self::Done;
                }
                Some(out.into())
            }
            Self::Events(subscription) => {
                if subscription.ticks.poll_tick(cx).is_pending() {
                    return Poll::Pending;
                }
                let Subscription { events, state, ticks, .. } = &mut **subscription;
                let start = plimsoll_clock::Tick::now();
                let event = events.next(state);
                ticks.reset_after(EVERY.max(plimsoll_clock::Tick::now().since(start) * REST));
                Some(event.into())
            }
            Self::Done => None,
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Done | Self::Whole(None))
    }
}

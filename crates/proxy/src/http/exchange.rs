//! One request after another: read, route, try servers until one answers, forward, decide what comes next.

use std::cell::Cell;
use std::future::poll_fn;
use std::ops::Range;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_http::{Body, Framing, Request, Response, encode};
use plimsoll_net::{Peeked, Stream, ToServer};
use plimsoll_outcome::{Outcome, Side};
use plimsoll_upstream::{Connection, Reuse};

use super::Next;
use super::download::{Tail, download, may_repeat, to_client_failed};
use super::head::{self, NoRequest};
use super::job::{Failed, Job, Upload};
use super::judge::{Decided, Judge};
use super::parts::Parts;
use super::record::{About, Record};
use super::replying::{decided, fail, monitored, refuse, unasked};
use super::tunnel::Tunnel;
use super::upload::{UploadEnd, absorb, upload};
use super::write::{self, Patience};
use crate::buffer::Buffer;
use crate::client::{Client, Closing, Private};
use crate::connect::connect;
use crate::lease::{Lease, Stay};
use crate::personal::personal;
use crate::rules::tell;
use crate::site::{Route, Site};
use crate::snapshot::{Frontend, Mode};
use crate::step::fault::point;
use crate::{ABORTED_CONNECTING, BODY_ABORTED, NO_BACKEND, NO_SERVER, OK, REQUEST_ABORTED, SERVER_EARLY};

/// What an empty send buffer takes at once for sure.
const SHORT: usize = 8 << 10;

/// Before the same server is tried again; another one is tried at once.
const SAME_SERVER: Duration = Duration::from_secs(1);

/// Serves requests until the client is idle, leaves, or is given away.
///
/// This future is moved once for each time that a client is not idle any more, so its size is work. What few requests need of it lies in boxes
/// of its own.
pub(super) async fn exchange(client: &mut Client) -> Next {
    let mut buf = client.take_early();
    let mut parts = Parts::take();
    loop {
        match one(client, &mut buf, &mut parts).await {
            Next::Idle if !buf.is_empty() => {}
            next => return next,
        }
    }
}

async fn one(client: &mut Client, buf: &mut Buffer, parts: &mut Parts) -> Next {
    let mut route = client.port().route();
    if route.frontend.mode != Mode::Http {
        // A reload made another kind of port of this one.
        return Next::Close(Closing::Plain);
    }
    let both = parts.get();
    let mut record = Record::default();
    let started = match head::read(client, buf, &mut both.request, &route.frontend).await {
        Ok(started) => started,
        Err(NoRequest::NotYet) => return Next::Idle,
        Err(NoRequest::Quiet) if client.requests == 0 && route.frontend.log.null => {
            return Next::Close(Box::pin(unasked(client, &REQUEST_ABORTED)).await);
        }
        Err(NoRequest::Quiet) => return Next::Close(Closing::Plain),
        Err(NoRequest::Bad(outcome)) => return Box::pin(refuse(client, &route.frontend, buf.bytes(), outcome)).await,
    };
    point("head");
    // While a head drips in, a reload may come: no request begins with a view whose servers are gone.
    let of_now = client.port().route();
    if of_now.frontend.mode == Mode::Http {
        route = of_now;
    }
    let frontend = &*route.frontend;
    let first = client.requests == 0;
    client.requests += 1;
    record.head = Tick::now();
    record.started = started.unwrap_or(record.head);
    record.bytes_in = both.request.head.text().len() as u64;
    if let Some(session) = client.session.get_mut() {
        session.next_request();
    }
    let mut judge = Judge::of(&route, client);
    if let Some(judge) = &judge {
        judge.proxies.progress.set(record.progress(client, None));
    }
    let mut site = route.site.clone();
    if let Some(judge) = &mut judge {
        if judge.is_monitor(&both.request) {
            let next = Box::pin(monitored(client, frontend, both, judge)).await;
            return Judge::over(judge, client, next);
        }
        judge.name(client, &mut both.request);
        if judge.frontend(client, &mut both.request).await.is_err() {
            let whole = has_no_body(&both.request);
            let next = Box::pin(decided(client, frontend, None, both, &mut record, judge, whole)).await;
            return Judge::over(judge, client, next);
        }
        site.clone_from(&judge.proxies.site);
    }
    let Some(site) = site else {
        let next = Box::pin(fail(
            client,
            frontend,
            None,
            both,
            &mut record,
            &NO_BACKEND,
            has_no_body(&both.request),
            judge.as_deref(),
        ))
        .await;
        return match &mut judge {
            Some(judge) => Judge::over(judge, client, next),
            None => next,
        };
    };
    let backend = &*site.backend;
    let stay = Stay::begin(&site, client.port().worker.id, record.head);
    let mut wanted = None;
    if let Some(judge) = &mut judge {
        match judge.backend(client, &mut both.request).await {
            Ok(server) => wanted = server,
            Err(Decided) => {
                drop(stay);
                let whole = has_no_body(&both.request);
                let next = Box::pin(decided(client, frontend, Some(backend), both, &mut record, judge, whole)).await;
                return Judge::over(judge, client, next);
            }
        }
    }
    if (frontend.tells.is_some() || backend.tells.is_some())
        && let Err(outcome) = tell(client, &route, &site, &mut both.request)
    {
        drop(stay);
        let whole = has_no_body(&both.request);
        let next =
            Box::pin(fail(client, frontend, Some(backend), both, &mut record, outcome, whole, judge.as_deref())).await;
        return match &mut judge {
            Some(judge) => Judge::over(judge, client, next),
            None => next,
        };
    }
    let mut trip = Trip {
        route: Rc::clone(&route),
        site: Rc::clone(&site),
        frontend,
        client,
        judge: judge.as_deref(),
        wanted,
        buf,
        first,
        out: Buffer::default(),
        body: Body::Done,
        named: 0..0,
        pause: false,
        moved: false,
    };
    let end = trip.attempts(&both.request, &mut both.response, &mut record).await;
    let whole = trip.body.is_done();
    // The one that it ended at: a reload may have come.
    let site = trip.site;
    let backend = &*site.backend;
    let next = match end {
        Ok(Arrived::Served { keep }) => {
            // As in HAProxy, its line counts those that are left.
            drop(stay);
            record.finish(
                client,
                frontend,
                Some(backend),
                Some(&both.request),
                &OK,
                About::answered(judge.as_deref(), both),
            );
            if keep { Next::Idle } else { Next::Close(closing(&both.request, whole)) }
        }
        Ok(Arrived::Switched(connection, lease, rest)) => {
            record.finish(
                client,
                frontend,
                Some(backend),
                Some(&both.request),
                &OK,
                About::answered(judge.as_deref(), both),
            );
            let limit = judge.as_ref().and_then(|judge| judge.timeouts().tunnel);
            Next::Tunnel(Box::new(Tunnel::new(connection, frontend, (lease, stay), limit, std::mem::take(buf), rest)))
        }
        Err(failed) if failed.heard => {
            drop(stay);
            record.finish(
                client,
                frontend,
                Some(backend),
                Some(&both.request),
                failed.outcome,
                About::answered(judge.as_deref(), both),
            );
            Next::Close(broken_off(failed.outcome, record.until_close))
        }
        Err(failed) => {
            drop(stay);
            match judge.as_deref_mut().filter(|judge| judge.state.borrow().fate.verdict.is_some()) {
                Some(judge) => {
                    Box::pin(decided(client, frontend, Some(backend), both, &mut record, judge, whole)).await
                }
                None => {
                    let judge = judge.as_deref();
                    Box::pin(fail(client, frontend, Some(backend), both, &mut record, failed.outcome, whole, judge))
                        .await
                }
            }
        }
    };
    match &mut judge {
        Some(judge) => Judge::over(judge, client, next),
        None => next,
    }
}

/// Nothing of the request comes behind its head.
pub(super) fn has_no_body(request: &Request) -> bool {
    matches!(request.framing, Framing::Empty | Framing::Length(0))
}

/// A client that asked for the close, and sent all it had, has nothing more to say; but some send an empty line behind a body.
fn closing(request: &Request, whole: bool) -> Closing {
    if whole && !request.keep_alive && request.framing == Framing::Empty { Closing::Plain } else { Closing::Linger }
}

/// A response that its server broke off shows it by its framing, and what of it is on the way still arrives behind a FIN. A RST would
/// take that back; it is for bodies that a FIN would complete, and for clients who do not read or are gone.
fn broken_off(outcome: &Outcome, until_close: bool) -> Closing {
    if outcome.side == Side::Server && !until_close { Closing::Linger } else { Closing::Reset }
}

/// A response got through.
enum Arrived {
    /// It did, to its end.
    Served { keep: bool },
    /// The connection is a tunnel from here on; bytes for the client that came with the switch.
    Switched(Connection, Lease, Buffer),
}

/// A request's way to a backend: what stays the same over all attempts.
struct Trip<'a> {
    /// Where it is routed: what stays the same unless a reload comes between two attempts.
    route: Rc<Route>,
    site: Rc<Site>,
    frontend: &'a Frontend,
    client: &'a mut Client,
    buf: &'a mut Buffer,
    first: bool,
    /// The request as it goes to a server, with as much of its body as was in hand.
    out: Buffer,
    /// Where in it the server's name stands.
    named: Range<usize>,
    /// The rules of the request, if it has any.
    judge: Option<&'a Judge>,
    /// `use-server`: for the first attempt.
    wanted: Option<usize>,
    /// What is still to come of the body.
    body: Body,
    /// The last failure was a connect: the same server is not tried again at once.
    pause: bool,
    /// The server of the last failure is not of the backend any more.
    moved: bool,
}

impl Trip<'_> {
    async fn attempts(
        &mut self,
        request: &Request,
        response: &mut Response,
        record: &mut Record,
    ) -> Result<Arrived, Failed> {
        let fields = request.head.fields().count();
        self.body = Body::new(request.framing, &self.frontend.limits, fields);
        let mut avoid = None;
        let mut left = self.judge.and_then(Judge::retries).unwrap_or(self.site.backend.retries);
        loop {
            let lease = self.choose(avoid, record)?;
            point("chosen");
            if !self.out.is_empty() && avoid.is_some_and(|avoid| avoid != lease.index()) {
                self.rename(&lease);
            }
            if self.out.is_empty() {
                self.write_head(request, &lease);
                let before = self.buf.len();
                absorb(self.buf, &mut self.body, request.framing, &mut self.out)
                    .map_err(|error| Failed::unheard(error.of_client()))?;
                record.bytes_in += (before - self.buf.len()) as u64;
                self.buf.release();
            }
            let whole = self.body.is_done();
            let tried = lease.index();
            let failed = match self.attempt(request, response, record, lease).await {
                Ok(arrived) => return Ok(arrived),
                Err(failed) => failed,
            };
            // Nothing was sent when the connect failed, so what is in hand is still everything.
            let in_hand = whole || failed.outcome.retry == plimsoll_outcome::Retry::Safe;
            let only_connects =
                self.judge.is_some_and(Judge::only_connects) && failed.outcome.retry != plimsoll_outcome::Retry::Safe;
            if left == 0 || only_connects || !may_repeat(&failed, request.method, in_hand) {
                return Err(failed);
            }
            left -= 1;
            record.retries += 1;
            avoid = Some(tried);
            self.pause = failed.outcome.retry == plimsoll_outcome::Retry::Safe;
            self.moved = false;
            if let Some((route, site)) = self.client.port().newer(&self.route, &self.site) {
                avoid = site.place_of(&self.site, tried);
                self.moved = avoid.is_none();
                record.server = avoid;
                (self.route, self.site) = (route, site);
            }
        }
    }

    /// The server of this attempt: the balancer's choice, or the one that failed once more.
    fn choose(&self, avoid: Option<usize>, record: &mut Record) -> Result<Lease, Failed> {
        let worker = &self.client.port().worker;
        let usable = |index: &usize| self.site.backend.targets[*index].server.usable();
        let private = self.client.private.as_ref().filter(|_| avoid.is_none()).and_then(|private| {
            self.site.backend.targets.iter().position(|target| Arc::ptr_eq(&target.server, &private.server))
        });
        let backend = &*self.site.backend;
        let same = avoid.filter(|index| !backend.redispatch && usable(index));
        let wanted = self.wanted.filter(|_| avoid.is_none() && !self.moved);
        let index = match wanted.filter(usable).or(private.filter(usable)).or(same) {
            Some(bound) => bound,
            None => backend.choose(worker.id, avoid, &mut || worker.random()).ok_or(Failed::unheard(&NO_SERVER))?,
        };
        record.redispatched = self.moved || avoid.is_some_and(|avoid| avoid != index);
        record.server = Some(index);
        if let Some(judge) = self.judge {
            *judge.proxies.server.borrow_mut() = Some(Arc::clone(&backend.targets[index].server));
        }
        backend.count_attempt(worker.id, avoid, index, record.head);
        if self.moved {
            backend.live.counters.shard(worker.id).redispatches.add(1);
        }
        Ok(Lease::take(&self.site, index))
    }

    fn write_head(&mut self, request: &Request, lease: &Lease) {
        let close = self.site.backend.server_close || self.frontend.server_close;
        encode::request(request, close, &lease.target().host, self.out.vec());
        if let Some(line) = self.name_line(lease) {
            let out = self.out.vec();
            // Before the empty line.
            let at = out.len().saturating_sub(2);
            self.named = at..at + line.len();
            out.splice(at..at, line);
        }
    }

    /// `http-send-name-header`
    fn name_line(&self, lease: &Lease) -> Option<Vec<u8>> {
        let field = self.site.backend.tells.as_ref()?.send_name.as_ref()?;
        Some([field.as_bytes(), b": ", lease.target().server.name().as_bytes(), b"\r\n"].concat())
    }

    /// The request goes to another server than it was written for.
    #[cold]
    fn rename(&mut self, lease: &Lease) {
        if let Some(line) = self.name_line(lease)
            && !self.named.is_empty()
        {
            let length = line.len();
            self.out.vec().splice(self.named.clone(), line);
            self.named.end = self.named.start + length;
        }
    }

    async fn attempt(
        &mut self,
        request: &Request,
        response: &mut Response,
        record: &mut Record,
        lease: Lease,
    ) -> Result<Arrived, Failed> {
        record.blame = None;
        let mut connection = self.connect(request, record, &lease).await?;
        record.connected = if record.retries == 0 && connection.served() > 0 { record.head } else { Tick::now() };
        point("connected");
        connection.begin_request();
        if self.frontend.formats.is_some() || self.judge.is_some() {
            record.source = connection.near();
            record.served = connection.served();
        }
        let marked = self.judge.is_some_and(|judge| judge.mark(connection.stream()));
        let job = Job {
            worker: &self.client.port().worker,
            frontend: self.frontend,
            backend: &self.site.backend,
            client: self.client,
            request,
            tolerance: lease.target().tolerance,
            upload: Cell::new(if self.body.is_done() { Upload::Whole } else { Upload::Going }),
            judge: self.judge,
            taken: Cell::new(0),
            held: Cell::new(request.expects_continue),
        };
        let mut tail = if self.body.is_done() {
            let sent = send(&job, connection.stream(), self.out.bytes()).await;
            // A server that takes no more may have answered already: that is looked for first.
            sent?;
            if connection.served() == 1 && connection.stream().is_tcp() {
                // The request carried the acknowledgement of the connect; what the server says is acknowledged as it comes.
                connection.stream().acknowledge_at_once();
            }
            download(&job, connection.stream(), response, record, record.connected, Some(&mut self.out)).await?
        } else {
            let both = both_ways(&job, connection.stream(), self.buf, &mut self.body, &mut self.out, response, record);
            Box::pin(both).await?
        };
        if tail.switch {
            record.heard = true;
            write_tail(&job, &mut tail, record).await?;
            return Ok(Arrived::Switched(connection, lease, tail.rest));
        }
        let keep = tail.keep && job.sent();
        let reusable =
            tail.reusable && !marked && job.sent() && !self.site.backend.server_close && !self.frontend.server_close;
        // The server has said everything: its connection and its slot are free while a slow client still reads.
        let private = if reusable { self.give_back(connection, &lease) } else { None };
        drop(lease);
        record.heard = true;
        point("tail");
        write_tail(&job, &mut tail, record).await?;
        self.client.private = private;
        Ok(Arrived::Served { keep })
    }

    fn give_back(&self, connection: Connection, lease: &Lease) -> Option<Box<Private>> {
        if self.site.backend.reuse == Reuse::Never || connection.personal().is_some() {
            return Some(Box::new(Private { connection, server: Arc::clone(&lease.target().server) }));
        }
        connection.park();
        None
    }

    /// A connection that may carry this request: the client's own, an idle one, or a new one.
    async fn connect(&mut self, request: &Request, record: &Record, lease: &Lease) -> Result<Connection, Failed> {
        let worker = self.client.port().worker.id;
        let counters = lease.target().server.counters().shard(worker);
        // What begins with a header, or comes from its address, is this client's: the pool has none of those, and this request may use no other.
        let personal = personal(lease.target(), self.client, Some(&request.head));
        if let Some(private) = self.client.private.take()
            && Arc::ptr_eq(&private.server, &lease.target().server)
            && private.connection.personal() == personal.as_deref()
            && matches!(private.connection.stream().peek(), Ok(Peeked::Nothing))
        {
            counters.reuses.add(1);
            return Ok(private.connection);
        }
        let pool = self.site.pool(&self.client.port().worker, lease.index());
        // A repeated request goes over a fresh connection: the server may have closed all its old ones at once.
        while record.retries == 0
            && personal.is_none()
            && let Some(connection) = pool.take(self.site.backend.reuse, self.first)
        {
            // What may not be repeated is worth one system call to see whether the server is closing just now.
            if request.method.is_idempotent() || matches!(connection.stream().peek(), Ok(Peeked::Nothing)) {
                counters.reuses.add(1);
                return Ok(connection);
            }
        }
        let target = lease.target();
        let timer = &self.client.timer;
        let now = if record.retries == 0 { record.head } else { Tick::now() };
        if self.pause && !record.redispatched {
            let pause = self.site.backend.timeouts.connect.map_or(SAME_SERVER, |limit| limit.as_std().min(SAME_SERVER));
            timer.arm(now.after(pause));
            timer.wait().await;
        }
        let worker = &self.client.port().worker;
        let limit = self.judge.and_then(|judge| judge.timeouts().connect).or(self.site.backend.timeouts.connect);
        let connecting = Box::pin(connect(worker, target, personal.as_deref(), timer, limit));
        // Only who has said all can mean by a FIN that the answer is not wanted any more.
        let connected = if self.site.backend.abortonclose && self.body.is_done() {
            unless_aborted(&self.client.stream, connecting).await
        } else {
            connecting.await
        };
        let stream = connected.map_err(Failed::unheard)?;
        if stream.seems_readable() && matches!(stream.peek(), Ok(Peeked::Bytes)) {
            // What it says cannot be an answer, and would be taken for one.
            return Err(Failed::unheard(&SERVER_EARLY));
        }
        Ok(pool.adopt_for(personal, stream))
    }
}

/// Waits for a connection as long as the client waits for an answer.
async fn unless_aborted(
    client: &Stream,
    connecting: impl Future<Output = Result<ToServer, &'static Outcome>>,
) -> Result<ToServer, &'static Outcome> {
    let mut connecting = pin!(connecting);
    poll_fn(|cx| {
        if client.poll_readable(cx).is_ready() && matches!(client.peek(), Ok(Peeked::Fin) | Err(_)) {
            return Poll::Ready(Err(&ABORTED_CONNECTING));
        }
        connecting.as_mut().poll(cx)
    })
    .await
}

/// Sends a request that is whole.
async fn send(job: &Job<'_>, server: &Stream, mut bytes: &[u8]) -> Result<(), Failed> {
    let mut patience = Patience::new(&job.client.timer, job.of_server());
    while !bytes.is_empty() {
        let wrote = poll_fn(|cx| match server.poll_write(cx, bytes) {
            Poll::Ready(wrote) => Poll::Ready(Some(wrote)),
            Poll::Pending => patience.poll_spent(cx).map(|()| None),
        })
        .await;
        match wrote {
            Some(Ok(count)) => {
                patience.progress(count as u64);
                bytes = &bytes[count..];
            }
            // It may have answered and closed: what it said is still to be read.
            Some(Err(_)) => return Ok(()),
            None => return Err(Failed::unheard(&crate::SERVER_STALLED)),
        }
    }
    Ok(())
}

/// Forwards a body and a response at once: either may end first.
async fn both_ways(
    job: &Job<'_>,
    server: &Stream,
    buf: &mut Buffer,
    body: &mut Body,
    out: &mut Buffer,
    response: &mut Response,
    record: &mut Record,
) -> Result<Tail, Failed> {
    let sent = Tick::now();
    let mut bytes_in = 0;
    let end = {
        let mut up = pin!(upload(job, server, buf, body, out));
        let mut down = pin!(download(job, server, response, record, sent, None));
        // A server that takes nothing has us read nothing: then it is the only way to hear that the client is gone.
        let mut gone = pin!(job.client.stream.broken());
        let mut going_up = true;
        poll_fn(|cx| {
            if going_up && let Poll::Ready(end) = up.as_mut().poll(cx) {
                going_up = false;
                match end {
                    Ok(read) => {
                        bytes_in = read;
                        job.upload.set(Upload::Whole);
                    }
                    // It may have answered: the response is read with the server's patience, and neither connection is used again.
                    Err(UploadEnd::ServerGone) => job.upload.set(Upload::Refused),
                    Err(UploadEnd::Failed(outcome)) => return Poll::Ready(Err(outcome)),
                }
            }
            if going_up && gone.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(&BODY_ABORTED));
            }
            down.as_mut().poll(cx).map(Ok)
        })
        .await
    };
    record.bytes_in += bytes_in;
    match end {
        Ok(end) => end,
        Err(outcome) => Err(Failed { outcome, heard: record.heard }),
    }
}

async fn write_tail(job: &Job<'_>, tail: &mut Tail, record: &mut Record) -> Result<(), Failed> {
    let mut patience = Patience::new(&job.client.timer, job.of_client());
    let Tail { out, rest, plain, .. } = tail;
    record.lasted |= out.len() + *plain > SHORT;
    record.bytes_out +=
        write::all(&job.client.stream, out, rest, *plain, &mut patience).await.map_err(to_client_failed)?;
    Ok(())
}

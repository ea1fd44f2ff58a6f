//! Accepts clients: a place is reserved first, and running out of descriptors is waited out.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use plimsoll_clock::{Tick, Timer, wall};
use plimsoll_net::{AcceptError, Acceptor, ListenOptions, Peer, Stream};
use plimsoll_observe::{Event, Level, Value};

use crate::client::{Client, Gates, Permit};
use crate::mail::{Mail, Ticket};
use crate::rules::{Early, FrontendRules, is_judged, judged};
use crate::site::{Route, Site};
use crate::snapshot::{Frontend, Mode};
use crate::step::fault::point;
use crate::step::{Whose, steady};
use crate::worker::{Assignment, Worker};
use crate::{Rate, accept_proxy, http, tcp};

/// Clients accepted before other tasks run.
const BURST: usize = 64;
/// How long to wait when descriptors ran out and nothing tells of their return.
const PAUSE: Duration = Duration::from_millis(100);
/// One line about it in so long.
const QUIET: Duration = Duration::from_secs(10);

/// One listener of one worker, and where its clients go.
#[derive(Debug)]
pub(crate) struct Port {
    /// It stays with the address over reloads.
    pub(crate) id: u32,
    /// Which of the frontend's addresses it is, from 1.
    pub(crate) number: u32,
    /// Its own name: `so_name`.
    name: RefCell<Option<Arc<str>>>,
    pub(crate) worker: Rc<Worker>,
    route: RefCell<Rc<Route>>,
    /// What its clients pass.
    gates: RefCell<Rc<Gates>>,
    retired: Cell<bool>,
    /// `accept-proxy`: clients that come from now on begin with a PROXY header.
    accept_proxy: Cell<bool>,
    /// The sockets, as long as they accept: clients hold their port longer. One, or several that a predecessor left.
    acceptors: Vec<Weak<Acceptor>>,
    options: RefCell<ListenOptions>,
    /// Its socket is one for all workers: this one accepts for all of them.
    alone: bool,
    whence: Rc<Whence>,
}

/// A port as the tasks of its clients name it. They may outlive the port, and must not keep what it leads to.
#[derive(Debug)]
pub(crate) struct Whence {
    pub(crate) worker: Rc<Worker>,
    pub(crate) frontend: RefCell<Box<str>>,
}

impl Port {
    /// One that accepts nobody.
    fn bare(worker: &Rc<Worker>, id: u32, frontend: &Arc<Frontend>) -> Self {
        let name = frontend.name.clone();
        Self {
            id,
            number: 0,
            name: RefCell::default(),
            worker: Rc::clone(worker),
            route: RefCell::new(Route::new(frontend)),
            retired: Cell::new(false),
            accept_proxy: Cell::new(false),
            acceptors: Vec::new(),
            options: RefCell::default(),
            gates: RefCell::new(Gates::new(worker, &frontend.live, None)),
            alone: false,
            whence: Rc::new(Whence { worker: Rc::clone(worker), frontend: RefCell::new(name) }),
        }
    }

    /// A listener that is closed by now, for one who came by it.
    #[cold]
    pub(crate) fn closed(worker: &Rc<Worker>, id: u32, frontend: &Arc<Frontend>) -> Rc<Self> {
        let port = Self::bare(worker, id, frontend);
        port.retire();
        Rc::new(port)
    }

    /// Sends a fresh connection to another worker, with the place that it has.
    #[cold]
    fn deal(&self, to: usize, socket: OwnedFd, tcp: bool, peer: Peer, gates: &Gates) {
        let ticket = Ticket::new(gates.entered());
        let (frontend, accept_proxy) = (Arc::clone(&self.route().frontend), self.accept_proxy.get());
        let mail = Mail { socket, tcp, peer, port: self.id, frontend, accept_proxy, ticket };
        if let Err(mail) = self.worker.give(to, mail) {
            self.worker.serve_mail(mail);
        }
    }

    /// Where a client's next request goes.
    pub(crate) fn route(&self) -> Rc<Route> {
        Rc::clone(&self.route.borrow())
    }

    /// `name` of its `bind`.
    pub(crate) fn name(&self) -> Option<Arc<str>> {
        self.name.borrow().clone()
    }

    /// Asks the rules of its frontend something; false if there are none.
    pub(crate) fn with_rules(&self, ask: impl Fn(&FrontendRules) -> bool) -> bool {
        self.route.borrow().frontend.rules.as_deref().is_some_and(ask)
    }

    /// What a client passes that comes now.
    pub(crate) fn gates(&self) -> Rc<Gates> {
        Rc::clone(&self.gates.borrow())
    }

    pub(crate) fn assign(&self, Assignment { name, frontend, accept_proxy, options, gate, .. }: &Assignment) {
        self.name.borrow_mut().clone_from(name);
        self.accept_proxy.set(*accept_proxy);
        self.gates.replace(Gates::new(&self.worker, &frontend.live, gate.clone()));
        self.tune(options);
        if !Arc::ptr_eq(&self.route.borrow().frontend, frontend) {
            self.route.replace(Route::new(frontend));
            if *self.whence.frontend.borrow() != frontend.name {
                self.whence.frontend.replace(frontend.name.clone());
            }
        }
    }

    /// Changes what can be changed while it listens. Most reloads change nothing, and then it costs no system call.
    fn tune(&self, options: &ListenOptions) {
        if *self.options.borrow() == *options {
            return;
        }
        if self.acceptors.is_empty() {
            // Another worker accepts.
            self.options.replace(options.clone());
        }
        for acceptor in self.acceptors.iter().filter_map(Weak::upgrade) {
            match acceptor.tune(options) {
                Ok(()) => drop(self.options.replace(options.clone())),
                // Not known to happen to a socket that listens.
                Err(error) => eprintln!("lb: {} keeps its old options: {error}", acceptor.local_addr()),
            }
        }
    }

    /// What a reload has made of a route and its backend since, for a request that tries again: its old servers may all be gone.
    /// `None`: nothing, or the frontend does not exist any more or leads elsewhere.
    #[cold]
    pub(crate) fn newer(&self, route: &Rc<Route>, site: &Site) -> Option<(Rc<Route>, Rc<Site>)> {
        let newest = self.worker.route_of(self, &route.frontend.name).filter(|newest| !Rc::ptr_eq(newest, route))?;
        let newer = newest.named(&site.backend.name).filter(|newer| newer.backend.mode == site.backend.mode)?;
        Some((newest, newer))
    }

    /// The configuration knows it no more: it accepts nobody, and its clients are told at their next response.
    pub(crate) fn retire(&self) {
        self.retired.set(true);
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.get()
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.retired.get() || self.worker.is_draining()
    }
}

/// Starts accepting.
pub(crate) fn listen(
    worker: &Rc<Worker>,
    acceptors: Vec<Acceptor>,
    Assignment { port: id, number, name, frontend, accept_proxy, options, gate }: Assignment,
) -> Rc<Port> {
    let acceptors: Vec<Rc<Acceptor>> = acceptors.into_iter().map(Rc::new).collect();
    let port = Port {
        number,
        name: RefCell::new(name),
        accept_proxy: Cell::new(accept_proxy),
        acceptors: acceptors.iter().map(Rc::downgrade).collect(),
        options: RefCell::new(options),
        gates: RefCell::new(Gates::new(worker, &frontend.live, gate)),
        alone: acceptors.iter().any(|acceptor| !acceptor.is_shared()),
        ..Port::bare(worker, id, &frontend)
    };
    let port = Rc::new(port);
    for acceptor in acceptors {
        let of = Rc::clone(&port);
        worker.accepting.set(worker.accepting.get() + 1);
        worker.keep_running("a listener", move || accept(Rc::clone(&acceptor), Rc::clone(&of)));
    }
    port
}

async fn accept(acceptor: Rc<Acceptor>, port: Rc<Port>) {
    let timer = port.worker.wheel.timer();
    let mut pause = Pause::default();
    let mut burst = 0;
    loop {
        // Only a listener with somebody waiting asks for a place: an idle one keeps none from others.
        if !until_leaving(&port, &timer, |cx| acceptor.poll_incoming(cx)).await {
            break;
        }
        let gates = port.gates();
        let [connections, sessions] = &port.worker.process.rates;
        if let Err(wait) = Rate::take(&[&gates.live().rate, connections, sessions], Tick::now) {
            if !rest(&port, &timer, wait).await {
                break;
            }
            continue;
        }
        if !until_leaving(&port, &timer, |cx| Permit::poll_enter(&gates, cx)).await {
            break;
        }
        match one(&acceptor, &port, gates).await {
            Ok(()) => {
                pause.over(&port);
                burst += 1;
                if burst % BURST == 0 {
                    tokio::task::yield_now().await;
                }
            }
            Err(AcceptError::Exhausted(_)) if port.worker.spare() => {}
            Err(error) => {
                pause.begin(&port, &error);
                if !rest(&port, &timer, PAUSE).await {
                    break;
                }
            }
        }
    }
    serve_queued(&acceptor, &port).await;
    port.worker.accepting.set(port.worker.accepting.get() - 1);
}

/// Lets some time pass. False: the port leaves.
async fn rest(port: &Port, timer: &Timer, time: Duration) -> bool {
    timer.arm(Tick::now().after(time));
    let stays = until_leaving(port, timer, |cx| timer.poll_expired(cx)).await;
    timer.disarm();
    stays
}

/// Gates that were entered for a client who is not here yet. Dropped, it gives the places back.
struct Place(Option<Rc<Gates>>);

impl Place {
    /// The client is here, and stays or goes to another worker.
    fn taken(mut self) -> Rc<Gates> {
        self.0.take().expect("taken once: it is consumed")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(gates) = &self.0 {
            gates.leave();
        }
    }
}

/// Accepts one client if there is one, for this worker or another. `Err`: there is no room.
async fn one(acceptor: &Acceptor, port: &Rc<Port>, gates: Rc<Gates>) -> Result<(), AcceptError> {
    let place = Place(Some(gates));
    match poll_fn(|cx| Poll::Ready(acceptor.poll_socket(cx))).await {
        Poll::Ready(Ok((socket, peer))) => {
            point("accepted");
            match port.worker.elsewhere(port.alone) {
                None => {
                    let stream = Stream::accepted(socket, acceptor.is_tcp()).map_err(AcceptError::Exhausted)?;
                    let permit = Permit::entered(port, place.taken());
                    serve(Client::new(stream, peer, permit), port.accept_proxy.get());
                }
                Some(other) => port.deal(other, socket, acceptor.is_tcp(), peer, &place.taken()),
            }
        }
        Poll::Pending | Poll::Ready(Err(AcceptError::Aborted(_))) => {}
        Poll::Ready(Err(error)) => return Err(error),
    }
    Ok(())
}

pub(crate) fn serve(mut client: Client, accept_proxy: bool) {
    if is_judged(&client, Early::Connection) {
        let Some(admitted) = judged(client, Early::Connection) else { return };
        client = admitted;
    }
    if accept_proxy {
        let whose = Whose::Client(Rc::clone(&client.port().whence), client.peer);
        tokio::task::spawn_local(steady(whose, accept_proxy::introduce(client)));
    } else {
        begin(client);
    }
}

/// The protocol begins.
pub(crate) fn begin(mut client: Client) {
    if is_judged(&client, Early::Session) {
        let Some(admitted) = judged(client, Early::Session) else { return };
        client = admitted;
    }
    let whose = Whose::Client(Rc::clone(&client.port().whence), client.peer);
    match client.port().route().frontend.mode {
        Mode::Http => tokio::task::spawn_local(steady(whose, http::serve(client))),
        Mode::Tcp => tokio::task::spawn_local(steady(whose, tcp::serve(client))),
    };
}

/// A listener that leaves serves those who were let in by the kernel already: closing it would reset them.
async fn serve_queued(acceptor: &Acceptor, port: &Rc<Port>) {
    loop {
        let gates = port.gates();
        if !Permit::try_enter(&gates) {
            return;
        }
        let place = Place(Some(gates));
        match poll_fn(|cx| Poll::Ready(acceptor.poll_accept(cx))).await {
            Poll::Ready(Ok((stream, peer))) => {
                serve(Client::new(stream, peer, Permit::entered(port, place.taken())), port.accept_proxy.get());
            }
            Poll::Ready(Err(AcceptError::Aborted(_))) => {}
            Poll::Pending | Poll::Ready(Err(_)) => return,
        }
    }
}

/// Waits for something while the port takes clients. False: it leaves, and no more are to be accepted.
async fn until_leaving<T>(
    port: &Port,
    timer: &Timer,
    mut poll: impl FnMut(&mut std::task::Context<'_>) -> Poll<T>,
) -> bool {
    poll_fn(|cx| {
        if port.is_leaving() {
            return Poll::Ready(false);
        }
        if poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        // Never armed here; it is what a drain or a reload nudges.
        let _ = timer.poll_expired(cx);
        Poll::Pending
    })
    .await
}

/// A connection from another worker finds no room here.
#[cold]
pub(crate) fn say_paused(port: &Port, error: &AcceptError) {
    Pause::default().begin(port, error);
}

/// Whether accepting pauses, and what was said of it.
#[derive(Default)]
struct Pause {
    told: Option<Tick>,
    /// It was said that it pauses, and not yet that it goes on.
    open: bool,
}

impl Pause {
    #[cold]
    fn begin(&mut self, port: &Port, error: &AcceptError) {
        let now = Tick::now();
        if self.told.is_none_or(|last| now.since(last) >= QUIET) {
            let text = format!("frontend {}: accepting pauses: {error}", port.route().frontend.name);
            eprintln!("lb: {text}");
            say(port, Level::Err, "accept.paused", &text);
            (self.told, self.open) = (Some(now), true);
        }
    }

    #[inline]
    fn over(&mut self, port: &Port) {
        if self.open {
            self.open = false;
            let text = format!("frontend {}: accepting goes on.", port.route().frontend.name);
            say(port, Level::Notice, "accept.resumed", &text);
        }
    }
}

#[cold]
fn say(port: &Port, level: Level, slug: &'static str, text: &str) {
    let (route, worker) = (port.route(), &port.worker);
    let fields = [
        ("frontend", Value::Text(&route.frontend.name)),
        ("worker", i64::try_from(worker.id).map_or(Value::Null, Value::Number)),
    ];
    worker.process.events.send(&Event { time: wall(), level, slug, text, fields: &fields });
}

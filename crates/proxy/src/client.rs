//! A client's connection: what is known of it while it is idle, which is little.

use std::cell::{Cell, OnceCell};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use plimsoll_clock::{Tick, Timer, wall};
use plimsoll_net::{Peer, Stream};
use plimsoll_server::Server;
use plimsoll_upstream::Connection;

use crate::Gate;
use crate::accept::Port;
use crate::accept_proxy::Proxied;
use crate::buffer::Buffer;
use crate::mail::Entered;
use crate::session::Session;
use crate::snapshot::FrontendLive;
use crate::trim::much_was_freed;
use crate::worker::Worker;

/// After an answer that ends a connection, so much is still read and thrown away, for so long.
const LINGER_BYTES: usize = 256 << 10;
const LINGER_TIME: Duration = Duration::from_secs(2);

/// So many clients fewer are worth giving memory back for.
const MANY: usize = 1024;

/// The connection of a client. Its size is most of what an idle connection costs.
pub(crate) struct Client {
    pub(crate) stream: Stream,
    pub(crate) peer: Peer,
    pub(crate) timer: Timer,
    /// When it was accepted, then when its last request ended: what idleness is counted from.
    pub(crate) since: Cell<Tick>,
    /// Requests that were read.
    pub(crate) requests: u32,
    /// The server connection that belongs to this client alone (`http-reuse: never`, `send-proxy`), and which server it is.
    pub(crate) private: Option<Box<Private>>,
    /// What a PROXY header said and left.
    pub(crate) proxied: Option<Box<Proxied>>,
    /// What rules made of it.
    pub(crate) session: OnceCell<Box<Session>>,
    permit: Permit,
}

/// Where a client is; those of UNIX sockets are nowhere.
pub(crate) fn address(peer: Peer) -> Option<SocketAddr> {
    match peer {
        Peer::Inet(address) => Some(address),
        Peer::Unix => None,
    }
}

/// A server connection that is not shared.
pub(crate) struct Private {
    pub(crate) connection: Connection,
    pub(crate) server: Arc<Server>,
}

/// How a client's connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Nothing unread can be there: just close.
    Plain,
    /// The client may still be sending: close so that it can read its answer.
    Linger,
    /// By RST: nobody must take what was sent for complete.
    Reset,
}

impl plimsoll_rules::Fact for Client {
    const SLOT: plimsoll_rules::Slot = plimsoll_rules::Slot::Client;
}

impl Client {
    pub(crate) fn new(stream: Stream, peer: Peer, permit: Permit) -> Self {
        let now = Tick::now();
        permit.place.count(now);
        let timer = permit.port.worker.wheel.timer();
        Self {
            stream,
            peer,
            timer,
            since: Cell::new(now),
            requests: 0,
            private: None,
            proxied: None,
            session: OnceCell::new(),
            permit,
        }
    }

    pub(crate) fn port(&self) -> &Rc<Port> {
        &self.permit.port
    }

    /// When it was accepted, or its last request ended.
    pub(crate) fn accepted(&self) -> SystemTime {
        wall() - Tick::now().since(self.since.get())
    }

    /// Bytes are here that came with its PROXY header.
    pub(crate) fn has_early(&self) -> bool {
        self.proxied.as_ref().is_some_and(|proxied| !proxied.early.is_empty())
    }

    /// Those bytes, once.
    pub(crate) fn take_early(&mut self) -> Buffer {
        self.proxied.as_mut().map_or_else(Buffer::default, |proxied| std::mem::take(&mut proxied.early))
    }

    /// When its protocol began: what came before is not the wait for a server.
    pub(crate) fn began(&self) -> Tick {
        self.proxied.as_ref().map_or(self.since.get(), |proxied| proxied.at)
    }

    /// Ends the connection. The place at the gate is given back when it is over. Lingering is a box of its own: it is rare, and an idle
    /// connection need not carry it.
    pub(crate) fn close(self, how: Closing) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
        match how {
            Closing::Plain => None,
            Closing::Reset => {
                self.stream.reset();
                None
            }
            Closing::Linger => Some(Box::pin(self.linger())),
        }
    }

    async fn linger(self) {
        let Self { stream, timer, permit, private, .. } = self;
        drop(private);
        stream.linger_towards_client(&timer, Tick::now().after(LINGER_TIME), LINGER_BYTES).await;
        drop(permit);
    }

    /// What is left of it once it only relays: it forgets the port, and with it every configuration.
    pub(crate) fn detach(self) -> Detached {
        let peer = self.address().map_or(self.peer, Peer::Inet);
        let Self { stream, timer, since, permit: Permit { place, .. }, .. } = self;
        Detached { stream, peer, timer, since: since.get(), place }
    }
}

/// A client that sends no more requests. It stays at the gates that let it in, and knows nothing of the port that it came by: the port
/// may be removed, and would keep the last configuration it had.
pub(crate) struct Detached {
    pub(crate) stream: Stream,
    pub(crate) peer: Peer,
    pub(crate) timer: Timer,
    /// When it was accepted, or when its last request ended.
    pub(crate) since: Tick,
    pub(crate) place: Place,
}

impl Detached {
    /// Ends the connection. The place at the gates is given back when it is over.
    pub(crate) async fn close(self, how: Closing) {
        match how {
            Closing::Plain => {}
            Closing::Reset => self.stream.reset(),
            Closing::Linger => {
                let Self { stream, timer, place, .. } = self;
                stream.linger_towards_client(&timer, Tick::now().after(LINGER_TIME), LINGER_BYTES).await;
                drop(place);
            }
        }
    }
}

/// A client's port, and its place at the gates.
pub(crate) struct Permit {
    port: Rc<Port>,
    place: Place,
}

/// A place at the gates of the process and of the frontend that let a client in.
pub(crate) struct Place(Rc<Gates>);

/// What a client passes besides the gate of the process. A port has one of these and its clients share it: a place is a pointer to it.
#[derive(Debug)]
pub(crate) struct Gates {
    worker: Rc<Worker>,
    live: Arc<FrontendLive>,
    /// The address's own limit, if it has one.
    own: Option<Arc<Gate>>,
}

impl Gates {
    pub(crate) fn new(worker: &Rc<Worker>, live: &Arc<FrontendLive>, own: Option<Arc<Gate>>) -> Rc<Self> {
        Rc::new(Self { worker: Rc::clone(worker), live: Arc::clone(live), own })
    }

    /// For a connection that entered them elsewhere.
    pub(crate) fn of(worker: &Rc<Worker>, Entered { live, own, .. }: Entered) -> Rc<Self> {
        Rc::new(Self { worker: Rc::clone(worker), live, own })
    }

    /// The same, for who takes a connection there.
    pub(crate) fn entered(&self) -> Entered {
        let process = Arc::clone(&self.worker.process);
        Entered { process, live: Arc::clone(&self.live), own: self.own.clone() }
    }

    /// Are those the same gates?
    pub(crate) fn are(&self, entered: &Entered) -> bool {
        let own = self.own.as_ref().map(Arc::as_ptr) == entered.own.as_ref().map(Arc::as_ptr);
        own && Arc::ptr_eq(&self.live, &entered.live)
    }

    /// Gives a place back that nobody took.
    pub(crate) fn leave(&self) {
        self.all().for_each(Gate::leave);
    }

    /// The frontend's live side.
    pub(crate) fn live(&self) -> &FrontendLive {
        &self.live
    }

    /// Every gate, the narrowest first.
    fn all(&self) -> impl Iterator<Item = &Gate> {
        self.own.as_deref().into_iter().chain([&self.live.gate, &self.worker.process.gate])
    }
}

impl Permit {
    /// Enters all gates or none: who waits at one keeps no place at another from somebody else.
    pub(crate) fn poll_enter(gates: &Gates, cx: &mut Context<'_>) -> Poll<()> {
        for (passed, gate) in gates.all().enumerate() {
            if gate.poll_enter(cx).is_pending() {
                gates.all().take(passed).for_each(Gate::leave);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// The same, without waiting.
    pub(crate) fn try_enter(gates: &Gates) -> bool {
        for (passed, gate) in gates.all().enumerate() {
            if !gate.try_enter() {
                gates.all().take(passed).for_each(Gate::leave);
                return false;
            }
        }
        true
    }

    /// All gates were entered, and the client is here.
    pub(crate) fn entered(port: &Rc<Port>, gates: Rc<Gates>) -> Self {
        port.worker.connections().add(1);
        Self { port: Rc::clone(port), place: Place(gates) }
    }
}

impl Place {
    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.0.worker
    }

    /// A connection more, at this time.
    fn count(&self, now: Tick) {
        let (worker, live) = (&**self.worker(), self.0.live());
        live.counters.shard(worker.id).connections.add(1);
        live.counters.count(worker.id, |shard| &shard.connection_rate, &live.busiest_connections, now);
        live.most.saw(live.gate.used() as u64);
        let process = &*worker.process;
        process.counters.count(worker.id, |shard| &shard.connection_rate, &process.busiest, now);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let worker = self.worker();
        worker.connections().add(-1);
        if worker.live() % MANY == MANY - 1 {
            much_was_freed();
        }
        self.0.leave();
    }
}

/// The size of the future that a client's task runs, without making one.
#[cfg(test)]
pub(crate) fn future_size<F: Future>(_: impl Fn(Client) -> F) -> usize {
    size_of::<F>()
}

//! A worker's pools, a server that is the test itself, and a clock that stands still until it is told.

use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use plimsoll_clock::{Tick, Wheel};
use plimsoll_net::{Address, Stream};

use super::super::{Cell, Connection, PURGE, Personal, Pool, Pools};

thread_local! {
    /// Each test has a thread, and with it a time of its own.
    static NOW: Cell<Tick> = const { Cell::new(Tick::from_micros(1_000_000)) };
}

fn now() -> Tick {
    NOW.get()
}

/// All that a test needs.
pub(super) struct World {
    pub(super) pools: Pools,
    wheel: Wheel,
    pub(super) listener: TcpListener,
}

/// How the peer saw a connection end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Fin,
    Reset,
}

pub(super) fn on_a_runtime<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::LocalRuntime::new().unwrap().block_on(test)
}

/// Polls until it holds; the event loop turns in between.
pub(super) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Tick::now().after(Duration::from_secs(20));
    while !holds() {
        assert!(Tick::now() < until, "not within 20 s: {what}");
        tokio::task::yield_now().await;
    }
}

/// What the event loop knows by now has reached every task.
pub(super) async fn turns() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// The kernel's name for it, which the peer knows too.
pub(super) fn port(connection: &Connection) -> u16 {
    port_of(connection.stream())
}

fn port_of(stream: &Stream) -> u16 {
    match stream.local_addr().unwrap() {
        Some(Address::Inet(address)) => address.port(),
        other => panic!("{other:?} has no port"),
    }
}

/// Ends a connection by RST.
pub(super) fn reset(peer: TcpStream) {
    rustix::net::sockopt::set_socket_linger(peer.as_fd(), Some(Duration::ZERO)).unwrap();
}

/// Reads until the connection ends.
pub(super) fn end_of(peer: &mut TcpStream) -> End {
    peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    loop {
        match peer.read(&mut [0; 64]) {
            Ok(0) => return End::Fin,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return End::Reset,
            Err(error) => panic!("it was left open: {error}"),
        }
    }
}

impl World {
    /// Idle connections are looked after, as in a worker.
    pub(super) fn watched() -> Self {
        let world = Self::unwatched();
        tokio::task::spawn_local(world.pools.clone().watch());
        world
    }

    /// Nobody looks after them.
    pub(super) fn unwatched() -> Self {
        let wheel = Wheel::new(now());
        let pools = Pools::new(&wheel, now);
        Self { pools, wheel, listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    /// A new connection of that pool and its other end. The event loop does not turn meanwhile.
    pub(super) fn connect(&self, pool: &Rc<Pool>) -> (Connection, TcpStream) {
        self.connect_for(pool, None)
    }

    /// The same, of a connection that is one client's own.
    pub(super) fn connect_for(&self, pool: &Rc<Pool>, personal: Option<Personal>) -> (Connection, TcpStream) {
        let ours = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
        ours.set_nonblocking(true).unwrap();
        let (peer, _) = self.listener.accept().unwrap();
        (pool.adopt_for(personal.map(Box::new), Stream::from_fd(OwnedFd::from(ours)).unwrap().into()), peer)
    }

    /// The event loop knows of something about the connection that would be taken next.
    pub(super) fn seen_at_the_top(&self, pool: &Pool) -> bool {
        let place = *pool.stack.borrow().last().expect("one is idle");
        self.pools.0.places.borrow()[place].stream.seems_readable()
    }

    /// All that are idle, by port, and whether the event loop knows of something about them.
    pub(super) fn idle_ports(&self) -> HashMap<u16, bool> {
        let places = self.pools.0.places.borrow();
        places.iter().map(|(_, parked)| (port_of(&parked.stream), parked.stream.seems_readable())).collect()
    }

    /// Lets time pass until the next purge is over. False: none is due.
    pub(super) async fn period(&self) -> bool {
        let due = self.pools.0.timer.deadline();
        if due == Tick::NEVER {
            return false;
        }
        // Timers may be two slots late.
        NOW.set(NOW.get().after(PURGE + Duration::from_millis(16)));
        self.wheel.advance(now());
        eventually("the purge is over", || self.pools.0.timer.deadline() != due).await;
        true
    }
}

//! Random histories against a model: no connection is in two hands, none is handed out after its end was seen or after it was
//! purged, none leaks. And the mutant that must be caught: an I/O handler puts a connection back that was killed meanwhile.

use std::net::TcpStream;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::*;

const SERVERS: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Op {
    /// On this server.
    Adopt(usize),
    Take(usize, Reuse, bool),
    /// From here on the numbers choose among the connections that are there, around and around.
    Request(usize),
    Park(usize),
    Drop(usize),
    PeerCloses(usize),
    PeerResets(usize),
    PeerSpeaks(usize),
    /// The event loop turns until it has seen what the peers did.
    Turn,
    Period,
}

fn op() -> impl Strategy<Value = Op> {
    let reuse = prop_oneof![Just(Reuse::Never), Just(Reuse::Safe), Just(Reuse::Aggressive), Just(Reuse::Always)];
    let which = 0..16_usize;
    prop_oneof![
        4 => (0..SERVERS).prop_map(Op::Adopt),
        6 => (0..SERVERS, reuse, any::<bool>()).prop_map(|(server, reuse, first)| Op::Take(server, reuse, first)),
        4 => which.clone().prop_map(Op::Request),
        8 => which.clone().prop_map(Op::Park),
        1 => which.clone().prop_map(Op::Drop),
        1 => which.clone().prop_map(Op::PeerCloses),
        1 => which.clone().prop_map(Op::PeerResets),
        1 => which.prop_map(Op::PeerSpeaks),
        2 => Just(Op::Turn),
        3 => Just(Op::Period),
    ]
}

/// What the model knows of a connection.
struct Known {
    port: u16,
    server: usize,
    served: u32,
    place: Place,
    peer: Option<TcpStream>,
    /// The peer did something that ends it.
    over: bool,
    /// The event loop knows.
    seen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Used,
    Idle,
    Purged,
    Gone,
}

#[derive(Default)]
struct Level {
    /// As the pool's: the one parked last at the end.
    idle: Vec<usize>,
    used: usize,
    peak: usize,
    before: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    Watched,
    /// Only `take` and `park` look at what the event loop knows.
    Unwatched,
    /// Purging kills, and an I/O handler that was at work on the connection puts it back where it had been listed.
    PutsBackWhatWasKilled,
}

struct History {
    world: World,
    pools: Vec<Rc<Pool>>,
    known: Vec<Known>,
    hands: Vec<(usize, Connection)>,
    levels: Vec<Level>,
    variant: Variant,
}

impl History {
    fn new(variant: Variant) -> Self {
        let world = if variant == Variant::Unwatched { World::unwatched() } else { World::watched() };
        let pools = (0..SERVERS).map(|_| world.pools.pool()).collect();
        let levels = (0..SERVERS).map(|_| Level::default()).collect();
        Self { world, pools, known: Vec::new(), hands: Vec::new(), levels, variant }
    }

    async fn run(mut self, ops: &[Op]) -> Result<(), String> {
        for &op in ops {
            self.apply(op).await?;
            if self.variant != Variant::PutsBackWhatWasKilled {
                self.counts()?;
            }
        }
        self.hands.clear();
        self.world.pools.clear();
        if self.world.pools.idle() != 0 || self.pools.iter().any(|pool| pool.idle() + pool.in_use() != 0) {
            return Err("something is left after everything was closed".into());
        }
        // What is closed is seen to be closed: a descriptor that leaked would leave its peer waiting.
        for known in &mut self.known {
            known.peer.as_mut().map(world::end_of);
        }
        Ok(())
    }

    async fn apply(&mut self, op: Op) -> Result<(), String> {
        match op {
            Op::Adopt(server) => self.adopt(server),
            Op::Take(server, reuse, first) => self.take(server, reuse, first)?,
            Op::Request(hand) => {
                if let Some(hand) = self.choose(hand) {
                    let (id, connection) = &mut self.hands[hand];
                    connection.begin_request();
                    self.known[*id].served += 1;
                }
            }
            Op::Park(hand) => self.park(hand),
            Op::Drop(hand) => {
                if let Some(hand) = self.choose(hand) {
                    let (id, connection) = self.hands.remove(hand);
                    drop(connection);
                    self.known[id].place = Place::Gone;
                    self.levels[self.known[id].server].used -= 1;
                }
            }
            Op::PeerCloses(peer) => self.peer_acts(peer, |peer| {
                peer.shutdown(std::net::Shutdown::Write).unwrap();
                Some(peer)
            }),
            Op::PeerResets(peer) => self.peer_acts(peer, |peer| {
                world::reset(peer);
                None
            }),
            Op::PeerSpeaks(peer) => self.peer_acts(peer, |mut peer| {
                peer.write_all(b"?").unwrap();
                Some(peer)
            }),
            Op::Turn => self.turn().await,
            Op::Period => self.period().await,
        }
        Ok(())
    }

    fn choose(&self, number: usize) -> Option<usize> {
        number.checked_rem(self.hands.len())
    }

    fn adopt(&mut self, server: usize) {
        let (connection, peer) = self.world.connect(&self.pools[server]);
        let port = world::port(&connection);
        self.hands.push((self.known.len(), connection));
        self.known.push(Known {
            port,
            server,
            served: 0,
            place: Place::Used,
            peer: Some(peer),
            over: false,
            seen: false,
        });
        self.levels[server].began();
    }

    fn take(&mut self, server: usize, reuse: Reuse, first: bool) -> Result<(), String> {
        let expected = loop {
            let level = &mut self.levels[server];
            let Some(at) = level.idle.iter().rposition(|&id| reuse.allows(first, self.known[id].served)) else {
                break None;
            };
            let id = level.idle.remove(at);
            if !self.known[id].seen {
                break Some(id);
            }
            self.known[id].place = Place::Gone;
        };
        let taken = self.pools[server].take(reuse, first);
        let Some(connection) = taken else {
            return expected.map_or(Ok(()), |id| Err(format!("{id} was idle, and nothing was handed out")));
        };
        let port = world::port(&connection);
        // The latest of that port: the kernel may have given it again.
        let id = self.known.iter().rposition(|known| known.port == port).ok_or("a connection that nobody made")?;
        let known = &mut self.known[id];
        match known.place {
            Place::Used => return Err(format!("{id} is in two hands")),
            Place::Purged => return Err(format!("{id} was handed out after it was purged")),
            Place::Gone => return Err(format!("{id} was handed out after it was closed")),
            Place::Idle if known.seen => return Err(format!("{id} was handed out, and its end had been seen")),
            Place::Idle if known.server != server => return Err(format!("{id} is another server's")),
            Place::Idle if expected != Some(id) => return Err(format!("{id} was handed out instead of {expected:?}")),
            Place::Idle if connection.served() != known.served => return Err(format!("{id} forgot its requests")),
            Place::Idle => known.place = Place::Used,
        }
        self.levels[server].began();
        self.hands.push((id, connection));
        Ok(())
    }

    fn park(&mut self, hand: usize) {
        let Some(hand) = self.choose(hand) else { return };
        let (id, connection) = self.hands.remove(hand);
        connection.park();
        let known = &mut self.known[id];
        let level = &mut self.levels[known.server];
        let enough = level.idle.len() + level.used > level.needed();
        level.used -= 1;
        known.place = if known.seen { Place::Gone } else { Place::Idle };
        if !known.seen {
            level.idle.push(id);
            if enough {
                let coldest = level.idle.remove(0);
                self.known[coldest].place = Place::Gone;
            }
        }
    }

    fn peer_acts(&mut self, peer: usize, act: impl FnOnce(TcpStream) -> Option<TcpStream>) {
        let alive: Vec<usize> = (0..self.known.len())
            .filter(|&id| !self.known[id].over && matches!(self.known[id].place, Place::Used | Place::Idle))
            .collect();
        let Some(number) = peer.checked_rem(alive.len()) else { return };
        let known = &mut self.known[alive[number]];
        known.over = true;
        known.peer = act(known.peer.take().expect("a peer that did nothing yet"));
    }

    async fn turn(&mut self) {
        let over = |place| self.known.iter().filter(move |known| known.over && known.place == place);
        let watched = self.variant == Variant::Watched;
        let used: Vec<u16> = over(Place::Used).map(|known| known.port).collect();
        let idle: Vec<u16> = over(Place::Idle).map(|known| known.port).collect();
        eventually("the loop has seen what is in use", || {
            let mut used = self.hands.iter().filter(|(_, connection)| used.contains(&world::port(connection)));
            used.all(|(_, connection)| connection.stream().seems_readable())
        })
        .await;
        eventually("the loop has seen what is idle", || {
            let left = self.world.idle_ports();
            idle.iter().all(|port| left.get(port).is_none_or(|&seen| seen && !watched))
        })
        .await;
        turns().await;
        for (id, known) in self.known.iter_mut().enumerate().filter(|(_, known)| known.over) {
            known.seen = true;
            if known.place == Place::Idle && self.variant != Variant::Unwatched {
                known.place = Place::Gone;
                self.levels[known.server].idle.retain(|&other| other != id);
            }
        }
    }

    async fn period(&mut self) {
        match self.variant {
            Variant::Unwatched => return,
            Variant::Watched => {
                self.turn().await;
                if !self.world.period().await {
                    return;
                }
            }
            Variant::PutsBackWhatWasKilled => {
                for pool in &self.pools {
                    pool.surplus().into_iter().for_each(|place| put_back_though_killed(pool, place));
                }
            }
        }
        for level in &mut self.levels {
            let surplus = (level.idle.len() + level.used).saturating_sub(level.needed()).min(level.idle.len());
            level.idle.drain(..surplus).for_each(|id| self.known[id].place = Place::Purged);
            level.before = std::mem::replace(&mut level.peak, level.used);
        }
    }

    fn counts(&self) -> Result<(), String> {
        for (server, (pool, level)) in self.pools.iter().zip(&self.levels).enumerate() {
            let (is, should) = ((pool.idle(), pool.in_use()), (level.idle.len(), level.used));
            if is != should {
                return Err(format!("server {server} has {is:?} idle and used, and should have {should:?}"));
            }
        }
        let idle: usize = self.pools.iter().map(|pool| pool.idle()).sum();
        if idle == self.world.pools.idle() { Ok(()) } else { Err("the pools and their places disagree".into()) }
    }
}

impl Level {
    fn began(&mut self) {
        self.used += 1;
        self.peak = self.peak.max(self.used);
    }

    fn needed(&self) -> usize {
        self.peak.max(self.before)
    }
}

/// The race of the founding document 004, in one thread: the handler took the connection off its list for a moment and remembers
/// that it was listed; the purge kills it; the handler puts it back where it was.
fn put_back_though_killed(pool: &Rc<Pool>, place: usize) {
    let borrowed = pool.idle.places.borrow_mut().remove(place);
    pool.stack.borrow_mut().retain(|&other| other != place);
    let again = pool.idle.places.borrow_mut().insert(borrowed);
    pool.idle.places.borrow()[again].watch.move_to(again);
    pool.stack.borrow_mut().push(again);
}

fn runner(variant: Variant, mut runner: TestRunner) -> Result<(), String> {
    let failure = runner.run(&proptest::collection::vec(op(), 1..80), |ops| {
        on_a_runtime(async { History::new(variant).run(&ops).await }).map_err(TestCaseError::fail)
    });
    match failure {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, ops)) => Err(format!("{reason}, after {ops:?}")),
        Err(error) => panic!("{error}"),
    }
}

fn config() -> Config {
    Config { cases: 400, failure_persistence: None, ..Config::default() }
}

#[test]
fn no_history_hands_a_connection_out_twice_or_after_its_end() {
    runner(Variant::Watched, TestRunner::new(config())).unwrap();
}

#[test]
fn without_a_watcher_what_the_loop_has_seen_is_still_not_handed_out() {
    runner(Variant::Unwatched, TestRunner::new(config())).unwrap();
}

#[test]
fn a_pool_that_puts_back_what_was_killed_is_caught() {
    let fixed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let caught = runner(Variant::PutsBackWhatWasKilled, TestRunner::new_with_rng(config(), fixed)).unwrap_err();
    assert!(caught.contains("after it was purged"), "caught by something else: {caught}");
}

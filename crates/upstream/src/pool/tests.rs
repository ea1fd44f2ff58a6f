//! The pool before real sockets: what is told of it elsewhere, one story a test; `property` tells all stories at once.

mod property;
mod purge;
mod world;

use std::io::Write;
use std::rc::Rc;

use plimsoll_net::{Address, ConnectOptions, NotStarted, Outlets, Source, Verdict};

use self::world::{End, World, eventually, on_a_runtime, turns};
use super::*;

#[test]
fn a_server_that_closes_an_idle_connection_takes_it_out_of_the_pool_at_once() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (connection, peer) = world.connect(&pool);
        connection.park();
        assert_eq!((pool.idle(), pool.in_use()), (1, 0));
        drop(peer);
        eventually("the connection is gone", || pool.idle() == 0).await;
        assert!(pool.take(Reuse::Always, true).is_none());
    });
}

#[test]
fn a_server_that_resets_an_idle_connection_takes_it_out_of_the_pool_at_once() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (connection, peer) = world.connect(&pool);
        connection.park();
        world::reset(peer);
        eventually("the connection is gone", || pool.idle() == 0).await;
    });
}

#[test]
fn a_server_that_speaks_unasked_is_not_listened_to() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (connection, mut peer) = world.connect(&pool);
        connection.park();
        peer.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").unwrap();
        eventually("the connection is gone", || pool.idle() == 0).await;
        assert_eq!(world::end_of(&mut peer), End::Reset);
    });
}

#[test]
fn only_the_connection_that_ended_is_evicted() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (hands, mut peers): (Vec<_>, Vec<_>) = (0..3).map(|_| world.connect(&pool)).unzip();
        let ports: Vec<_> = hands.iter().map(world::port).collect();
        hands.into_iter().for_each(Connection::park);
        drop(peers.remove(1));
        eventually("one is gone", || pool.idle() == 2).await;
        let left: Vec<_> =
            std::iter::from_fn(|| pool.take(Reuse::Always, true)).map(|hand| world::port(&hand)).collect();
        assert_eq!(left, [ports[2], ports[0]]);
    });
}

/// Nobody watches here, so this is the moment between the event loop's turn and the watcher's.
#[test]
fn a_dead_connection_is_not_handed_out_in_the_very_turn_in_which_its_end_arrived() {
    on_a_runtime(async {
        let world = World::unwatched();
        let pool = world.pools.pool();
        let (healthy, _stays) = world.connect(&pool);
        let port = world::port(&healthy);
        let (doomed, peer) = world.connect(&pool);
        healthy.park();
        doomed.park();
        drop(peer);
        eventually("the loop has seen it", || world.seen_at_the_top(&pool)).await;
        assert_eq!(pool.idle(), 2, "nobody looked yet");
        let taken = pool.take(Reuse::Always, true).expect("the one below is healthy");
        assert_eq!(world::port(&taken), port);
        assert_eq!(pool.idle(), 0);
    });
}

#[test]
fn the_connection_that_was_used_last_is_used_next() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (hands, _peers): (Vec<_>, Vec<_>) = (0..3).map(|_| world.connect(&pool)).unzip();
        let ports: Vec<_> = hands.iter().map(world::port).collect();
        hands.into_iter().for_each(Connection::park);
        let last = pool.take(Reuse::Always, true).unwrap();
        assert_eq!(world::port(&last), ports[2]);
        let before = pool.take(Reuse::Always, true).unwrap();
        assert_eq!(world::port(&before), ports[1]);
        last.park();
        assert_eq!(world::port(&pool.take(Reuse::Always, true).unwrap()), ports[2]);
    });
}

#[test]
fn the_mode_decides_which_request_may_travel_on_a_used_connection() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (mut connection, _peer) = world.connect(&pool);
        assert!(!connection.begin_request(), "nobody used it before");
        connection.park();
        assert!(pool.take(Reuse::Never, false).is_none());
        assert!(pool.take(Reuse::Safe, true).is_none());
        assert!(pool.take(Reuse::Aggressive, true).is_none(), "it was never used again so far");
        let mut connection = pool.take(Reuse::Safe, false).unwrap();
        assert!(connection.begin_request(), "the server may be closing it this very moment");
        connection.park();
        let connection = pool.take(Reuse::Aggressive, true).expect("it is known to be kept");
        assert_eq!(connection.served(), 2);
        connection.park();
        assert!(pool.take(Reuse::Always, true).is_some());
    });
}

#[test]
fn a_proven_connection_is_found_below_one_that_is_not() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (mut proven, _first) = world.connect(&pool);
        let (mut fresh, _second) = world.connect(&pool);
        let port = world::port(&proven);
        proven.begin_request();
        proven.begin_request();
        fresh.begin_request();
        proven.park();
        fresh.park();
        let taken = pool.take(Reuse::Aggressive, true).expect("the lower one was used again before");
        assert_eq!(world::port(&taken), port);
        assert_eq!(pool.idle(), 1);
    });
}

#[test]
fn a_connection_that_ended_while_it_was_used_is_not_kept() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (connection, peer) = world.connect(&pool);
        drop(peer);
        eventually("the loop has seen it", || connection.stream().seems_readable()).await;
        connection.park();
        assert_eq!((pool.idle(), world.pools.idle()), (0, 0));
    });
}

#[test]
fn a_dropped_connection_is_closed_by_rst() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (connection, mut peer) = world.connect(&pool);
        drop(connection);
        assert_eq!(world::end_of(&mut peer), End::Reset);
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn a_dropped_connection_is_closed_by_fin_if_the_servers_fin_is_here() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (connection, mut peer) = world.connect(&pool);
        peer.write_all(b"the end of an answer").unwrap();
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        eventually("its FIN is here", || {
            let mut all = [0; 64];
            rustix::net::recv(connection.stream().fd(), &mut all, rustix::net::RecvFlags::PEEK).is_ok()
        })
        .await;
        drop(connection);
        assert_eq!(world::end_of(&mut peer), End::Fin);
    });
}

#[test]
fn a_waker_that_rings_for_a_place_that_is_anothers_by_now_does_no_harm() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (connection, mut talkative) = world.connect(&pool);
        connection.park();
        let used = pool.take(Reuse::Always, true).unwrap();
        // The place is free, and the next one to be parked gets it.
        let (quiet, _peer) = world.connect(&pool);
        let port = world::port(&quiet);
        quiet.park();
        talkative.write_all(b"an answer").unwrap();
        eventually("the answer is here", || used.stream().seems_readable()).await;
        turns().await;
        assert_eq!(pool.idle(), 1, "the watcher looked and found nothing");
        // Nobody lives there at all: the same.
        let quiet = pool.take(Reuse::Always, true).unwrap();
        assert_eq!(world::port(&quiet), port);
        drop(talkative);
        eventually("FIN is here", || used.stream().drain() == plimsoll_net::Drained::Fin).await;
        turns().await;
        assert_eq!((pool.idle(), pool.in_use()), (0, 2));
    });
}

#[test]
fn a_connection_that_comes_back_to_another_place_is_watched_there() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (first, _stays) = world.connect(&pool);
        let (second, peer) = world.connect(&pool);
        second.park();
        let second = pool.take(Reuse::Always, true).unwrap();
        first.park();
        second.park();
        drop(peer);
        eventually("it is gone", || pool.idle() == 1).await;
    });
}

#[test]
fn each_server_has_its_own_idle_connections() {
    on_a_runtime(async {
        let world = World::watched();
        let (one, other) = (world.pools.pool(), world.pools.pool());
        let (connection, _peer) = world.connect(&one);
        connection.park();
        assert!(other.take(Reuse::Always, false).is_none());
        assert_eq!((one.idle(), other.idle(), world.pools.idle()), (1, 0, 1));
    });
}

#[test]
fn clearing_closes_all_that_are_idle_and_none_that_are_used() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (idle, mut peer) = world.connect(&pool);
        let (used, _used_peer) = world.connect(&pool);
        idle.park();
        world.pools.clear();
        assert_eq!((pool.idle(), pool.in_use()), (0, 1));
        assert_eq!(world::end_of(&mut peer), End::Reset);
        used.park();
        assert_eq!(pool.idle(), 1);
    });
}

#[test]
fn clearing_one_servers_pool_leaves_the_others_alone() {
    on_a_runtime(async {
        let world = World::watched();
        let (one, other) = (world.pools.pool(), world.pools.pool());
        let (connection, mut peer) = world.connect(&one);
        let (stays, _peer) = world.connect(&other);
        connection.park();
        stays.park();
        one.clear();
        assert_eq!((one.idle(), other.idle(), world.pools.idle()), (0, 1, 1));
        assert_eq!(world::end_of(&mut peer), End::Reset);
    });
}

#[test]
fn a_pool_that_is_forgotten_with_idle_connections_still_has_them_watched() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (connection, peer) = world.connect(&pool);
        connection.park();
        let forgotten = Rc::downgrade(&pool);
        drop(pool);
        drop(peer);
        eventually("the connection is gone, and the pool with it", || {
            world.pools.idle() == 0 && forgotten.strong_count() == 0
        })
        .await;
    });
}

/// A server takes all that follows a PROXY header, or comes from an address, for the client that it names.
#[test]
fn a_connection_that_is_one_clients_own_is_closed_instead_of_parked() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let header = Personal { preface: (*b"PROXY").into(), from: None };
        let address = Personal { preface: Box::default(), from: Some("192.0.2.1:0".parse().unwrap()) };
        for personal in [header, address] {
            let (connection, mut peer) = world.connect_for(&pool, Some(personal.clone()));
            assert_eq!(connection.personal(), Some(&personal));
            connection.park();
            assert_eq!((pool.idle(), pool.in_use()), (0, 0));
            assert_eq!(world::end_of(&mut peer), End::Reset);
            assert!(pool.take(Reuse::Always, false).is_none());
        }
    });
}

/// Two connections that have the only two source ports there are, and what a third is told.
struct TwoPorts {
    both: Vec<Connection>,
    range: Arc<PortRange>,
    destination: Address,
    options: ConnectOptions,
}

impl TwoPorts {
    async fn taken(world: &World, pool: &Rc<Pool>, range: &str) -> Self {
        let destination = world.listener.local_addr().unwrap();
        let address = plimsoll_config::OneOrMany(vec![range.parse().unwrap()]);
        let source = Source { address, usesrc: None, interface: None };
        let outlet = Outlets::default().of(&source, destination, &mut || 0);
        let range = Arc::clone(outlet.ranges().next().unwrap());
        let options = ConnectOptions { source: Some(outlet), ..ConnectOptions::default() };
        let destination = Address::from(destination);
        let mut both = Vec::new();
        for _ in 0..2 {
            match plimsoll_net::connect(&destination, &options).unwrap().finish().await {
                Verdict::Connected { stream, .. } => both.push(pool.adopt(stream)),
                other => panic!("{other:?}"),
            }
        }
        Self { both, range, destination, options }
    }

    fn none_is_left(&self) {
        assert!(matches!(plimsoll_net::connect(&self.destination, &self.options), Err(NotStarted::NoPort)));
    }
}

#[test]
fn a_connection_whose_source_port_somebody_lacked_is_closed_instead_of_parked_but_only_one() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let mut ports = TwoPorts::taken(&world, &pool, "127.0.0.5:40405-40406").await;
        ports.none_is_left();
        ports.both.drain(..).for_each(Connection::park);
        assert_eq!((pool.idle(), ports.range.used()), (1, 1));
        assert!(pool.evict_coldest() && !pool.evict_coldest());
        assert_eq!(ports.range.used(), 0);
    });
}

#[test]
fn an_idle_connection_gives_its_source_port_up_when_somebody_lacks_one() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let mut ports = TwoPorts::taken(&world, &pool, "127.0.0.5:40407-40408").await;
        ports.both.drain(..).for_each(Connection::park);
        assert_eq!(pool.idle(), 2);
        ports.none_is_left();
        eventually("one of them is closed", || pool.idle() == 1).await;
        let _somebody_elses = ports.range.take().unwrap();
        ports.none_is_left();
        eventually("and the other", || pool.idle() == 0).await;
        assert_eq!(ports.range.used(), 1);
    });
}

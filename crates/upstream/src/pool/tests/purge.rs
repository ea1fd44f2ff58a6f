//! Which idle connections are kept, and for how long.

use super::*;

#[test]
fn what_the_busiest_moment_needed_is_kept_for_that_period_and_one_more() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (hands, _peers): (Vec<_>, Vec<_>) = (0..4).map(|_| world.connect(&pool)).unzip();
        hands.into_iter().for_each(Connection::park);
        assert!(world.period().await);
        assert_eq!(pool.idle(), 4, "the busy moment was in this period");
        assert!(world.period().await);
        assert_eq!(pool.idle(), 4, "it was in the one before");
        assert!(world.period().await);
        assert_eq!(pool.idle(), 0);
        assert!(!world.period().await, "with nothing idle no timer runs");
    });
}

#[test]
fn the_coldest_go_first_and_their_servers_see_rst() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (hands, mut peers): (Vec<_>, Vec<_>) = (0..3).map(|_| world.connect(&pool)).unzip();
        let ports: Vec<_> = hands.iter().map(world::port).collect();
        hands.into_iter().for_each(Connection::park);
        world.period().await;
        // From here on one at a time is enough.
        for _ in 0..2 {
            pool.take(Reuse::Always, true).unwrap().park();
            world.period().await;
        }
        assert_eq!(pool.idle(), 1);
        assert_eq!(world::port(&pool.take(Reuse::Always, true).unwrap()), ports[2]);
        assert_eq!(world::end_of(&mut peers[0]), End::Reset);
        assert_eq!(world::end_of(&mut peers[1]), End::Reset);
    });
}

#[test]
fn connections_in_use_count_as_needed() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (hands, _peers): (Vec<_>, Vec<_>) = (0..2).map(|_| world.connect(&pool)).unzip();
        hands.into_iter().for_each(Connection::park);
        let used = pool.take(Reuse::Always, true).unwrap();
        for _ in 0..3 {
            world.period().await;
        }
        assert_eq!((pool.idle(), pool.in_use()), (0, 1), "one is needed, and that one is in use");
        used.park();
        assert_eq!(pool.idle(), 1);
    });
}

#[test]
fn more_than_are_needed_at_once_are_not_kept_and_the_coldest_goes() {
    on_a_runtime(async {
        let world = World::watched();
        let pool = world.pools.pool();
        let (first, mut peer) = world.connect(&pool);
        first.park();
        // A request that may not use the idle one brings a connection of its own.
        let (second, _second_peer) = world.connect(&pool);
        let port = world::port(&second);
        second.park();
        assert_eq!(pool.idle(), 1);
        assert_eq!(world::end_of(&mut peer), End::Reset);
        assert_eq!(world::port(&pool.take(Reuse::Always, true).unwrap()), port);
    });
}

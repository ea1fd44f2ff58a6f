//! What a worker's connections cost in descriptors when they are over: nothing. Alone in its program, so that it can count.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use plimsoll_clock::{Tick, Wheel};
use plimsoll_net::Stream;
use plimsoll_upstream::{Pools, Reuse};

fn open() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn a_thousand_connections_that_ended_in_every_way_leave_no_descriptor_behind() {
    let runtime = tokio::runtime::LocalRuntime::new().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let pools = Pools::new(&Wheel::new(Tick::now()), Tick::now);
        let pool = pools.pool();
        tokio::task::spawn_local(pools.clone().watch());
        let before = open();
        for round in 0..1_000 {
            let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            ours.set_nonblocking(true).unwrap();
            let peer = listener.accept().unwrap().0;
            let connection = pool.adopt(Stream::from_fd(OwnedFd::from(ours)).unwrap().into());
            match round % 4 {
                // Dropped in use.
                0 => drop(connection),
                // Evicted, or taken out when its end is known; whichever comes first.
                1 => {
                    connection.park();
                    drop(peer);
                    while pools.idle() > 0 {
                        tokio::task::yield_now().await;
                    }
                }
                // Taken, used, parked, cleared.
                2 => {
                    connection.park();
                    pool.take(Reuse::Always, true).unwrap().park();
                    pools.clear();
                }
                // Its end comes while it is in use.
                _ => {
                    drop(peer);
                    connection.stream().readable().await.unwrap();
                    connection.park();
                }
            }
        }
        assert_eq!((pools.idle(), pool.in_use()), (0, 0));
        assert_eq!(open(), before);
    });
}

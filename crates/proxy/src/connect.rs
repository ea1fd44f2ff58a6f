//! A new connection to a server; when descriptors or source ports run out, idle ones give way to it.

use std::time::Duration;

use plimsoll_clock::{Tick, Timer};
use plimsoll_config::Duration as Written;
use plimsoll_net::ToServer;
use plimsoll_outcome::Outcome;
use plimsoll_upstream::{CONNECT_PORTS, CONNECT_RESOURCES, Personal};

use crate::snapshot::Target;
use crate::timeouts::deadline;
use crate::worker::Worker;

/// What it takes another worker to come round and close an idle connection.
const A_PORT_GIVEN_UP: Duration = Duration::from_millis(5);

/// Connects within `limit`, as `personal` has it.
pub(crate) async fn connect(
    worker: &Worker,
    target: &Target,
    personal: Option<&Personal>,
    timer: &Timer,
    limit: Option<Written>,
) -> Result<ToServer, &'static Outcome> {
    let mut waited = false;
    loop {
        target.server.counters().shard(worker.id).connects.add(1);
        let until = deadline(Tick::now(), limit);
        match plimsoll_upstream::connect(&target.address, &target.connect, personal, timer, until).await {
            // A client is here now; whoever would use an idle connection may never come.
            Err(outcome) if *outcome == CONNECT_RESOURCES && worker.shed() => {}
            Err(outcome) if *outcome == CONNECT_PORTS && worker.pool(target).evict_coldest() => {}
            Err(outcome) if *outcome == CONNECT_PORTS && !waited => {
                // Another worker was told to give one up for it.
                waited = true;
                timer.arm(Tick::now().after(A_PORT_GIVEN_UP));
                timer.wait().await;
            }
            connected => return connected,
        }
    }
}

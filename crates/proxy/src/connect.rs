//! A new connection to a server; when descriptors run out, idle ones give way to it.

use plimsoll_clock::{Tick, Timer};
use plimsoll_config::Duration as Written;
use plimsoll_net::Stream;
use plimsoll_outcome::Outcome;
use plimsoll_upstream::CONNECT_RESOURCES;

use crate::snapshot::Target;
use crate::timeouts::deadline;
use crate::worker::Worker;

/// Connects within `limit`, and says `preface` first.
pub(crate) async fn connect(
    worker: &Worker,
    target: &Target,
    preface: &[u8],
    timer: &Timer,
    limit: Option<Written>,
) -> Result<Stream, &'static Outcome> {
    loop {
        target.server.counters().shard(worker.id).connects.add(1);
        let until = deadline(Tick::now(), limit);
        match plimsoll_upstream::connect(&target.address, &target.connect, preface, timer, until).await {
            // A client is here now; whoever would use an idle connection may never come.
            Err(outcome) if *outcome == CONNECT_RESOURCES && worker.shed() => {}
            connected => return connected,
        }
    }
}

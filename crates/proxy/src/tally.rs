//! What an attempt and a failure count for: on the server, on the backend. As HAProxy counts them (observed on 2.6).

use plimsoll_clock::Tick;
use plimsoll_outcome::{Outcome, Phase, Side};
use plimsoll_server::Server;

use crate::snapshot::{Backend, BackendLive};

impl Backend {
    /// An attempt goes to the target `place`; the one at `failed` was tried before.
    #[inline]
    pub(crate) fn count_attempt(&self, worker: usize, failed: Option<usize>, place: usize, now: Tick) {
        self.targets[place].server.count_session(worker, now);
        if let Some(failed) = failed {
            self.count_retry(worker, failed, place);
        }
    }

    /// A retry at another server is a redispatch, and no retry besides; both are the failed server's.
    #[cold]
    fn count_retry(&self, worker: usize, failed: usize, place: usize) {
        let (all, of_server) = (self.live.counters.shard(worker), self.targets[failed].server.counters().shard(worker));
        if failed == place {
            all.retries.add(1);
            of_server.retries.add(1);
        } else {
            all.redispatches.add(1);
            of_server.redispatches.add(1);
        }
    }

    /// A request or connection failed for good; `place`: the last target tried.
    #[cold]
    pub(crate) fn count_failure(&self, worker: usize, place: Option<usize>, outcome: &Outcome) {
        self.live.count_failure(worker, place.map(|place| &*self.targets[place].server), outcome);
    }
}

impl BackendLive {
    /// The same, for what outlived its configuration.
    #[cold]
    pub(crate) fn count_failure(&self, worker: usize, server: Option<&Server>, outcome: &Outcome) {
        let all = self.counters.shard(worker);
        let of_server = server.map(|server| server.counters().shard(worker));
        // The letters tell who closed (capital) from who was silent.
        let aborted = outcome.state[0];
        if matches!(outcome.phase, Phase::Queue | Phase::Connect) {
            all.connect_errors.add(1);
            of_server.inspect(|counters| counters.connect_errors.add(1));
        }
        if outcome.side == Side::Server && matches!(outcome.phase, Phase::Header | Phase::Data) {
            all.response_errors.add(1);
            of_server.inspect(|counters| counters.response_errors.add(1));
        }
        if outcome.phase == Phase::Data && aborted == b'C' {
            all.client_aborts.add(1);
            of_server.inspect(|counters| counters.client_aborts.add(1));
        }
        if outcome.phase == Phase::Data && aborted == b'S' {
            all.server_aborts.add(1);
            of_server.inspect(|counters| counters.server_aborts.add(1));
        }
    }
}

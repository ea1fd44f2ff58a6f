//! A connection that only relays, in TCP mode or after a 101: what it goes by until its end, and nothing of the configuration that
//! brought it about. It may last for days, and a backend may have thousands of servers.

use std::sync::Arc;

use plimsoll_config::Duration;
use plimsoll_net::Stream;
use plimsoll_outcome::Outcome;

use crate::Logging;
use crate::buffer::Buffer;
use crate::client::Detached;
use crate::lease::{Lease, Seat, Stay};
use crate::relay::{Ends, Moved, Patience, relay};
use crate::snapshot::{Frontend, FrontendLive};
use crate::splicing::Splice;

/// What a tunnel goes by.
pub(crate) struct Terms {
    pub(crate) seat: Seat,
    /// Of the frontend that it was routed by; the gates' is another one if the port has moved since.
    pub(crate) frontend: Arc<FrontendLive>,
    /// What its frontend writes to the log.
    pub(crate) log: Logging,
    patience: Patience,
    /// From the client to the server, and back.
    splice: [Splice; 2],
}

impl Terms {
    /// As the configuration of now has it; lease and stay become a seat.
    pub(crate) fn new(frontend: &Frontend, lease: Lease, stay: Stay) -> Self {
        let backend = lease.backend();
        Self {
            patience: Patience::new(&frontend.timeouts, &backend.timeouts),
            splice: [frontend.splicing.up(&backend.splicing), frontend.splicing.down(&backend.splicing)],
            frontend: Arc::clone(&frontend.live),
            log: frontend.log,
            seat: Seat::keep(lease, stay),
        }
    }

    /// `set-timeout tunnel`
    pub(crate) fn set_patience(&mut self, tunnel: Duration) {
        self.patience.set(tunnel);
    }

    /// Relays until both sides are done, and counts the bytes. Either buffer may hold bytes that came early.
    pub(crate) async fn relay(
        &self,
        client: &Detached,
        server: &Stream,
        to_server: Buffer,
        to_client: Buffer,
    ) -> (Moved, &'static Outcome) {
        let worker = &**client.place.worker();
        let ends = Ends {
            client: &client.stream,
            server,
            timer: &client.timer,
            patience: &self.patience,
            pipes: &worker.pipes,
            splice: self.splice,
            revoked: &|| worker.is_revoked(&self.seat.server),
        };
        let (moved, outcome) = relay(ends, to_server, to_client).await;
        let counters = self.frontend.counters.shard(worker.id);
        counters.bytes_in.add(moved.up);
        counters.bytes_out.add(moved.down);
        let of_server = self.seat.server.counters().shard(worker.id);
        of_server.bytes_in.add(moved.up);
        of_server.bytes_out.add(moved.down);
        (moved, outcome)
    }
}

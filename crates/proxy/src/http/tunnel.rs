//! A connection after a 101: bytes both ways.

use plimsoll_config::Duration;
use plimsoll_upstream::Connection;

use crate::OK;
use crate::buffer::Buffer;
use crate::client::Client;
use crate::lease::{Lease, Stay};
use crate::relay::closing;
use crate::snapshot::Frontend;
use crate::step::fault::point;
use crate::tunnel::Terms;

/// Everything that a tunnel needs; it holds its server's place but nothing of the request.
pub(super) struct Tunnel {
    connection: Connection,
    terms: Terms,
    to_server: Buffer,
    to_client: Buffer,
}

impl Tunnel {
    /// With what came early from either side.
    pub(super) fn new(
        connection: Connection,
        frontend: &Frontend,
        (lease, stay): (Lease, Stay),
        tunnel: Option<Duration>,
        to_server: Buffer,
        to_client: Buffer,
    ) -> Self {
        let mut terms = Terms::new(frontend, lease, stay);
        tunnel.into_iter().for_each(|limit| terms.set_patience(limit));
        Self { connection, terms, to_server, to_client }
    }

    /// Relays until both sides are done, and closes both.
    pub(super) async fn run(self, client: Client) {
        point("tunnel");
        let Self { connection, terms, to_server, to_client } = self;
        let client = client.detach();
        let (moved, outcome) = terms.relay(&client, connection.stream(), to_server, to_client).await;
        if *outcome != OK {
            let worker = client.place.worker();
            worker.count(outcome);
            terms.seat.backend.count_failure(worker.id, Some(&terms.seat.server), outcome);
        }
        drop((connection, terms));
        client.close(closing(moved, outcome)).await;
    }
}

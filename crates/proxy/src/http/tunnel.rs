//! A connection after a 101: bytes both ways.

use plimsoll_upstream::Connection;

use crate::OK;
use crate::buffer::Buffer;
use crate::client::{Client, Closing};
use crate::lease::{Lease, Stay};
use crate::relay::{Ends, closing, relay};
use crate::step::fault::point;

/// Everything that a tunnel needs; it holds its server's place but nothing of the request.
pub(super) struct Tunnel {
    connection: Connection,
    lease: Lease,
    /// It is still under way in its backend.
    _stay: Stay,
    to_server: Buffer,
    to_client: Buffer,
}

impl Tunnel {
    /// With what came early from either side.
    pub(super) fn new(
        connection: Connection,
        (lease, stay): (Lease, Stay),
        to_server: Buffer,
        to_client: Buffer,
    ) -> Self {
        Self { connection, lease, _stay: stay, to_server, to_client }
    }

    /// Relays until both sides are done.
    pub(super) async fn run(self, client: &Client) -> Closing {
        point("tunnel");
        let Self { connection, lease, _stay, to_server, to_client } = self;
        let port = client.port();
        let route = port.route();
        let frontend = &route.frontend;
        let ends = Ends {
            client: &client.stream,
            server: connection.stream(),
            timer: &client.timer,
            frontend: &frontend.timeouts,
            backend: &lease.backend().timeouts,
            pipes: lease.backend().splice.then_some(&port.worker.pipes),
            revoked: &|| port.worker.is_revoked(&lease.target().server),
        };
        let (moved, outcome) = relay(ends, to_server, to_client).await;
        let counters = frontend.live.counters.shard(port.worker.id);
        counters.bytes_in.add(moved.up);
        counters.bytes_out.add(moved.down);
        let of_server = lease.target().server.counters().shard(port.worker.id);
        of_server.bytes_in.add(moved.up);
        of_server.bytes_out.add(moved.down);
        if *outcome != OK {
            port.worker.count(outcome);
            lease.backend().count_failure(port.worker.id, Some(lease.index()), outcome);
        }
        closing(moved, outcome)
    }
}

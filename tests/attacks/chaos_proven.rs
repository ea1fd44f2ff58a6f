//! Storms, found by attack.

use std::time::Duration;

use plimsoll_testkit::{Client, Origin, holds_for};
use plimsoll_tests::Site;

#[test]
fn a_quiet_tcp_connection_keeps_no_pipe() {
    let origin = Origin::raw(|wire, _| {
        let mut wire = wire.forgetful();
        wire.send(&vec![b'd'; 8_000_000]);
        wire.until_end();
    });
    let mut lb = Site::tcp().server("o", origin.addr).start();
    let before = lb.process().descriptors();
    let clients: Vec<_> = (0..40)
        .map(|_| {
            let mut client = Client::connect(lb.addr("web"));
            client.wire().take(8_000_000).unwrap();
            client.wire().begin();
            client
        })
        .collect();
    holds_for(Duration::from_millis(300), || true);
    let each = (lb.process().descriptors() - before) as f64 / clients.len() as f64;
    assert!(each <= 2.5, "{each} descriptors a connection");
}

//! Corners of the protocol, found by attack.

use std::time::Duration;

use plimsoll_testkit::{Client, Exchange, Origin, Then, holds_for};
use plimsoll_tests::{Site, Timeouts};

fn pass(time: u64) {
    holds_for(Duration::from_millis(time), || true);
}

#[test]
fn a_client_that_waits_for_100_is_not_the_silent_one() {
    let origin = Origin::raw(|mut wire, _| {
        while !wire.line().unwrap_or_default().is_empty() {}
        pass(1500);
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n");
        let _ = wire.take(4);
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        wire.until_end();
    });
    let times = Timeouts { client: 700, server: 5000, ..Timeouts::default() };
    let lb = Site::http().timeouts(times).server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    while !client.wire().line().unwrap_or_default().is_empty() {}
    client.send("abcd");
    assert_eq!(client.response().map(|response| response.status), Ok(200));
}

#[test]
fn a_426_says_which_protocol_is_required() {
    let origin = Origin::serving(|exchange: &mut Exchange<'_>| {
        exchange.send(
            "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n",
        );
        Then::Keep
    });
    let lb = Site::http().server("o", origin.addr).start();
    let response = Client::connect(lb.addr("web")).get("/").unwrap();
    assert_eq!((response.status, response.get("upgrade")), (426, Some("websocket".into())));
}

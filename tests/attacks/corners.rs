//! Corners of HTTP that are easily forgotten.

use std::time::Duration;

use plimsoll_testkit::origin::{expected, read_request};
use plimsoll_testkit::socket::RefusedPort;
use plimsoll_testkit::{Client, Origin, holds_for};
use plimsoll_tests::Site;

fn pass(time: u64) {
    holds_for(Duration::from_millis(time), || true);
}

#[test]
fn an_early_refusal_of_a_large_upload_reaches_the_client() {
    let origin = Origin::raw(|mut wire, _| {
        while !wire.line().unwrap_or_default().is_empty() {}
        wire.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!");
        let _ = wire.socket().half_close();
        pass(200);
    });
    let lb = Site::http().server("o", origin.addr).start();
    let mut arrived = 0;
    for _ in 0..5 {
        let mut client = Client::connect(lb.addr("web"));
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
        // A client that writes all before it reads.
        for _ in 0..30 {
            client.send(vec![b'x'; 100_000]);
            pass(5);
        }
        arrived += usize::from(client.response().is_ok_and(|response| response.status == 413));
    }
    assert_eq!(arrived, 5);
}

#[test]
fn a_large_upload_survives_a_refused_server() {
    let (dead, origin) = (RefusedPort::take().unwrap(), Origin::answering());
    let site = Site::http().backend("redispatch: true").server("dead", dead.addr).server("live", origin.addr);
    let lb = site.start();
    let body = vec![b'x'; 1_000_000];
    for _ in 0..4 {
        let mut client = Client::connect(lb.addr("web"));
        client.send([b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".as_slice(), &body].concat());
        assert_eq!(client.response().unwrap().text(), expected("POST", "/up", &body));
    }
}

#[test]
fn a_second_request_waits_until_the_first_is_answered_by_another_connection() {
    let origin = Origin::raw(|mut wire, _| {
        while let Ok(request) = read_request(&mut wire) {
            if request.target == "/slow" {
                pass(300);
            }
            wire.send(
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", request.target.len(), request.target)
                    .as_bytes(),
            );
        }
    });
    let lb = Site::http().backend("http-reuse: always").server("o", origin.addr).start();
    let mut client = Client::connect(lb.addr("web"));
    client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nHEAD /h HTTP/1.1\r\nHost: a\r\n\r\nGET /quick HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().unwrap().text(), "/slow");
    assert_eq!(client.response_to("HEAD").unwrap().text(), "");
    assert_eq!(client.response().unwrap().text(), "/quick");
}

//! Scorecard row 11: a malformed response is a failure that its own client sees, and nobody else ever does.

mod table;

use std::collections::HashMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use plimsoll_testkit::{Client, End, Exchange, Lb, Origin, Random, Response, Then, eventually, origin};
use plimsoll_tests::{Timeouts, front, volume};
use table::{Row, Want, table};

const SHORT: Timeouts = Timeouts { http_request: 3000, client: 5000, server: 500, keep_alive: 10_000, tunnel: 10_000 };

/// Answers `/bad/NAME` with the row's bytes and everything else with its digest.
fn malformed_origin() -> Origin {
    let rows: HashMap<&'static str, Row> = table().into_iter().map(|row| (row.name, row)).collect();
    Origin::serving(move |exchange: &mut Exchange<'_>| {
        let name = exchange.request.target.strip_prefix("/bad/").map(str::to_owned);
        match name.and_then(|name| rows.get(name.as_str())) {
            Some(row) => {
                exchange.send(&row.bytes);
                row.then
            }
            None => exchange.answer(),
        }
    })
}

fn send(client: &mut Client, method: &str, target: &str) -> Result<Response, End> {
    client.send(format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.response_to(method)
}

/// A request whose answer must be the digest of itself.
fn good(client: &mut Client, target: &str) -> Result<(), String> {
    let response = send(client, "GET", target).map_err(|end| format!("{target} failed: {end}"))?;
    if response.status == 200 && response.text() == origin::expected("GET", target, b"") {
        return Ok(());
    }
    Err(format!("{target} was answered {} {:?}", response.status, response.text()))
}

/// What the client of the malformed response got, against what it may get.
fn verdict(row: &Row, got: &Result<Response, End>) -> Result<(), String> {
    let shown = match got {
        Ok(response) => format!("{} {:?} complete", response.status, response.text()),
        Err(end) => end.to_string(),
    };
    let failed = match got {
        Ok(response) => matches!(response.status, 502 | 504),
        Err(End::Fin { .. } | End::Reset) => true,
        Err(_) => false,
    };
    let complete = |status: u16, body: &str| got.as_ref().is_ok_and(|got| got.status == status && got.text() == body);
    let right = match row.want {
        Want::Failure => failed,
        Want::Complete(status, body) => complete(status, body),
        Want::Sloppy(body) => failed || complete(200, body),
    };
    if right { Ok(()) } else { Err(format!("wanted {:?}, the client got {shown}", row.want)) }
}

/// One row: good, malformed, and good again, on the same client connection where it lives and on new ones.
fn run(row: &Row, lb: &Lb) -> Result<(), String> {
    let mut client = Client::connect(lb.addr("web"));
    good(&mut client, "/before")?;
    let got = send(&mut client, row.method, &format!("/bad/{}", row.name));
    verdict(row, &got)?;
    if got.is_ok_and(|response| !response.closes()) {
        good(&mut client, "/same-connection").map_err(|why| format!("NEXT REQUEST: {why}"))?;
    }
    for number in 0..3 {
        let mut next = Client::connect(lb.addr("web"));
        good(&mut next, &format!("/next/{number}")).map_err(|why| format!("NEXT CLIENT: {why}"))?;
    }
    Ok(())
}

#[test]
fn a_malformed_response_is_a_failure_and_the_next_client_gets_its_own_answer() {
    let origin = malformed_origin();
    let lb = front(&[origin.addr], SHORT);
    let rows = table();
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| run(row, &lb).err().map(|why| format!("{} ({}): {why}", row.name, row.rule)))
        .collect();
    println!("h1_malformed_origins: {}/{}", rows.len() - wrong.len(), rows.len());
    assert!(rows.len() >= 40);
    assert!(wrong.is_empty(), "{} of {} wrong:\n   {}", wrong.len(), rows.len(), wrong.join("\n   "));
}

#[test]
fn no_client_gets_bytes_of_another_while_origins_misbehave_all_around() {
    let origin = malformed_origin();
    let lb = Arc::new(front(&[origin.addr], SHORT));
    let each = volume(200, 10_000) / 4;
    let wrong = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = (0..4_u64)
        .map(|seed| {
            let (addr, wrong) = (lb.addr("web"), wrong.clone());
            thread::spawn(move || {
                let rows = table();
                let mut random = Random::new(seed + 7);
                let mut client = Client::connect(addr);
                for number in 0..each {
                    let row = random.pick(&rows);
                    let target = format!("/good/{seed}/{number}");
                    // A failure here is a matter of availability; a complete answer that is not ours is the crime.
                    match send(&mut client, "GET", &target) {
                        Ok(response)
                            if response.status == 200 && response.text() != origin::expected("GET", &target, b"") =>
                        {
                            wrong.lock().unwrap().push(format!("{target} got {:?}", response.text()));
                        }
                        Ok(response) if !response.closes() => {}
                        _ => client = Client::connect(addr),
                    }
                    let got = send(&mut client, row.method, &format!("/bad/{}", row.name));
                    if let Err(why) = verdict(row, &got) {
                        wrong.lock().unwrap().push(format!("{}: {why}", row.name));
                    }
                    if !got.is_ok_and(|response| !response.closes()) {
                        client = Client::connect(addr);
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    let wrong = wrong.lock().unwrap();
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), wrong.iter().take(10).collect::<Vec<_>>());
}

#[test]
fn bytes_that_come_before_a_request_evict_the_idle_connection() {
    let (now, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::serving(move |exchange: &mut Exchange<'_>| {
        let then = exchange.answer();
        if exchange.request.target == "/late" {
            // The test says when the connection is idle; what comes then answers no request.
            let _ = wait.lock().unwrap().recv();
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG");
        }
        then
    });
    let lb = front(&[origin.addr], SHORT);
    let mut client = Client::connect(lb.addr("web"));
    for round in 0..10 {
        good(&mut client, "/late").unwrap();
        now.send(()).unwrap();
        eventually("the connection with unasked bytes is closed", Duration::from_secs(5), || origin.open() == 0);
        good(&mut client, &format!("/{round}")).unwrap();
    }
}

#[test]
fn an_idle_connection_that_the_origin_closes_is_never_used_again() {
    for then in [Then::Close, Then::Reset] {
        let (now, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let origin = Origin::serving(move |exchange: &mut Exchange<'_>| {
            let kept = exchange.answer();
            if exchange.request.target != "/closing" {
                return kept;
            }
            let _ = wait.lock().unwrap().recv();
            then
        });
        let lb = front(&[origin.addr], SHORT);
        let mut client = Client::connect(lb.addr("web"));
        for round in 0..20 {
            good(&mut client, "/closing").unwrap();
            now.send(()).unwrap();
            // A POST may not be sent twice: if it fails, a dead connection was handed out.
            eventually("the origin's connection ends", Duration::from_secs(5), || origin.open() == 0);
            let body = format!("round {round}");
            client.send(format!("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
            let response = client.response().unwrap();
            assert_eq!(
                response.text(),
                origin::expected("POST", "/p", body.as_bytes()),
                "{then:?} {}",
                response.status
            );
        }
    }
}

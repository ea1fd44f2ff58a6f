//! A port with `accept-proxy`: a PROXY header comes before anything else, and its addresses stand for the real ones.
//!
//! A task of its own reads it, within its own deadline; the protocol's task begins behind it and knows nothing of this.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::task::Poll;

use plimsoll_clock::{Tick, wall};
use plimsoll_net::Peer;
use plimsoll_observe::{Failure, HttpRecord, HttpTimes, Level, Levels, Message, Own, TcpRecord, TcpTimes};
use plimsoll_outcome::Outcome;
use plimsoll_proxy_protocol::{Endpoints, MOST, Progress, decode};
use plimsoll_rules::{Arena, Context, Place, Variables};

use crate::buffer::Buffer;
use crate::client::{Client, Closing};
use crate::logging::Ended;
use crate::rules::{Logged, Proxies, Times, number};
use crate::snapshot::Mode;
use crate::{HEADER_TIMEOUT, HEADER_TRUNCATED, accept};

/// What is left of a header once the protocol begins.
pub(crate) struct Proxied {
    /// Where the client connected to. `None`: the header left the real addresses in force.
    pub(crate) destination: Option<SocketAddr>,
    /// Who really connected.
    pub(crate) real: Option<SocketAddr>,
    /// What else it said: types and values.
    pub(crate) tlvs: Box<[(u8, Box<[u8]>)]>,
    /// When the header was complete.
    pub(crate) at: Tick,
    /// What came with it: it belongs to the protocol.
    pub(crate) early: Buffer,
}

/// The addresses of a header, and its further values.
type Said = (Option<Endpoints>, Box<[(u8, Box<[u8]>)]>);

/// Why there is no header.
enum Absent {
    /// Not a byte came: a port scan, or a check that only connects. HTTP mode says nothing of those either.
    Quiet,
    Refused(&'static Outcome),
}

/// Reads the header, then serves the client as any other.
pub(crate) async fn introduce(mut client: Client) {
    let mut buf = Buffer::default();
    let limit = client.port().route().frontend.timeouts.handshake();
    client.timer.arm(client.since.get().after(limit));
    match read(&client, &mut buf).await {
        Ok((endpoints, tlvs)) => {
            buf.release();
            client.timer.disarm();
            let at = Tick::now();
            let destination = endpoints.map(|both| both.destination);
            let real = client.own_address();
            if let Some(both) = endpoints {
                client.peer = Peer::Inet(both.source);
            }
            client.proxied = Some(Box::new(Proxied { destination, real, tlvs, at, early: buf }));
            accept::begin(client);
        }
        Err(Absent::Quiet) => drop(client.close(Closing::Plain)),
        Err(Absent::Refused(outcome)) => {
            refuse(&client, buf.bytes(), outcome);
            drop(client.close(Closing::Reset));
        }
    }
}

async fn read(client: &Client, buf: &mut Buffer) -> Result<Said, Absent> {
    loop {
        if !buf.is_empty()
            && let Progress::Complete { header, used } = decode(buf.bytes(), MOST).map_err(Absent::Refused)?
        {
            let endpoints = header.endpoints();
            let tlvs = header.tlvs.map(|tlv| (tlv.kind, tlv.value.into())).collect();
            buf.consume(used);
            return Ok((endpoints, tlvs));
        }
        let got = poll_fn(|cx| match buf.poll_fill(&client.stream, cx) {
            Poll::Ready(got) => Poll::Ready(Some(got)),
            Poll::Pending => {
                buf.release();
                client.timer.poll_expired(cx).map(|()| None)
            }
        })
        .await;
        match got {
            Some(Ok(1..)) => {}
            Some(_) if buf.is_empty() => return Err(Absent::Quiet),
            Some(_) => return Err(Absent::Refused(&HEADER_TRUNCATED)),
            None => return Err(Absent::Refused(&HEADER_TIMEOUT)),
        }
    }
}

/// How HAProxy counts and names it (configuration manual, `fc_err_str`).
fn fault(outcome: &Outcome) -> (u8, &'static str) {
    match outcome.slug {
        "client.proxy.timeout" => (13, "Timeout while waiting for PROXY protocol header"),
        "client.proxy.truncated" => (14, "Truncated PROXY protocol header received"),
        "client.proxy.missing" => (15, "Received something which does not look like a PROXY protocol header"),
        "client.proxy.unsupported" => (17, "Received an unhandled protocol in the PROXY protocol header"),
        _ => (16, "Received an invalid PROXY protocol header"),
    }
}

/// Counts it, keeps it for `show errors`, and writes its line, with the real address.
#[cold]
fn refuse(client: &Client, bytes: &[u8], outcome: &'static Outcome) {
    let route = client.port().route();
    let (worker, frontend) = (&client.port().worker, &*route.frontend);
    let counters = frontend.live.counters.shard(worker.id);
    counters.bytes_in.add(bytes.len() as u64);
    counters.failures.add(1);
    worker.count(outcome);
    worker.keep(&Failure {
        time: wall(),
        client: client.address(),
        frontend: &frontend.name,
        backend: None,
        server: None,
        outcome,
        status: None,
        message: if bytes.is_empty() { Message::None } else { Message::Request },
        position: None,
        bytes,
        length: bytes.len(),
    });
    let Some(log) = worker.log.as_ref() else { return };
    // Who owes a header is told of, whatever it sent: `dontlognull` is about those who owe nothing.
    let ended = Ended::refused(outcome, (bytes.len() as u64).max(1));
    let Some(level) = frontend.log.level(Some(Level::Info), ended) else { return };
    if !log.wants(level, frontend.log.to) {
        return;
    }
    let lasted = Tick::now().since(client.since.get());
    let total = i64::try_from(lasted.as_micros()).unwrap_or(i64::MAX);
    let levels =
        Levels { process: worker.process.gate.used(), frontend: frontend.live.gate.used(), ..Levels::default() };
    let (date, bytes_in) = (wall() - lasted, bytes.len() as u64);
    let arena = Arena::new();
    let error = frontend.formats.as_ref().and_then(|formats| formats.error.as_ref());
    let line = error.map(|format| {
        let logged = Logged {
            client: client.address(),
            destination: client.destination(),
            source: None,
            frontend: frontend.name.clone(),
            backend: None,
            server: None,
            server_address: None,
            served: 0,
            server_status: 0,
            error: fault(outcome),
            accepted: date,
            began: date,
            times: Times { active: total, total, ..Times::UNKNOWN },
            status: None,
            bytes_in,
            bytes_out: 0,
            state: outcome.state,
            levels,
            number: number(&worker.process),
            count: frontend.live.lines.fetch_add(1, Ordering::Relaxed),
            id: None,
            origin: "sess_error",
        };
        let (mut variables, proxies) = (Variables::default(), Proxies::of(&route));
        let cx = Context::new(Place::TcpLog, &arena, &**worker, &mut variables);
        format.render(&cx.with_shared(client).with_shared(&proxies).with_shared(&logged)).to_vec()
    });
    let own = Own { line: line.as_deref(), data: None };
    match frontend.mode {
        Mode::Http => log.http_as(
            (level, frontend.log.to),
            &HttpRecord {
                client: client.address(),
                date,
                frontend: &frontend.name,
                backend: None,
                server: None,
                times: HttpTimes { total, ..HttpTimes::default() },
                status: None,
                bytes_in,
                bytes_out: 0,
                outcome,
                levels,
                request: None,
            },
            own,
        ),
        Mode::Tcp => log.tcp_as(
            (level, frontend.log.to),
            &TcpRecord {
                client: client.address(),
                date,
                frontend: &frontend.name,
                backend: None,
                server: None,
                times: TcpTimes { total, ..TcpTimes::default() },
                bytes_in,
                bytes_out: 0,
                outcome,
                levels,
            },
            own,
        ),
    }
}

//! A client in TCP mode: a server at once, then bytes both ways.

use std::time::Duration;

use plimsoll_clock::{Tick, wall};
use plimsoll_net::ToServer;
use plimsoll_observe::{Failure, Levels, Message, TcpRecord, TcpTimes};
use plimsoll_outcome::Outcome;

use crate::buffer::Buffer;
use crate::client::Client;
use crate::lease::{Lease, Stay};
use crate::relay::{Ends, Moved, closing, relay};
use crate::step::fault::point;
use crate::timeouts::deadline;
use crate::{NO_BACKEND, NO_SERVER, OK};

/// Before the same server is tried again; another one is tried at once.
const SAME_SERVER: Duration = Duration::from_secs(1);

/// What the log line is made of.
#[derive(Default)]
struct Record {
    connected: Option<Tick>,
    retries: u32,
    redispatched: bool,
    server: Option<usize>,
    stay: Option<Stay>,
}

/// Serves one client until its connection ends.
pub(crate) async fn serve(mut client: Client) {
    point("begin");
    let mut record = Record::default();
    let (moved, outcome, lease) = match Box::pin(reach(&client, &mut record)).await {
        Ok((stream, lease)) => {
            let (moved, outcome) = Box::pin(through(&mut client, stream, &lease)).await;
            (moved, outcome, Some(lease))
        }
        Err(outcome) => (Moved::default(), outcome, None),
    };
    // As in HAProxy, its line counts those that are left.
    drop(lease);
    drop(record.stay.take());
    finish(&client, &record, moved, outcome);
    if let Some(lingering) = client.close(closing(moved, outcome)) {
        lingering.await;
    }
}

/// Connects, with as many tries as the backend allows.
async fn reach(client: &Client, record: &mut Record) -> Result<(ToServer, Lease), &'static Outcome> {
    let port = client.port();
    let route = port.route();
    let site = route.site.as_ref().ok_or(&NO_BACKEND)?;
    let backend = &*site.backend;
    let worker = port.worker.id;
    record.stay = Some(Stay::begin(site, worker, client.since.get()));
    let mut avoid = None;
    loop {
        let same = avoid.filter(|index: &usize| !backend.redispatch && backend.targets[*index].server.usable());
        let server = match same {
            Some(server) => server,
            None => backend.choose(worker, avoid, &mut || port.worker.random()).ok_or(&NO_SERVER)?,
        };
        let lease = Lease::take(site, server);
        point("chosen");
        record.server = Some(server);
        record.redispatched = avoid.is_some_and(|avoid| avoid != server);
        backend.count_attempt(worker, avoid, server, client.since.get());
        if avoid == Some(server) {
            let pause = backend.timeouts.connect.map_or(SAME_SERVER, |limit| limit.as_std().min(SAME_SERVER));
            client.timer.arm(Tick::now().after(pause));
            client.timer.wait().await;
        }
        let target = lease.target();
        let until = deadline(Tick::now(), backend.timeouts.connect);
        target.server.counters().shard(worker).connects.add(1);
        let preface = target.send_proxy.as_ref().map(|send| send.header(client)).unwrap_or_default();
        match plimsoll_upstream::connect(&target.address, &target.connect, &preface, &client.timer, until).await {
            Ok(stream) => {
                record.connected = Some(Tick::now());
                return Ok((stream.into(), lease));
            }
            Err(outcome) => {
                if record.retries == backend.retries {
                    return Err(outcome);
                }
                record.retries += 1;
                avoid = Some(server);
            }
        }
    }
}

async fn through(client: &mut Client, server: ToServer, lease: &Lease) -> (Moved, &'static Outcome) {
    point("connected");
    let early = client.take_early();
    let port = client.port();
    let route = port.route();
    let ends = Ends {
        client: &client.stream,
        server: &server,
        timer: &client.timer,
        frontend: &route.frontend.timeouts,
        backend: &lease.backend().timeouts,
        pipes: lease.backend().splice.then_some(&port.worker.pipes),
        revoked: &|| port.worker.is_revoked(&lease.target().server),
    };
    let (moved, outcome) = relay(ends, early, Buffer::default()).await;
    // After both FINs, dropping it is a plain close.
    drop(server);
    (moved, outcome)
}

fn finish(client: &Client, record: &Record, moved: Moved, outcome: &'static Outcome) {
    point("logged");
    let port = client.port();
    let route = port.route();
    let (worker, frontend) = (&port.worker, &*route.frontend);
    let counters = frontend.live.counters.shard(worker.id);
    counters.bytes_in.add(moved.up);
    counters.bytes_out.add(moved.down);
    let backend = frontend.default_backend.as_deref();
    let server = backend.zip(record.server).map(|(backend, index)| &backend.targets[index].server);
    let now = Tick::now();
    if let Some(server) = server {
        let counters = server.counters().shard(worker.id);
        counters.bytes_in.add(moved.up);
        counters.bytes_out.add(moved.down);
        if let Some(connected) = record.connected {
            counters.connect_time.record(connected.since(client.since.get()).as_micros() as u64);
            counters.total_time.record(now.since(client.since.get()).as_micros() as u64);
        }
    }
    if *outcome != OK {
        worker.count(outcome);
        counters.failures.add(1);
        if let Some(backend) = backend {
            backend.count_failure(worker.id, record.server, outcome);
        }
        worker.keep(&Failure {
            time: wall(),
            client: client.address(),
            frontend: &frontend.name,
            backend: backend.map(|backend| &*backend.name),
            server: server.map(|server| server.name()),
            outcome,
            status: None,
            message: Message::None,
            position: None,
            bytes: &[],
            length: 0,
        });
    }
    let Some(log) = worker.log.as_ref().filter(|log| frontend.log && log.wants_lines()) else { return };
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    log.tcp(&TcpRecord {
        client: client.address(),
        date: wall() - now.since(client.since.get()),
        frontend: &frontend.name,
        backend: backend.map(|backend| &*backend.name),
        server: server.map(|server| server.name()),
        times: TcpTimes {
            queue: if server.is_some() { 0 } else { -1 },
            connect: record.connected.map_or(-1, |connected| micros(connected.since(client.began()))),
            total: micros(now.since(client.since.get())),
        },
        bytes_in: moved.up,
        bytes_out: moved.down,
        outcome,
        levels: Levels {
            process: worker.process.gate.used(),
            frontend: frontend.live.gate.used(),
            backend: backend.map_or(0, |backend| backend.live.load.now() as usize),
            server: server.map_or(0, |server| server.served() as usize),
            retries: record.retries,
            redispatched: record.redispatched,
        },
    });
}

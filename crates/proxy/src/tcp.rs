//! A client in TCP mode: a server at once, then bytes both ways.

mod judge;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plimsoll_clock::{Tick, wall};
use plimsoll_net::ToServer;
use plimsoll_observe::{Failure, Level, Levels, Message, Own, TcpRecord, TcpTimes, Writer};
use plimsoll_outcome::Outcome;
use plimsoll_rules::{Arena, Context, Place, Variables};
use plimsoll_server::Server;

use crate::buffer::Buffer;
use crate::client::{self, Client, Closing, Detached};
use crate::connect::connect;
use crate::lease::{Lease, Stay};
use crate::logging::{Ended, Logging};
use crate::personal::personal;
use crate::relay::{Moved, closing};
use crate::rules::LogLevel;
use crate::rules::{Formats, Logged, Progress, Times, number};
use crate::site::Route;
use crate::snapshot::{BackendLive, FrontendLive};
use crate::step::fault::point;
use crate::tunnel::Terms;
use crate::worker::Worker;
use crate::{NO_BACKEND, NO_SERVER, OK, RULE_REJECT};
use judge::{Held, Judge};

/// Before the same server is tried again; another one is tried at once.
const SAME_SERVER: Duration = Duration::from_secs(1);

/// What the log line is made of.
#[derive(Default)]
struct Record {
    /// How long that took.
    connected: Option<Duration>,
    retries: u32,
    redispatched: bool,
    /// `set-log-level`
    level: LogLevel,
    /// What its format looks at, if it has one.
    look: Option<Box<Look>>,
}

/// What a format of the log looks at beside that.
struct Look {
    formats: Arc<Formats>,
    destination: Option<SocketAddr>,
    source: Option<SocketAddr>,
    server: Option<SocketAddr>,
    variables: RefCell<Variables>,
    number: u64,
}

impl Record {
    fn of(client: &Client, route: &Route) -> Self {
        let formats = route.frontend.formats.as_ref().filter(|formats| formats.shapes_lines());
        let look = formats.map(|formats| {
            Box::new(Look {
                formats: Arc::clone(formats),
                destination: client.destination(),
                source: None,
                server: None,
                variables: RefCell::default(),
                number: number(&client.port().worker.process),
            })
        });
        Self { look, ..Self::default() }
    }

    /// The rules are done with: what they set is for the log.
    fn take(&mut self, judge: Option<&mut Judge>) {
        let Some(judge) = judge else { return };
        self.level = judge.state.fate.log;
        if let Some(look) = &mut self.look {
            *look.variables.get_mut() = std::mem::take(&mut judge.state.variables);
        }
    }
}

/// Who took part in a connection that is over.
struct Parties<'a> {
    worker: &'a Worker,
    client: Option<SocketAddr>,
    /// When it was accepted.
    since: Tick,
    frontend: &'a FrontendLive,
    log: Logging,
    /// Its name, and what it counts.
    backend: Option<(&'a str, &'a BackendLive)>,
    server: Option<&'a Server>,
}

/// Serves one client until its connection ends.
pub(crate) async fn serve(mut client: Client) {
    point("begin");
    let mut record = Record::default();
    match Box::pin(reach(&mut client, &mut record)).await {
        // From here on only what it needs: the configuration may change many times until it ends.
        Ok(Reached { server, terms, early, moved }) => {
            Box::pin(through(client.detach(), server, early, terms, record, moved)).await;
        }
        Err(outcome) => {
            // Nothing was said: this does not linger.
            let by_rule = *outcome == OK || *outcome == RULE_REJECT;
            let _ = client.close(if by_rule { Closing::Plain } else { Closing::Reset });
        }
    }
}

/// A server was reached.
struct Reached {
    server: ToServer,
    terms: Terms,
    /// Bytes for the server, and for the client, that are in hand.
    early: [Buffer; 2],
    /// So many of the client's went on already.
    moved: u64,
}

/// Connects, with as many tries as the backend allows. A failure is counted and logged.
async fn reach(client: &mut Client, record: &mut Record) -> Result<Reached, &'static Outcome> {
    let mut route = client.port().route();
    *record = Record::of(client, &route);
    let mut judge = Judge::of(&route, client);
    // What came behind a PROXY header: rules look at it, or it goes to the server as it is.
    let mut early = if judge.is_none() { client.take_early() } else { Buffer::default() };
    let mut wanted = None;
    if let Some(of_frontend) = &mut judge
        && let Err(outcome) = of_frontend.frontend(client).await
    {
        record.take(judge.as_deref_mut());
        return Err(denied(client, &route, record, outcome));
    }
    let chosen = judge.as_ref().map_or_else(|| route.site.clone(), |judge| judge.proxies.site.clone());
    if let Some(of_backend) = &mut judge {
        match of_backend.backend(client).await {
            Ok(server) => wanted = server,
            Err(outcome) => {
                record.take(judge.as_deref_mut());
                return Err(denied(client, &route, record, outcome));
            }
        }
    }
    let client = &*client;
    let port = client.port();
    let worker = &port.worker;
    let failed = |route: &Route, server: Option<usize>, record: &Record, outcome| {
        let backend = chosen.as_ref().map(|site| &*site.backend);
        let parties = Parties {
            worker,
            client: client.address(),
            since: client.since.get(),
            frontend: &route.frontend.live,
            log: route.frontend.log,
            backend: backend.map(|backend| (&*backend.name, &*backend.live)),
            server: backend.zip(server).map(|(backend, index)| &*backend.targets[index].server),
        };
        parties.finish(record, Moved::default(), outcome);
        outcome
    };
    let Some(mut site) = chosen.clone() else {
        record.take(judge.as_deref_mut());
        return Err(failed(&route, None, record, &NO_BACKEND));
    };
    let stay = Stay::begin(&site, worker.id, client.since.get());
    let mut avoid = None;
    let mut moved = false;
    loop {
        let backend = &*site.backend;
        let same = avoid.filter(|index: &usize| !backend.redispatch && backend.targets[*index].server.usable());
        let usable = |index: &usize| backend.targets.get(*index).is_some_and(|target| target.server.usable());
        let wanted = wanted.take().filter(usable);
        let server = same.or(wanted).or_else(|| backend.choose(worker.id, avoid, &mut || worker.random()));
        let Some(server) = server else {
            // As in HAProxy, its line counts those that are left.
            drop(stay);
            record.take(judge.as_deref_mut());
            return Err(failed(&route, avoid, record, &NO_SERVER));
        };
        let lease = Lease::take(&site, server);
        point("chosen");
        record.redispatched = moved || avoid.is_some_and(|avoid| avoid != server);
        backend.count_attempt(worker.id, avoid, server, client.since.get());
        if moved {
            backend.live.counters.shard(worker.id).redispatches.add(1);
        }
        if avoid == Some(server) {
            let pause = backend.timeouts.connect.map_or(SAME_SERVER, |limit| limit.as_std().min(SAME_SERVER));
            client.timer.arm(Tick::now().after(pause));
            client.timer.wait().await;
        }
        let target = &backend.targets[server];
        if let Some(look) = &mut record.look {
            look.server = target.inet();
        }
        let personal = personal(target, client, None);
        match connect(worker, target, personal.as_deref(), &client.timer, backend.timeouts.connect).await {
            Ok(stream) => {
                record.connected = Some(Tick::now().since(client.began()));
                if let Some(look) = &mut record.look {
                    look.source = stream.near();
                }
                let rules = backend.rules.as_ref().filter(|rules| !rules.response_content.is_empty());
                let (mut down, mut moved) = (Buffer::default(), 0);
                if let Some(judge) = &mut judge {
                    early = std::mem::take(&mut judge.buf);
                }
                if let (Some(rules), Some(judge)) = (rules, &mut judge) {
                    *judge.proxies.server.get_mut() = Some(Arc::clone(&target.server));
                    judge.proxies.progress.set(Progress {
                        since: client.since.get(),
                        began: client.began(),
                        head: client.began(),
                        connected: Tick::now(),
                        retries: record.retries,
                        redispatched: record.redispatched,
                        source: stream.near(),
                        server: target.inet(),
                        served: 1,
                        ..Progress::default()
                    });
                    let Judge { state, proxies, .. } = &mut **judge;
                    let (client_stream, timer) = (&client.stream, &client.timer);
                    let mut held =
                        Held { worker, client: client_stream, server: &stream, timer, proxies, up: early, down, moved };
                    let judged = held.pass(&rules.response_content, rules.response_delay, state).await;
                    (early, down, moved) = (held.up, held.down, held.moved);
                    if let Err(outcome) = judged {
                        drop(lease);
                        drop(stay);
                        record.take(Some(judge));
                        return Err(failed(&route, Some(server), record, outcome));
                    }
                }
                record.take(judge.as_deref_mut());
                let terms = Terms::new(&route.frontend, lease, stay);
                return Ok(Reached { server: stream, terms, early: [early, down], moved });
            }
            Err(outcome) => {
                drop(lease);
                let set = judge.as_ref().and_then(|judge| judge.state.fate.retries);
                if record.retries >= set.unwrap_or(backend.retries) {
                    drop(stay);
                    record.take(judge.as_deref_mut());
                    return Err(failed(&route, Some(server), record, outcome));
                }
                record.retries += 1;
                avoid = Some(server);
            }
        }
        moved = false;
        if let Some((newer, of_now)) = port.newer(&route, &site) {
            avoid = of_now.place_of(&site, server);
            moved = avoid.is_none();
            (route, site) = (newer, of_now);
        }
    }
}

/// Rules ended it before a server was looked for. Counted and logged.
#[cold]
fn denied(client: &Client, route: &Route, record: &Record, outcome: &'static Outcome) -> &'static Outcome {
    let worker = &client.port().worker;
    route.frontend.live.counters.shard(worker.id).denied_requests.add(1);
    let parties = Parties {
        worker,
        client: client.address(),
        since: client.since.get(),
        frontend: &route.frontend.live,
        log: route.frontend.log,
        backend: None,
        server: None,
    };
    parties.finish(record, Moved::default(), outcome);
    outcome
}

async fn through(
    client: Detached,
    server: ToServer,
    early: [Buffer; 2],
    mut terms: Terms,
    record: Record,
    before: u64,
) {
    point("connected");
    let [up, down] = early;
    let (mut moved, outcome) = terms.relay(&client, &server, up, down).await;
    moved.up += before;
    // After both FINs, dropping it is a plain close.
    drop(server);
    // As in HAProxy, its line counts those that are left.
    terms.seat.leave();
    let parties = Parties {
        worker: client.place.worker(),
        client: client::address(client.peer),
        since: client.since,
        frontend: &terms.frontend,
        log: terms.log,
        backend: Some((terms.seat.backend_name(), &terms.seat.backend)),
        server: Some(&terms.seat.server),
    };
    parties.finish(&record, moved, outcome);
    drop(terms);
    client.close(closing(moved, outcome)).await;
}

impl Parties<'_> {
    /// Counts a failure, and writes the line.
    fn finish(&self, record: &Record, moved: Moved, outcome: &'static Outcome) {
        point("logged");
        let total = Tick::now().since(self.since);
        if let (Some(server), Some(connected)) = (self.server, record.connected) {
            let counters = server.counters().shard(self.worker.id);
            counters.connect_time.record(connected.as_micros() as u64);
            counters.total_time.record(total.as_micros() as u64);
        }
        if *outcome != OK {
            self.failed(outcome);
        }
        let ended = Ended {
            outcome,
            status: 0,
            retries: record.retries,
            redispatched: record.redispatched,
            bytes_in: moved.up,
        };
        let Some(log) = self.worker.log.as_ref() else { return };
        let Some(level) = self.log.level(record.level.0, ended) else { return };
        if !log.wants(level, self.log.to) {
            return;
        }
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        let line = TcpRecord {
            client: self.client,
            date: wall() - total,
            frontend: &self.frontend.name,
            backend: self.backend.map(|(name, _)| name),
            server: self.server.map(Server::name),
            times: TcpTimes {
                queue: if self.server.is_some() { 0 } else { -1 },
                connect: record.connected.map_or(-1, micros),
                total: micros(total),
            },
            bytes_in: moved.up,
            bytes_out: moved.down,
            outcome,
            levels: Levels {
                process: self.worker.process.gate.used(),
                frontend: self.frontend.gate.used(),
                backend: self.backend.map_or(0, |(_, live)| live.load.now() as usize),
                server: self.server.map_or(0, |server| server.served() as usize),
                retries: record.retries,
                redispatched: record.redispatched,
            },
        };
        match &record.look {
            None => log.tcp_as((level, self.log.to), &line, Own::default()),
            Some(look) => self.formatted((log, level), &line, look),
        }
    }

    /// Writes the line in a format of the frontend's own.
    #[cold]
    fn formatted(&self, (log, level): (&Writer, Level), line: &TcpRecord<'_>, look: &Look) {
        let TcpTimes { queue, connect, total } = line.times;
        let times = Times {
            idle: -1,
            request: -1,
            queue,
            connect,
            response: -1,
            data: if connect < 0 { -1 } else { total - connect },
            active: total,
            total,
        };
        let logged = Logged {
            client: line.client,
            destination: look.destination,
            source: look.source,
            frontend: line.frontend.into(),
            backend: line.backend.map(Into::into),
            server: line.server.map(Into::into),
            served: u32::from(line.times.connect >= 0),
            server_status: 0,
            error: Logged::NO_ERROR,
            server_address: look.server.filter(|_| line.server.is_some()),
            accepted: line.date,
            began: line.date,
            times,
            status: None,
            bytes_in: line.bytes_in,
            bytes_out: line.bytes_out,
            state: line.outcome.state,
            levels: line.levels,
            number: look.number,
            count: self.frontend.lines.fetch_add(1, Ordering::Relaxed),
            id: None,
            origin: "txn_close",
        };
        let (arena, mut variables) = (Arena::new(), look.variables.borrow_mut());
        let cx = Context::new(Place::TcpLog, &arena, self.worker, &mut variables).with_shared(&logged);
        log.tcp_as((level, self.log.to), line, look.formats.render(&cx));
    }

    #[cold]
    fn failed(&self, outcome: &'static Outcome) {
        self.worker.count(outcome);
        if let Some((_, live)) = self.backend {
            live.count_failure(self.worker.id, self.server, outcome);
        }
        self.frontend.counters.shard(self.worker.id).failures.add(1);
        self.worker.keep(&Failure {
            time: wall(),
            client: self.client,
            frontend: &self.frontend.name,
            backend: self.backend.map(|(name, _)| name),
            server: self.server.map(Server::name),
            outcome,
            status: None,
            message: Message::None,
            position: None,
            bytes: &[],
            length: 0,
        });
    }
}

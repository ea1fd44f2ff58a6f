//! Which metrics there are: a row each, with the name that follows `haproxy_frontend_` and its likes.

use std::collections::BTreeMap;

use plimsoll_counters::Distribution;
use plimsoll_net::PortRange;
use plimsoll_proxy::FrontendCounters;
use plimsoll_server::{Admin, CheckStatus};

use super::write::{self, Lines, label};
use crate::figures::{BackendFigures, FrontendFigures, ServerFigures, Traffic};
use crate::{Latencies, State};

/// A metric of things with figures `F`.
pub(crate) struct Metric<F> {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) help: &'static str,
    pub(crate) values: fn(&F, &mut Lines<'_>),
}

const fn counter<F>(name: &'static str, help: &'static str, values: fn(&F, &mut Lines<'_>)) -> Metric<F> {
    Metric { name, kind: "counter", help, values }
}

const fn gauge<F>(name: &'static str, help: &'static str, values: fn(&F, &mut Lines<'_>)) -> Metric<F> {
    Metric { name, kind: "gauge", help, values }
}

const fn histogram<F>(name: &'static str, help: &'static str, values: fn(&F, &mut Lines<'_>)) -> Metric<F> {
    Metric { name, kind: "histogram", help, values }
}

const CLASSES: [&str; 6] = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];
const UP_OR_DOWN: &[&str] = &["DOWN", "UP"];
/// HAProxy's five; nothing here is ever NOLB.
const STATES: &[&str] = &["DOWN", "UP", "MAINT", "DRAIN", "NOLB"];
const CHECKS: &[&str] = &[
    "UNK", "INI", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP", "L7OK", "L7OKC",
    "L7STS",
];

pub(crate) const FRONTEND: &[Metric<FrontendFigures>] = &[
    gauge("status", "Whether clients are accepted.", |_, lines| lines.one_of(UP_OR_DOWN, Some("UP"))),
    gauge("current_sessions", "Connections of clients that are open.", |row, lines| lines.number(row.current)),
    gauge("limit_sessions", "Connections of clients at most (maxconn).", |row, lines| lines.number(row.limit)),
    gauge(
        "limit_session_rate",
        "New connections a second at most (rate-limit-sessions); 0: no limit.",
        |row, lines| {
            lines.number(row.rate_limit);
        },
    ),
    counter("sessions_total", "Connections of clients.", |row, lines| lines.number(row.connections)),
    counter("connections_total", "Connections of clients.", |row, lines| lines.number(row.connections)),
    counter("http_requests_total", "Requests.", |row, lines| lines.number(row.requests)),
    gauge("max_sessions", "The most connections of clients at once.", |row, lines| lines.number(row.most)),
    gauge("current_session_rate", "Connections in the last second.", |row, lines| {
        lines.number(row.connection_rate.now);
    }),
    gauge("max_session_rate", "Connections in the busiest second.", |row, lines| {
        lines.number(row.connection_rate.most);
    }),
    gauge("connections_rate_max", "Connections in the busiest second.", |row, lines| {
        lines.number(row.connection_rate.most);
    }),
    gauge("http_requests_rate_max", "Requests in the busiest second.", |row, lines| {
        lines.number(row.request_rate.most);
    }),
    counter("request_errors_total", "Requests that were none, or did not arrive whole.", |row, lines| {
        lines.number(row.request_errors);
    }),
    counter("failures_total", "Requests and connections that were refused or failed.", |row, lines| {
        lines.number(row.failures);
    }),
    counter("bytes_in_total", "Bytes from clients.", |row, lines| lines.number(row.bytes_in)),
    counter("bytes_out_total", "Bytes to clients.", |row, lines| lines.number(row.bytes_out)),
    counter("http_responses_total", "Responses by class of their status.", |row, lines| {
        for (class, count) in CLASSES.iter().zip(row.responses) {
            lines.labelled("code", class, count);
        }
    }),
];

/// Of backends and servers alike.
pub(crate) const TRAFFIC: &[Metric<Traffic>] = &[
    counter("response_errors_total", "Responses that failed.", |row, lines| lines.number(row.counts.response_errors)),
    counter("retry_warnings_total", "Attempts that were repeated.", |row, lines| lines.number(row.counts.retries)),
    counter("redispatch_warnings_total", "Attempts that went on to another server.", |row, lines| {
        lines.number(row.counts.redispatches);
    }),
    gauge("max_sessions", "The most requests and connections at once.", |row, lines| lines.number(row.most)),
    gauge("current_session_rate", "Requests and connections in the last second.", |row, lines| {
        lines.number(row.rate.now);
    }),
    gauge("max_session_rate", "Requests and connections in the busiest second.", |row, lines| {
        lines.number(row.rate.most);
    }),
    gauge("last_session_seconds", "Time since it was last used; none if it never was.", |row, lines| {
        if let Some(last) = row.last_session {
            lines.number(row.now.since(last).as_secs());
        }
    }),
    counter("connection_attempts_total", "Connections that were tried.", |row, lines| {
        lines.number(row.counts.connects);
    }),
    counter("connection_reuses_total", "Requests that an idle connection took.", |row, lines| {
        lines.number(row.counts.reuses);
    }),
    counter("client_aborts_total", "Transfers that clients broke off.", |row, lines| {
        lines.number(row.counts.client_aborts);
    }),
    counter("server_aborts_total", "Transfers that servers broke off.", |row, lines| {
        lines.number(row.counts.server_aborts);
    }),
    counter("http_responses_total", "Responses by class of their status.", |row, lines| {
        for (class, count) in CLASSES.iter().zip(row.counts.responses) {
            lines.labelled("code", class, count);
        }
    }),
    gauge(
        "connect_time_average_seconds",
        "Mean time until the connection was there, of the last 1024.",
        |row, lines| {
            lines.seconds(row.counts.times.connect.mean());
        },
    ),
    gauge("response_time_average_seconds", "Mean time until the response's head, of the last 1024.", |row, lines| {
        lines.seconds(row.counts.times.response.mean());
    }),
    gauge("total_time_average_seconds", "Mean time of all of it, of the last 1024.", |row, lines| {
        lines.seconds(row.counts.times.total.mean());
    }),
    gauge("max_connect_time_seconds", "The longest time until the connection was there.", |row, lines| {
        lines.seconds(row.counts.times.connect.most());
    }),
    gauge("max_response_time_seconds", "The longest time until the response's head.", |row, lines| {
        lines.seconds(row.counts.times.response.most());
    }),
    gauge("max_total_time_seconds", "The longest time of all of it.", |row, lines| {
        lines.seconds(row.counts.times.total.most());
    }),
];

pub(crate) const BACKEND: &[Metric<BackendFigures>] = &[
    gauge("status", "Whether any server can be used.", |row, lines| {
        lines.one_of(UP_OR_DOWN, Some(if row.is_up() { "UP" } else { "DOWN" }));
    }),
    gauge("current_sessions", "Requests and tunnels that servers work on.", |row, lines| lines.number(row.current)),
    counter("sessions_total", "Requests and connections routed here.", |row, lines| lines.number(row.requests)),
    counter("http_requests_total", "Requests routed here.", |row, lines| lines.number(row.requests)),
    counter("loadbalanced_total", "Requests and connections for which a server was chosen.", |row, lines| {
        lines.number(row.traffic.counts.chosen);
    }),
    counter("bytes_in_total", "Bytes to servers.", |row, lines| lines.number(row.traffic.counts.bytes_in)),
    counter("bytes_out_total", "Bytes from servers.", |row, lines| lines.number(row.traffic.counts.bytes_out)),
    counter("connection_errors_total", "Connections to servers that failed.", |row, lines| {
        lines.number(row.traffic.counts.connect_errors);
    }),
    gauge("active_servers", "Servers that can be used and are no backups.", |row, lines| lines.number(row.active)),
    gauge("backup_servers", "Backups that can be used.", |row, lines| lines.number(row.backup)),
    gauge("weight", "Weight of the servers that get new work.", |row, lines| lines.number(row.weight)),
    gauge("uweight", "Weight of the servers that get new work.", |row, lines| lines.number(row.weight)),
    gauge("check_last_change_seconds", "Time since it lost its last server, or got one.", |row, lines| {
        lines.number(row.last_change());
    }),
    counter("check_up_down_total", "How often it lost its last server.", |row, lines| {
        lines.number(row.availability.downs);
    }),
    counter("downtime_seconds_total", "Time in which it had no server.", |row, lines| {
        lines.number(row.availability.downtime.as_secs());
    }),
    gauge("agg_server_status", "Servers by their state.", |row, lines| {
        let mut counts = [0; STATES.len()];
        for target in &row.backend.targets {
            let health = target.server.health();
            let state = state_of(health.admin(), health.is_up());
            counts[STATES.iter().position(|known| *known == state).unwrap_or_default()] += 1;
        }
        for (state, count) in STATES.iter().zip(counts) {
            lines.labelled("state", state, count);
        }
    }),
];

pub(crate) const HISTOGRAMS: &[Metric<Latencies>] = &[
    histogram("queue_time_seconds", "Time that requests waited for a server.", |row, lines| {
        lines.histogram(&row.queue);
    }),
    histogram("connect_time_seconds", "Time until the server's connection was there.", |row, lines| {
        lines.histogram(&row.connect);
    }),
    histogram(
        "response_time_seconds",
        "Time from the request's end to the first byte of the response.",
        |row, lines| {
            lines.histogram(&row.response);
        },
    ),
    histogram(
        "total_time_seconds",
        "Time of requests from their first byte to the last of the response.",
        |row, lines| {
            lines.histogram(&row.total);
        },
    ),
];

pub(crate) const SERVER: &[Metric<Box<ServerFigures>>] = &[
    gauge("status", "State of the server.", |row, lines| {
        let health = &row.standing.health;
        lines.one_of(STATES, Some(state_of(health.admin(), health.is_up())));
    }),
    gauge("current_sessions", "Requests and tunnels that it works on.", |row, lines| lines.number(row.served)),
    counter("sessions_total", "Requests and connections that were sent to it.", |row, lines| {
        lines.number(row.traffic.counts.sessions);
    }),
    counter("loadbalanced_total", "How often it was chosen.", |row, lines| lines.number(row.traffic.counts.chosen)),
    counter("bytes_in_total", "Bytes to it.", |row, lines| lines.number(row.traffic.counts.bytes_in)),
    counter("bytes_out_total", "Bytes from it.", |row, lines| lines.number(row.traffic.counts.bytes_out)),
    counter("connection_errors_total", "Connections to it that failed.", |row, lines| {
        lines.number(row.traffic.counts.connect_errors);
    }),
    gauge("weight", "Its weight.", |row, lines| lines.number(u64::from(row.standing.weight))),
    gauge("uweight", "Its weight.", |row, lines| lines.number(u64::from(row.standing.weight))),
    gauge("check_status", "Result of the last health check.", |row, lines| {
        if row.checked {
            let status = row.standing.last_check.as_ref().map_or(CheckStatus::Ini, |(_, report)| report.status);
            lines.one_of(CHECKS, Some(status.code()));
        }
    }),
    gauge("check_code", "Code that the last health check was answered with.", |row, lines| {
        if let Some((_, report)) = &row.standing.last_check
            && let Some(code) = report.code
        {
            lines.number(u64::from(code));
        }
    }),
    gauge("check_duration_seconds", "Duration of the last health check.", |row, lines| {
        if let Some((_, report)) = &row.standing.last_check {
            lines.seconds(u64::try_from(report.duration.as_micros()).unwrap_or(u64::MAX));
        }
    }),
    counter("check_failures_total", "Health checks that failed.", |row, lines| {
        if row.checked {
            lines.number(row.standing.failed_checks);
        }
    }),
    counter("check_up_down_total", "How often it ceased to serve.", |row, lines| {
        if row.checked {
            lines.number(row.standing.downs);
        }
    }),
    gauge("check_last_change_seconds", "Time since it began or ceased to serve.", |row, lines| {
        lines.number(row.last_change());
    }),
    counter("downtime_seconds_total", "Time in which it did not serve.", |row, lines| {
        if row.checked {
            lines.number(row.standing.downtime.as_secs());
        }
    }),
    gauge("source_ports_used", "Source ports of a range that connections to it have.", |row, lines| {
        ports(row, lines, PortRange::used);
    }),
    gauge("source_ports_max", "The most source ports of a range that were in use at once.", |row, lines| {
        ports(row, lines, PortRange::most);
    }),
    gauge("source_ports_limit", "Source ports that a range has.", |row, lines| ports(row, lines, PortRange::size)),
];

/// A figure of each range of the server's `source`.
fn ports(row: &ServerFigures, lines: &mut Lines<'_>, figure: fn(&PortRange) -> usize) {
    for range in row.target().connect.source.iter().flat_map(|outlet| outlet.ranges()) {
        lines.labelled("source", &range.to_string(), figure(range) as u64);
    }
}

fn state_of(admin: Admin, up: bool) -> &'static str {
    match (admin, up) {
        (Admin::Maint, _) => "MAINT",
        (_, false) => "DOWN",
        (Admin::Drain, true) => "DRAIN",
        (Admin::Ready, true) => "UP",
    }
}

/// The metrics of the process.
pub(crate) fn process(state: &dyn State) -> Vec<u8> {
    let (facts, snapshot) = (state.process(), state.snapshot());
    let total = |figure: fn(&FrontendCounters) -> u64| -> u64 {
        snapshot.frontends.iter().map(|frontend| frontend.live.counters.sum(figure)).sum()
    };
    let gate = &snapshot.process.gate;
    let mut out = Vec::new();
    let mut one = |name: &str, kind, help, value: u64| {
        let name = format!("haproxy_process_{name}");
        write::head(&name, kind, help, &mut out);
        Lines::new(&name, "", &mut out).number(value);
    };
    one("nbthread", "gauge", "Workers.", facts.threads as u64);
    one("uptime_seconds", "gauge", "Time since the start.", state.now().since(facts.started).as_secs());
    let started = facts.started_wall.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    one("start_time_seconds", "gauge", "Time of the start.", started.as_secs());
    one("max_fds", "gauge", "Descriptors that may be open.", facts.max_fds);
    one("max_connections", "gauge", "Connections of clients at most.", gate.limit() as u64);
    one("hard_max_connections", "gauge", "Connections of clients at most.", gate.limit() as u64);
    one("current_connections", "gauge", "Connections of clients that are open.", gate.used() as u64);
    one("connections_total", "counter", "Connections of clients.", total(|shard| shard.connections.get()));
    one("requests_total", "counter", "Requests.", total(|shard| shard.requests.get()));
    let process = &*snapshot.process;
    let rate = process.counters.per_second(|shard| &shard.connection_rate, state.now());
    let busiest = process.counters.busiest(|shard| &shard.connection_rate, &process.busiest);
    for name in ["current_connection_rate", "current_session_rate"] {
        one(name, "gauge", "Connections of clients in the last second.", rate);
    }
    for name in ["max_connection_rate", "max_session_rate"] {
        one(name, "gauge", "Connections of clients in the busiest second.", busiest);
    }
    for (name, rate) in ["limit_connection_rate", "limit_session_rate"].into_iter().zip(&process.rates) {
        one(name, "gauge", "New connections a second at most; 0: no limit.", u64::from(rate.limit().unwrap_or(0)));
    }
    let pipes = &process.pipes;
    one("max_pipes", "gauge", "Pipes at most, for transfers inside the kernel.", pipes.most() as u64);
    one("pipes_used_total", "gauge", "Pipes that transfers use now.", pipes.used());
    one("pipes_free_total", "gauge", "Pipes that wait to be used again.", pipes.kept());
    one("current_tasks", "gauge", "Tasks of all workers.", facts.tasks.0 as u64);
    one("current_run_queue", "gauge", "Tasks that are ready to run.", facts.tasks.1 as u64);
    one("idle_time_percent", "gauge", "How much of their time the workers were idle lately.", facts.idle);
    one("bytes_out_total", "counter", "Bytes to clients.", total(|shard| shard.bytes_out.get()));
    one("stopping", "gauge", "Whether no more clients are taken.", u64::from(facts.stopping));
    one("listeners", "gauge", "Sockets that clients come in by.", facts.listeners as u64);
    one("dropped_logs_total", "counter", "Log lines that no target took.", facts.dropped_logs);
    write::head("haproxy_process_build_info", "gauge", "Version.", &mut out);
    let version = label("version", facts.version);
    Lines::new("haproxy_process_build_info", &version, &mut out).number(1);
    write::head(
        "plimsoll_snapshots",
        "gauge",
        "Configurations in memory: one, two while a reload hands over.",
        &mut out,
    );
    Lines::new("plimsoll_snapshots", "", &mut out).number(facts.snapshots as u64);
    write::head("plimsoll_buffer_bytes", "gauge", "Memory of the buffers that connections hold.", &mut out);
    Lines::new("plimsoll_buffer_bytes", "", &mut out).number(snapshot.process.buffer_bytes());
    write::head(
        "plimsoll_pipes_lacking_total",
        "counter",
        "Times that a transfer found no pipe and was copied.",
        &mut out,
    );
    Lines::new("plimsoll_pipes_lacking_total", "", &mut out).number(snapshot.process.pipes.lacking());
    loops(&snapshot, &mut out);
    outcomes(&snapshot, &mut out);
    out
}

/// A worker's share of the connections.
struct Share {
    live: u64,
    given: u64,
    taken: u64,
}

const SHARES: &[Metric<Share>] = &[
    gauge("worker_connections", "Connections of clients that it serves now.", |row, lines| lines.number(row.live)),
    counter("connections_given_total", "Connections that it accepted and another worker serves.", |row, lines| {
        lines.number(row.given);
    }),
    counter("connections_taken_total", "Connections that it serves and another worker accepted.", |row, lines| {
        lines.number(row.taken);
    }),
];

/// How an event loop fares.
struct Loop {
    lag: Distribution,
    long_steps: u64,
    panics: u64,
}

const LOOPS: &[Metric<Loop>] = &[
    histogram(
        "loop_lag_seconds",
        "How late a worker came to what was due, up to 1 ms of rounding included.",
        |row, lines| {
            lines.histogram(&row.lag);
        },
    ),
    gauge("loop_lag_p99_seconds", "The same: 99 of 100 were not later.", |row, lines| {
        lines.seconds(row.lag.quantile(0.99).unwrap_or(0));
    }),
    counter(
        "loop_long_steps_total",
        "Steps of a worker that kept all its connections waiting for over 10 ms.",
        |row, lines| {
            lines.number(row.long_steps);
        },
    ),
    counter("panics_total", "Tasks that a fault in this program ended.", |row, lines| lines.number(row.panics)),
];

/// A row for each worker.
fn loops(snapshot: &plimsoll_proxy::Snapshot, out: &mut Vec<u8>) {
    let rows: Vec<Loop> = snapshot
        .process
        .loops
        .iter()
        .map(|shard| {
            let mut lag = Distribution::default();
            shard.lag.add_to(&mut lag);
            Loop { lag, long_steps: shard.long_steps.get(), panics: shard.panics.get() }
        })
        .collect();
    let share = |shard: &plimsoll_proxy::ProcessCounters| Share {
        live: u64::try_from(shard.live.get()).unwrap_or(0),
        given: shard.given.get(),
        taken: shard.taken.get(),
    };
    let shares: Vec<Share> = snapshot.process.counters.iter().map(share).collect();
    of_workers(SHARES, &shares, out);
    of_workers(LOOPS, &rows, out);
    // Of the last metric: what belongs to no worker.
    Lines::new("plimsoll_panics_total", &label("worker", "control"), out).number(snapshot.process.panics.count());
}

fn of_workers<F>(table: &[Metric<F>], rows: &[F], out: &mut Vec<u8>) {
    for metric in table {
        let name = format!("plimsoll_{}", metric.name);
        write::head(&name, metric.kind, metric.help, out);
        for (worker, row) in rows.iter().enumerate() {
            (metric.values)(row, &mut Lines::new(&name, &label("worker", &worker.to_string()), out));
        }
    }
}

/// What became of requests and connections that failed, by the slug that `lb explain` knows.
fn outcomes(snapshot: &plimsoll_proxy::Snapshot, out: &mut Vec<u8>) {
    let mut counts = BTreeMap::<&str, u64>::new();
    for tally in &snapshot.process.tallies {
        for (slug, count) in tally.snapshot() {
            *counts.entry(slug).or_default() += count;
        }
    }
    if counts.is_empty() {
        return;
    }
    write::head("plimsoll_outcomes_total", "counter", "Requests and connections that failed, by outcome.", out);
    for (slug, count) in counts {
        Lines::new("plimsoll_outcomes_total", "", out).labelled("outcome", slug, count);
    }
}

//! The columns of `show stat`, in HAProxy 2.6's order: programs read them by position. What is not known yet is empty.

use std::borrow::Cow;

use Field::{Empty, S32, Text, U32, U64};
use plimsoll_proxy::Mode;
use plimsoll_server::{CheckReport, CheckStatus};

use crate::figures::{BackendFigures, Counts, FrontendFigures, Rate, Row, ServerFigures, Times};

/// One value, with the type that `show stat typed` says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    Empty,
    U32(u64),
    U64(u64),
    S32(i64),
    Text(Cow<'a, str>),
}

/// One column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Origin, nature and scope, a letter each.
    pub(crate) tags: &'static str,
    pub(crate) value: fn(&Row) -> Field<'_>,
}

const fn column(name: &'static str, tags: &'static str, value: fn(&Row) -> Field<'_>) -> Column {
    Column { name, tags, value }
}

const fn unknown(name: &'static str) -> Column {
    column(name, "", |_| Empty)
}

/// All of them.
pub(crate) const COLUMNS: &[Column] = &[
    column("pxname", "KNS", |row| Text(row.proxy_name().into())),
    column("svname", "KNS", server_name),
    column("qcur", "MGP", |row| each(row, none, |_| U32(0), |_| U32(0))),
    column("qmax", "MMP", |row| each(row, none, |_| U32(0), |_| U32(0))),
    column("scur", "MGP", current),
    column("smax", "MMP", |row| each(row, |f| U32(f.most), |s| U32(s.traffic.most), |b| U32(b.traffic.most))),
    column("slim", "CLP", |row| if let Row::Frontend(row) = row { U32(row.limit) } else { Empty }),
    column("stot", "MCP", sessions),
    column("bin", "MCP", |row| {
        each(row, |f| U64(f.bytes_in), |s| U64(s.traffic.counts.bytes_in), |b| U64(b.traffic.counts.bytes_in))
    }),
    column("bout", "MCP", |row| {
        each(row, |f| U64(f.bytes_out), |s| U64(s.traffic.counts.bytes_out), |b| U64(b.traffic.counts.bytes_out))
    }),
    column("dreq", "MCP", |row| each(row, |f| U64(f.denied.requests), none, |b| U64(b.denied.requests))),
    column("dresp", "MCP", |row| each(row, |f| U64(f.denied.responses), |_| U64(0), |b| U64(b.denied.responses))),
    column("ereq", "MCP", |row| each(row, |f| U64(f.request_errors), none, none)),
    column("econ", "MCP", |row| counted(row, |counts| counts.connect_errors)),
    column("eresp", "MCP", |row| counted(row, |counts| counts.response_errors)),
    column("wretr", "MCP", |row| counted(row, |counts| counts.retries)),
    column("wredis", "MCP", |row| counted(row, |counts| counts.redispatches)),
    column("status", "SGP", status),
    column("weight", "MaP", weight),
    column("act", "MGP", |row| each(row, none, |s| U32(u64::from(!s.server().is_backup())), |b| U32(b.active))),
    column("bck", "MGP", |row| each(row, none, |s| U32(u64::from(s.server().is_backup())), |b| U32(b.backup))),
    column("chkfail", "MCP", |row| checked(row, |s| U64(s.standing.failed_checks))),
    column("chkdown", "MCP", |row| {
        each(row, none, |s| if s.checked { U64(s.standing.downs) } else { Empty }, |b| U64(b.availability.downs))
    }),
    column("lastchg", "MAP", |row| each(row, none, |s| U32(s.last_change()), |b| U32(b.last_change()))),
    column("downtime", "MCP", downtime),
    unknown("qlimit"),
    column("pid", "KGP", |_| U32(1)),
    column("iid", "KGS", |row| U32(row.proxy() as u64)),
    column("sid", "KGS", |row| U32(row.server_id())),
    unknown("throttle"),
    column("lbtot", "MCP", |row| counted(row, |counts| counts.chosen)),
    unknown("tracked"),
    column("type", "CGS", |row| each(row, |_| U32(0), |_| U32(2), |_| U32(1))),
    column("rate", "MRP", |row| rate(row, |rate| rate.now)),
    column("rate_lim", "CLP", |row| each(row, |f| U32(f.rate_limit), none, none)),
    column("rate_max", "MMP", |row| rate(row, |rate| rate.most)),
    column("check_status", "MOP", |row| status_of_check(row, CheckStatus::code)),
    column("check_code", "MOP", |row| check(row, |report| report.code.map_or(Empty, |code| U32(u64::from(code))))),
    column("check_duration", "MDP", |row| check(row, |report| U64(report.duration.as_millis() as u64))),
    column("hrsp_1xx", "MCP", |row| responses(row, 1)),
    column("hrsp_2xx", "MCP", |row| responses(row, 2)),
    column("hrsp_3xx", "MCP", |row| responses(row, 3)),
    column("hrsp_4xx", "MCP", |row| responses(row, 4)),
    column("hrsp_5xx", "MCP", |row| responses(row, 5)),
    column("hrsp_other", "MCP", |row| responses(row, 0)),
    unknown("hanafail"),
    column("req_rate", "MRP", |row| each(row, |f| U32(f.request_rate.now), none, none)),
    column("req_rate_max", "MMP", |row| each(row, |f| U32(f.request_rate.most), none, none)),
    column("req_tot", "MCP", requests),
    column("cli_abrt", "MCP", |row| counted(row, |counts| counts.client_aborts)),
    column("srv_abrt", "MCP", |row| counted(row, |counts| counts.server_aborts)),
    column("comp_in", "MCP", |row| each(row, |_| U64(0), none, |_| U64(0))),
    column("comp_out", "MCP", |row| each(row, |_| U64(0), none, |_| U64(0))),
    column("comp_byp", "MCP", |row| each(row, |_| U64(0), none, |_| U64(0))),
    column("comp_rsp", "MCP", |row| each(row, |_| U64(0), none, |_| U64(0))),
    column("lastsess", "MAP", last_session),
    column("last_chk", "MOP", |row| check(row, |report| Text(report.info.as_ref().into()))),
    unknown("last_agt"),
    column("qtime", "MaP", |row| each(row, none, |_| U32(0), |_| U32(0))),
    column("ctime", "MaP", |row| time(row, |times| times.connect.mean())),
    column("rtime", "MaP", |row| time(row, |times| times.response.mean())),
    column("ttime", "MaP", |row| time(row, |times| times.total.mean())),
    unknown("agent_status"),
    unknown("agent_code"),
    unknown("agent_duration"),
    column("check_desc", "MOP", |row| status_of_check(row, CheckStatus::reason)),
    unknown("agent_desc"),
    column("check_rise", "CGP", |row| checked(row, |s| U32(u64::from(s.standing.health.rise())))),
    column("check_fall", "CGP", |row| checked(row, |s| U32(u64::from(s.standing.health.fall())))),
    column("check_health", "SGP", |row| checked(row, |s| U32(u64::from(s.standing.health.value())))),
    unknown("agent_rise"),
    unknown("agent_fall"),
    unknown("agent_health"),
    column("addr", "CGS", |row| each(row, none, |s| Text(s.target().address.to_string().into()), none)),
    unknown("cookie"),
    column("mode", "CGS", mode),
    column("algo", "CGS", |row| each(row, none, none, |b| Text(b.backend.balancer.balance().algorithm.name.into()))),
    column("conn_rate", "MRP", |row| each(row, |f| U32(f.connection_rate.now), none, none)),
    column("conn_rate_max", "MMP", |row| each(row, |f| U32(f.connection_rate.most), none, none)),
    column("conn_tot", "MCP", |row| each(row, |f| U64(f.connections), none, none)),
    column("intercepted", "MCP", |row| if let Row::Frontend(_) = row { not_there(row) } else { Empty }),
    column("dcon", "MCP", |row| each(row, |f| U64(f.denied.connections), none, none)),
    column("dses", "MCP", |row| each(row, |f| U64(f.denied.sessions), none, none)),
    column("wrew", "MCP", |_| U64(0)),
    column("connect", "MCP", |row| counted(row, |counts| counts.connects)),
    column("reuse", "MCP", |row| counted(row, |counts| counts.reuses)),
    column("cache_lookups", "MCP", not_there),
    column("cache_hits", "MCP", not_there),
    unknown("srv_icur"),
    unknown("src_ilim"),
    column("qtime_max", "MMP", |row| each(row, none, |_| U32(0), |_| U32(0))),
    column("ctime_max", "MMP", |row| time(row, |times| times.connect.most())),
    column("rtime_max", "MMP", |row| time(row, |times| times.response.most())),
    column("ttime_max", "MMP", |row| time(row, |times| times.total.most())),
    column("eint", "MCP", |_| U64(0)),
    unknown("idle_conn_cur"),
    unknown("safe_conn_cur"),
    unknown("used_conn_cur"),
    unknown("need_conn_est"),
    column("uweight", "MaP", weight),
    unknown("agg_server_status"),
    unknown("agg_server_check_status"),
    unknown("agg_check_status"),
    column("-", "KNS", |_| Text("-".into())),
    column("ssl_sess", "MCP", |_| U64(0)),
    column("ssl_reused_sess", "MCP", |_| U64(0)),
    column("ssl_failed_handshake", "MCP", |_| U64(0)),
    unknown("h2_headers_rcvd"),
    unknown("h2_data_rcvd"),
    unknown("h2_settings_rcvd"),
    unknown("h2_rst_stream_rcvd"),
    unknown("h2_goaway_rcvd"),
    unknown("h2_detected_conn_protocol_errors"),
    unknown("h2_detected_strm_protocol_errors"),
    unknown("h2_rst_stream_resp"),
    unknown("h2_goaway_resp"),
    unknown("h2_open_connections"),
    unknown("h2_backend_open_streams"),
    unknown("h2_total_connections"),
    unknown("h2_backend_total_streams"),
    unknown("h1_open_connections"),
    unknown("h1_open_streams"),
    unknown("h1_total_connections"),
    unknown("h1_total_streams"),
    unknown("h1_bytes_in"),
    unknown("h1_bytes_out"),
    unknown("h1_spliced_bytes_in"),
    unknown("h1_spliced_bytes_out"),
];

fn each<'a>(
    row: &'a Row,
    frontend: fn(&'a FrontendFigures) -> Field<'a>,
    server: fn(&'a ServerFigures) -> Field<'a>,
    backend: fn(&'a BackendFigures) -> Field<'a>,
) -> Field<'a> {
    match row {
        Row::Frontend(row) => frontend(row),
        Row::Server(row) => server(row),
        Row::Backend(row) => backend(row),
    }
}

/// Of servers and backends.
fn counted(row: &Row, count: fn(&Counts) -> u64) -> Field<'_> {
    match row {
        Row::Frontend(_) => Empty,
        Row::Server(row) => U64(count(&row.traffic.counts)),
        Row::Backend(row) => U64(count(&row.traffic.counts)),
    }
}

/// Whole milliseconds, as HAProxy counts them.
fn time(row: &Row, micros: fn(&Times) -> u64) -> Field<'_> {
    let times = match row {
        Row::Frontend(_) => return Empty,
        Row::Server(row) => &row.traffic.counts.times,
        Row::Backend(row) => &row.traffic.counts.times,
    };
    U32((micros(times) + 500) / 1000)
}

fn rate(row: &Row, of: fn(&Rate) -> u64) -> Field<'_> {
    match row {
        Row::Frontend(row) => U32(of(&row.connection_rate)),
        Row::Server(row) => U32(of(&row.traffic.rate)),
        Row::Backend(row) => U32(of(&row.traffic.rate)),
    }
}

fn is_http(row: &Row) -> bool {
    mode_of(row) == Mode::Http
}

fn responses(row: &Row, class: usize) -> Field<'_> {
    match row {
        _ if !is_http(row) => Empty,
        Row::Frontend(row) => U64(row.responses[class]),
        Row::Server(row) => U64(row.traffic.counts.responses[class]),
        Row::Backend(row) => U64(row.traffic.counts.responses[class]),
    }
}

fn requests(row: &Row) -> Field<'_> {
    match row {
        Row::Frontend(row) => U64(row.requests),
        _ if !is_http(row) => Empty,
        // Those that it answered, as in HAProxy.
        Row::Server(row) => U64(row.traffic.counts.responses.iter().sum()),
        Row::Backend(row) => U64(row.requests),
    }
}

/// Features that are not built: nothing came from a cache, nothing was answered by a rule.
fn not_there(row: &Row) -> Field<'_> {
    match row {
        Row::Frontend(_) | Row::Backend(_) if is_http(row) => U64(0),
        _ => Empty,
    }
}

/// Seconds since it was last used; -1: never.
fn last_session(row: &Row) -> Field<'_> {
    let (last, now) = match row {
        Row::Frontend(_) => return Empty,
        Row::Server(row) => (row.traffic.last_session, row.traffic.now),
        Row::Backend(row) => (row.traffic.last_session, row.traffic.now),
    };
    S32(last.map_or(-1, |last| i64::try_from(now.since(last).as_secs()).unwrap_or(i64::MAX)))
}

fn downtime(row: &Row) -> Field<'_> {
    match row {
        Row::Server(row) if row.checked => U32(row.standing.downtime.as_secs()),
        Row::Backend(row) if row.servers > 0 => U32(row.availability.downtime.as_secs()),
        _ => Empty,
    }
}

fn none<T>(_: &T) -> Field<'_> {
    Empty
}

/// Only for servers that are checked.
fn checked<'a>(row: &'a Row, value: fn(&'a ServerFigures) -> Field<'a>) -> Field<'a> {
    match row {
        Row::Server(row) if row.checked => value(row),
        _ => Empty,
    }
}

/// Before the first check has ended it says so.
fn status_of_check(row: &Row, text: fn(CheckStatus) -> &'static str) -> Field<'_> {
    match row {
        Row::Server(row) if row.checked => {
            let status = row.standing.last_check.as_ref().map_or(CheckStatus::Ini, |(_, report)| report.status);
            Text(text(status).into())
        }
        _ => Empty,
    }
}

/// Only once a check has ended.
fn check<'a>(row: &'a Row, value: fn(&'a CheckReport) -> Field<'a>) -> Field<'a> {
    match row {
        Row::Server(row) if row.checked => row.standing.last_check.as_ref().map_or(Empty, |(_, report)| value(report)),
        _ => Empty,
    }
}

fn server_name(row: &Row) -> Field<'_> {
    match row {
        Row::Frontend(_) => Text("FRONTEND".into()),
        Row::Server(row) => Text(row.server().name().into()),
        Row::Backend(_) => Text("BACKEND".into()),
    }
}

fn current(row: &Row) -> Field<'_> {
    each(row, |f| U32(f.current), |s| U32(s.served), |b| U32(b.current))
}

fn sessions(row: &Row) -> Field<'_> {
    each(row, |f| U64(f.connections), |s| U64(s.traffic.counts.sessions), |b| U64(b.requests))
}

fn weight(row: &Row) -> Field<'_> {
    each(row, none, |s| U32(u64::from(s.standing.weight)), |b| U32(b.weight))
}

fn status(row: &Row) -> Field<'_> {
    match row {
        Row::Frontend(_) => Text("OPEN".into()),
        Row::Server(row) => Text(row.status().into()),
        Row::Backend(row) => Text(if row.is_up() { "UP" } else { "DOWN" }.into()),
    }
}

fn mode(row: &Row) -> Field<'_> {
    Text(if mode_of(row) == Mode::Tcp { "tcp" } else { "http" }.into())
}

fn mode_of(row: &Row) -> Mode {
    match row {
        Row::Frontend(row) => row.frontend.mode,
        Row::Server(row) => row.backend.mode,
        Row::Backend(row) => row.backend.mode,
    }
}

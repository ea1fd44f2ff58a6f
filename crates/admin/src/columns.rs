//! The columns of `show stat`, in HAProxy 2.6's order: programs read them by position. What is not known yet is empty.

use std::borrow::Cow;

use Field::{Empty, Text, U32, U64};
use plimsoll_proxy::Mode;
use plimsoll_server::CheckReport;

use crate::figures::{BackendFigures, FrontendFigures, Row, ServerFigures};

/// One value, with the type that `show stat typed` says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    Empty,
    U32(u64),
    U64(u64),
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
    unknown("qcur"),
    unknown("qmax"),
    column("scur", "MGP", current),
    unknown("smax"),
    column("slim", "CLP", |row| if let Row::Frontend(row) = row { U32(row.limit) } else { Empty }),
    column("stot", "MCP", sessions),
    column("bin", "MCP", |row| each(row, |f| U64(f.bytes_in), |s| U64(s.bytes_in), |b| U64(b.bytes_in))),
    column("bout", "MCP", |row| each(row, |f| U64(f.bytes_out), |s| U64(s.bytes_out), |b| U64(b.bytes_out))),
    unknown("dreq"),
    unknown("dresp"),
    unknown("ereq"),
    column("econ", "MCP", |row| each(row, none, |s| U64(s.connect_errors), |b| U64(b.connect_errors))),
    column("eresp", "MCP", |row| each(row, none, |s| U64(s.response_errors), |b| U64(b.response_errors))),
    column("wretr", "MCP", |row| each(row, none, |s| U64(s.retries), |b| U64(b.retries))),
    column("wredis", "MCP", |row| each(row, none, |s| U64(s.redispatches), |b| U64(b.redispatches))),
    column("status", "SGP", status),
    column("weight", "MaP", weight),
    column("act", "MGP", |row| each(row, none, |s| U32(u64::from(!s.server().is_backup())), |b| U32(b.active))),
    column("bck", "MGP", |row| each(row, none, |s| U32(u64::from(s.server().is_backup())), |b| U32(b.backup))),
    column("chkfail", "MCP", |row| checked(row, |s| U64(s.standing.failed_checks))),
    column("chkdown", "MCP", |row| checked(row, |s| U64(s.standing.downs))),
    column("lastchg", "MAP", |row| each(row, none, |s| U32(s.last_change()), none)),
    column("downtime", "MCP", |row| checked(row, |s| U32(s.standing.downtime.as_secs()))),
    unknown("qlimit"),
    column("pid", "KGP", |_| U32(1)),
    column("iid", "KGS", |row| U32(row.proxy() as u64)),
    column("sid", "KGS", |row| U32(row.server_id())),
    unknown("throttle"),
    column("lbtot", "MCP", |row| each(row, none, |s| U64(s.sessions), |b| U64(b.requests))),
    unknown("tracked"),
    column("type", "CGS", |row| each(row, |_| U32(0), |_| U32(2), |_| U32(1))),
    unknown("rate"),
    unknown("rate_lim"),
    unknown("rate_max"),
    column("check_status", "MOP", |row| check(row, |report| Text(report.status.code().into()))),
    column("check_code", "MOP", |row| check(row, |report| report.code.map_or(Empty, |code| U32(u64::from(code))))),
    column("check_duration", "MDP", |row| check(row, |report| U64(report.duration.as_millis() as u64))),
    column("hrsp_1xx", "MCP", |row| each(row, |f| U64(f.responses[1]), none, none)),
    column("hrsp_2xx", "MCP", |row| each(row, |f| U64(f.responses[2]), none, none)),
    column("hrsp_3xx", "MCP", |row| each(row, |f| U64(f.responses[3]), none, none)),
    column("hrsp_4xx", "MCP", |row| each(row, |f| U64(f.responses[4]), none, none)),
    column("hrsp_5xx", "MCP", |row| each(row, |f| U64(f.responses[5]), none, none)),
    column("hrsp_other", "MCP", |row| each(row, |f| U64(f.responses[0]), none, none)),
    unknown("hanafail"),
    unknown("req_rate"),
    unknown("req_rate_max"),
    column("req_tot", "MCP", |row| each(row, |f| U64(f.requests), none, |b| U64(b.requests))),
    unknown("cli_abrt"),
    unknown("srv_abrt"),
    unknown("comp_in"),
    unknown("comp_out"),
    unknown("comp_byp"),
    unknown("comp_rsp"),
    unknown("lastsess"),
    column("last_chk", "MOP", |row| check(row, |report| Text(report.info.as_ref().into()))),
    unknown("last_agt"),
    unknown("qtime"),
    unknown("ctime"),
    unknown("rtime"),
    unknown("ttime"),
    unknown("agent_status"),
    unknown("agent_code"),
    unknown("agent_duration"),
    column("check_desc", "MOP", |row| check(row, |report| Text(report.status.reason().into()))),
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
    unknown("conn_rate"),
    unknown("conn_rate_max"),
    column("conn_tot", "MCP", |row| each(row, |f| U64(f.connections), none, none)),
    unknown("intercepted"),
    unknown("dcon"),
    unknown("dses"),
    unknown("wrew"),
    unknown("connect"),
    unknown("reuse"),
    unknown("cache_lookups"),
    unknown("cache_hits"),
    unknown("srv_icur"),
    unknown("src_ilim"),
    unknown("qtime_max"),
    unknown("ctime_max"),
    unknown("rtime_max"),
    unknown("ttime_max"),
    unknown("eint"),
    unknown("idle_conn_cur"),
    unknown("safe_conn_cur"),
    unknown("used_conn_cur"),
    unknown("need_conn_est"),
    column("uweight", "MaP", weight),
    unknown("agg_server_status"),
    unknown("agg_server_check_status"),
    unknown("agg_check_status"),
    column("-", "KNS", |_| Text("-".into())),
    unknown("ssl_sess"),
    unknown("ssl_reused_sess"),
    unknown("ssl_failed_handshake"),
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
    each(row, |f| U64(f.connections), |s| U64(s.sessions), |b| U64(b.requests))
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
    let mode = match row {
        Row::Frontend(row) => row.frontend.mode,
        Row::Server(row) => row.backend.mode,
        Row::Backend(row) => row.backend.mode,
    };
    Text(if mode == Mode::Tcp { "tcp" } else { "http" }.into())
}

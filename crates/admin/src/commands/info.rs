//! `show info` and `show version`.

use std::fmt::Write;

use plimsoll_commands::{Context, Reply};

use super::{answer, state};
use crate::State;

/// One figure: HAProxy's name and place, so that `typed` and `json` number it as HAProxy does.
struct Figure {
    place: usize,
    name: &'static str,
    tags: &'static str,
    value: Value,
}

enum Value {
    Text(String),
    Number(u64),
}

pub(super) fn show_version(context: &mut Context<'_>) -> Reply {
    answer(state(context).map(|state| Reply::info(state.process().version)))
}

/// One word: `ready`, `leaving` (serves, but is about to go) or `stopping` (takes no more clients).
pub(super) fn show_health(context: &mut Context<'_>) -> Reply {
    answer(state(context).map(|state| {
        Reply::info(match (state.is_ready(), state.process().stopping) {
            (true, _) => "ready",
            (false, false) => "leaving",
            (false, true) => "stopping",
        })
    }))
}

pub(super) fn show_info(context: &mut Context<'_>) -> Reply {
    answer(state(context).map(|state| {
        let figures = figures(&**state);
        let mut text = String::new();
        if context.args().any(|word| word == "json") {
            text.push('[');
            for (index, figure) in figures.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                let (kind, value) = match &figure.value {
                    Value::Text(value) => ("str", crate::json::quoted(value)),
                    Value::Number(value) => ("u64", value.to_string()),
                };
                // Writing into a string cannot fail.
                let _ = write!(
                    text,
                    "{{\"field\":{{\"pos\":{},\"name\":\"{}\"}},\"processNum\":1,\"tags\":{},\"value\":{{\"type\":\"{kind}\",\"value\":{value}}}}}",
                    figure.place,
                    figure.name,
                    crate::json::tags(figure.tags),
                );
            }
            text.push_str("]\n");
            return Reply::dump(text);
        }
        let typed = context.args().any(|word| word == "typed");
        for Figure { place, name, tags, value } in figures {
            let (kind, value) = match value {
                Value::Text(value) => ("str", value),
                Value::Number(value) => ("u64", value.to_string()),
            };
            let _ = if typed {
                writeln!(text, "{place}.{name}.1:{tags}:{kind}:{value}")
            } else {
                writeln!(text, "{name}: {value}")
            };
        }
        Reply::dump(text)
    }))
}

fn figures(state: &dyn State) -> Vec<Figure> {
    let (facts, snapshot) = (state.process(), state.snapshot());
    let now = state.now();
    let up = now.since(facts.started).as_secs();
    let total = |figure: fn(&plimsoll_proxy::FrontendCounters) -> u64| -> u64 {
        snapshot.frontends.iter().map(|frontend| frontend.live.counters.sum(figure)).sum()
    };
    let started = facts.started_wall.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let uptime = format!("{}d {}h{:02}m{:02}s", up / 86400, up / 3600 % 24, up / 60 % 60, up % 60);
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let process = &*snapshot.process;
    let gate = &process.gate;
    let rate = process.counters.per_second(|shard| &shard.connection_rate, now);
    let busiest = process.counters.busiest(|shard| &shard.connection_rate, &process.busiest);
    let text = |place, name, tags, value: String| Figure { place, name, tags, value: Value::Text(value) };
    let number = |place, name, tags, value: u64| Figure { place, name, tags, value: Value::Number(value) };
    let limit = |rate: &plimsoll_proxy::Rate| u64::from(rate.limit().unwrap_or(0));
    let mut figures = vec![
        text(0, "Name", "POS", facts.name.into()),
        text(1, "Version", "POS", facts.version.into()),
        number(3, "Nbthread", "CGS", facts.threads as u64),
        number(4, "Nbproc", "CGS", 1),
        number(5, "Process_num", "KGP", 1),
        number(6, "Pid", "SGP", u64::from(std::process::id())),
        text(7, "Uptime", "MDP", uptime),
        number(8, "Uptime_sec", "MDP", up),
        number(13, "Ulimit-n", "CLP", facts.max_fds),
        number(14, "Maxsock", "CLP", facts.max_fds),
        number(15, "Maxconn", "CLP", gate.limit() as u64),
        number(16, "Hard_maxconn", "CLP", gate.limit() as u64),
        number(17, "CurrConns", "MGP", gate.used() as u64),
        number(18, "CumConns", "MCP", total(|shard| shard.connections.get())),
        number(19, "CumReq", "MCP", total(|shard| shard.requests.get())),
        number(23, "Maxpipes", "CLP", process.pipes.most() as u64),
        number(24, "PipesUsed", "MGP", process.pipes.used()),
        number(25, "PipesFree", "MGP", process.pipes.kept()),
        number(26, "ConnRate", "MRP", rate),
        number(27, "ConnRateLimit", "CLP", limit(&process.rates[0])),
        number(28, "MaxConnRate", "MMP", busiest),
        number(29, "SessRate", "MRP", rate),
        number(30, "SessRateLimit", "CLP", limit(&process.rates[1])),
        number(31, "MaxSessRate", "MRP", busiest),
        number(47, "Tasks", "MGP", facts.tasks.0 as u64),
        number(48, "Run_queue", "MGP", facts.tasks.1 as u64),
        number(49, "Idle_pct", "MaP", facts.idle),
        text(50, "node", "COS", node),
        number(52, "Stopping", "MGP", u64::from(facts.stopping)),
        number(53, "Jobs", "MGP", (facts.listeners + gate.used()) as u64),
        number(55, "Listeners", "MGP", facts.listeners as u64),
        number(58, "DroppedLogs", "MGP", facts.dropped_logs),
        number(61, "TotalBytesOut", "MGP", total(|shard| shard.bytes_out.get())),
        number(70, "Start_time_sec", "MDP", started),
        // HAProxy has no such figure: far behind its places.
        number(1000, "Snapshots", "MGP", facts.snapshots as u64),
        number(1001, "BufferBytes", "MGP", process.buffer_bytes()),
        number(1003, "ConnsDealt", "MCP", process.counters.sum(|shard| shard.given.get())),
        number(1002, "PipesLacking", "MCP", process.pipes.lacking()),
    ];
    figures.extend(ABSENT.iter().map(|&(place, name, tags)| number(place, name, tags, 0)));
    figures.sort_by_key(|figure| figure.place);
    figures
}

/// What is not built or not limited: zero is the truth.
const ABSENT: &[(usize, &str, &str)] = &[
    (9, "Memmax_MB", "CLP"),
    (20, "MaxSslConns", "MMP"),
    (21, "CurrSslConns", "MGP"),
    (22, "CumSslConns", "MCP"),
    (32, "SslRate", "MRP"),
    (33, "SslRateLimit", "CLP"),
    (34, "MaxSslRate", "MMP"),
    (42, "CompressBpsIn", "MRP"),
    (43, "CompressBpsOut", "MRP"),
    (44, "CompressBpsRateLim", "CLP"),
    (54, "Unstoppable Jobs", "MGP"),
    (56, "ActivePeers", "MGP"),
    (57, "ConnectedPeers", "MGP"),
    (59, "BusyPolling", "MGP"),
    (64, "DebugCommandsIssued", "MGP"),
    (65, "CumRecvLogs", "MCP"),
    (67, "Memmax_bytes", "CLP"),
];

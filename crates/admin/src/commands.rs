//! The commands of this crate: one row each, in HAProxy's words where it has them.

mod errors;
mod info;
mod reload;
mod server;
mod servers_state;
mod stat;

use std::sync::Arc;

use plimsoll_commands::{Command, Context, Level, Reply};
use plimsoll_proxy::{Backend, Snapshot, Target};

pub(crate) use stat::{Shape, by_http, csv};

use crate::State;

/// The state as commands find it in their type map.
pub(crate) type Live = Arc<dyn State>;

const fn row(
    words: &'static [&'static str],
    level: Level,
    usage: &'static str,
    doc: &'static str,
    run: fn(&mut Context<'_>) -> Reply,
) -> Command {
    Command { words, level, usage, doc, run }
}

/// The table.
pub const COMMANDS: &[Command] = &[
    row(&["disable", "server"], Level::Admin, "<b>/<s>", "put a server into maintenance", server::disable),
    row(&["enable", "server"], Level::Admin, "<b>/<s>", "take a server out of maintenance", server::enable),
    row(&["get", "weight"], Level::User, "<b>/<s>", "the weight of a server, now and at first", server::get_weight),
    row(&["reload"], Level::Admin, "[plan]", "load the configuration again, or say what that would do", reload::reload),
    row(&["set", "server"], Level::Admin, "<b>/<s> [opts]", "change a server: state or weight", server::set),
    row(&["set", "weight"], Level::Admin, "<b>/<s> <weight>", "as 'set server <b>/<s> weight'", server::set_weight),
    row(&["show", "backend"], Level::User, "", "names of the backends", servers_state::show_backend),
    row(&["show", "errors"], Level::Operator, "[<most>]", "what failed last, and on which bytes", errors::show_errors),
    row(&["show", "health"], Level::User, "", "whether the process is ready, leaving or stopping", info::show_health),
    row(&["show", "info"], Level::User, "[typed|json]", "figures of the process", info::show_info),
    row(&["show", "servers", "state"], Level::User, "[<b>]", "state of the servers", servers_state::show),
    row(&["show", "stat"], Level::User, "[typed|json|up|no-maint]*", "figures of proxies and servers", stat::show_stat),
    row(&["show", "version"], Level::User, "", "version of the process", info::show_version),
    row(
        &["take-over"],
        Level::Admin,
        "",
        "pass every listening socket to a successor (lb run --take-over)",
        reload::take_over,
    ),
];

fn state<'a>(context: &Context<'a>) -> Result<&'a Live, Reply> {
    context.get::<Live>().ok_or_else(|| Reply::error("The process gave no state to this session."))
}

/// The server that `backend/server` names.
fn find<'a>(snapshot: &'a Snapshot, name: Option<&str>) -> Result<(&'a Arc<Backend>, &'a Target), Reply> {
    let Some((backend, server)) = name.and_then(|name| name.split_once('/')) else {
        return Err(Reply::error("Require 'backend/server'."));
    };
    let backend = find_backend(snapshot, backend).ok_or_else(|| Reply::error("No such backend."))?;
    let target = backend.targets.iter().find(|target| target.server.name() == server);
    Ok((backend, target.ok_or_else(|| Reply::error("No such server."))?))
}

fn find_backend<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Arc<Backend>> {
    snapshot.backends.iter().find(|backend| &*backend.name == name)
}

/// Runs what may fail on the way to its answer.
fn answer(result: Result<Reply, Reply>) -> Reply {
    result.unwrap_or_else(|reply| reply)
}

//! How much the proxies and their servers have to do.

use plimsoll_clock::Tick;
use plimsoll_rules::{ArgKind, Args, Context, Converter, Fetch, Param, Parts, Type, Value};
use plimsoll_server::{Admin, Server};

use super::names::proxies;
use super::{count, of_client, of_proxies};
use crate::client::Client;
use crate::rules::{BackendRef, FrontendRef, ServerRef};
use crate::snapshot::{Backend, FrontendLive, Target};

/// The rows.
pub(crate) const PARTS: Parts = Parts { fetches: FETCHES, converters: CONVERTERS, ..Parts::EMPTY };

const BACKEND: &[Param] = &[Param::optional("backend", ArgKind::BACKEND)];
const FRONTEND: &[Param] = &[Param::optional("frontend", ArgKind::FRONTEND)];
const SERVER: &[Param] = &[Param::new("server", ArgKind::SERVER)];

type Eval = for<'c> fn(&'c Args, &'c Context<'_>) -> Option<Value<'c>>;

const fn of_backend(name: &'static str, eval: Eval, doc: &'static str) -> Fetch {
    Fetch { params: BACKEND, ..of_proxies(name, Type::Int, eval, doc) }
}

const fn of_frontend(name: &'static str, eval: Eval, doc: &'static str) -> Fetch {
    Fetch { params: FRONTEND, ..of_proxies(name, Type::Int, eval, doc) }
}

const fn of_server(name: &'static str, eval: Eval, doc: &'static str) -> Fetch {
    Fetch { params: SERVER, ..of_proxies(name, Type::Int, eval, doc) }
}

const FETCHES: &[Fetch] = &[
    of_backend("nbsrv", |args, cx| count(usable(backend(args, cx)?)), "How many servers of the backend are usable."),
    of_backend(
        "queue",
        |args, cx| backend(args, cx).and(Some(Value::Int(0))),
        "Requests that wait for a server of the backend. 0: there are no queues yet.",
    ),
    of_backend(
        "avg_queue",
        |args, cx| backend(args, cx).and(Some(Value::Int(0))),
        "The same for each usable server. 0: there are no queues yet.",
    ),
    of_backend(
        "be_conn",
        |args, cx| count(backend(args, cx)?.live.load.now()),
        "Requests or connections of the backend under way.",
    ),
    of_backend(
        "be_conn_free",
        |args, cx| free(backend(args, cx)?),
        "How many more connections the servers may have; -1: they have no limit.",
    ),
    of_backend(
        "connslots",
        |args, cx| free(backend(args, cx)?),
        "How many more requests the servers and their queues may hold; -1: they have no limit.",
    ),
    of_backend(
        "be_sess_rate",
        |args, cx| {
            let live = &backend(args, cx)?.live;
            count(live.counters.per_second(|shard| &shard.rate, Tick::now()))
        },
        "Requests or connections of the backend in the last second.",
    ),
    of_frontend("fe_conn", |args, cx| count(frontend(args, cx)?.gate.used()), "Connections of the frontend."),
    of_frontend(
        "fe_req_rate",
        |args, cx| count(frontend(args, cx)?.counters.per_second(|shard| &shard.request_rate, Tick::now())),
        "Requests of the frontend in the last second.",
    ),
    of_frontend(
        "fe_sess_rate",
        |args, cx| count(frontend(args, cx)?.counters.per_second(|shard| &shard.connection_rate, Tick::now())),
        "Connections of the frontend in the last second.",
    ),
    Fetch {
        output: Type::Bool,
        ..of_server("srv_is_up", |args, cx| Some(Value::Bool(is_up(&server(args, cx)?.server))), "Is the server up?")
    },
    of_server(
        "srv_conn",
        |args, cx| count(server(args, cx)?.server.served()),
        "Requests or connections of the server under way.",
    ),
    of_server(
        "srv_conn_free",
        |args, cx| server(args, cx).and(Some(Value::Int(-1))),
        "How many more it may have; -1: it has no limit.",
    ),
    of_server(
        "srv_sess_rate",
        |args, cx| count(server(args, cx)?.server.session_rate(Tick::now()).0),
        "Requests or connections of the server in the last second.",
    ),
    of_server(
        "srv_queue",
        |args, cx| server(args, cx).and(Some(Value::Int(0))),
        "Requests that wait for the server. 0: there are no queues yet.",
    ),
    of_server("srv_weight", |args, cx| count(server(args, cx)?.server.weight()), "The weight of the server."),
    of_server(
        "srv_uweight",
        |args, cx| count(server(args, cx)?.server.weight()),
        "The weight of the server as it was set.",
    ),
    of_server(
        "srv_iweight",
        |args, cx| count(server(args, cx)?.server.file_weight()),
        "The weight of the server in the configuration.",
    ),
    of_client(
        "stopping",
        Type::Bool,
        |_, cx| Some(Value::Bool(cx.fact::<Client>()?.port().worker.is_draining())),
        "Is the process stopping?",
    ),
];

const CONVERTERS: &[Converter] = &[
    Converter {
        name: "nbsrv",
        input: Type::Str,
        output: Type::Int,
        eval: |name, _, cx| {
            let directory = proxies(cx)?.directory();
            let place = directory.backend(text(name)?)?;
            count(usable(directory.backends.get(place as usize)?))
        },
        doc: "How many servers of the backend of that name are usable.",
        ..Converter::PLAIN
    },
    Converter {
        name: "srv_is_up",
        input: Type::Str,
        output: Type::Bool,
        eval: |name, _, cx| Some(Value::Bool(is_up(&named(name, cx)?.server))),
        doc: "Is the server of that name up? `backend/server`, or a server of the backend at work.",
        ..Converter::PLAIN
    },
    Converter {
        name: "srv_queue",
        input: Type::Str,
        output: Type::Int,
        eval: |name, _, cx| named(name, cx).and(Some(Value::Int(0))),
        doc: "Requests that wait for the server of that name. 0: there are no queues yet.",
        ..Converter::PLAIN
    },
    Converter {
        name: "be_exists",
        input: Type::Str,
        output: Type::Bool,
        eval: |name, _, cx| Some(Value::Bool(proxies(cx)?.directory().backend(text(name)?).is_some())),
        doc: "Is there a backend of that name?",
        ..Converter::PLAIN
    },
    Converter {
        name: "fe_exists",
        input: Type::Str,
        output: Type::Bool,
        eval: |name, _, cx| {
            let name = text(name)?;
            Some(Value::Bool(proxies(cx)?.directory().frontends.iter().any(|frontend| *frontend.name == *name)))
        },
        doc: "Is there a frontend of that name?",
        ..Converter::PLAIN
    },
];

fn text(value: Value<'_>) -> Option<&str> {
    std::str::from_utf8(value.bytes()?).ok()
}

fn backend<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<&'c Backend> {
    let proxies = proxies(cx)?;
    match args.object::<BackendRef>(0) {
        Some(BackendRef(place)) => proxies.directory().backends.get(*place as usize).map(|backend| &**backend),
        None => proxies.site.as_ref().map(|site| &*site.backend),
    }
}

fn frontend<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<&'c FrontendLive> {
    let proxies = proxies(cx)?;
    match args.object::<FrontendRef>(0) {
        Some(FrontendRef(place)) => proxies.directory().frontends.get(*place as usize).map(|frontend| &**frontend),
        None => Some(&proxies.route.frontend.live),
    }
}

fn server<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<&'c Target> {
    let ServerRef { backend: BackendRef(place), server } = args.object(0)?;
    proxies(cx)?.directory().backends.get(*place as usize)?.targets.get(*server as usize)
}

fn named<'c>(name: Value<'_>, cx: &'c Context<'_>) -> Option<&'c Target> {
    let (proxies, name) = (proxies(cx)?, text(name)?);
    let (backend, server) = match name.split_once('/') {
        Some((backend, server)) => {
            let directory = proxies.directory();
            (&**directory.backends.get(directory.backend(backend)? as usize)?, server)
        }
        None => (&*proxies.site.as_ref()?.backend, name),
    };
    backend.targets.iter().find(|target| target.server.name() == server)
}

/// As HAProxy counts: backups only where nobody else is left, and then the first alone unless all may be used.
fn usable(backend: &Backend) -> usize {
    let of = |backup: bool| {
        backend.targets.iter().filter(|target| target.server.is_backup() == backup && target.server.usable()).count()
    };
    match of(false) {
        0 if backend.balancer.uses_all_backups() => of(true),
        0 => of(true).min(1),
        some => some,
    }
}

/// No server has a limit: as soon as one is usable, there is no end.
fn free(backend: &Backend) -> Option<Value<'static>> {
    Some(Value::Int(if usable(backend) > 0 { -1 } else { 0 }))
}

fn is_up(server: &Server) -> bool {
    let health = server.health();
    health.is_up() && health.admin() != Admin::Maint
}

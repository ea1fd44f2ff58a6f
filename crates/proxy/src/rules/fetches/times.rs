//! How long things may take, as configured and as rules left it.

use plimsoll_config::Duration;
use plimsoll_rules::{Args, Context, Fetch, Needs, Parts, Slot, Type, Value};

use super::names::proxies;
use super::{count, of_proxies};
use crate::Timeouts;
use crate::rules::Fate;

/// The rows.
pub(crate) const PARTS: Parts = Parts { fetches: FETCHES, ..Parts::EMPTY };

const DECIDED: Needs = Needs::All(&[Slot::Proxies, Slot::Fate]);

const FETCHES: &[Fetch] = &[
    of_proxies(
        "be_connect_timeout",
        Type::Int,
        |_, cx| written(backend(cx)?.connect),
        "`timeouts.connect` of the backend in milliseconds.",
    ),
    of_proxies(
        "be_server_timeout",
        Type::Int,
        |_, cx| written(backend(cx)?.server),
        "`timeouts.server` of the backend in milliseconds.",
    ),
    of_proxies(
        "be_tunnel_timeout",
        Type::Int,
        |_, cx| written(backend(cx)?.tunnel),
        "`timeouts.tunnel` of the backend in milliseconds.",
    ),
    of_proxies(
        "be_tarpit_timeout",
        Type::Int,
        |_, cx| written(backend(cx)?.tarpit),
        "`timeouts.tarpit` of the backend in milliseconds.",
    ),
    of_proxies(
        "be_check_timeout",
        Type::Int,
        |_, cx| written(backend(cx)?.check),
        "`timeouts.check` of the backend in milliseconds.",
    ),
    of_proxies(
        "be_max_retries",
        Type::Int,
        |_, cx| count(proxies(cx)?.site.as_ref()?.backend.retries),
        "`retries` of the backend.",
    ),
    now(
        "cur_max_retries",
        |_, cx| {
            let set = cx.fact::<Fate>().and_then(|fate| fate.retries);
            count(set.or_else(|| Some(proxies(cx)?.site.as_ref()?.backend.retries))?)
        },
        "How many attempts may follow the first.",
    ),
    of_proxies(
        "fe_client_timeout",
        Type::Int,
        |_, cx| written(frontend(cx)?.client),
        "`timeouts.client` of the frontend in milliseconds.",
    ),
    of_proxies(
        "fe_tarpit_timeout",
        Type::Int,
        |_, cx| written(frontend(cx)?.tarpit),
        "`timeouts.tarpit` of the frontend in milliseconds.",
    ),
    now(
        "cur_client_timeout",
        |_, cx| applied(set(cx)?.client, frontend(cx)?.client),
        "The time-out of the client that is in force, in milliseconds.",
    ),
    now(
        "cur_connect_timeout",
        |_, cx| applied(set(cx)?.connect, backend(cx)?.connect),
        "The time-out of connects that is in force, in milliseconds.",
    ),
    now(
        "cur_server_timeout",
        |_, cx| applied(set(cx)?.server, backend(cx)?.server),
        "The time-out of the server that is in force, in milliseconds.",
    ),
    now(
        "cur_tunnel_timeout",
        |_, cx| applied(set(cx)?.tunnel, backend(cx)?.tunnel),
        "The time-out of tunnels that is in force, in milliseconds.",
    ),
    now(
        "cur_tarpit_timeout",
        |_, cx| applied(set(cx)?.tarpit, backend(cx).or(frontend(cx))?.tarpit),
        "How long `tarpit` holds a request now, in milliseconds.",
    ),
];

const fn now(
    name: &'static str,
    eval: for<'c> fn(&'c Args, &'c Context<'_>) -> Option<Value<'c>>,
    doc: &'static str,
) -> Fetch {
    Fetch { needs: DECIDED, ..of_proxies(name, Type::Int, eval, doc) }
}

fn backend<'c>(cx: &'c Context<'_>) -> Option<&'c Timeouts> {
    proxies(cx)?.site.as_ref().map(|site| &site.backend.timeouts)
}

fn frontend<'c>(cx: &'c Context<'_>) -> Option<&'c Timeouts> {
    proxies(cx).map(|proxies| &proxies.route.frontend.timeouts)
}

fn set<'c>(cx: &'c Context<'_>) -> Option<&'c crate::rules::SetTimeouts> {
    cx.fact::<Fate>().map(|fate| &fate.timeouts)
}

/// 0: not limited.
fn written(limit: Option<Duration>) -> Option<Value<'static>> {
    count(limit.map_or(0, |limit| limit.as_std().as_millis()))
}

fn applied(own: Option<Duration>, limit: Option<Duration>) -> Option<Value<'static>> {
    written(own.or(limit))
}

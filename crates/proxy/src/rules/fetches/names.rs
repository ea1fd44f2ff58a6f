//! The names and numbers of what is at work.

use plimsoll_rules::{Context, Fetch, Needs, Parts, Slot, Type, Value};

use super::{count, of_client, of_proxies};
use crate::client::Client;
use crate::rules::Proxies;

/// The rows.
pub(crate) const PARTS: Parts = Parts { fetches: FETCHES, ..Parts::EMPTY };

const FETCHES: &[Fetch] = &[
    of_proxies(
        "fe_name",
        Type::Str,
        |_, cx| Some(Value::Str(proxies(cx)?.route.frontend.name.as_bytes())),
        "The name of the frontend.",
    ),
    of_proxies(
        "fe_id",
        Type::Int,
        |_, cx| proxies(cx)?.frontend_number().and_then(count),
        "The number of the frontend, as in `show stat`.",
    ),
    of_proxies(
        "fe_defbe",
        Type::Str,
        |_, cx| Some(Value::Str(proxies(cx)?.route.frontend.default_backend.as_ref()?.name.as_bytes())),
        "The name of the frontend's `default-backend`.",
    ),
    of_proxies("be_name", Type::Str, be_name, "The name of the backend; before it is chosen, of the frontend."),
    of_proxies(
        "be_id",
        Type::Int,
        be_id,
        "The number of the backend, as in `show stat`; before it is chosen, of the frontend.",
    ),
    Fetch {
        needs: SERVER,
        ..of_proxies(
            "srv_name",
            Type::Str,
            |_, cx| {
                let server = proxies(cx)?.server.borrow();
                Some(Value::Str(cx.arena().keep(server.as_ref()?.name().as_bytes())))
            },
            "The name of the server.",
        )
    },
    Fetch {
        needs: SERVER,
        ..of_proxies(
            "srv_id",
            Type::Int,
            |_, cx| count(proxies(cx)?.server.borrow().as_ref()?.id()),
            "The number of the server, as in `show stat`.",
        )
    },
    of_client(
        "so_id",
        Type::Int,
        |_, cx| count(cx.fact::<Client>()?.port().number),
        "The number of the address among those of its frontend.",
    ),
    of_client(
        "so_name",
        Type::Str,
        |_, cx| Some(Value::Str(cx.arena().keep(cx.fact::<Client>()?.port().name()?.as_bytes()))),
        "The `name` of the address that the client connected to.",
    ),
    Fetch {
        name: "pid",
        output: Type::Int,
        eval: |_, _| count(std::process::id()),
        doc: "The number of this process, as the system counts it.",
        ..Fetch::PLAIN
    },
    of_proxies(
        "last_rule_file",
        Type::Str,
        |_, cx| {
            let last = proxies(cx)?.last_rule.borrow();
            Some(Value::Str(cx.arena().keep(last.as_ref()?.file.as_bytes())))
        },
        "The file of the last rule that ended its list.",
    ),
    of_proxies(
        "last_rule_line",
        Type::Int,
        |_, cx| count(proxies(cx)?.last_rule.borrow().as_ref()?.line),
        "The line of the last rule that ended its list.",
    ),
];

const SERVER: Needs = Needs::All(&[Slot::Proxies, Slot::Server]);

pub(super) fn proxies<'c>(cx: &'c Context<'_>) -> Option<&'c Proxies> {
    cx.fact()
}

fn be_name<'c>(_: &'c plimsoll_rules::Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let proxies = proxies(cx)?;
    let name = proxies.site.as_ref().map_or(&proxies.route.frontend.name, |site| &site.backend.name);
    Some(Value::Str(name.as_bytes()))
}

fn be_id<'c>(_: &'c plimsoll_rules::Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let proxies = proxies(cx)?;
    let number = match &proxies.site {
        Some(site) => proxies.backend_number(&site.backend),
        None => proxies.frontend_number(),
    };
    number.and_then(count)
}

//! What rules see of connections and proxies.

mod client;
mod load;
mod names;
mod times;
mod way;

use plimsoll_rules::{Context, Fetch, Needs, Slot, Type, Value};

use crate::rules::Proxies;
use crate::snapshot::Mode;

pub(crate) use client::PARTS as CLIENT;
pub(crate) use load::PARTS as LOAD;
pub(crate) use names::PARTS as NAMES;
pub(crate) use times::PARTS as TIMES;
pub(crate) use way::PARTS as WAY;

/// A row about the client's connection.
const fn of_client(
    name: &'static str,
    output: Type,
    eval: for<'c> fn(&'c plimsoll_rules::Args, &'c Context<'_>) -> Option<Value<'c>>,
    doc: &'static str,
) -> Fetch {
    Fetch { name, output, needs: Needs::All(&[Slot::Client]), eval, doc, ..Fetch::PLAIN }
}

/// A row about proxies.
const fn of_proxies(
    name: &'static str,
    output: Type,
    eval: for<'c> fn(&'c plimsoll_rules::Args, &'c Context<'_>) -> Option<Value<'c>>,
    doc: &'static str,
) -> Fetch {
    Fetch { name, output, needs: Needs::All(&[Slot::Proxies]), eval, doc, ..Fetch::PLAIN }
}

/// The version of HTTP, in HTTP mode.
fn speaks_http<'c>(cx: &Context<'_>) -> Option<Value<'c>> {
    let proxies = cx.fact::<Proxies>()?;
    (proxies.route.frontend.mode == Mode::Http).then_some(Value::Int(1))
}

fn count(number: impl TryInto<i64>) -> Option<Value<'static>> {
    Some(Value::Int(number.try_into().unwrap_or(i64::MAX)))
}

//! Fetches of the status line.

use plimsoll_rules::{Args, Context, Fetch, Needs, Slot, Type, Value};

use crate::Response;

const VERSION: Fetch = Fetch {
    output: Type::Str,
    needs: Needs::All(&[Slot::Response]),
    eval: response_version,
    doc: "The version of the response: `1.0` or `1.1`.",
    ..Fetch::PLAIN
};

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch {
        name: "status",
        output: Type::Int,
        needs: Needs::All(&[Slot::Response]),
        eval: |_, cx| Some(Value::Int(i64::from(cx.fact::<Response>()?.status))),
        doc: "The status of the response.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "txn.status",
        output: Type::Int,
        needs: Needs::All(&[Slot::Response]),
        eval: |_, cx| Some(Value::Int(i64::from(cx.fact::<Response>()?.status))),
        doc: "The status that the client is told: the same as `status`, with what rules made of it.",
        ..Fetch::PLAIN
    },
    Fetch { name: "res.ver", ..VERSION },
    Fetch { name: "resp_ver", ..VERSION },
];

fn response_version<'c>(_: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    Some(Value::Str(version(cx.fact::<Response>()?.minor)))
}

pub(super) fn version(minor: u8) -> &'static [u8] {
    if minor == 0 { b"1.0" } else { b"1.1" }
}

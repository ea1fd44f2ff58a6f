//! How a request fared so far: its times, its servers' connections, its bytes and its end, by the names of HAProxy 2.6 to 3.4.

use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_rules::{ArgKind, Args, Context, Fetch, Needs, Param, Parts, Slot, Type, Value};

use super::{count, speaks_http};
use crate::client::Client;
use crate::rules::aliases::{accepted, before_queue, began, millis};
use crate::rules::{Logged, Times, so_far};

/// The rows.
pub(crate) const PARTS: Parts = Parts { fetches: FETCHES, ..Parts::EMPTY };

/// While a connection lasts, and in its log.
const ANY: Needs = Needs::OneOf(&[Slot::Client, Slot::Record]);
/// Once a server was tried.
const SERVER: Needs = Needs::OneOf(&[Slot::Server, Slot::Record]);
const REQUEST: Needs = Needs::All(&[Slot::Proxies, Slot::Request]);
const RESPONSE: Needs = Needs::All(&[Slot::Proxies, Slot::Response]);
const RECORD: Needs = Needs::All(&[Slot::Record]);
const HTTP_RECORD: Needs = Needs::All(&[Slot::Request, Slot::Record]);

type Eval = for<'c> fn(&'c Args, &'c Context<'_>) -> Option<Value<'c>>;

const fn number(name: &'static str, needs: Needs, eval: Eval, doc: &'static str) -> Fetch {
    Fetch { name, output: Type::Int, needs, eval, doc, ..Fetch::PLAIN }
}

const fn flag(name: &'static str, needs: Needs, eval: Eval, doc: &'static str) -> Fetch {
    Fetch { output: Type::Bool, ..number(name, needs, eval, doc) }
}

const UNIT: &[Param] = &[Param::optional("unit", ArgKind::Word(&["s", "ms", "us"]))];

const FETCHES: &[Fetch] = &[
    number("fc.timer.handshake", ANY, |_, _| Some(Value::Int(0)), "Milliseconds for handshakes, as `%Th`."),
    number("fc.timer.total", RECORD, |_, cx| millis(times(cx)?.total), "Milliseconds in all, as `%Tt`."),
    number(
        "req.timer.idle",
        REQUEST,
        |_, cx| millis(times(cx)?.idle),
        "Milliseconds of silence before the request, as `%Ti`.",
    ),
    number(
        "req.timer.hdr",
        REQUEST,
        |_, cx| millis(times(cx)?.request),
        "Milliseconds for the head of the request, as `%TR`.",
    ),
    number(
        "req.timer.tq",
        REQUEST,
        |_, cx| millis(before_queue(times(cx)?)),
        "Milliseconds up to the end of the request's head, as `%Tq`.",
    ),
    number("req.timer.queue", SERVER, |_, cx| millis(times(cx)?.queue), "Milliseconds in queues, as `%Tw`."),
    number(
        "bc.timer.connect",
        SERVER,
        |_, cx| millis(times(cx)?.connect),
        "Milliseconds for the connection to the server, as `%Tc`.",
    ),
    number(
        "res.timer.hdr",
        RESPONSE,
        |_, cx| millis(times(cx)?.response),
        "Milliseconds that the server took to answer, as `%Tr`.",
    ),
    number("res.timer.data", RECORD, |_, cx| millis(times(cx)?.data), "Milliseconds for the data, as `%Td`."),
    number(
        "txn.timer.total",
        HTTP_RECORD,
        |_, cx| millis(times(cx)?.active),
        "Milliseconds from the first byte of the request to the end, as `%Ta`.",
    ),
    number(
        "txn.timer.user",
        RECORD,
        |_, cx| millis(times(cx)?.active),
        "Milliseconds as the client sees them, as `%Tu`.",
    ),
    Fetch {
        params: UNIT,
        ..number(
            "accept_date",
            ANY,
            |args, cx| since_1970(args, accepted(cx)?),
            "When the connection was accepted, since 1970; in seconds if no unit is given.",
        )
    },
    Fetch {
        params: UNIT,
        ..number(
            "request_date",
            REQUEST,
            |args, cx| since_1970(args, began(cx)?),
            "When the request began, since 1970; in seconds if no unit is given.",
        )
    },
    Fetch {
        output: Type::Addr,
        ..number("bc_src", SERVER, |_, cx| ip(cx, 0), "The address from where the server was connected to.")
    },
    number("bc_src_port", SERVER, |_, cx| port(cx, 0), "The port from where the server was connected to."),
    Fetch {
        output: Type::Addr,
        ..number("bc_dst", SERVER, |_, cx| ip(cx, 1), "The address of the server's connection.")
    },
    number("bc_dst_port", SERVER, |_, cx| port(cx, 1), "The port of the server's connection."),
    number(
        "bc_http_major",
        SERVER,
        |_, cx| served(cx).and(speaks_http(cx)),
        "The version of HTTP that is spoken to the server; none in TCP mode.",
    ),
    flag(
        "bc_reused",
        SERVER,
        |_, cx| Some(Value::Bool(served(cx)? > 1)),
        "Did the server's connection carry a request before this one?",
    ),
    number("bs.id", SERVER, |_, cx| count(served(cx)?), "Which request of the server's connection it is, from 1."),
    number(
        "fs.id",
        Needs::All(&[Slot::Client]),
        |_, cx| count(cx.fact::<Client>()?.requests),
        "Which request of the client's connection it is, from 1.",
    ),
    flag("fs.aborted", RECORD, |_, cx| ended_by(cx, b'C'), "Did the client break it off?"),
    flag("bs.aborted", RECORD, |_, cx| ended_by(cx, b'S'), "Did the server break it off?"),
    number(
        "fc_err",
        ANY,
        |_, cx| count(error(cx).0),
        "What was wrong with how the client's connection began, by HAProxy's numbers; 0: nothing.",
    ),
    Fetch {
        output: Type::Str,
        ..number("fc_err_str", ANY, |_, cx| Some(Value::Str(error(cx).1.as_bytes())), "The same in words.")
    },
    number(
        "bc_err",
        SERVER,
        |_, cx| served(cx).and(Some(Value::Int(0))),
        "What was wrong with the server's connection; 0 for one that was made, else there is none.",
    ),
    Fetch {
        output: Type::Str,
        ..number("bc_err_str", SERVER, |_, cx| served(cx).and(Some(Value::Str(b"Success"))), "The same in words.")
    },
    number(
        "server_status",
        RESPONSE,
        |_, cx| match so_far(cx)?.server_status() {
            0 => None,
            status => count(status),
        },
        "The status that the server sent, whatever rules made of it.",
    ),
    number("txn.conn_retries", SERVER, |_, cx| count(so_far(cx)?.levels(cx).retries), "Retries, as `%rc`."),
    flag(
        "txn.redispatched",
        SERVER,
        |_, cx| Some(Value::Bool(so_far(cx)?.levels(cx).redispatched)),
        "Was another server tried than the first?",
    ),
    Fetch {
        output: Type::Str,
        ..number(
            "txn.sess_term_state",
            RECORD,
            |_, cx| Some(Value::Str(cx.arena().keep(&so_far(cx)?.state()))),
            "How it ended, as `%ts`.",
        )
    },
    number(
        "act_conn",
        ANY,
        |_, cx| match cx.fact::<Logged>() {
            Some(logged) => count(logged.levels.process),
            None => count(cx.fact::<Client>()?.port().worker.process.gate.used()),
        },
        "Connections of the process, as `%ac`.",
    ),
    number(
        "bc_be_queue",
        SERVER,
        |_, _| Some(Value::Int(0)),
        "Requests that waited in the backend before this one, as `%bq`.",
    ),
    number(
        "bc_srv_queue",
        SERVER,
        |_, _| Some(Value::Int(0)),
        "Requests that waited for the server before this one, as `%sq`.",
    ),
    number("bytes_in", RECORD, |_, cx| count(so_far(cx)?.bytes()[0]), "Bytes that the client sent, as `%U`."),
    number("req.bytes_in", RECORD, |_, cx| count(so_far(cx)?.bytes()[0]), "Bytes that the client sent, as `%U`."),
    number("bytes_out", RECORD, |_, cx| count(so_far(cx)?.bytes()[1]), "Bytes that the client was sent, as `%B`."),
    number("res.bytes_out", RECORD, |_, cx| count(so_far(cx)?.bytes()[1]), "Bytes that the client was sent, as `%B`."),
];

fn times(cx: &Context<'_>) -> Option<Times> {
    Some(so_far(cx)?.times())
}

/// `None`: no connection to a server was made.
fn served(cx: &Context<'_>) -> Option<u32> {
    so_far(cx).map(|so_far| so_far.served()).filter(|served| *served > 0)
}

fn ip<'c>(cx: &Context<'_>, end: usize) -> Option<Value<'c>> {
    so_far(cx)?.ends()[end].map(|address| address.ip().to_canonical().into())
}

fn port<'c>(cx: &Context<'_>, end: usize) -> Option<Value<'c>> {
    count(so_far(cx)?.ends()[end]?.port())
}

fn ended_by<'c>(cx: &Context<'_>, side: u8) -> Option<Value<'c>> {
    let state = so_far(cx)?.state();
    // A server that was not reached broke nothing off.
    Some(Value::Bool(state[0] == side && state[1] != b'C'))
}

fn error(cx: &Context<'_>) -> (u8, &'static str) {
    cx.fact::<Logged>().map_or(Logged::NO_ERROR, |logged| logged.error)
}

fn since_1970<'c>(args: &Args, time: SystemTime) -> Option<Value<'c>> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    match args.int(0) {
        Some(1) => count(since.as_millis()),
        Some(2) => count(since.as_micros()),
        _ => count(since.as_secs()),
    }
}

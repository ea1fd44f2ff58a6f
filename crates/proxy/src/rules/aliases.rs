//! Aliases of the log: `%ci` and its likes (configuration manual, section 8.2.6).

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_clock::{Tick, wall};
use plimsoll_http::Request;
use plimsoll_observe::{DateCache, stamp};
use plimsoll_rules::{Alias, Context, Fetch, Needs, Parts, Show, Slot, Type, Value};

use crate::client::Client;
use crate::rules::{Logged, Proxies, Times, so_far};

/// The rows.
pub(crate) const PARTS: Parts = Parts { aliases: ALIASES, fetches: FETCHES, ..Parts::EMPTY };

/// While a request lasts, and in its log.
const ANY: Needs = Needs::OneOf(&[Slot::Client, Slot::Record]);
const RECORD: Needs = Needs::All(&[Slot::Record]);
const REQUEST: Needs = Needs::All(&[Slot::Request]);
const HTTP_RECORD: Needs = Needs::All(&[Slot::Request, Slot::Record]);

type Eval = for<'c> fn(&'c Context<'_>) -> Option<Value<'c>>;

const fn text(name: &'static str, needs: Needs, eval: Eval, doc: &'static str) -> Alias {
    Alias { name, needs, eval, doc, ..Alias::PLAIN }
}

const fn verbatim(name: &'static str, needs: Needs, eval: Eval, doc: &'static str) -> Alias {
    Alias { show: Show::Verbatim, ..text(name, needs, eval, doc) }
}

const fn number(name: &'static str, needs: Needs, eval: Eval, doc: &'static str) -> Alias {
    Alias { output: Type::Int, show: Show::Number, ..text(name, needs, eval, doc) }
}

const fn hex(name: &'static str, needs: Needs, eval: Eval, doc: &'static str) -> Alias {
    Alias { show: Show::Hex { hex: 4, decimal: 0 }, ..number(name, needs, eval, doc) }
}

const fn address(name: &'static str, needs: Needs, eval: Eval, doc: &'static str) -> Alias {
    Alias { output: Type::Addr, ..text(name, needs, eval, doc) }
}

const fn uri(name: &'static str, eval: Eval, doc: &'static str) -> Alias {
    Alias { show: Show::Uri, ..text(name, REQUEST, eval, doc) }
}

const fn captured(name: &'static str, show: Show, doc: &'static str) -> Alias {
    Alias { show, ..text(name, ANY, |_| None, doc) }
}

/// The slots of the frontend, what is in them or not. A frontend without slots has nothing to show.
fn slots(cx: &Context<'_>, response: bool, each: &mut dyn FnMut(Option<&[u8]>)) -> bool {
    // Of what is no request nothing was captured.
    let (Some(proxies), Some(_)) = (cx.fact::<Proxies>(), cx.fact::<Request>()) else { return false };
    let Some(rules) = &proxies.route.frontend.rules else { return false };
    let wanted = if response { rules.captures.response.len() } else { rules.captures.request.len() };
    let captured = proxies.captured.borrow();
    let kept = if response { &captured.response } else { &captured.request };
    (0..wanted).for_each(|slot| each(kept.get(slot).and_then(Option::as_deref)));
    wanted > 0
}

/// The captured cookie of the client, or of the server.
fn cookie<'c>(cx: &'c Context<'_>, of: usize) -> Option<Value<'c>> {
    let captured = cx.fact::<Proxies>()?.captured.borrow();
    captured.cookies[of].as_deref().map(|cookie| Value::Str(cx.arena().keep(cookie)))
}

const ALIASES: &[Alias] = &[
    number("B", RECORD, |cx| count(so_far(cx)?.bytes()[1]), "Bytes sent to the client."),
    text("CC", REQUEST, |cx| cookie(cx, 0), "The captured cookie of the request."),
    text("CS", REQUEST, |cx| cookie(cx, 1), "The captured cookie of the response."),
    text("H", Needs::NOTHING, |_| Some(Value::Str(HOSTNAME.as_bytes())), "The name of this host."),
    uri("HM", |cx| part(cx, |line| line.method), "The method."),
    uri("HP", |cx| part(cx, |line| line.path()), "The target without its query."),
    uri("HPO", |cx| part(cx, |line| line.path_only()), "The path, without host and query."),
    uri("HQ", |cx| part(cx, |line| line.query()), "The query, with its question mark."),
    uri("HU", |cx| part(cx, |line| line.target), "The target."),
    uri("HV", |cx| part(cx, |line| line.version), "The version of HTTP."),
    text("ID", ANY, id, "The name of the request."),
    text(
        "OG",
        RECORD,
        |cx| Some(Value::Str(logged(cx)?.origin.as_bytes())),
        "What the line is about: `txn_close`, `sess_error`.",
    ),
    number("ST", RECORD, |cx| Some(Value::Int(so_far(cx)?.status(cx))), "The status; 0 in TCP mode."),
    verbatim("T", ANY, |cx| stamped(cx, accepted(cx)?, true), "When the connection was accepted, in UTC."),
    verbatim("Tl", ANY, |cx| stamped(cx, accepted(cx)?, false), "When the connection was accepted, in local time."),
    hex(
        "Ts",
        ANY,
        |cx| count(since_1970(accepted(cx)?)?.as_secs()),
        "When the connection was accepted, in seconds since 1970.",
    ),
    verbatim(
        "t",
        ANY,
        |cx| dated(cx, accepted(cx)?),
        "When the connection was accepted, in local time, with milliseconds.",
    ),
    Alias {
        show: Show::Hex { hex: 2, decimal: 3 },
        ..number(
            "ms",
            ANY,
            |cx| count(u64::from(since_1970(accepted(cx)?)?.subsec_millis())),
            "The milliseconds of `%Ts`.",
        )
    },
    verbatim(
        "tr",
        HTTP_RECORD,
        |cx| dated(cx, began(cx)?),
        "When the request began, in local time, with milliseconds.",
    ),
    verbatim("trg", HTTP_RECORD, |cx| stamped(cx, began(cx)?, true), "When the request began, in UTC."),
    verbatim("trl", HTTP_RECORD, |cx| stamped(cx, began(cx)?, false), "When the request began, in local time."),
    number(
        "Ta",
        HTTP_RECORD,
        |cx| millis(so_far(cx)?.times().active),
        "Milliseconds from the first byte of the request to the end.",
    ),
    number("Tc", RECORD, |cx| millis(so_far(cx)?.times().connect), "Milliseconds for the connection to the server."),
    number("Td", RECORD, |cx| millis(so_far(cx)?.times().data), "Milliseconds for the data."),
    number("Th", RECORD, |_| Some(Value::Int(0)), "Milliseconds for handshakes."),
    number("Ti", HTTP_RECORD, |cx| millis(so_far(cx)?.times().idle), "Milliseconds of silence before the request."),
    number("Tq", HTTP_RECORD, |cx| millis(before_queue(so_far(cx)?.times())), "`%Th`, `%Ti` and `%TR` together."),
    number("TR", HTTP_RECORD, |cx| millis(so_far(cx)?.times().request), "Milliseconds for the head of the request."),
    number(
        "Tr",
        HTTP_RECORD,
        |cx| millis(so_far(cx)?.times().response),
        "Milliseconds that the server took to answer.",
    ),
    number("Tt", RECORD, |cx| millis(so_far(cx)?.times().total), "Milliseconds from the accept to the end."),
    number("Tu", RECORD, |cx| millis(so_far(cx)?.times().active), "Milliseconds as the client sees them."),
    number("Tw", RECORD, |cx| millis(so_far(cx)?.times().queue), "Milliseconds in queues."),
    number("U", RECORD, |cx| count(so_far(cx)?.bytes()[0]), "Bytes received from the client."),
    number("ac", RECORD, |cx| size(so_far(cx)?.levels(cx).process), "Connections of the process."),
    text("b", ANY, backend, "The backend."),
    number("bc", RECORD, |cx| size(so_far(cx)?.levels(cx).backend), "Requests in the backend."),
    address("bi", RECORD, |cx| ip(so_far(cx)?.ends()[0]), "From where the server was connected to."),
    hex("bp", RECORD, |cx| port(so_far(cx)?.ends()[0]), "From which port the server was connected to."),
    number("bq", RECORD, |_| Some(Value::Int(0)), "Requests that waited in the backend before this one."),
    address(
        "ci",
        ANY,
        |cx| Some(client(cx).map_or(Value::Str(b"unix"), |at| at.ip().to_canonical().into())),
        "The client's address.",
    ),
    hex("cp", ANY, |cx| Some(Value::Int(client(cx).map_or(1, |at| i64::from(at.port())))), "The client's port."),
    text("f", ANY, frontend, "The frontend."),
    number("fc", RECORD, |cx| size(so_far(cx)?.levels(cx).frontend), "Connections of the frontend."),
    address("fi", ANY, |cx| ip(destination(cx)), "The address that the client connected to."),
    hex("fp", ANY, |cx| port(destination(cx)), "The port that the client connected to."),
    text("ft", ANY, frontend, "The frontend, with a ~ behind it if it speaks TLS."),
    captured("hr", Show::Braces(|cx, each| slots(cx, false, each)), "Captured fields of the request, in braces."),
    captured("hrl", Show::List(|cx, each| slots(cx, false, each)), "Captured fields of the request, one by one."),
    captured("hs", Show::Braces(|cx, each| slots(cx, true, each)), "Captured fields of the response, in braces."),
    captured("hsl", Show::List(|cx, each| slots(cx, true, each)), "Captured fields of the response, one by one."),
    hex("lc", RECORD, |cx| count(logged(cx)?.count), "The number of this line in the log of its frontend."),
    hex("pid", Needs::NOTHING, |_| count(u64::from(std::process::id())), "The number of this process."),
    uri("r", |cx| part(cx, |line| line.whole(cx)), "The first line of the request."),
    Alias {
        show: Show::Plus(|cx| so_far(cx).is_some_and(|so_far| so_far.levels(cx).redispatched)),
        ..number(
            "rc",
            RECORD,
            |cx| Some(Value::Int(i64::from(so_far(cx)?.levels(cx).retries))),
            "Retries, behind a + if another server was tried.",
        )
    },
    hex(
        "rt",
        ANY,
        |cx| count(logged(cx).map(|logged| logged.number).or_else(|| Some(cx.fact::<Proxies>()?.number))?),
        "The number of the request.",
    ),
    text("s", ANY, server, "The server, or <NOSRV>."),
    number("sc", RECORD, |cx| size(so_far(cx)?.levels(cx).server), "Requests on the server."),
    address("si", RECORD, |cx| ip(so_far(cx)?.ends()[1]), "The server's address."),
    hex("sp", RECORD, |cx| port(so_far(cx)?.ends()[1]), "The server's port."),
    number("sq", RECORD, |_| Some(Value::Int(0)), "Requests that waited for the server before this one."),
    text("sslc", ANY, |_| None, "The cipher of the client's connection."),
    text("sslv", ANY, |_| None, "The version of TLS of the client's connection."),
    verbatim("ts", RECORD, |cx| Some(Value::Str(cx.arena().keep(&so_far(cx)?.state()))), "How it ended."),
    verbatim(
        "tsc",
        HTTP_RECORD,
        |cx| Some(Value::Str(cx.arena().keep(&[&so_far(cx)?.state()[..], b"--"].concat()))),
        "How it ended, with what became of cookies.",
    ),
];

const FETCHES: &[Fetch] = &[Fetch {
    name: "unique-id",
    output: Type::Str,
    needs: ANY,
    eval: |_, cx| id(cx),
    doc: "The name that `unique-id-format` gave the request.",
    ..Fetch::PLAIN
}];

static HOSTNAME: LazyLock<String> = LazyLock::new(plimsoll_observe::hostname);

fn logged<'c>(cx: &'c Context<'_>) -> Option<&'c Logged> {
    cx.fact()
}

#[expect(clippy::unnecessary_wraps, reason = "what a row gives may be missing")]
fn size<'c>(size: usize) -> Option<Value<'c>> {
    Some(Value::Int(size as i64))
}

#[expect(clippy::unnecessary_wraps, reason = "what a row gives may be missing")]
fn count<'c>(count: u64) -> Option<Value<'c>> {
    Some(Value::Int(count as i64))
}

#[expect(clippy::unnecessary_wraps, reason = "what a row gives may be missing")]
pub(super) fn millis<'c>(micros: i64) -> Option<Value<'c>> {
    Some(Value::Int(if micros < 0 { -1 } else { micros / 1000 }))
}

pub(super) fn before_queue(Times { idle, request, .. }: Times) -> i64 {
    if request < 0 { -1 } else { idle.max(0) + request }
}

fn ip<'c>(address: Option<SocketAddr>) -> Option<Value<'c>> {
    address.map(|address| address.ip().to_canonical().into())
}

fn port<'c>(address: Option<SocketAddr>) -> Option<Value<'c>> {
    address.map(|address| Value::Int(i64::from(address.port())))
}

fn client(cx: &Context<'_>) -> Option<SocketAddr> {
    match logged(cx) {
        Some(logged) => logged.client,
        None => cx.fact::<Client>()?.address(),
    }
}

fn destination(cx: &Context<'_>) -> Option<SocketAddr> {
    match logged(cx) {
        Some(logged) => logged.destination,
        None => cx.fact::<Client>()?.destination(),
    }
}

pub(super) fn accepted(cx: &Context<'_>) -> Option<SystemTime> {
    match logged(cx) {
        Some(logged) => Some(logged.accepted),
        None => Some(cx.fact::<Client>()?.accepted()),
    }
}

/// When the request began.
pub(super) fn began(cx: &Context<'_>) -> Option<SystemTime> {
    match logged(cx) {
        Some(logged) => Some(logged.began),
        None => Some(wall() - Tick::now().since(cx.fact::<Proxies>()?.progress.get().began)),
    }
}

fn frontend<'c>(cx: &'c Context<'_>) -> Option<Value<'c>> {
    let name = match logged(cx) {
        Some(logged) => &logged.frontend,
        None => &cx.fact::<Proxies>()?.route.frontend.name,
    };
    Some(Value::Str(name.as_bytes()))
}

fn backend<'c>(cx: &'c Context<'_>) -> Option<Value<'c>> {
    let name = match logged(cx) {
        Some(logged) => logged.backend.as_deref(),
        None => cx.fact::<Proxies>()?.site.as_ref().map(|site| &*site.backend.name),
    };
    name.map(|name| Value::Str(name.as_bytes())).or_else(|| frontend(cx))
}

fn server<'c>(cx: &'c Context<'_>) -> Option<Value<'c>> {
    let name = match logged(cx) {
        Some(logged) => logged.server.as_deref(),
        None => {
            let server = cx.fact::<Proxies>().and_then(|proxies| proxies.server.borrow().clone());
            let name = server.as_ref().map_or("<NOSRV>", |server| server.name());
            return Some(Value::Str(cx.arena().keep(name.as_bytes())));
        }
    };
    Some(Value::Str(name.unwrap_or("<NOSRV>").as_bytes()))
}

fn id<'c>(cx: &'c Context<'_>) -> Option<Value<'c>> {
    let id = match logged(cx) {
        Some(logged) => logged.id.as_deref(),
        None => cx.fact::<Proxies>()?.id.as_deref(),
    };
    id.map(Value::Str)
}

fn since_1970(time: SystemTime) -> Option<std::time::Duration> {
    time.duration_since(UNIX_EPOCH).ok()
}

fn stamped<'c>(cx: &'c Context<'_>, time: SystemTime, utc: bool) -> Option<Value<'c>> {
    let mut text = Vec::new();
    stamp(time, utc, &mut text);
    Some(Value::Str(cx.arena().keep(&text)))
}

fn dated<'c>(cx: &'c Context<'_>, time: SystemTime) -> Option<Value<'c>> {
    thread_local! {
        static DATES: RefCell<(DateCache, Vec<u8>)> = RefCell::default();
    }
    DATES.with_borrow_mut(|(dates, text)| {
        text.clear();
        dates.write(time, text);
        Some(Value::Str(cx.arena().keep(text)))
    })
}

/// The first line of a request.
struct Line<'c> {
    method: &'c [u8],
    target: &'c [u8],
    version: &'c [u8],
}

const BAD: &[u8] = b"<BADREQ>";
/// Of a request's first line that much is logged, as in HAProxy.
const MOST: usize = 1024;

fn part<'c>(cx: &'c Context<'_>, part: impl Fn(&Line<'c>) -> &'c [u8]) -> Option<Value<'c>> {
    let Some(request) = cx.fact::<Request>() else { return Some(Value::Str(BAD)) };
    let version: &[u8] = if request.minor == 0 { b"HTTP/1.0" } else { b"HTTP/1.1" };
    let (method, target) = request.received();
    Some(Value::Str(part(&Line { method, target, version })))
}

impl<'c> Line<'c> {
    fn path(&self) -> &'c [u8] {
        let end = self.target.iter().position(|byte| *byte == b'?').unwrap_or(self.target.len());
        &self.target[..end]
    }

    fn query(&self) -> &'c [u8] {
        &self.target[self.path().len()..]
    }

    fn path_only(&self) -> &'c [u8] {
        plimsoll_http::path_and_query(self.target).0
    }

    fn whole(&self, cx: &'c Context<'_>) -> &'c [u8] {
        cx.arena().built(|out| {
            for part in [self.method, b" ", self.target, b" ", self.version] {
                out.extend_from_slice(&part[..part.len().min(MOST - out.len().min(MOST))]);
            }
        })
    }
}

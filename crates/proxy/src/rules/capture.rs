//! Captures: pieces of requests and responses that are kept for the log, in numbered slots of the frontend.

use plimsoll_http::{Head, Request, Response};
use plimsoll_rules::{
    Act, Action, ArgKind, Args, Call, Compiler, Context, Converter, Expr, Fetch, Needs, Param, Parts, Place, Places,
    Slot, Step, Type, Value,
};

use crate::rules::Proxies;

/// The rows.
pub(crate) const PARTS: Parts = Parts { fetches: FETCHES, converters: CONVERTERS, actions: ACTIONS, ..Parts::EMPTY };

/// The kinds of slots under which a rule asks the configuration for a new one: its length is the name.
pub const NEW_SLOT: [&str; 2] = ["request capture", "response capture"];

/// What a frontend captures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// Slots of requests.
    pub request: Vec<Kept>,
    /// Slots of responses.
    pub response: Vec<Kept>,
    /// `capture: "cookie NAME len N"`
    pub cookie: Option<Kept>,
}

/// One slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The field or cookie that it holds; empty: what rules put there.
    pub name: Box<str>,
    /// The most bytes.
    pub len: usize,
}

/// What was captured of one request.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    pub(crate) request: Vec<Option<Box<[u8]>>>,
    pub(crate) response: Vec<Option<Box<[u8]>>>,
    /// `NAME=VALUE` of the client's cookie, and of the server's.
    pub(crate) cookies: [Option<Box<[u8]>>; 2],
}

impl Captures {
    /// Are there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.request.is_empty() && self.response.is_empty() && self.cookie.is_none()
    }
}

impl Captured {
    /// What the configuration wants of a request.
    pub(crate) fn request(&mut self, wanted: &Captures, head: &Head) {
        fill(&mut self.request, &wanted.request, head);
        if let Some(cookie) = &wanted.cookie {
            let lines = head.fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"cookie"));
            self.cookies[0] =
                lines.flat_map(|(_, line)| line.split(|byte| *byte == b';')).find_map(|one| named(cookie, one));
        }
    }

    /// The same of a response.
    pub(crate) fn response(&mut self, wanted: &Captures, head: &Head) {
        fill(&mut self.response, &wanted.response, head);
        if let Some(cookie) = &wanted.cookie {
            let mut lines = head.fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"set-cookie"));
            self.cookies[1] = lines.find_map(|(_, line)| named(cookie, line.split(|byte| *byte == b';').next()?));
        }
    }

    fn of(&mut self, response: bool) -> &mut Vec<Option<Box<[u8]>>> {
        if response { &mut self.response } else { &mut self.request }
    }
}

/// The last field of each name (configuration manual, `capture request header`).
fn fill(slots: &mut Vec<Option<Box<[u8]>>>, wanted: &[Kept], head: &Head) {
    slots.resize(wanted.len(), None);
    for (slot, kept) in slots.iter_mut().zip(wanted).filter(|(_, kept)| !kept.name.is_empty()) {
        let last = head.fields().filter(|(name, _)| name.eq_ignore_ascii_case(kept.name.as_bytes())).last();
        if let Some((_, value)) = last {
            *slot = Some(cut(value, kept.len));
        }
    }
}

/// A cookie whose name begins so; HAProxy's users write `NAME=` to mean the whole name.
fn named(kept: &Kept, cookie: &[u8]) -> Option<Box<[u8]>> {
    let cookie = cookie.trim_ascii();
    cookie.starts_with(kept.name.as_bytes()).then(|| cut(cookie, kept.len))
}

fn cut(value: &[u8], len: usize) -> Box<[u8]> {
    value.get(..len).unwrap_or(value).into()
}

const SLOT: &[Param] = &[Param::new("slot", ArgKind::Int)];
const OF_REQUEST: Needs = Needs::All(&[Slot::Proxies, Slot::Request]);
const OF_RESPONSE: Needs = Needs::All(&[Slot::Proxies, Slot::Response]);

const FETCHES: &[Fetch] = &[
    Fetch {
        name: "capture.req.hdr",
        params: SLOT,
        output: Type::Str,
        needs: OF_REQUEST,
        eval: |args, cx| captured(args, cx, false),
        doc: "What a slot of the request holds.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "capture.res.hdr",
        params: SLOT,
        output: Type::Str,
        needs: OF_RESPONSE,
        eval: |args, cx| captured(args, cx, true),
        doc: "What a slot of the response holds.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "capture.req.method",
        output: Type::Str,
        needs: Needs::All(&[Slot::Request]),
        eval: |_, cx| {
            let request = cx.fact::<Request>()?;
            Some(Value::Str(request.head.get(request.method_text)))
        },
        doc: "The method of the request; it is there for its response too.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "capture.req.uri",
        output: Type::Str,
        needs: Needs::All(&[Slot::Request]),
        eval: |_, cx| {
            let request = cx.fact::<Request>()?;
            Some(Value::Str(plimsoll_http::from_path(request.head.get(request.target))))
        },
        doc: "The path and query of the request; they are there for its response too.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "capture.req.ver",
        output: Type::Str,
        needs: Needs::All(&[Slot::Request]),
        eval: |_, cx| version(cx.fact::<Request>()?.minor),
        doc: "The version of the request, as `HTTP/1.1`; it is there for its response too.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "capture.res.ver",
        output: Type::Str,
        needs: Needs::All(&[Slot::Response]),
        eval: |_, cx| version(cx.fact::<Response>()?.minor),
        doc: "The version of the response, as `HTTP/1.1`.",
        ..Fetch::PLAIN
    },
];

const CONVERTERS: &[Converter] = &[
    Converter {
        name: "capture-req",
        params: SLOT,
        input: Type::Str,
        output: Type::Str,
        eval: |value, args, cx| keep(value, args, cx, false),
        doc: "Puts a text into a slot of the request, and passes it on.",
        ..Converter::PLAIN
    },
    Converter {
        name: "capture-res",
        params: SLOT,
        input: Type::Str,
        output: Type::Str,
        eval: |value, args, cx| keep(value, args, cx, true),
        doc: "Puts a text into a slot of the response, and passes it on.",
        ..Converter::PLAIN
    },
];

const ACTIONS: &[Action] = &[Action {
    name: "capture",
    places: Places::TCP_CONTENT.and(Places::HTTP_REQUEST).and(Places::RESPONSES),
    usage: "capture EXPRESSION len LENGTH|id SLOT",
    parse,
    doc: "Puts a value into a slot: a new one of that length, or one that is declared.",
}];

fn captured<'c>(args: &'c Args, cx: &'c Context<'_>, response: bool) -> Option<Value<'c>> {
    let mut captured = cx.fact::<Proxies>()?.captured.borrow_mut();
    let value = captured.of(response).get(usize::try_from(args.int(0)?).ok()?)?.as_ref()?;
    Some(Value::Str(cx.arena().keep(value)))
}

fn keep<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>, response: bool) -> Option<Value<'c>> {
    store(cx, usize::try_from(args.int(0)?).ok()?, value.bytes()?, response);
    Some(value)
}

/// A slot that the frontend does not have holds nothing (configuration manual, `http-request capture`).
fn store(cx: &Context<'_>, slot: usize, value: &[u8], response: bool) {
    let Some(proxies) = cx.fact::<Proxies>() else { return };
    let Some(rules) = &proxies.route.frontend.rules else { return };
    let wanted = if response { &rules.captures.response } else { &rules.captures.request };
    let Some(kept) = wanted.get(slot) else { return };
    let mut captured = proxies.captured.borrow_mut();
    let slots = captured.of(response);
    slots.resize(wanted.len().max(slots.len()), None);
    if let Some(place) = slots.get_mut(slot) {
        *place = Some(cut(value, kept.len));
    }
}

fn version(minor: u8) -> Option<Value<'static>> {
    Some(Value::Str(if minor == 0 { b"HTTP/1.0" } else { b"HTTP/1.1" }))
}

#[derive(Debug)]
struct Capture {
    expr: Expr,
    slot: usize,
    response: bool,
}

impl Act for Capture {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        match self.expr.eval_as(Type::Str, cx).and_then(|value| value.bytes()) {
            Some(value) => store(cx, self.slot, value, self.response),
            None => {
                if let Some(wait) = cx.take_wait() {
                    return Step::Wait(wait);
                }
            }
        }
        Step::Next
    }
}

fn parse(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let response = compiler.place.is_some_and(Place::is_response);
    let word = call.word("an expression", compiler)?;
    let expr = Expr::compile(&word, compiler)?;
    if !expr.output().casts_to(Type::Str) {
        compiler.error("rule.type", word.span(), format!("{} cannot be captured", expr.output().name()));
        return None;
    }
    let how = call.word("`len` or `id`", compiler)?;
    let number = call.word("a number", compiler)?;
    let Ok(amount) = number.as_str().parse::<usize>() else {
        compiler.error("rule.argument", number.span(), format!("`{}` is not a number", number.as_str()));
        return None;
    };
    let slot = match how.as_str() {
        "id" => amount,
        "len" if amount == 0 || amount > 64 << 10 => {
            compiler.error("rule.argument", number.span(), "a slot has 1 to 65536 bytes");
            return None;
        }
        "len" => match compiler.object(NEW_SLOT[usize::from(response)], number.as_str()) {
            Ok(slot) => *slot.downcast_ref::<usize>()?,
            Err(_) => {
                let text = "slots are made in frontends: here only `id` can be used";
                compiler.error("rule.argument", how.span(), text);
                return None;
            }
        },
        other => {
            compiler.error("rule.argument", how.span(), format!("`{other}` is neither `len` nor `id`"));
            return None;
        }
    };
    Some(Box::new(Capture { expr, slot, response }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_field_of_a_name_is_captured_up_to_its_length() {
        let mut head = Head::default();
        head.add(b"Host", b"one.example");
        head.add(b"host", b"two.example");
        head.add(b"Cookie", b"a=1; SID=abcdef");
        let kept = |name: &str, len| Kept { name: name.into(), len };
        let wanted = Captures {
            request: vec![kept("Host", 5), kept("", 8), kept("Referer", 8)],
            cookie: Some(kept("SID=", 6)),
            ..Captures::default()
        };
        let mut captured = Captured::default();
        captured.request(&wanted, &head);
        assert_eq!(captured.request, [Some(b"two.e"[..].into()), None, None]);
        assert_eq!(captured.cookies[0].as_deref(), Some(&b"SID=ab"[..]));
    }
}

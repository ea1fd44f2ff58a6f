//! Fetches of cookies: of requests in `Cookie`, of responses in `Set-Cookie`.

use plimsoll_rules::value::parse_int;
use plimsoll_rules::{ArgKind, Args, Context, Fetch, Needs, Param, Slot, Type, Value};

use super::walk::{self, Mark, Of};
use super::{Here, Req, Res, Side};
use crate::Head;
use crate::token::trim;

const REQ: Needs = Needs::All(&[Slot::Request]);
const RES: Needs = Needs::All(&[Slot::Response]);

const TEXT: Fetch = Fetch {
    params: &[Param::optional("name", ArgKind::Str)],
    output: Type::Str,
    needs: REQ,
    doc: "The value of a cookie, the last one of its name; of the first cookie without a name. In an ACL every one.",
    ..Fetch::PLAIN
};
const COUNT: Fetch =
    Fetch { output: Type::Int, doc: "How many cookies have this name, or how many there are.", ..TEXT };
const NUMBER: Fetch = Fetch { output: Type::Int, doc: "The value of a cookie as a number.", ..TEXT };
const NAMES: Fetch = Fetch {
    params: &[Param::optional("delim", ArgKind::Str)],
    doc: "The names of all cookies, with commas between them or the first character that is given.",
    ..TEXT
};

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch { name: "req.cook", suffixes: true, eval: text::<Req>, ..TEXT },
    Fetch { name: "cook", suffixes: true, eval: text::<Req>, ..TEXT },
    Fetch { name: "res.cook", needs: RES, suffixes: true, eval: text::<Res>, ..TEXT },
    Fetch { name: "scook", needs: RES, suffixes: true, eval: text::<Res>, ..TEXT },
    Fetch { name: "cookie", needs: Needs::OneOf(&[Slot::Request, Slot::Response]), eval: text::<Here>, ..TEXT },
    Fetch { name: "req.cook_cnt", eval: count::<Req>, ..COUNT },
    Fetch { name: "cook_cnt", eval: count::<Req>, ..COUNT },
    Fetch { name: "res.cook_cnt", needs: RES, eval: count::<Res>, ..COUNT },
    Fetch { name: "scook_cnt", needs: RES, eval: count::<Res>, ..COUNT },
    Fetch { name: "req.cook_val", eval: number::<Req>, ..NUMBER },
    Fetch { name: "cook_val", eval: number::<Req>, ..NUMBER },
    Fetch { name: "res.cook_val", needs: RES, eval: number::<Res>, ..NUMBER },
    Fetch { name: "scook_val", needs: RES, eval: number::<Res>, ..NUMBER },
    Fetch { name: "req.cook_names", eval: names::<Req>, ..NAMES },
    Fetch { name: "res.cook_names", needs: RES, eval: names::<Res>, ..NAMES },
];

/// A cookie, and how many of them are before the next one.
struct Cookie<'h> {
    name: &'h [u8],
    value: &'h [u8],
}

/// All cookies of a head, in order.
fn all(head: &Head, response: bool) -> impl Iterator<Item = Cookie<'_>> {
    let name: &[u8] = if response { b"set-cookie" } else { b"cookie" };
    let of = Of { name: Some(name), split: false };
    let (mut next, mut line) = (Mark::default(), None::<&[u8]>);
    std::iter::from_fn(move || {
        loop {
            let Some(rest) = line.take() else {
                let found = of.next(head, next)?;
                (line, next) = (Some(found.value), found.next);
                continue;
            };
            let (cookie, behind) = first(rest, response);
            line = behind;
            if cookie.is_some() {
                return cookie;
            }
        }
    })
}

/// The first `name=value` of a line, if it is one, and what follows behind its `;`.
fn first(line: &[u8], response: bool) -> (Option<Cookie<'_>>, Option<&[u8]>) {
    let end = walk::until(line, |byte| matches!(byte, b';' | b','));
    let this = &line[..end];
    // What follows `;` in a `Set-Cookie` are its attributes; a comma begins another cookie (RFC 2109).
    let end = if response { walk::part(line) } else { end };
    let behind = line.get(end + 1..);
    let cookie =
        memchr::memchr(b'=', this).map(|equal| Cookie { name: trim(&this[..equal]), value: trim(&this[equal + 1..]) });
    // `$Version` and its likes are attributes (RFC 2965), no cookies.
    (cookie.filter(|cookie| !cookie.name.starts_with(b"$")), behind)
}

fn pick<'c, S: Side>(args: &'c Args, cx: &'c Context<'_>) -> Option<&'c [u8]> {
    let name = args.str(0).filter(|name| !name.is_empty());
    let mut named = all(S::head(cx)?, S::is_response(cx)).filter(|cookie| name.is_none_or(|name| cookie.name == name));
    let cookie = if cx.each() {
        let cookie = named.nth(usize::try_from(cx.at()).ok()?)?;
        cx.more_at(cx.at() + 1);
        Some(cookie)
    } else if name.is_some() {
        named.last()
    } else {
        named.next()
    };
    cookie.map(|cookie| cookie.value)
}

fn text<'c, S: Side>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    pick::<S>(args, cx).map(Value::Str)
}

fn number<'c, S: Side>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    parse_int(pick::<S>(args, cx)?).map(Value::Int)
}

fn count<'c, S: Side>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let name = args.str(0).filter(|name| !name.is_empty());
    let cookies = all(S::head(cx)?, S::is_response(cx));
    Some(Value::Int(cookies.filter(|cookie| name.is_none_or(|name| cookie.name == name)).count() as i64))
}

fn names<'c, S: Side>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let delimiter = args.str(0).and_then(|text| text.first()).copied().unwrap_or(b',');
    let head = S::head(cx)?;
    Some(Value::Str(cx.arena().built(|out| {
        for (at, cookie) in all(head, S::is_response(cx)).enumerate() {
            if at > 0 {
                out.push(delimiter);
            }
            out.extend_from_slice(cookie.name);
        }
    })))
}

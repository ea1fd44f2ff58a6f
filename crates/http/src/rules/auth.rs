//! Fetches of who the client says it is, and whether that is true.

use std::sync::Arc;

use plimsoll_rules::value::Value as V;
use plimsoll_rules::{ArgKind, Args, Context, Fetch, Needs, Param, Slot, Type, Value, Wait};

use super::walk::{Mark, Of};
use crate::Request;
use crate::userlist::{User, Userlist, Verdict};

const TEXT: Fetch = Fetch { output: Type::Str, needs: Needs::All(&[Slot::Request]), ..Fetch::PLAIN };
const LIST: &[Param] = &[Param::new("userlist", ArgKind::USERLIST)];

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch {
        name: "http_auth_type",
        eval: |_, cx| known_scheme(cx).map(Value::Str),
        doc: "The scheme of `Authorization`: `Basic` or `Bearer`.",
        ..TEXT
    },
    Fetch {
        name: "http_auth_user",
        eval: |_, cx| basic(cx).map(|(user, _)| Value::Str(user)),
        doc: "The user's name of basic authentication; nothing is verified.",
        ..TEXT
    },
    Fetch {
        name: "http_auth_pass",
        eval: |_, cx| basic(cx).map(|(_, password)| Value::Str(password)),
        doc: "The password of basic authentication; nothing is verified.",
        ..TEXT
    },
    Fetch {
        name: "http_auth_bearer",
        params: &[Param::optional("header", ArgKind::Str)],
        eval: |args, cx| bearer(args, cx).map(Value::Str),
        doc: "The token of the scheme Bearer in `Authorization`, or in another field; nothing is verified.",
        ..TEXT
    },
    Fetch {
        name: "http_auth",
        params: LIST,
        output: Type::Bool,
        eval: |args, cx| verified(args, cx).map(|user| Value::Bool(user.is_some())),
        doc: "True if the name and password of basic authentication are those of a user of the list.",
        ..TEXT
    },
    Fetch {
        name: "http_auth_group",
        params: LIST,
        eval: group,
        doc: "The name of a verified user; in an ACL every group of that user.",
        ..TEXT
    },
];

/// The scheme and what follows, of the first field of that name.
fn scheme<'c>(cx: &'c Context<'_>, name: &[u8]) -> Option<(&'c [u8], &'c [u8])> {
    let head = &cx.fact::<Request>()?.head;
    let value = Of { name: Some(name), split: false }.next(head, Mark::default())?.value;
    let space = memchr::memchr(b' ', value)?;
    Some((&value[..space], &value[space + 1..]))
}

/// The scheme, if it is one of those that are understood and what follows is what it should be.
fn known_scheme(cx: &Context<'_>) -> Option<&'static [u8]> {
    if basic(cx).is_some() {
        return Some(b"Basic");
    }
    let (scheme, _) = scheme(cx, b"authorization")?;
    scheme.eq_ignore_ascii_case(b"bearer").then_some(b"Bearer")
}

/// Name and password of basic authentication.
fn basic<'c>(cx: &'c Context<'_>) -> Option<(&'c [u8], &'c [u8])> {
    let (scheme, coded) = scheme(cx, b"authorization")?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let coded = std::str::from_utf8(crate::token::trim(coded)).ok()?;
    let plain = base64(coded, cx)?;
    let colon = memchr::memchr(b':', plain)?;
    Some((&plain[..colon], &plain[colon + 1..]))
}

/// The alphabet of RFC 4648 with its padding.
fn base64<'c>(coded: &str, cx: &'c Context<'_>) -> Option<&'c [u8]> {
    let value = |byte: u8| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    };
    let (bytes, mut right) = (coded.as_bytes(), coded.len().is_multiple_of(4));
    let digits = bytes.strip_suffix(b"==").or_else(|| bytes.strip_suffix(b"=")).unwrap_or(bytes);
    let plain = cx.arena().built(|out| {
        for four in digits.chunks(4) {
            let mut word = 0_u32;
            for (at, &byte) in four.iter().enumerate() {
                right &= value(byte).is_some();
                word |= u32::from(value(byte).unwrap_or_default()) << (18 - 6 * at);
            }
            let [_, decoded @ ..] = word.to_be_bytes();
            out.extend_from_slice(&decoded[..four.len() - 1]);
        }
    });
    right.then_some(plain)
}

fn bearer<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<&'c [u8]> {
    let name = args.str(0).unwrap_or(b"authorization");
    let (scheme, token) = scheme(cx, name)?;
    scheme.eq_ignore_ascii_case(b"bearer").then(|| crate::token::trim(token))
}

/// The user, if the password is right. The outer `None`: nobody says who it is, or it is not known yet.
fn verified<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<Option<&'c Arc<User>>> {
    let list = args.object::<Userlist>(0)?;
    let (name, password) = basic(cx)?;
    let Some(user) = list.user(name) else { return Some(None) };
    match user.verify(password) {
        Verdict::Right => Some(Some(user)),
        Verdict::Wrong => Some(None),
        Verdict::Unknown => {
            let (user, password) = (Arc::clone(user), password.to_vec());
            cx.wait_for(Wait::Work(Box::new(move || user.compute(&password))));
            None
        }
    }
}

fn group<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<V<'c>> {
    let user = verified(args, cx)??;
    if !cx.each() {
        return Some(Value::Str(user.name()));
    }
    let group = user.groups().get(usize::try_from(cx.at()).ok()?)?;
    cx.more_at(cx.at() + 1);
    Some(Value::Str(group))
}

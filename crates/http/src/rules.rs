//! The rows of this crate: what rules see of heads, and what they change of them. A file is an idea; a line of [`PARTS`] is a file.

mod auth;
mod canonical;
mod cookies;
mod fields;
mod headers;
mod line;
mod listing;
mod normalize;
mod parameters;
mod response;
mod status;
mod substitute;
mod target;
mod url;
mod walk;

use plimsoll_rules::{Call, Compiler, Context, Fact, Format, Parts, Slot, Step};
use regex::bytes::Regex;

use crate::{EditError, Head, Request, Response};

pub use url::{base32, url32};

/// Fetches over heads, and the actions that edit them.
pub const PARTS: &[Parts] = &[
    Parts { fetches: line::FETCHES, ..Parts::EMPTY },
    Parts { fetches: url::FETCHES, ..Parts::EMPTY },
    Parts { fetches: parameters::FETCHES, ..Parts::EMPTY },
    Parts { fetches: fields::FETCHES, ..Parts::EMPTY },
    Parts { fetches: listing::FETCHES, ..Parts::EMPTY },
    Parts { fetches: cookies::FETCHES, ..Parts::EMPTY },
    Parts { fetches: auth::FETCHES, ..Parts::EMPTY },
    Parts { fetches: canonical::FETCHES, ..Parts::EMPTY },
    Parts { fetches: response::FETCHES, ..Parts::EMPTY },
    Parts { actions: headers::ACTIONS, ..Parts::EMPTY },
    Parts { actions: target::ACTIONS, ..Parts::EMPTY },
    Parts { actions: normalize::ACTIONS, ..Parts::EMPTY },
    Parts { actions: status::ACTIONS, ..Parts::EMPTY },
];

impl Fact for Request {
    const SLOT: Slot = Slot::Request;
}

impl Fact for Response {
    const SLOT: Slot = Slot::Response;
}

/// Which head a row looks at.
trait Side {
    fn head<'c>(cx: &'c Context<'_>) -> Option<&'c Head>;
    /// Does it look at a response?
    fn is_response(cx: &Context<'_>) -> bool;
}

/// The request's.
struct Req;

impl Side for Req {
    fn head<'c>(cx: &'c Context<'_>) -> Option<&'c Head> {
        cx.fact::<Request>().map(|request| &request.head)
    }

    fn is_response(_: &Context<'_>) -> bool {
        false
    }
}

/// The response's.
struct Res;

impl Side for Res {
    fn head<'c>(cx: &'c Context<'_>) -> Option<&'c Head> {
        cx.fact::<Response>().map(|response| &response.head)
    }

    fn is_response(_: &Context<'_>) -> bool {
        true
    }
}

/// The one that is looked at in this place.
struct Here;

impl Side for Here {
    fn head<'c>(cx: &'c Context<'_>) -> Option<&'c Head> {
        if cx.place().is_response() { Res::head(cx) } else { Req::head(cx) }
    }

    fn is_response(cx: &Context<'_>) -> bool {
        cx.place().is_response()
    }
}

/// What follows a change.
fn stepped(changed: Option<Result<(), EditError>>) -> Step {
    match changed {
        Some(Err(_)) => Step::Failed,
        _ => Step::Next,
    }
}

/// Renders a format and goes on with the text, unless something has to be waited for.
fn rendered<'f>(format: &Format, cx: &mut Context<'f>, then: impl FnOnce(&mut Context<'f>, &'f [u8]) -> Step) -> Step {
    let text = format.render(cx);
    match cx.take_wait() {
        Some(wait) => Step::Wait(wait),
        None => then(cx, text),
    }
}

/// The last two words of the actions that replace.
fn regex_and_format(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<(Regex, Format)> {
    let word = call.word("a regular expression", compiler)?;
    let regex =
        compiler.regex(word.as_str(), false).map_err(|text| compiler.error("rule.argument", word.span(), text)).ok();
    let format = Format::compile(&call.word("a format", compiler)?, compiler);
    Some((regex?, format?))
}

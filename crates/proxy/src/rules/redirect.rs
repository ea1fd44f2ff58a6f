//! `redirect`: sends the client to another address.

use std::sync::Arc;

use plimsoll_config::Diagnostic;
use plimsoll_http::{Request, path_and_query, reason};
use plimsoll_rules::{Act, Action, Call, Compiler, Context, Format, Parts, Place, Places, Step};

use crate::rules::ending::decide;
use crate::rules::{Reply, Verdict};
use crate::{RULE_REDIRECT, RULE_RESPONSE_REDIRECT};

/// The rows.
pub(crate) const PARTS: Parts = Parts { actions: ACTIONS, ..Parts::EMPTY };

const ACTIONS: &[Action] = &[Action {
    name: "redirect",
    places: Places::HTTP_REQUEST.and(Places::of(&[Place::HttpResponse])),
    usage: "redirect location FORMAT | prefix FORMAT | scheme FORMAT [code 301|302|303|307|308] [drop-query] [append-slash] [ignore-empty] [keep-query] [set-cookie NAME[=VALUE]] [clear-cookie NAME[=]]",
    parse,
    doc: "Sends the client to another address: to one, to the same path behind a prefix, or to the same address by another scheme.",
}];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Location,
    Prefix,
    Scheme,
}

#[derive(Debug)]
struct Redirect {
    to: To,
    format: Format,
    code: u16,
    drop_query: bool,
    append_slash: bool,
    ignore_empty: bool,
    keep_query: bool,
    cookie: Option<Box<str>>,
}

impl Act for Redirect {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let text = self.format.render(cx);
        if text.is_empty() && self.ignore_empty {
            return Step::Next;
        }
        let mut location = Vec::new();
        let Some(request) = cx.fact::<Request>() else { return Step::Next };
        let (path, query) = path_and_query(request.head.get(request.target));
        if self.to == To::Location {
            location.extend_from_slice(text);
            if self.keep_query
                && let Some(query) = query
            {
                let between = if text.contains(&b'?') { b'&' } else { b'?' };
                location.push(between);
                location.extend_from_slice(query);
            }
        } else {
            if self.to == To::Scheme {
                location.extend_from_slice(text);
                location.extend_from_slice(b"://");
                location.extend_from_slice(request.head.value("host").unwrap_or_default());
            } else if text != b"/" {
                location.extend_from_slice(text);
            }
            location.extend_from_slice(path);
            if self.append_slash && !path.ends_with(b"/") {
                location.push(b'/');
            }
            if let Some(query) = query.filter(|_| !self.drop_query) {
                location.push(b'?');
                location.extend_from_slice(query);
            }
        }
        let mut reply = Reply {
            status: self.code,
            reason: reason(self.code).into(),
            fields: Vec::new(),
            body: Arc::default(),
            nothing: false,
        };
        reply.add(b"Location", &location);
        if matches!(self.code, 302 | 303 | 307) {
            reply.add(b"Cache-Control", b"no-cache");
        }
        if let Some(cookie) = &self.cookie {
            reply.add(b"Set-Cookie", cookie.as_bytes());
        }
        let outcome = if cx.place().is_response() { &RULE_RESPONSE_REDIRECT } else { &RULE_REDIRECT };
        decide(cx, Verdict::Reply(reply, outcome))
    }

    fn ends(&self) -> bool {
        !self.ignore_empty
    }
}

fn parse(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let mut target = None;
    let (mut code, mut cookie) = (302, None);
    let (mut drop_query, mut append_slash, mut ignore_empty, mut keep_query) = (false, false, false, false);
    while !call.words.at_condition() {
        let Some(word) = call.words.take() else { break };
        match word.as_str() {
            "location" => {
                target = Some((To::Location, Format::compile(&call.word("an address", compiler)?, compiler)?));
            }
            "prefix" => target = Some((To::Prefix, Format::compile(&call.word("a prefix", compiler)?, compiler)?)),
            "scheme" => target = Some((To::Scheme, Format::compile(&call.word("a scheme", compiler)?, compiler)?)),
            "code" => {
                let value = call.word("a code", compiler)?;
                code = match value.as_str().parse() {
                    Ok(code @ (301 | 302 | 303 | 307 | 308)) => code,
                    _ => {
                        let text =
                            format!("`{}` is no code of a redirection: 301, 302, 303, 307 or 308", value.as_str());
                        compiler.error("rule.argument", value.span(), text);
                        return None;
                    }
                };
            }
            "drop-query" => drop_query = true,
            "append-slash" => append_slash = true,
            "ignore-empty" => ignore_empty = true,
            "keep-query" => keep_query = true,
            "set-cookie" => {
                let value = call.word("a cookie", compiler)?;
                cookie = Some(format!("{}; path=/;", value.as_str()).into());
            }
            "clear-cookie" => {
                let value = call.word("a cookie", compiler)?;
                cookie = Some(format!("{}; path=/; Max-Age=0;", value.as_str()).into());
            }
            other => {
                let told = Diagnostic::error("rule.syntax", word.span(), format!("`{other}` is not expected here"));
                compiler.found.push(told.help(format!("it is written `{}`", call.action.usage)));
                return None;
            }
        }
    }
    let Some((to, format)) = target else {
        let told = Diagnostic::error(
            "rule.argument",
            call.name.span(),
            "`redirect` lacks where to: `location`, `prefix` or `scheme`",
        );
        compiler.found.push(told.help(format!("it is written `{}`", call.action.usage)));
        return None;
    };
    Some(Box::new(Redirect { to, format, code, drop_query, append_slash, ignore_empty, keep_query, cookie }))
}

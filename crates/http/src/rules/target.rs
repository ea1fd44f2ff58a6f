//! Actions that change the request line.

use plimsoll_rules::{Act, Action, Call, Compiler, Context, Format, Places, Step, Word};
use regex::bytes::Regex;

use super::substitute::substituted;
use super::{line, rendered, stepped};
use crate::{EditError, Request};

/// The rows.
pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "set-method",
        usage: "set-method FORMAT",
        parse: |call, compiler| set(call, compiler, Request::set_method, Some(is_method)),
        doc: "Gives the request another method. Not from or to HEAD, and not CONNECT.",
        ..ROW
    },
    Action {
        name: "set-path",
        usage: "set-path FORMAT",
        parse: |call, compiler| set(call, compiler, Request::set_path, Some(is_path)),
        doc: "Gives the request another path, and keeps the query.",
        ..ROW
    },
    Action {
        name: "set-pathq",
        usage: "set-pathq FORMAT",
        parse: |call, compiler| set(call, compiler, Request::set_pathq, Some(is_path)),
        doc: "Gives the request another path and query.",
        ..ROW
    },
    Action {
        name: "set-query",
        usage: "set-query FORMAT",
        parse: |call, compiler| set(call, compiler, Request::set_query, Some(is_query)),
        doc: "Gives the request another query. A `?` that is there stays.",
        ..ROW
    },
    Action {
        name: "set-uri",
        usage: "set-uri FORMAT",
        parse: |call, compiler| set(call, compiler, Request::set_uri, Some(is_query)),
        doc: "Gives the request another target. If it is absolute, `Host` follows it.",
        ..ROW
    },
    Action {
        name: "replace-path",
        usage: "replace-path REGEX FORMAT",
        parse: |call, compiler| replace(call, compiler, line::path, Request::set_path),
        doc: "Replaces the path if it matches; `\\1` is what the first group matched.",
        ..ROW
    },
    Action {
        name: "replace-pathq",
        usage: "replace-pathq REGEX FORMAT",
        parse: |call, compiler| replace(call, compiler, line::pathq, Request::set_pathq),
        doc: "Replaces path and query if they match.",
        ..ROW
    },
    Action {
        name: "replace-uri",
        usage: "replace-uri REGEX FORMAT",
        parse: |call, compiler| replace(call, compiler, |request| Some(line::url(request)), Request::set_uri),
        doc: "Replaces the target if it matches.",
        ..ROW
    },
];

const ROW: Action = Action { name: "", places: Places::HTTP_REQUEST, usage: "", parse: |_, _| None, doc: "" };

type Edit = fn(&mut Request, &[u8]) -> Result<(), EditError>;

#[derive(Debug)]
struct Set(Format, Edit);

impl Act for Set {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        rendered(&self.0, cx, |cx, text| stepped(cx.fact_mut::<Request>().map(|request| (self.1)(request, text))))
    }
}

/// What is wrong with a text that is the same always.
type Look = fn(&[u8]) -> Result<(), &'static str>;

fn set(call: &mut Call<'_>, compiler: &mut Compiler<'_>, edit: Edit, look: Option<Look>) -> Option<Box<dyn Act>> {
    let word = call.word("a format", compiler)?;
    let format = Format::compile(&word, compiler)?;
    if let (Some(text), Some(look)) = (format.constant(), look)
        && let Err(wrong) = look(text)
    {
        compiler.error("rule.argument", Word::span(&word), wrong);
        return None;
    }
    Some(Box::new(Set(format, edit)))
}

fn is_method(text: &[u8]) -> Result<(), &'static str> {
    match text {
        b"CONNECT" => Err("a request does not become a CONNECT"),
        text if crate::is_token(text) => Ok(()),
        _ => Err("this is not a method"),
    }
}

fn is_path(text: &[u8]) -> Result<(), &'static str> {
    if !text.is_empty() && !text.starts_with(b"/") && text != b"*" {
        return Err("a path begins with a slash");
    }
    is_query(text)
}

fn is_query(text: &[u8]) -> Result<(), &'static str> {
    let fits = text.iter().all(|&byte| crate::token::TARGET[usize::from(byte)]);
    fits.then_some(())
        .ok_or("this holds a byte that no target may hold: escape it as %XX, which is written %%XX in a format")
}

#[derive(Debug)]
struct Replace {
    regex: Regex,
    format: Format,
    part: fn(&Request) -> Option<&[u8]>,
    edit: Edit,
}

fn replace(
    call: &mut Call<'_>,
    compiler: &mut Compiler<'_>,
    part: fn(&Request) -> Option<&[u8]>,
    edit: Edit,
) -> Option<Box<dyn Act>> {
    let (regex, format) = super::regex_and_format(call, compiler)?;
    Some(Box::new(Replace { regex, format, part, edit }))
}

impl Act for Replace {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        rendered(&self.format, cx, |cx, text| {
            let arena = cx.arena();
            let Some(request) = cx.fact_mut::<Request>() else { return Step::Next };
            let Some(part) = (self.part)(request) else { return Step::Next };
            match substituted(&self.regex, part, text, arena) {
                None => Step::Next,
                Some(Err(())) => Step::Failed,
                Some(Ok(made)) => stepped(Some((self.edit)(request, made))),
            }
        })
    }
}

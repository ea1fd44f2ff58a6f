//! Actions that edit header fields.

use std::marker::PhantomData;

use plimsoll_config::Diagnostic;
use plimsoll_rules::{Act, Action, Call, Compiler, Context, Fact, Format, Places, Step, Word};
use regex::bytes::Regex;

use super::substitute::substituted;
use super::{rendered, stepped, walk};
use crate::field::Known;
use crate::{EditError, Head, Request, Response, is_framing, is_token, is_value, token};

/// The rows.
pub(super) const ACTIONS: &[Action] = &[
    Action { places: Places::HTTP_REQUEST, parse: set::<Request>, ..SET },
    Action { parse: set::<Response>, ..SET },
    Action { places: Places::HTTP_REQUEST, parse: add::<Request>, ..ADD },
    Action { parse: add::<Response>, ..ADD },
    Action { places: Places::HTTP_REQUEST, parse: del::<Request>, ..DEL },
    Action { parse: del::<Response>, ..DEL },
    Action { places: Places::HTTP_REQUEST, parse: replace_header::<Request>, ..REPLACE_HEADER },
    Action { parse: replace_header::<Response>, ..REPLACE_HEADER },
    Action { places: Places::HTTP_REQUEST, parse: replace_value::<Request>, ..REPLACE_VALUE },
    Action { parse: replace_value::<Response>, ..REPLACE_VALUE },
];

const SET: Action = Action {
    name: "set-header",
    places: Places::RESPONSES,
    usage: "set-header NAME FORMAT",
    parse: |_, _| None,
    doc: "Gives a header field a value; others of its name are taken away.",
};
const ADD: Action = Action {
    name: "add-header",
    usage: "add-header NAME FORMAT",
    doc: "Adds a header field behind those that are there.",
    ..SET
};
const DEL: Action = Action {
    name: "del-header",
    usage: "del-header NAME [-m str|beg|end|sub|reg]",
    doc: "Takes away the header fields of a name, or those whose name matches.",
    ..SET
};
const REPLACE_HEADER: Action = Action {
    name: "replace-header",
    usage: "replace-header NAME REGEX FORMAT",
    doc: "Replaces each value of a header field that matches; `\\1` is what the first group matched.",
    ..SET
};
const REPLACE_VALUE: Action = Action {
    name: "replace-value",
    usage: "replace-value NAME REGEX FORMAT",
    doc: "Replaces each part of a header field, between commas, that matches.",
    ..SET
};

/// A message whose fields can be edited.
pub(super) trait Message: Fact + std::fmt::Debug {
    fn head(&mut self) -> &mut Head;
    fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), EditError>;
    fn take(&mut self, name: &[u8]);
    fn replace(&mut self, at: usize, value: &[u8]) -> Result<(), EditError>;
    fn remove(&mut self, like: impl FnMut(&[u8]) -> bool);
    /// Is this field more than a line?
    fn is_special(name: &[u8]) -> bool;
}

impl Message for Request {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), EditError> {
        self.set_field(name, value)
    }

    fn take(&mut self, name: &[u8]) {
        match Known::of(name) {
            Known::Other => self.head.remove(name),
            // Its line or its framing may depend on it.
            _ => self.remove_fields(|have| have.eq_ignore_ascii_case(name)),
        }
    }

    fn replace(&mut self, at: usize, value: &[u8]) -> Result<(), EditError> {
        self.replace_field(at, value)
    }

    fn remove(&mut self, like: impl FnMut(&[u8]) -> bool) {
        self.remove_fields(like);
    }

    fn is_special(name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(b"host")
    }
}

impl Message for Response {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), EditError> {
        self.head.set(name, value)
    }

    fn take(&mut self, name: &[u8]) {
        self.head.remove(name);
    }

    fn replace(&mut self, at: usize, value: &[u8]) -> Result<(), EditError> {
        self.head.replace_at(at, value)
    }

    fn remove(&mut self, like: impl FnMut(&[u8]) -> bool) {
        self.head.remove_where(like);
    }

    fn is_special(_: &[u8]) -> bool {
        false
    }
}

/// A name that a rule may write.
fn written(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<[u8]>> {
    let word = named(call, compiler)?;
    if is_framing(word.as_str().as_bytes()) {
        let text = format!("`{}` is not for rules to write", word.as_str());
        let error = Diagnostic::error("rule.framing", word.span(), text);
        compiler.found.push(
            error.help("it says where a message ends or belongs to one connection, and is written anew for each"),
        );
        return None;
    }
    Some(word.as_str().as_bytes().into())
}

fn named(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Word> {
    let word = call.word("the name of a header field", compiler)?;
    if !is_token(word.as_str().as_bytes()) {
        compiler.error(
            "rule.argument",
            word.span(),
            format!("`{}` cannot be the name of a header field", word.as_str()),
        );
        return None;
    }
    Some(word)
}

/// A format for a value; what is the same always is looked at here.
fn value(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Format> {
    let word = call.word("a format", compiler)?;
    let format = Format::compile(&word, compiler)?;
    if format.constant().is_some_and(|text| !is_value(text)) {
        compiler.error("rule.argument", word.span(), "a header field holds no control bytes, and no line breaks");
        return None;
    }
    Some(format)
}

#[derive(Debug)]
struct Set<M> {
    name: Box<[u8]>,
    format: Format,
    message: PhantomData<fn() -> M>,
}

/// The same value always: the line is ready.
#[derive(Debug)]
struct SetLine<M> {
    name: Box<[u8]>,
    line: Box<[u8]>,
    message: PhantomData<fn() -> M>,
}

fn set<M: Message>(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let name = written(call, compiler)?;
    let format = value(call, compiler)?;
    if let Some(text) = format.constant().filter(|_| !M::is_special(&name)) {
        let line = [&*name, b": ", text, b"\r\n"].concat().into();
        return Some(Box::new(SetLine::<M> { name, line, message: PhantomData }));
    }
    Some(Box::new(Set::<M> { name, format, message: PhantomData }))
}

impl<M: Message> Act for Set<M> {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        rendered(&self.format, cx, |cx, text| stepped(cx.fact_mut::<M>().map(|message| message.set(&self.name, text))))
    }
}

impl<M: Message> Act for SetLine<M> {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        stepped(cx.fact_mut::<M>().map(|message| {
            let head = message.head();
            head.remove(&self.name);
            head.append_line(&self.name, &self.line)
        }))
    }
}

#[derive(Debug)]
struct Add<M>(Set<M>);

fn add<M: Message>(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let name = written(call, compiler)?;
    if M::is_special(&name) {
        let error = Diagnostic::error("rule.framing", call.name.span(), "there is one `Host` in a request");
        compiler.found.push(error.help("`set-header host` gives it another value"));
        return None;
    }
    let format = value(call, compiler)?;
    Some(Box::new(Add(Set::<M> { name, format, message: PhantomData })))
}

impl<M: Message> Act for Add<M> {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        rendered(&self.0.format, cx, |cx, text| {
            // The name is a token and neither `Host` nor framing.
            stepped(cx.fact_mut::<M>().map(|message| message.head().append_value(&self.0.name, text)))
        })
    }
}

#[derive(Debug)]
enum Like {
    Name(Box<[u8]>),
    Begins(Box<[u8]>),
    Ends(Box<[u8]>),
    Holds(Box<[u8]>),
    Regex(Regex),
}

impl Like {
    fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Name(text) => name.eq_ignore_ascii_case(text),
            Self::Begins(text) => name.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text)),
            Self::Ends(text) => name.len() >= text.len() && name[name.len() - text.len()..].eq_ignore_ascii_case(text),
            Self::Holds(text) => {
                text.is_empty() || name.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text))
            }
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

#[derive(Debug)]
struct Del<M>(Like, PhantomData<fn() -> M>);

fn del<M: Message>(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("the name of a header field", compiler)?;
    let text: Box<[u8]> = word.as_str().as_bytes().into();
    let how = match call.words.take_if("-m") {
        None => None,
        Some(_) => Some(call.word("how a name is to match: str, beg, end, sub or reg", compiler)?),
    };
    let like = match how.as_ref().map_or("str", Word::as_str) {
        "str" if is_token(&text) => Like::Name(text),
        "str" => {
            compiler.error(
                "rule.argument",
                word.span(),
                format!("`{}` cannot be the name of a header field", word.as_str()),
            );
            return None;
        }
        "beg" => Like::Begins(text),
        "end" => Like::Ends(text),
        "sub" => Like::Holds(text),
        // Names are compared without their case.
        "reg" => match compiler.regex(word.as_str(), true) {
            Ok(regex) => Like::Regex(regex),
            Err(text) => {
                compiler.error("rule.argument", word.span(), text);
                return None;
            }
        },
        other => {
            let span = how.as_ref().map_or(word.span(), Word::span);
            compiler.error("rule.argument", span, format!("`{other}` is none of: str, beg, end, sub, reg"));
            return None;
        }
    };
    Some(Box::new(Del::<M>(like, PhantomData)))
}

impl<M: Message> Act for Del<M> {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        if let Some(message) = cx.fact_mut::<M>() {
            match &self.0 {
                Like::Name(name) => message.take(name),
                like => message.remove(|name| like.matches(name)),
            }
        }
        Step::Next
    }
}

#[derive(Debug)]
struct Replace<M> {
    name: Box<[u8]>,
    regex: Regex,
    format: Format,
    /// Part by part.
    split: bool,
    message: PhantomData<fn() -> M>,
}

fn replace_header<M: Message>(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    replace::<M>(call, compiler, false)
}

fn replace_value<M: Message>(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    replace::<M>(call, compiler, true)
}

fn replace<M: Message>(call: &mut Call<'_>, compiler: &mut Compiler<'_>, split: bool) -> Option<Box<dyn Act>> {
    let name = written(call, compiler)?;
    let (regex, format) = super::regex_and_format(call, compiler)?;
    Some(Box::new(Replace::<M> { name, regex, format, split, message: PhantomData }))
}

impl<M: Message> Act for Replace<M> {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        rendered(&self.format, cx, |cx, text| {
            let arena = cx.arena();
            let Some(message) = cx.fact_mut::<M>() else { return Step::Next };
            for at in 0..message.head().fields.len() {
                let head = message.head();
                let field = head.fields[at];
                if field.gone || !head.get(field.name).eq_ignore_ascii_case(&self.name) {
                    continue;
                }
                let value = head.get(field.value);
                let made = if self.split {
                    self.parts(value, text, arena)
                } else {
                    substituted(&self.regex, value, text, arena)
                };
                match made.map(|made| made.is_ok_and(|made| message.replace(at, made).is_ok())) {
                    None | Some(true) => {}
                    Some(false) => return Step::Failed,
                }
            }
            Step::Next
        })
    }
}

impl<M> Replace<M> {
    /// Each part of a list on its own. Blanks around one that is replaced go, as in HAProxy.
    fn parts<'a>(&self, value: &[u8], text: &[u8], arena: &'a plimsoll_rules::Arena) -> Option<Result<&'a [u8], ()>> {
        if !self.regex.is_match(value) && memchr::memchr(b',', value).is_none() {
            return None;
        }
        let (mut verdict, mut any, mut rest) = (Ok(()), false, value);
        let made = arena.built(|out| {
            loop {
                let length = walk::part(rest);
                let whole = &rest[..length];
                let part = token::trim(whole);
                match substituted(&self.regex, part, text, arena) {
                    Some(Ok(made)) => {
                        any = true;
                        out.extend_from_slice(made);
                    }
                    Some(Err(())) => verdict = Err(()),
                    None => out.extend_from_slice(whole),
                }
                let Some(behind) = rest.get(length + 1..) else { break };
                out.push(b',');
                rest = behind;
            }
        });
        match verdict {
            Ok(()) if !any => None,
            verdict => Some(verdict.map(|()| made)),
        }
    }
}

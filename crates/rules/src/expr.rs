//! Expressions: a fetch and the converters behind it, `fetch(args),converter(args),…`.

use std::ops::Range;

use plimsoll_config::{Diagnostic, Span};

use crate::args::{self, Arg, Args, Check, Param};
use crate::fact::{Needs, Slot};
use crate::place::{Place, Places};
use crate::words::Word;
use crate::{Compiler, Context, Converter, Fetch, Type, Value};

/// The most converters of one expression.
const MOST: usize = 64;

/// An expression whose types fit.
#[derive(Clone, Debug)]
pub struct Expr {
    fetch: &'static Fetch,
    args: Args,
    converters: Box<[(&'static Converter, Args)]>,
    output: Type,
    text: Box<str>,
    span: Span,
}

impl Expr {
    /// Reads one. What is wrong is reported.
    pub fn compile(word: &Word, compiler: &mut Compiler<'_>) -> Option<Self> {
        let (name, fetch_args, mut at) = call(word, 0, compiler)?;
        let Some(fetch) = compiler.language.fetch(&word.as_str()[name.clone()]) else {
            return unknown(word, name, "fetch", compiler);
        };
        Self::behind(word, name, fetch, fetch_args, &mut at, compiler)
    }

    /// The rest of an expression whose fetch is known.
    pub(crate) fn behind(
        word: &Word,
        name: Range<usize>,
        fetch: &'static Fetch,
        fetch_args: Vec<Word>,
        at: &mut usize,
        compiler: &mut Compiler<'_>,
    ) -> Option<Self> {
        let mut args = typed(fetch.name, fetch.params, &fetch_args, word.part(name.clone()), compiler)?;
        checked(fetch.check, &mut args, word.part(name.clone()), compiler)?;
        if let Some(place) = compiler.place {
            available(fetch, place, word.part(name), None, compiler)?;
        }
        let (mut output, mut converters) = (fetch.output, Vec::new());
        while word.as_str().as_bytes().get(*at) == Some(&b',') {
            if converters.len() == MOST {
                compiler.error("rule.limit", word.span(), format!("more than {MOST} converters"));
                return None;
            }
            let (name, words, next) = call(word, *at + 1, compiler)?;
            let Some(converter) = compiler.language.converter(&word.as_str()[name.clone()]) else {
                return unknown(word, name, "converter", compiler);
            };
            let span = word.part(name.clone());
            if !output.casts_to(converter.input) {
                let (have, want) = (output.name(), converter.input.name());
                let text = format!("`{}` takes {want}, and what comes before gives {have}", converter.name);
                let before = word.part(0..*at);
                compiler.found.push(
                    Diagnostic::error("rule.type", span, text)
                        .label(format!("{want} expected"))
                        .also(before, format!("this is {have}")),
                );
                return None;
            }
            let mut args = typed(converter.name, converter.params, &words, span, compiler)?;
            checked(converter.check, &mut args, span, compiler)?;
            // What takes anything and gives anything hands on what it is given, or makes something that only it knows.
            output = match (converter.input, converter.output) {
                (Type::Any, Type::Any) => output,
                (_, output) => output,
            };
            converters.push((converter, args));
            *at = next;
        }
        if *at != word.as_str().len() {
            let rest = *at..word.as_str().len();
            let text = format!("`{}` does not belong to an expression", &word.as_str()[rest.clone()]);
            compiler.found.push(
                Diagnostic::error("rule.syntax", word.part(rest), text)
                    .help("converters follow a comma: fetch(args),converter(args)"),
            );
            return None;
        }
        Some(Self { fetch, args, converters: converters.into(), output, text: word.as_str().into(), span: word.span() })
    }

    /// What it gives.
    #[must_use]
    pub const fn output(&self) -> Type {
        self.output
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it is written.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Its fetch.
    #[must_use]
    pub const fn fetch(&self) -> &'static Fetch {
        self.fetch
    }

    /// Its converters.
    pub fn converters(&self) -> impl Iterator<Item = &'static Converter> {
        self.converters.iter().map(|(converter, _)| *converter)
    }

    /// Looks whether it can be used in a place; if not, that is reported: at `used`, with the place where it is defined.
    pub(crate) fn usable(&self, place: Place, used: Span, compiler: &mut Compiler<'_>) -> Option<()> {
        available(self.fetch, place, used, Some(self.span), compiler)
    }

    /// The value; of several, the one that the fetch takes for the only one.
    pub fn eval<'c>(&'c self, cx: &'c Context<'_>) -> Option<Value<'c>> {
        cx.walk().begin(false);
        self.once(cx)
    }

    /// The value as a type.
    pub fn eval_as<'c>(&'c self, to: Type, cx: &'c Context<'_>) -> Option<Value<'c>> {
        self.eval(cx)?.cast(to, cx.arena())
    }

    /// Shows every value until one is liked.
    #[inline]
    pub fn any<'c>(&'c self, cx: &'c Context<'_>, mut likes: impl FnMut(Value<'c>) -> bool) -> bool {
        let before = cx.walk().begin(true);
        let liked = loop {
            if let Some(value) = self.once(cx)
                && likes(value)
            {
                break true;
            }
            if !cx.walk().goes_on() {
                break false;
            }
        };
        cx.walk().end(before);
        liked
    }

    #[inline]
    fn once<'c>(&'c self, cx: &'c Context<'_>) -> Option<Value<'c>> {
        let value = (self.fetch.eval)(&self.args, cx)?;
        if self.converters.is_empty() { Some(value) } else { self.convert(value, cx) }
    }

    fn convert<'c>(&'c self, mut value: Value<'c>, cx: &'c Context<'_>) -> Option<Value<'c>> {
        for (converter, args) in &self.converters {
            value = value.cast(converter.input, cx.arena())?;
            value = (converter.eval)(value, args, cx)?;
        }
        Some(value)
    }
}

/// `name` or `name(args)` at a place of a word: where the name is, its arguments, and where it ends.
pub(crate) fn call(word: &Word, start: usize, compiler: &mut Compiler<'_>) -> Option<(Range<usize>, Vec<Word>, usize)> {
    let text = word.as_str();
    let end = text[start..].find(['(', ',', ')']).map_or(text.len(), |at| start + at);
    if end == start {
        let text = "the name of a fetch or converter is missing here";
        compiler.error("rule.syntax", word.part(start..(start + 1).min(text.len())), text);
        return None;
    }
    if text.as_bytes().get(end) != Some(&b'(') {
        return Some((start..end, Vec::new(), end));
    }
    match args::cut(word, end) {
        Ok((words, next)) => Some((start..end, words, next)),
        Err((at, what)) => {
            compiler.error("rule.syntax", word.part(at..at + 1), what);
            None
        }
    }
}

fn unknown<T>(word: &Word, name: Range<usize>, what: &str, compiler: &mut Compiler<'_>) -> Option<T> {
    let text = &word.as_str()[name.clone()];
    let (code, names): (_, Vec<&str>) = match what {
        "fetch" => ("rule.unknown-fetch", compiler.language.fetches().map(|row| row.name).collect()),
        _ => ("rule.unknown-converter", compiler.language.converters().map(|row| row.name).collect()),
    };
    let error = Diagnostic::error(code, word.part(name), format!("no {what} is called `{text}`")).suggest(text, names);
    compiler.found.push(error);
    None
}

fn typed(name: &str, params: &[Param], words: &[Word], span: Span, compiler: &mut Compiler<'_>) -> Option<Args> {
    let usage = || {
        let shown: Vec<String> = params
            .iter()
            .map(|param| if param.optional { format!("[{}]", param.name) } else { param.name.to_owned() })
            .collect();
        format!("it is written {name}({})", shown.join(","))
    };
    // `()` is one argument without text, or none.
    let words = if params.is_empty() && matches!(words, [one] if one.as_str().is_empty()) { &[] } else { words };
    if let Some(word) = words.get(params.len()) {
        let text = match params.len() {
            0 => format!("`{name}` takes no arguments"),
            1 => format!("`{name}` takes one argument at most"),
            most => format!("`{name}` takes {most} arguments at most"),
        };
        compiler.found.push(Diagnostic::error("rule.argument", word.span(), text).help(usage()));
        return None;
    }
    let mut args = Vec::with_capacity(params.len());
    for (at, param) in params.iter().enumerate() {
        let given = words.get(at).filter(|word| !(word.as_str().is_empty() && param.optional && !word.is_quoted()));
        let Some(word) = given else {
            if !param.optional {
                let text = format!("`{name}` lacks its argument `{}`, a {}", param.name, param.kind.name());
                compiler.found.push(Diagnostic::error("rule.argument", span, text).help(usage()));
                return None;
            }
            args.push(Arg::None);
            continue;
        };
        match args::parse(param.kind, word.as_str(), compiler) {
            Ok(arg) => args.push(arg),
            Err(text) => {
                compiler.found.push(Diagnostic::error("rule.argument", word.span(), text).help(usage()));
                return None;
            }
        }
    }
    Some(Args(args.into()))
}

fn checked(check: Option<Check>, args: &mut Args, span: Span, compiler: &mut Compiler<'_>) -> Option<()> {
    let Some(check) = check else { return Some(()) };
    if let Err(text) = check(args, compiler) {
        compiler.error("rule.argument", span, text);
        return None;
    }
    Some(())
}

/// Are the facts of a fetch there? If not, that is reported, with where they would be.
fn available(
    fetch: &Fetch,
    place: Place,
    span: Span,
    defined: Option<Span>,
    compiler: &mut Compiler<'_>,
) -> Option<()> {
    lookable(fetch.name, fetch.needs, place, span, defined, compiler)
}

/// Are the facts there that something of a name looks at? If not, that is reported, with where they would be.
pub(crate) fn lookable(
    name: &str,
    needs: Needs,
    place: Place,
    span: Span,
    defined: Option<Span>,
    compiler: &mut Compiler<'_>,
) -> Option<()> {
    let Some(missing) = missing(needs, place) else { return Some(()) };
    let text = format!("`{name}` looks at {}, which is not there in {}", missing.what(), place.name());
    let mut error = Diagnostic::error("rule.not-here", span, text).label("not available here");
    // Predefined ACLs are written nowhere.
    if let Some(defined) = defined.filter(|span| !span.is_none()) {
        error = error.also(defined, "used by this");
    }
    let legal = Place::ALL.into_iter().filter(|place| self::missing(needs, *place).is_none());
    let legal: Vec<Place> = legal.collect();
    let mut names = Places::of(&legal).names();
    // One key, two modes: it is legal in the other.
    let other = format!("{} in {} mode", place.name(), if place.is_of_tcp() { "HTTP" } else { "TCP" });
    names.iter_mut().filter(|name| **name == place.name()).for_each(|name| *name = &other);
    compiler.found.push(error.help(format!("it can be used in {}", list(&names))));
    None
}

fn missing(needs: Needs, place: Place) -> Option<Slot> {
    let there = place.facts();
    match needs {
        Needs::All(slots) => slots.iter().copied().find(|slot| !there.has(*slot)),
        Needs::OneOf(slots) if slots.iter().any(|slot| there.has(*slot)) => None,
        Needs::OneOf(slots) => slots.first().copied(),
    }
}

/// Words as a sentence lists them.
pub(crate) fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

//! Format strings: text with `%[expression]`, `%alias` and `%{flags}` in it (configuration manual, section 8.2.6).

mod alias;
mod encode;
mod flags;
mod line;
mod parse;

pub use alias::{Alias, Each, Show};

use flags::{Cast, Encoding, Flags};
use line::Line;

use crate::expr::Expr;
use crate::words::Word;
use crate::{Compiler, Context};

/// What a text is made for. It decides what becomes of values that could do harm there, and of those that are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Headers, URLs, bodies, maps: control characters of values are written `%0A`, what has no value is nothing.
    #[default]
    Http,
    /// An identifier that stands in a header: the same, and runs of blanks are one.
    Id,
    /// Variables and names: values are as they are.
    Plain,
    /// A log line: what has no value is `-`, control characters are written `#0A`, runs of blanks are one.
    Log,
}

impl Purpose {
    const fn merges_blanks(self) -> bool {
        matches!(self, Self::Id | Self::Log)
    }
}

/// A format string, compiled.
#[derive(Clone, Debug, Default)]
pub struct Format {
    parts: Box<[Part]>,
    purpose: Purpose,
    /// Of the whole: text counts for nothing then, and only what has a name is shown.
    encoding: Option<Encoding>,
    /// Bytes are as they are: nothing is escaped, and NUL ends nothing.
    binary: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<[u8]>),
    /// A run of blanks that is written once.
    Blank,
    Item(Item),
}

#[derive(Clone, Debug)]
struct Item {
    what: What,
    flags: Flags,
    /// Its name in JSON and CBOR.
    name: Box<str>,
    cast: Option<Cast>,
}

#[derive(Clone, Debug)]
enum What {
    Expr(Box<Expr>),
    Alias(&'static Alias),
}

impl Format {
    /// The longest text that one makes; what would come behind that is left out.
    pub const LONGEST: usize = 64 << 10;

    /// Reads one for a header, a URL, a body or a map. What is wrong is reported.
    pub fn compile(word: &Word, compiler: &mut Compiler<'_>) -> Option<Self> {
        Self::compile_for(Purpose::Http, word, compiler)
    }

    /// Reads one. What is wrong is reported.
    pub fn compile_for(purpose: Purpose, word: &Word, compiler: &mut Compiler<'_>) -> Option<Self> {
        parse::format(purpose, word, compiler)
    }

    /// The text, if it is the same always.
    #[must_use]
    pub fn constant(&self) -> Option<&[u8]> {
        match &*self.parts {
            [] if self.encoding.is_none() => Some(b""),
            [Part::Text(text)] if self.encoding.is_none() => Some(text),
            _ => None,
        }
    }

    /// The expressions in it.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.items().filter_map(|item| match &item.what {
            What::Expr(expr) => Some(&**expr),
            What::Alias(_) => None,
        })
    }

    /// The aliases in it.
    pub fn aliases(&self) -> impl Iterator<Item = &'static Alias> {
        self.items().filter_map(|item| match item.what {
            What::Alias(alias) => Some(alias),
            What::Expr(_) => None,
        })
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        self.parts.iter().filter_map(|part| match part {
            Part::Item(item) => Some(item),
            Part::Text(_) | Part::Blank => None,
        })
    }

    /// The text, in the memory of the evaluation.
    pub fn render<'f>(&self, cx: &Context<'f>) -> &'f [u8] {
        if let Some(text) = self.constant() {
            return cx.arena().keep(text);
        }
        if let Some(expr) = self.lone() {
            let value = expr.eval(cx);
            return match value.and_then(|value| line::as_it_is(&value)) {
                Some(text) => cx.arena().keep(text),
                None => cx.arena().built(|out| Line::new(out, self.purpose, false).sample(value, Flags::default())),
            };
        }
        cx.arena().built(|out| {
            let mut line = Line::new(out, self.purpose, self.binary);
            match self.encoding {
                Some(encoding) => self.encode(encoding, cx, &mut line),
                None => self.write(cx, &mut line),
            }
        })
    }

    /// The one expression that a header's value is made of, without any flags.
    fn lone(&self) -> Option<&Expr> {
        match &*self.parts {
            [Part::Item(Item { what: What::Expr(expr), flags, .. })]
                if self.purpose == Purpose::Http
                    && self.encoding.is_none()
                    && !self.binary
                    && *flags == Flags::default() =>
            {
                Some(expr)
            }
            _ => None,
        }
    }

    fn write(&self, cx: &Context<'_>, line: &mut Line<'_, '_>) {
        // Blanks at the beginning are none, nor is a second one behind something that showed nothing at all.
        let mut blank = true;
        for part in &self.parts {
            blank = match part {
                Part::Text(text) => {
                    line.put(text);
                    false
                }
                Part::Blank => {
                    if !blank {
                        line.put(b" ");
                    }
                    true
                }
                Part::Item(item) => !item.write(cx, line) && blank,
            };
        }
    }

    fn encode(&self, encoding: Encoding, cx: &Context<'_>, line: &mut Line<'_, '_>) {
        let mut object = encode::Object::begin(encoding, line);
        for item in self.items().filter(|item| !item.name.is_empty()) {
            object.pair(&item.name, line, |line| item.encode(encoding, cx, line));
        }
        object.end(line);
    }
}

impl Item {
    /// False: it is as if it did not stand there.
    fn write(&self, cx: &Context<'_>, line: &mut Line<'_, '_>) -> bool {
        if let Some(encoding) = self.flags.encoding() {
            self.encode(encoding, cx, line);
            return true;
        }
        match &self.what {
            What::Expr(expr) => {
                line.sample(expr.eval(cx), self.flags);
                true
            }
            What::Alias(alias) => alias.write(self.flags, cx, line),
        }
    }

    fn encode(&self, encoding: Encoding, cx: &Context<'_>, line: &mut Line<'_, '_>) {
        let mut out = encode::Values { encoding, line };
        match &self.what {
            What::Expr(expr) => out.sample(expr.eval(cx), self.cast, cx),
            What::Alias(alias) => alias.encode(self.cast, cx, &mut out),
        }
    }
}

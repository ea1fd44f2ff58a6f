//! The row that says what a directive of HAProxy's becomes, and what a row can do with its line.

use std::fmt;

use plimsoll_config::{Diagnostic, Diagnostics, Key, Node, Span, Value};

use crate::environment::Environment;
use crate::lexer::{Word, joined};
use crate::map::Map;
use crate::reader::Tables;
use crate::values;

/// Sections in which a directive may stand, and the lines whose options are directives of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sections(u16);

impl Sections {
    /// `global`
    pub const GLOBAL: Self = Self(1);
    /// `defaults`
    pub const DEFAULTS: Self = Self(2);
    /// `frontend`, and `listen`
    pub const FRONTEND: Self = Self(4);
    /// `backend`, and `listen`
    pub const BACKEND: Self = Self(8);
    /// What stands behind the address of a `bind`.
    pub const BIND: Self = Self(16);
    /// What stands behind the address of a `server`, and in `default-server`.
    pub const SERVER: Self = Self(32);
    /// `userlist`
    pub const USERLIST: Self = Self(64);
    /// `http-errors`
    pub const HTTP_ERRORS: Self = Self(128);
    /// `frontend`, `listen` and `defaults`
    pub const FRONT: Self = Self::FRONTEND.and(Self::DEFAULTS);
    /// `backend`, `listen` and `defaults`
    pub const BACK: Self = Self::BACKEND.and(Self::DEFAULTS);
    /// `frontend`, `backend` and `listen`
    pub const PROXY: Self = Self::FRONTEND.and(Self::BACKEND);
    /// All of them, and `defaults`
    pub const ANY_PROXY: Self = Self::PROXY.and(Self::DEFAULTS);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they have one in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// The words that it begins with: `maxconn`, `timeout client`, `option httpclose`.
    pub words: &'static str,
    /// Where it may stand.
    pub sections: Sections,
    /// How many words are its own, where several options share a line.
    pub takes: Takes,
    /// What becomes of it.
    pub becomes: Becomes,
}

/// The arguments of a directive.
#[derive(Clone, Copy)]
pub enum Takes {
    /// The rest of the line.
    Rest,
    /// So many words.
    Words(usize),
    /// As many as it says of those that follow.
    Count(fn(&[Word]) -> usize),
}

impl fmt::Debug for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rest => f.write_str("Rest"),
            Self::Words(count) => write!(f, "Words({count})"),
            Self::Count(_) => f.write_str("Count"),
        }
    }
}

impl Directive {
    /// A line of a section.
    #[must_use]
    pub const fn line(words: &'static str, sections: Sections, becomes: Becomes) -> Self {
        Self { words, sections, takes: Takes::Rest, becomes }
    }

    /// An option of a `bind` or `server` line, with so many arguments.
    #[must_use]
    pub const fn option(words: &'static str, sections: Sections, arguments: usize, becomes: Becomes) -> Self {
        Self { words, sections, takes: Takes::Words(arguments), becomes }
    }

    /// The words behind it that are its own.
    pub(crate) fn arguments<'w>(&self, follow: &'w [Word]) -> &'w [Word] {
        let count = match self.takes {
            Takes::Rest => follow.len(),
            Takes::Words(count) => count,
            Takes::Count(count) => count(follow),
        };
        &follow[..count.min(follow.len())]
    }
}

/// What a directive becomes. Paths are keys of the tree, with dots: `timeouts.client`.
#[derive(Clone, Copy)]
pub enum Becomes {
    /// `true`; `false` behind `no`.
    Flag(&'static str),
    /// One argument.
    Value(&'static str, Kind),
    /// The rest of the line, as one text.
    Text(&'static str),
    /// The rest of the line, as one more text of a list.
    Line(&'static str),
    /// What a row cannot say, and the keys that it may write.
    By(fn(&Line<'_>, &mut Out<'_, '_>), &'static [&'static str]),
    /// Nothing: why it means nothing here.
    Tuning(&'static str),
    /// Nothing, in today's HAProxy either: what is written instead.
    Gone(&'static str),
    /// Nothing yet: what it would do.
    Unsupported(Weight, &'static str),
}

/// What a line does that is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Serving goes on as it should without it.
    Light,
    /// Something would be open that should be closed, or go elsewhere than it should.
    Heavy,
}

impl fmt::Debug for Becomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::By(_, paths) => write!(f, "By({paths:?})"),
            Self::Tuning(why) => write!(f, "Tuning({why:?})"),
            Self::Gone(instead) => write!(f, "Gone({instead:?})"),
            Self::Unsupported(weight, what) => write!(f, "Unsupported({weight:?}, {what:?})"),
            _ => f.write_str(&self.paths().join(" ")),
        }
    }
}

impl Becomes {
    /// The keys that it writes.
    #[must_use]
    pub fn paths(&self) -> Vec<&'static str> {
        match self {
            Self::Flag(path) | Self::Value(path, _) | Self::Text(path) | Self::Line(path) => vec![path],
            Self::By(_, paths) => paths.to_vec(),
            Self::Tuning(_) | Self::Gone(_) | Self::Unsupported(..) => Vec::new(),
        }
    }
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A time; milliseconds where it has no unit.
    Millis,
    /// A time; seconds where it has no unit.
    Seconds,
    /// A whole number that is not negative.
    Count,
    /// A whole number.
    Number,
    /// A number of bytes, perhaps with `k`, `m` or `g`.
    Size,
    /// A word as it is.
    Word,
    /// An address, in which variables hold without quotes.
    Address,
}

/// A line whose directive was found.
#[derive(Clone, Copy, Debug)]
pub struct Line<'l> {
    /// The directive's own words.
    pub head: &'l [Word],
    /// What stands behind them.
    pub arguments: &'l [Word],
    /// What stands before: `no`, `default`, or nothing.
    pub mood: Mood,
    /// The whole file's text.
    pub(crate) text: &'l str,
}

/// `no option x`, `default option x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Neither.
    Plain,
    /// `no`: as if it were not set.
    No,
    /// `default`: what holds without configuration.
    Default,
}

impl Line<'_> {
    /// Where the directive is written.
    #[must_use]
    pub fn place(&self) -> Span {
        match self.head {
            [] => Span::NONE,
            [first, .., last] => first.span.to(last.span),
            [only] => only.span,
        }
    }

    /// Its words as the file has them.
    #[must_use]
    pub fn name(&self) -> String {
        self.head.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// An argument's text.
    #[must_use]
    pub fn argument(&self, number: usize) -> Option<&str> {
        self.arguments.get(number).map(|word| word.text.as_str())
    }

    /// The whole directive as one text.
    #[must_use]
    pub fn whole(&self) -> Node {
        let words: Vec<_> = self.head.iter().chain(self.arguments).cloned().collect();
        text_of(&words, self.text, self.place())
    }

    /// Everything from an argument on, as one text that reads as these words again.
    #[must_use]
    pub fn rest(&self, from: usize) -> Node {
        text_of(self.arguments.get(from..).unwrap_or_default(), self.text, self.place())
    }
}

/// Words as one text: as it is written if that can be read again, so that parts of it have places of their own.
pub(crate) fn text_of(words: &[Word], file: &str, otherwise: Span) -> Node {
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return Node::text("", otherwise);
    };
    let span = first.span.to(last.span);
    let written = file.get(span.start as usize..span.end as usize);
    match written.filter(|_| !words.iter().any(|word| word.expanded)) {
        Some(written) => Node::text(written, span),
        None => Node::text(joined(words), span),
    }
}

/// Where a directive writes what it becomes.
pub struct Out<'o, 't> {
    /// The keys of the section, or of the line.
    pub map: &'o mut Map,
    /// What is wrong.
    pub found: &'o mut Diagnostics,
    /// The variables of this line.
    pub environment: &'o mut Environment<'t>,
    pub(crate) tables: &'o Tables,
    /// In which section it is.
    pub section: Sections,
    pub(crate) named: bool,
    /// Options that the following servers begin with.
    pub servers: &'o mut Map,
    pub(crate) text: &'o str,
}

impl fmt::Debug for Out<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out").field("map", &self.map).finish_non_exhaustive()
    }
}

impl Out<'_, '_> {
    /// Whether the section has a name.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.named
    }

    /// Something is wrong with a line or a part of it.
    pub fn wrong(&mut self, span: Span, what: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::error("config.arguments", span, what.into()).help(help));
    }

    /// Something is passed over that does not matter.
    pub fn note(&mut self, span: Span, what: impl Into<String>) {
        self.found.push(Diagnostic::warning("config.passed-over", span, what.into()));
    }

    /// A line, or a form of it, that does nothing yet.
    pub fn unsupported(&mut self, line: &Line<'_>, what: &str) {
        let text = format!("this `{}` is not supported yet: {what}", line.name());
        let span = line.arguments.last().map_or(line.place(), |last| line.place().to(last.span));
        self.found.push(Diagnostic::warning("config.unsupported", span, text));
    }

    /// Reads one argument, or says what is wrong with it.
    pub fn value(&mut self, line: &Line<'_>, number: usize, kind: Kind) -> Option<Node> {
        let Some(word) = line.arguments.get(number) else {
            let what = format!("`{}` takes {}", line.name(), values::wanted(kind));
            self.wrong(line.place(), what, values::example(kind));
            return None;
        };
        self.read(word, kind)
    }

    /// Reads a word, or says what is wrong with it.
    pub fn read(&mut self, word: &Word, kind: Kind) -> Option<Node> {
        match values::read(&word.text, kind, self.environment) {
            Ok(value) => Some(Node::new(value, word.span)),
            Err(what) => {
                self.wrong(word.span, what, values::example(kind));
                None
            }
        }
    }

    /// Nothing may stand behind so many arguments.
    pub fn at_most(&mut self, line: &Line<'_>, most: usize) {
        if let Some(word) = line.arguments.get(most) {
            let what = format!("`{}` takes no `{}`", line.name(), word.text);
            let help = match most {
                0 => String::from("nothing stands behind it"),
                1 => String::from("one argument stands behind it"),
                _ => format!("{most} arguments stand behind it"),
            };
            self.wrong(word.span, what, help);
        }
    }

    /// Writes a text.
    pub fn set_text(&mut self, line: &Line<'_>, path: &str, text: &str) {
        let node = Node::text(text, line.place());
        self.map.set(path, line.place(), node);
    }

    /// Writes a yes or no.
    pub fn set_flag(&mut self, line: &Line<'_>, path: &str, value: bool) {
        self.map.set(path, line.place(), Node::new(Value::Bool(value), line.place()));
    }

    /// Reads words as options of a kind, each of which writes into `map`.
    pub fn options(&mut self, words: &[Word], of: Sections, map: &mut Map) {
        let mut rest = words;
        while !rest.is_empty() {
            let mut out = Out {
                map,
                found: self.found,
                environment: self.environment,
                tables: self.tables,
                section: of,
                named: self.named,
                servers: self.servers,
                text: self.text,
            };
            rest = self.tables.option(rest, of, self.text, &mut out);
        }
    }
}

/// A key at a place.
pub(crate) fn key(text: &str, span: Span) -> Key {
    Key { text: text.to_owned(), span }
}

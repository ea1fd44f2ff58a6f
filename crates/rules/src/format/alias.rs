//! The row of an alias: a short name for what logs need most, `%ci`, and how it is shown.

use super::encode::Values;
use super::flags::{Cast, Flags};
use super::line::{HEADER, Line, URL};
use crate::fact::Needs;
use crate::{Context, Type, Value};

/// An alias, as a row of its owner's table.
#[derive(Debug)]
pub struct Alias {
    /// Its name, HAProxy's, without `%`.
    pub name: &'static str,
    /// What it gives.
    pub output: Type,
    /// What it looks at.
    pub needs: Needs,
    /// How it is written.
    pub show: Show,
    /// The value, or `None` when there is none.
    pub eval: for<'c> fn(&'c Context<'_>) -> Option<Value<'c>>,
    /// One sentence for the reference.
    pub doc: &'static str,
}

impl Alias {
    /// A row that needs no fact: the rest is given by `..`.
    pub const PLAIN: Self =
        Self { name: "", output: Type::Str, needs: Needs::NOTHING, show: Show::Text, eval: |_| None, doc: "" };
}

/// Goes through values, of which some are missing. False: there is nothing to go through.
pub type Each = fn(&Context<'_>, &mut dyn FnMut(Option<&[u8]>)) -> bool;

/// How an alias is written. The flags Q and X touch some kinds only, as in HAProxy.
#[derive(Clone, Copy, Debug)]
pub enum Show {
    /// Text and addresses: quoted, escaped, addresses in hexadecimal if wanted; `-` when missing.
    Text,
    /// Dates and states: as they are, whatever the flags say.
    Verbatim,
    /// A number, in decimal.
    Number,
    /// A number that X shows in hexadecimal, with so many digits at least; and in decimal with so many.
    Hex {
        /// Of hexadecimal.
        hex: usize,
        /// Of decimal.
        decimal: usize,
    },
    /// A number that has a `+` before it if this says so.
    Plus(fn(&Context<'_>) -> bool),
    /// Parts of a request's line: everything that is no printable ASCII, `"` and `#` are written `#22`.
    Uri,
    /// Captured values in braces, parted by `|`.
    Braces(Each),
    /// Captured values, parted by blanks.
    List(Each),
}

impl Alias {
    /// False: it shows nothing at all.
    pub(super) fn write(&self, flags: Flags, cx: &Context<'_>, line: &mut Line<'_, '_>) -> bool {
        match (self.show, (self.eval)(cx)) {
            (Show::Braces(each), _) => return braces(each, flags, cx, line),
            (Show::List(each), _) => return list(each, flags, cx, line),
            (Show::Verbatim, Some(value)) => line.value(value, Flags::default()),
            (Show::Uri, Some(value)) => {
                line.quoted(flags, |line| line.marked(value.bytes().unwrap_or_default(), &URL, flags));
            }
            (Show::Hex { hex, .. }, Some(Value::Int(number))) if flags.hex => {
                line.put(format!("{number:0hex$X}").as_bytes());
            }
            (Show::Hex { decimal, .. }, Some(Value::Int(number))) => line.number(number, decimal),
            (Show::Plus(plus), Some(Value::Int(number))) => {
                if plus(cx) {
                    line.put(b"+");
                }
                line.number(number, 0);
            }
            (Show::Number, Some(Value::Int(number))) => line.number(number, 0),
            (_, Some(value)) => line.text(value, flags),
            (_, None) => line.missing(flags),
        }
        true
    }

    pub(super) fn encode(&self, cast: Option<Cast>, cx: &Context<'_>, out: &mut Values<'_, '_, '_>) {
        match self.show {
            Show::Braces(each) => {
                let text = cx.arena().built(|out| {
                    let mut line = Line::plain(out);
                    braces(each, Flags::default(), cx, &mut line);
                });
                if text.is_empty() { out.null() } else { out.text(text) }
            }
            Show::List(each) => {
                let mut begun = false;
                let any = each(cx, &mut |value| {
                    out.item(&mut begun);
                    let shown = cx.arena().built(|out| {
                        let mut line = Line::plain(out);
                        line.marked(value.unwrap_or(b"-"), &HEADER, Flags::default());
                    });
                    out.text(shown);
                });
                if any { out.end_items(begun) } else { out.null() }
            }
            Show::Uri => {
                let value = (self.eval)(cx).and_then(|value| value.bytes());
                let shown = cx.arena().built(|out| {
                    Line::plain(out).marked(value.unwrap_or_default(), &URL, Flags::default());
                });
                out.text(shown);
            }
            // A cast is for numbers only: text stays text.
            Show::Text | Show::Verbatim => out.sample((self.eval)(cx), None, cx),
            Show::Number | Show::Hex { .. } | Show::Plus(_) => out.sample((self.eval)(cx), cast, cx),
        }
    }
}

fn braces(each: Each, flags: Flags, cx: &Context<'_>, line: &mut Line<'_, '_>) -> bool {
    let mut count = 0;
    let any = each(cx, &mut |value| {
        if count == 0 {
            line.put(if flags.quote { b"\"{" } else { b"{" });
        } else {
            line.put(b"|");
        }
        count += 1;
        line.marked(value.unwrap_or_default(), &HEADER, flags);
    });
    if any {
        line.put(if flags.quote { b"}\"" } else { b"}" });
    }
    any
}

fn list(each: Each, flags: Flags, cx: &Context<'_>, line: &mut Line<'_, '_>) -> bool {
    let mut count = 0;
    each(cx, &mut |value| {
        if count > 0 {
            line.put(b" ");
        }
        count += 1;
        match value {
            None if !flags.quote => line.put(b"-"),
            value => line.quoted(flags, |line| line.marked(value.unwrap_or_default(), &HEADER, flags)),
        }
    })
}

//! Arguments of fetches and converters: `name(arg,arg)`, typed when the configuration is read.

use std::any::Any;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use regex::bytes::Regex;

use crate::Compiler;
use crate::variables::Name;
use crate::words::Word;

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// Text.
    Str,
    /// A signed integer.
    Int,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IPv4 mask, as an address or a number of bits.
    Mask4,
    /// An IPv6 mask, as an address or a number of bits.
    Mask6,
    /// A variable's name.
    Var,
    /// A regular expression.
    Regex,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The name of something of the configuration.
    Object(&'static str),
}

impl ArgKind {
    /// A backend.
    pub const BACKEND: Self = Self::Object("backend");
    /// A frontend.
    pub const FRONTEND: Self = Self::Object("frontend");
    /// `backend/server`, or a server of the backend at work.
    pub const SERVER: Self = Self::Object("server");
    /// A userlist.
    pub const USERLIST: Self = Self::Object("userlist");

    /// What it is called in messages and in the reference.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Str => "string",
            Self::Int => "integer",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Mask4 => "ipv4 mask",
            Self::Mask6 => "ipv6 mask",
            Self::Var => "variable",
            Self::Regex => "regex",
            Self::Word(_) => "word",
            Self::Object(what) => what,
        }
    }
}

/// A parameter of a row.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name in the reference.
    pub name: &'static str,
    /// What it is.
    pub kind: ArgKind,
    /// It may be left out.
    pub optional: bool,
}

impl Param {
    /// One that must be there.
    #[must_use]
    pub const fn new(name: &'static str, kind: ArgKind) -> Self {
        Self { name, kind, optional: false }
    }

    /// One that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, kind: ArgKind) -> Self {
        Self { name, kind, optional: true }
    }
}

/// An argument.
#[derive(Clone, Debug, Default)]
pub enum Arg {
    /// Left out.
    #[default]
    None,
    /// Text.
    Str(Box<[u8]>),
    /// A number; or which of a parameter's words it is.
    Int(i64),
    /// An IPv4 address or mask.
    Ipv4(Ipv4Addr),
    /// An IPv6 address or mask.
    Ipv6(Ipv6Addr),
    /// A variable.
    Var(Name),
    /// A regular expression.
    Regex(Regex),
    /// Something of the configuration, or what a row's check made.
    Object(Arc<dyn Any + Send + Sync>),
}

/// Looks at the arguments of a row once more when the configuration is read; may replace them. The error says what is wrong.
pub type Check = fn(&mut Args, &mut Compiler<'_>) -> Result<(), String>;

/// The arguments of one use of a row; as many as it has parameters.
#[derive(Clone, Debug, Default)]
pub struct Args(pub Box<[Arg]>);

impl Args {
    /// Was it given?
    #[must_use]
    pub fn has(&self, at: usize) -> bool {
        !matches!(self.0.get(at), None | Some(Arg::None))
    }

    /// Text.
    #[must_use]
    pub fn str(&self, at: usize) -> Option<&[u8]> {
        match self.0.get(at) {
            Some(Arg::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// A number, or which word.
    #[must_use]
    pub fn int(&self, at: usize) -> Option<i64> {
        match self.0.get(at) {
            Some(Arg::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// A variable.
    #[must_use]
    pub fn var(&self, at: usize) -> Option<Name> {
        match self.0.get(at) {
            Some(Arg::Var(name)) => Some(*name),
            _ => None,
        }
    }

    /// A regular expression.
    #[must_use]
    pub fn regex(&self, at: usize) -> Option<&Regex> {
        match self.0.get(at) {
            Some(Arg::Regex(regex)) => Some(regex),
            _ => None,
        }
    }

    /// Something of the configuration, or of a row's check.
    #[must_use]
    pub fn object<T: Any + Send + Sync>(&self, at: usize) -> Option<&T> {
        match self.0.get(at) {
            Some(Arg::Object(object)) => object.downcast_ref(),
            _ => None,
        }
    }
}

/// Cuts `(a,b)` at the beginning of `text` into its arguments. Gives them with their places in the text, and the length of all. Quotes of either
/// kind hold commas and parentheses together; `\` takes a quote, a blank or a `\` as it is.
pub(crate) fn cut(word: &Word, start: usize) -> Result<(Vec<Word>, usize), (usize, &'static str)> {
    let bytes = word.as_str().as_bytes();
    debug_assert_eq!(bytes.get(start), Some(&b'('));
    let (mut args, mut from, mut at, mut quote) = (Vec::new(), start + 1, start + 1, None);
    let mut text = Vec::new();
    loop {
        let Some(&byte) = bytes.get(at) else {
            return Err((
                start,
                if quote.is_some() {
                    "a quote among these arguments is never closed"
                } else {
                    "this parenthesis is never closed"
                },
            ));
        };
        match (byte, quote) {
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (b'\\', None | Some(b'"')) if matches!(bytes.get(at + 1), Some(b'\\' | b' ' | b'"' | b'\'')) => {
                at += 1;
                text.push(bytes[at]);
            }
            (b',' | b')', None) => {
                let cut = word.slice(from..at);
                args.push(cut.with_text(std::mem::take(&mut text)));
                from = at + 1;
                if byte == b')' {
                    return Ok((args, at + 1));
                }
            }
            _ => text.push(byte),
        }
        at += 1;
    }
}

impl Word {
    /// The same place with what it means.
    fn with_text(mut self, text: Vec<u8>) -> Self {
        if text != self.as_str().as_bytes() {
            let text =
                String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
            self.replace(text);
        }
        self
    }
}

/// An argument of a kind out of its text. The error says what is wrong.
pub(crate) fn parse(kind: ArgKind, text: &str, compiler: &mut Compiler<'_>) -> Result<Arg, String> {
    match kind {
        ArgKind::Str => Ok(Arg::Str(text.as_bytes().into())),
        ArgKind::Int => integer(text).map(Arg::Int),
        ArgKind::Ipv4 => text.parse().map(Arg::Ipv4).map_err(|_| format!("`{text}` is not an IPv4 address")),
        ArgKind::Ipv6 => text.parse().map(Arg::Ipv6).map_err(|_| format!("`{text}` is not an IPv6 address")),
        ArgKind::Mask4 => match text.parse::<u32>() {
            Ok(bits @ 0..=32) => Ok(Arg::Ipv4(Ipv4Addr::from_bits(ones(bits, 32) as u32))),
            _ => text
                .parse()
                .map(Arg::Ipv4)
                .map_err(|_| format!("`{text}` is not a mask of IPv4: 0 to 32, or an address")),
        },
        ArgKind::Mask6 => match text.parse::<u32>() {
            Ok(bits @ 0..=128) => Ok(Arg::Ipv6(Ipv6Addr::from_bits(ones(bits, 128)))),
            _ => text
                .parse()
                .map(Arg::Ipv6)
                .map_err(|_| format!("`{text}` is not a mask of IPv6: 0 to 128, or an address")),
        },
        ArgKind::Var => Name::parse(text).map(Arg::Var),
        ArgKind::Regex => compiler.regex(text, false).map(Arg::Regex),
        ArgKind::Word(words) => match words.iter().position(|word| *word == text) {
            Some(at) => Ok(Arg::Int(at as i64)),
            None => Err(format!("`{text}` is none of: {}", words.join(", "))),
        },
        ArgKind::Object(what) => compiler.object(what, text).map(Arg::Object),
    }
}

fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("`{text}` is not an integer"))
}

/// So many ones, from the left of so many bits.
fn ones(bits: u32, width: u32) -> u128 {
    match bits {
        0 => 0,
        _ => (u128::MAX >> (128 - width)) & !((1_u128 << (width - bits)) - 1),
    }
}

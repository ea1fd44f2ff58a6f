//! Patterns: what a value is compared with, and how (configuration manual, section 7.1).

mod files;

pub use files::{Loading, PatternFiles};

use crate::expr::Expr;
use crate::words::Words;
use crate::{Compiler, Context, Type, Value};

/// A way to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// There is a value.
    Found,
    /// It is true.
    Bool,
    /// As numbers: one, a range, or with an operator.
    Int,
    /// As addresses and networks.
    Ip,
    /// As bytes in hexadecimal.
    Bin,
    /// By length.
    Len,
    /// The same text.
    Str,
    /// Text within it.
    Sub,
    /// A regular expression.
    Reg,
    /// It begins so.
    Beg,
    /// It ends so.
    End,
    /// Parts between slashes.
    Dir,
    /// Parts between dots.
    Dom,
}

impl Match {
    /// The suffix of an ACL of its own: `path_beg`.
    pub(crate) fn suffix(text: &str) -> Option<Self> {
        Some(match text {
            "beg" => Self::Beg,
            "dir" => Self::Dir,
            "dom" => Self::Dom,
            "end" => Self::End,
            "len" => Self::Len,
            "reg" => Self::Reg,
            "str" => Self::Str,
            "sub" => Self::Sub,
            _ => return None,
        })
    }

    /// What a value has to be.
    pub(crate) const fn input(self) -> Type {
        match self {
            Self::Found => Type::Any,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Ip => Type::Addr,
            Self::Bin => Type::Bin,
            _ => Type::Str,
        }
    }
}

/// Patterns, ready to be compared with.
#[derive(Clone, Debug)]
pub struct Patterns {
    how: Match,
    texts: Vec<Box<[u8]>>,
}

impl Patterns {
    /// Reads flags and patterns up to the end of the words or a `}`. `how`: what the name of the ACL says.
    pub(crate) fn compile(
        expr: &Expr,
        how: Option<Match>,
        words: &mut Words,
        compiler: &mut Compiler<'_>,
    ) -> Option<Self> {
        let natural = match expr.output() {
            Type::Bool => Match::Bool,
            Type::Int => Match::Int,
            Type::Addr | Type::Ipv4 | Type::Ipv6 => Match::Ip,
            Type::Bin => Match::Bin,
            _ => Match::Str,
        };
        let how = how.unwrap_or(natural);
        if !expr.output().casts_to(how.input()) {
            compiler.error("rule.type", expr.span(), "this cannot be compared so");
            return None;
        }
        let mut texts = Vec::new();
        while words.peek().is_some_and(|word| word.as_str() != "}") {
            texts.extend(words.take().map(|word| word.as_str().as_bytes().into()));
        }
        Some(Self { how, texts })
    }

    /// Does one of them match?
    pub fn matches(&self, value: Value<'_>, cx: &Context<'_>) -> bool {
        let Some(value) = value.cast(self.how.input(), cx.arena()) else { return false };
        match (self.how, value) {
            (Match::Found, _) => true,
            (Match::Bool, Value::Bool(yes)) => yes,
            (_, value) => {
                value.text(cx.arena()).is_some_and(|text| self.texts.iter().any(|pattern| **pattern == *text))
            }
        }
    }
}

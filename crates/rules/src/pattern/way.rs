//! Ways to compare a value with patterns.

use crate::{Arena, Type, Value};

/// A method of comparing (configuration manual, section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Match {
    /// There is a value.
    Found,
    /// It is true.
    Bool,
    /// As numbers: one, or a range.
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
    /// All, in the order of HAProxy's manual.
    pub const ALL: [Self; 13] = [
        Self::Found,
        Self::Bool,
        Self::Int,
        Self::Ip,
        Self::Bin,
        Self::Len,
        Self::Str,
        Self::Sub,
        Self::Reg,
        Self::Beg,
        Self::End,
        Self::Dir,
        Self::Dom,
    ];

    /// Its name behind `-m`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Ip => "ip",
            Self::Bin => "bin",
            Self::Len => "len",
            Self::Str => "str",
            Self::Sub => "sub",
            Self::Reg => "reg",
            Self::Beg => "beg",
            Self::End => "end",
            Self::Dir => "dir",
            Self::Dom => "dom",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.name() == name)
    }

    /// The suffix of an ACL of its own: `path_beg`.
    pub(crate) fn suffix(text: &str) -> Option<Self> {
        use Match::{Beg, Dir, Dom, End, Len, Reg, Str, Sub};
        Self::parse(text).filter(|how| matches!(how, Beg | Dir | Dom | End | Len | Reg | Str | Sub))
    }

    /// What a value has to be.
    pub(crate) const fn input(self) -> Type {
        match self {
            Self::Found => Type::Any,
            Self::Bool | Self::Int => Type::Int,
            Self::Ip => Type::Addr,
            Self::Bin => Type::Bin,
            _ => Type::Str,
        }
    }

    /// Does it look at patterns at all?
    pub(crate) const fn has_patterns(self) -> bool {
        !matches!(self, Self::Found | Self::Bool)
    }
}

/// A method with what alters it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Way {
    /// The method.
    pub how: Match,
    /// Upper and lower case are the same.
    pub caseless: bool,
    /// Numbers are versions, `3.1`.
    pub dotted: bool,
}

impl Way {
    /// A method as it is.
    #[must_use]
    pub const fn of(how: Match) -> Self {
        Self { how, caseless: false, dotted: false }
    }
}

/// A value as an engine takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'i> {
    Text(&'i [u8]),
    Int(i64),
    V4(u32),
    V6(u128),
}

impl<'i> Input<'i> {
    /// `None`: this value cannot be compared so, and nothing matches it.
    #[inline]
    pub(crate) fn of(value: Value<'i>, how: Match, arena: &'i Arena) -> Option<Self> {
        match (value, how) {
            (Value::Str(_), Match::Len | Match::Int | Match::Bool | Match::Ip) => {}
            (Value::Str(text), _) => return Some(Input::Text(text)),
            (Value::Int(number), Match::Int) => return Some(Input::Int(number)),
            (Value::Ipv4(address), Match::Ip) => return Some(Input::V4(address.to_bits())),
            (Value::Ipv6(address), Match::Ip) => return Some(Input::V6(address.to_bits())),
            _ => {}
        }
        Self::cast(value, how, arena)
    }

    #[inline(never)]
    fn cast(value: Value<'i>, how: Match, arena: &'i Arena) -> Option<Self> {
        match value.cast(how.input(), arena)? {
            Value::Ipv4(address) => Some(Input::V4(address.to_bits())),
            Value::Ipv6(address) => Some(Input::V6(address.to_bits())),
            Value::Int(number) => Some(Input::Int(number)),
            Value::Bool(yes) => Some(Input::Int(i64::from(yes))),
            Value::Str(text) | Value::Bin(text) | Value::Method(text) if how == Match::Len => {
                Some(Input::Int(text.len() as i64))
            }
            Value::Str(text) | Value::Bin(text) | Value::Method(text) => Some(Input::Text(text)),
        }
    }
}

//! What a map gives.

use crate::value::parse_address;
use crate::{Type, Value};

/// The type of a map's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Out {
    /// Text.
    Str,
    /// Numbers.
    Int,
    /// Addresses.
    Ip,
    /// The key itself that matched, whatever its value.
    Key,
}

impl Out {
    /// The type.
    #[must_use]
    pub const fn kind(self) -> Type {
        match self {
            Self::Int => Type::Int,
            Self::Ip => Type::Addr,
            Self::Str | Self::Key => Type::Str,
        }
    }

    /// A value out of its text. Numbers saturate; no text is 0.
    pub(crate) fn read(self, text: &[u8]) -> Option<Value<'_>> {
        match self {
            Self::Str | Self::Key => Some(Value::Str(text)),
            Self::Ip => parse_address(text).map(Value::from),
            Self::Int => {
                let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
                let fine = digits.iter().all(u8::is_ascii_digit) && (text.is_empty() || !digits.is_empty());
                fine.then(|| Value::Int(crate::value::parse_int(text).unwrap_or_default()))
            }
        }
    }

    /// What is wrong with a value.
    pub(crate) fn check(self, text: &[u8]) -> Result<(), String> {
        match self.read(text) {
            Some(_) => Ok(()),
            None => {
                let what = if self == Self::Int { "a number" } else { "an address" };
                Err(format!("the value `{}` is not {what}", String::from_utf8_lossy(text)))
            }
        }
    }
}

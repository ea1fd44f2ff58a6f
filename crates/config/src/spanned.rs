//! A value that remembers its place, for checks after the load: asks the deserializer by a reserved name, and any other serde format
//! simply gives a value without a place.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::source::Span;

/// The newtype name by which [`Spanned`] asks for a place: file, start, end and then the value, as a sequence.
pub(crate) const NAME: &str = "$plimsoll::spanned";

/// A value and where it is written. Equality, order and hash are the value's alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spanned<T> {
    value: T,
    span: Span,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// A value that no file holds, such as a default.
    pub const fn detached(value: T) -> Self {
        Self { value, span: Span::NONE }
    }

    /// Where it is written; [`Span::NONE`] for a default.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The value.
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// The value without its place.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Another value at the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: PartialOrd> PartialOrd for Spanned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Ord> Ord for Spanned<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

impl<T: Hash> Hash for Spanned<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

/// So that a map keyed by spanned text is asked with plain text.
impl Borrow<str> for Spanned<String> {
    fn borrow(&self) -> &str {
        &self.value
    }
}

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
            type Value = Spanned<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spanned<T>, D::Error> {
                T::deserialize(deserializer).map(Spanned::detached)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Spanned<T>, A::Error> {
                let mut number = || parts.next_element::<u32>()?.ok_or_else(|| A::Error::custom("no place given"));
                let span = Span::from_numbers(number()?, number()?, number()?);
                let value = parts.next_element()?.ok_or_else(|| A::Error::custom("no value given"))?;
                Ok(Spanned { value, span })
            }
        }

        deserializer.deserialize_newtype_struct(NAME, Parts(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_counts_for_nothing_in_comparisons() {
        let here = Spanned::new(1, Span::from_numbers(0, 1, 2));
        assert_eq!(here, Spanned::detached(1));
        assert!(here < Spanned::detached(2));
        assert_eq!(here.map(|n| n + 1).span(), here.span());
    }
}

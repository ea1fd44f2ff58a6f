//! Short ways to write a value, without losing places: one item for a list of one, a text for a map with one obvious key.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// The newtype name by which [`OneOrMany`] says that a single item will do.
pub(crate) const ONE_OR_MANY: &str = "$plimsoll::one-or-many";
/// The newtype name by which [`ShortForm`] asks for text as text and everything else as itself.
pub(crate) const SHORT: &str = "$plimsoll::short";

/// A list that may be written as its only item: `bind: "*:80"` for `bind: ["*:80"]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> IntoIterator for OneOrMany<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one item or a list")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<OneOrMany<T>, D::Error> {
                Vec::deserialize(deserializer).map(OneOrMany)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(OneOrMany(all))
            }
        }

        deserializer.deserialize_newtype_struct(ONE_OR_MANY, Items(PhantomData))
    }
}

/// What a bare text stands for, for a type that is a map when written in full.
pub trait FromShort: Sized {
    /// Makes the value from the text alone; the error says what is wrong, with advice after `"\nhelp: "` if there is any.
    fn from_short(text: &str) -> Result<Self, String>;
}

/// A `T` written in full, or as the text that [`FromShort`] understands: `app1: 10.0.0.11:8080` for `app1: { address: … }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShortForm<T>(pub T);

impl<T> Deref for ShortForm<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de> + FromShort> Deserialize<'de> for ShortForm<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + FromShort> Visitor<'de> for Either<T> {
            type Value = ShortForm<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a map")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ShortForm<T>, E> {
                T::from_short(text).map(ShortForm).map_err(E::custom)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<ShortForm<T>, D::Error> {
                T::deserialize(deserializer).map(ShortForm)
            }
        }

        deserializer.deserialize_newtype_struct(SHORT, Either(PhantomData))
    }
}

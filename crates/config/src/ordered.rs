//! Maps that keep the order of the file and the places of their keys: knows maps and lists, not what is named in them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::spanned::Spanned;

/// The newtype name by which [`NamedMap`] says that a list of maps with a `name` each will do as well.
pub(crate) const NAMED: &str = "$plimsoll::named";
/// The key that holds the name in that form.
pub(crate) const NAME_KEY: &str = "name";

/// A map in the file's order, each key with its place; written as a map.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderedMap<T>(IndexMap<Spanned<String>, T>);

/// A map in the file's order, each key with its place; written as a map, or as a list of maps with a `name` each, for files that
/// pass through tools which sort keys.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedMap<T>(IndexMap<Spanned<String>, T>);

macro_rules! ordered {
    ($type:ident, $deserialize:expr) => {
        impl<T> $type<T> {
            /// The names, in order.
            pub fn names(&self) -> impl Iterator<Item = &str> {
                self.0.keys().map(|name| name.as_str())
            }

            /// The map itself.
            pub fn into_inner(self) -> IndexMap<Spanned<String>, T> {
                self.0
            }
        }

        impl<T> Default for $type<T> {
            fn default() -> Self {
                Self(IndexMap::new())
            }
        }

        impl<T> Deref for $type<T> {
            type Target = IndexMap<Spanned<String>, T>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<T> DerefMut for $type<T> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }

        impl<T> FromIterator<(Spanned<String>, T)> for $type<T> {
            fn from_iter<I: IntoIterator<Item = (Spanned<String>, T)>>(entries: I) -> Self {
                Self(entries.into_iter().collect())
            }
        }

        impl<T> IntoIterator for $type<T> {
            type Item = (Spanned<String>, T);
            type IntoIter = indexmap::map::IntoIter<Spanned<String>, T>;

            fn into_iter(self) -> Self::IntoIter {
                self.0.into_iter()
            }
        }

        impl<'m, T> IntoIterator for &'m $type<T> {
            type Item = (&'m Spanned<String>, &'m T);
            type IntoIter = indexmap::map::Iter<'m, Spanned<String>, T>;

            fn into_iter(self) -> Self::IntoIter {
                self.0.iter()
            }
        }

        impl<'de, T: Deserialize<'de>> Deserialize<'de> for $type<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $deserialize(deserializer, Entries(PhantomData)).map(Self)
            }
        }
    };
}

ordered!(OrderedMap, |deserializer: D, entries| deserializer.deserialize_map(entries));
ordered!(NamedMap, |deserializer: D, entries| deserializer.deserialize_newtype_struct(NAMED, entries));

struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
    type Value = IndexMap<Spanned<String>, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = IndexMap::new();
        while let Some((key, value)) = map.next_entry()? {
            entries.insert(key, value);
        }
        Ok(entries)
    }
}

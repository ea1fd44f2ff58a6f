//! A value for a key that is missing, so that the load can go on and find what else is wrong; nobody ever sees it.
//!
//! It becomes whatever is asked for. Only text has to be guessed, since an owner may parse it further: each failed guess costs a
//! silent pass, and when all fail the map that lacks the key is left out.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};

use super::error::Error;

/// What text might be acceptable, in the order of trying.
pub(super) const GUESSES: &[&str] = &["", "a", "1s", "1KiB", "1%", "1", "127.0.0.1:1"];

#[derive(Clone, Copy)]
pub(super) struct StandIn {
    pub guess: usize,
}

impl StandIn {
    fn text(self) -> &'static str {
        GUESSES[self.guess.min(GUESSES.len() - 1)]
    }
}

macro_rules! numbers {
    ($($method:ident => $visit:ident($one:expr)),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($one)
        })*
    };
}

type NoItems = std::iter::Empty<&'static str>;
type NoEntries = std::iter::Empty<(&'static str, &'static str)>;

impl<'de> Deserializer<'de> for StandIn {
    type Error = Error;

    numbers!(
        deserialize_bool => visit_bool(false),
        deserialize_i8 => visit_i8(1), deserialize_i16 => visit_i16(1), deserialize_i32 => visit_i32(1), deserialize_i64 => visit_i64(1),
        deserialize_u8 => visit_u8(1), deserialize_u16 => visit_u16(1), deserialize_u32 => visit_u32(1), deserialize_u64 => visit_u64(1),
        deserialize_f32 => visit_f32(1.0), deserialize_f64 => visit_f64(1.0), deserialize_char => visit_char('a'),
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    /// Reserved names included: all of them accept a newtype, and lists are asked for as lists.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::<NoItems, Error>::new(std::iter::empty()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::<NoEntries, Error>::new(std::iter::empty()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(FirstVariant { name: variants.first().copied().unwrap_or(""), content: self })
    }

    serde::forward_to_deserialize_any! {
        i128 u128 str string bytes byte_buf tuple tuple_struct identifier ignored_any
    }
}

struct FirstVariant {
    name: &'static str,
    content: StandIn,
}

impl<'de> EnumAccess<'de> for FirstVariant {
    type Error = Error;
    type Variant = StandIn;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, StandIn), Error> {
        let name = serde::de::value::StrDeserializer::<Error>::new(self.name);
        Ok((seed.deserialize(name)?, self.content))
    }
}

impl<'de> VariantAccess<'de> for StandIn {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }
}

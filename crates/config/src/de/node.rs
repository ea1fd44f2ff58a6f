//! One node as serde asks for it: scalars, lists, maps, enums, and the reserved names of this crate's own types.

use serde::de::{Deserializer, Error as _, Unexpected, Visitor};

use super::error::Error;
use super::parts::{Entries, Items, NamedItems, OneItem, SpannedParts};
use super::variant::{NamedVariant, Variant};
use super::{Repairs, id};
use crate::source::Span;
use crate::tree::{Node, Style, Value};
use crate::{ordered, shape, spanned};

/// An enum whose name begins like this is told apart by the key that follows the sign.
const TAG: &str = "$tag=";

#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'t> {
    pub node: &'t Node,
    /// Where the name of this value is written, if it has one.
    pub key: Option<Span>,
    /// A key of the map that somebody else has already read.
    pub without: Option<&'t str>,
    pub repairs: &'t Repairs,
}

impl<'t> NodeDeserializer<'t> {
    pub fn root(node: &'t Node, repairs: &'t Repairs) -> Self {
        Self { node, key: None, without: None, repairs }
    }

    pub fn child(self, node: &'t Node, key: Option<Span>) -> Self {
        Self { node, key, without: None, repairs: self.repairs }
    }

    /// Runs one visit and gives its error this place, unless something inside already did.
    pub fn here<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| error.at(self.node, self.key, self.repairs))
    }

    fn scalar<V: Visitor<'t>>(self, value: &Value, visitor: V) -> Result<V::Value, Error> {
        match value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(number) => match u64::try_from(*number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(*number),
            },
            Value::Float(number) => visitor.visit_f64(*number),
            Value::String { text, .. } => visitor.visit_str(text),
            Value::List(_) => Err(Error::invalid_type(Unexpected::Seq, &visitor)),
            Value::Map(_) => Err(Error::invalid_type(Unexpected::Map, &visitor)),
        }
    }

    /// Numbers and truth: a text that came out of a variable may stand for them.
    fn typed<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        let resolved = match &self.node.value {
            Value::String { text, .. } if self.node.expanded => crate::tree::resolved(text),
            _ => None,
        };
        self.here(self.scalar(resolved.as_ref().unwrap_or(&self.node.value), visitor))
    }

    fn text<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.here(self.scalar(&self.node.value, visitor))
    }

    pub fn list<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = match &self.node.value {
            Value::List(items) => items.as_slice(),
            Value::Null => &[],
            other => return self.here(self.scalar(other, visitor)),
        };
        self.here(visitor.visit_seq(Items { of: self, items: items.iter().enumerate() }))
    }

    pub fn entries<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries = match &self.node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            other => return self.here(self.scalar(other, visitor)),
        };
        let map = id(self.node);
        let stand_ins = self.repairs.stand_ins.get(&map).map_or(&[][..], Vec::as_slice);
        self.here(visitor.visit_map(Entries {
            of: self,
            entries: entries.iter(),
            stand_ins: stand_ins.iter(),
            map,
            next: None,
        }))
    }

    /// A map, or a list of maps with a `name` each.
    fn named<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::List(items) => {
                let seen = std::collections::HashMap::new();
                self.here(visitor.visit_map(NamedItems { of: self, items: items.iter().enumerate(), seen, next: None }))
            }
            _ => self.entries(visitor),
        }
    }

    /// `{ type: http, path: / }` for an enum called `$tag=type`.
    fn tagged<V: Visitor<'t>>(self, tag: &'static str, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Map(_) => {
                let Some(variant) = self.node.get(tag).filter(|node| !self.repairs.skips(node)) else {
                    let stand_ins = self.repairs.stand_ins.get(&id(self.node));
                    if stand_ins.is_some_and(|keys| keys.iter().any(|(key, _)| *key == tag)) {
                        return Err(Error::missing_at(tag).at_stand_in(id(self.node), tag));
                    }
                    return self.here(Err(Error::missing_at(tag)));
                };
                let content = Self { without: Some(tag), ..self };
                self.here(visitor.visit_enum(Variant { name: self.child(variant, None), content: Some(content) }))
            }
            Value::String { .. } => self.here(visitor.visit_enum(Variant { name: self, content: None })),
            other => self.here(self.scalar(other, visitor)),
        }
    }
}

macro_rules! forward {
    ($to:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$to(visitor)
        })*
    };
}

impl<'t> Deserializer<'t> for NodeDeserializer<'t> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::List(_) => self.list(visitor),
            Value::Map(_) => self.entries(visitor),
            Value::String { style: Style::Plain, .. } => self.typed(visitor),
            _ => self.text(visitor),
        }
    }

    forward!(typed: deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64);
    forward!(text: deserialize_str deserialize_string deserialize_char deserialize_bytes deserialize_byte_buf
        deserialize_identifier deserialize_unit);
    forward!(list: deserialize_seq);
    forward!(entries: deserialize_map);

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.value {
            Value::Null => self.here(visitor.visit_none()),
            _ => self.here(visitor.visit_some(self)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'t>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match name {
            spanned::NAME => {
                self.here(visitor.visit_seq(SpannedParts { span: self.node.span, value: Some(self), part: 0 }))
            }
            ordered::NAMED => self.named(visitor),
            shape::ONE_OR_MANY => match self.node.value {
                Value::List(_) | Value::Null => self.list(visitor),
                _ => self.here(visitor.visit_seq(OneItem(Some(self)))),
            },
            shape::SHORT => match &self.node.value {
                Value::Map(_) => self.here(visitor.visit_newtype_struct(self)),
                _ => self.text(visitor),
            },
            _ => self.here(visitor.visit_newtype_struct(self)),
        }
    }

    fn deserialize_tuple<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'t>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_struct<V: Visitor<'t>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.entries(visitor)
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let Some(tag) = name.strip_prefix(TAG) {
            return self.tagged(tag, visitor);
        }
        match &self.node.value {
            Value::String { .. } => self.here(visitor.visit_enum(Variant { name: self, content: None })),
            Value::Map(entries) => match entries.as_slice() {
                [(key, node)] if !self.repairs.skips(node) => self.here(visitor.visit_enum(NamedVariant {
                    key,
                    content: self.child(node, Some(key.span)),
                    map: id(self.node),
                })),
                _ => self.here(Err(Error::custom(format!(
                    "expected a map with exactly one of these keys: {}",
                    variants.join(", ")
                )))),
            },
            Value::Int(number) => self.here(Err(Error::unknown_variant(&number.to_string(), variants))),
            Value::Bool(value) => self.here(Err(Error::unknown_variant(&value.to_string(), variants))),
            other => self.here(self.scalar(other, visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

//! Enums: a variant's name from a text, a key, or the tag of a map, and the content that goes with it.

use serde::de::{DeserializeSeed, EnumAccess, Error as _, VariantAccess, Visitor};

use super::error::Error;
use super::key::KeyDeserializer;
use super::node::NodeDeserializer;
use super::{NodeId, id};
use crate::tree::{Key, Value};

/// A variant whose name is a value, with the rest of a tagged map or nothing.
pub(super) struct Variant<'t> {
    pub name: NodeDeserializer<'t>,
    pub content: Option<NodeDeserializer<'t>>,
}

impl<'t> EnumAccess<'t> for Variant<'t> {
    type Error = Error;
    type Variant = Content<'t>;

    fn variant_seed<S: DeserializeSeed<'t>>(self, seed: S) -> Result<(S::Value, Content<'t>), Error> {
        Ok((seed.deserialize(self.name)?, Content { node: self.content, of: self.name }))
    }
}

/// `{ name: content }`.
pub(super) struct NamedVariant<'t> {
    pub key: &'t Key,
    pub content: NodeDeserializer<'t>,
    pub map: NodeId,
}

impl<'t> EnumAccess<'t> for NamedVariant<'t> {
    type Error = Error;
    type Variant = Content<'t>;

    fn variant_seed<S: DeserializeSeed<'t>>(self, seed: S) -> Result<(S::Value, Content<'t>), Error> {
        let name = seed.deserialize(KeyDeserializer { text: &self.key.text, span: self.key.span });
        let name = name.map_err(|error| error.at_key(self.key.span, self.content.node, self.map))?;
        Ok((name, Content { node: Some(self.content), of: self.content }))
    }
}

/// What stands beside a variant's name.
pub(super) struct Content<'t> {
    pub node: Option<NodeDeserializer<'t>>,
    pub of: NodeDeserializer<'t>,
}

impl<'t> Content<'t> {
    fn some(&self) -> Result<NodeDeserializer<'t>, Error> {
        self.node.ok_or_else(|| {
            let text = self.of.node.as_str().unwrap_or_default();
            let error = Error::custom(format!("`{text}` needs its options"));
            error.at(self.of.node, self.of.key, self.of.repairs)
        })
    }
}

impl<'t> VariantAccess<'t> for Content<'t> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        let Some(content) = self.node else { return Ok(()) };
        match &content.node.value {
            Value::Null => Ok(()),
            Value::Map(entries) => {
                match entries
                    .iter()
                    .find(|(key, node)| Some(key.text.as_str()) != content.without && !content.repairs.skips(node))
                {
                    None => Ok(()),
                    Some((key, node)) => {
                        Err(Error::unknown_field(&key.text, &[]).at_key(key.span, node, id(content.node)))
                    }
                }
            }
            _ => content.here(Err(Error::custom("nothing can be set here"))),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'t>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.some()?)
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.some()?.list(visitor)
    }

    fn struct_variant<V: Visitor<'t>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.some()?.entries(visitor)
    }
}

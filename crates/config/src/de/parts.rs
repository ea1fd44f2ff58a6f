//! The parts of lists and maps one by one, without those that a former pass found wrong and with stand-ins for what was missing.

use serde::de::value::U32Deserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess};

use super::error::Error;
use super::key::KeyDeserializer;
use super::node::NodeDeserializer;
use super::stand_in::StandIn;
use super::{NodeId, id};
use crate::ordered;
use crate::source::Span;
use crate::tree::{Key, Node, Value};

pub(super) struct Items<'t> {
    pub of: NodeDeserializer<'t>,
    pub items: std::iter::Enumerate<std::slice::Iter<'t, Node>>,
}

impl<'t> SeqAccess<'t> for Items<'t> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some((index, node)) = self.items.by_ref().find(|(_, node)| !self.of.repairs.skips(node)) else {
            return Ok(None);
        };
        seed.deserialize(self.of.child(node, None)).map(Some).map_err(|error| error.under(|| index.to_string()))
    }
}

pub(super) struct OneItem<'t>(pub Option<NodeDeserializer<'t>>);

impl<'t> SeqAccess<'t> for OneItem<'t> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.0.take().map(|node| seed.deserialize(node)).transpose()
    }
}

/// File, start, end, and the value: what [`crate::Spanned`] asks for.
pub(super) struct SpannedParts<D> {
    pub span: Span,
    pub value: Option<D>,
    pub part: u8,
}

impl<'t, D: Deserializer<'t, Error = Error>> SeqAccess<'t> for SpannedParts<D> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let number: u32 = match self.part {
            0 => self.span.file_number(),
            1 => self.span.start,
            2 => self.span.end,
            _ => return self.value.take().map(|value| seed.deserialize(value)).transpose(),
        };
        self.part += 1;
        let number: U32Deserializer<Error> = number.into_deserializer();
        seed.deserialize(number).map(Some)
    }
}

pub(super) struct Entries<'t> {
    pub of: NodeDeserializer<'t>,
    pub entries: std::slice::Iter<'t, (Key, Node)>,
    pub stand_ins: std::slice::Iter<'t, (&'static str, usize)>,
    pub map: NodeId,
    pub next: Option<Next<'t>>,
}

pub(super) enum Next<'t> {
    Entry(&'t Key, &'t Node),
    StandIn(&'static str, StandIn),
}

impl<'t> MapAccess<'t> for Entries<'t> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let (repairs, without) = (self.of.repairs, self.of.without);
        let entry =
            self.entries.by_ref().find(|(key, node)| Some(key.text.as_str()) != without && !repairs.skips(node));
        if let Some((key, node)) = entry {
            self.next = Some(Next::Entry(key, node));
            let read = seed.deserialize(KeyDeserializer { text: &key.text, span: key.span });
            return read.map(Some).map_err(|error| error.at_key(key.span, node, self.map));
        }
        let Some((key, guess)) = self.stand_ins.by_ref().find(|(key, _)| Some(*key) != without) else {
            return Ok(None);
        };
        self.next = Some(Next::StandIn(key, StandIn { guess: *guess }));
        let read = seed.deserialize(KeyDeserializer { text: key, span: Span::NONE });
        read.map(Some).map_err(|error| error.at_stand_in(self.map, key))
    }

    fn next_value_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.next.take() {
            Some(Next::Entry(key, node)) => {
                let value = seed.deserialize(self.of.child(node, Some(key.span)));
                value.map_err(|error| error.under(|| key.text.clone()))
            }
            Some(Next::StandIn(key, value)) => {
                seed.deserialize(value).map_err(|error| error.at_stand_in(self.map, key))
            }
            None => Err(Error::custom("a value was asked for before its key")),
        }
    }
}

/// A list of maps with a `name` each, as a map from those names.
pub(super) struct NamedItems<'t> {
    pub of: NodeDeserializer<'t>,
    pub items: std::iter::Enumerate<std::slice::Iter<'t, Node>>,
    pub seen: std::collections::HashMap<&'t str, Span>,
    pub next: Option<(usize, &'t Node, Span)>,
}

impl<'t> MapAccess<'t> for NamedItems<'t> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let repairs = self.of.repairs;
        let Some((index, node)) = self.items.by_ref().find(|(_, node)| !repairs.skips(node)) else { return Ok(None) };
        let item = self.of.child(node, None);
        let Value::Map(_) = node.value else {
            let wrong = Err(Error::custom("expected a map with a `name`"));
            return item.here(wrong).map_err(|error| error.under(|| index.to_string()));
        };
        let name = node.get(ordered::NAME_KEY).filter(|name| !repairs.skips(name));
        let Some(name) = name else {
            let error = match repairs.stand_ins.get(&id(node)) {
                Some(_) => Error::missing_at(ordered::NAME_KEY).at_stand_in(id(node), ordered::NAME_KEY),
                None => Error::missing_at(ordered::NAME_KEY),
            };
            return item.here(Err(error)).map_err(|error| error.under(|| index.to_string()));
        };
        let Some(text) = name.as_str() else {
            let text = <String as serde::Deserialize>::deserialize(item.child(name, None));
            return Err(text.err().unwrap_or_else(|| Error::custom("expected text")));
        };
        if let Some(first) = self.seen.insert(text, name.span) {
            return Err(Error::duplicate(text, name.span, first, node));
        }
        self.next = Some((index, node, name.span));
        let read = seed.deserialize(KeyDeserializer { text, span: name.span });
        read.map(Some).map_err(|error| error.at_key(name.span, node, id(self.of.node)))
    }

    fn next_value_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let Some((index, node, span)) = self.next.take() else {
            return Err(Error::custom("a value was asked for before its key"));
        };
        let item = self.of.child(node, Some(span));
        let item = NodeDeserializer { without: Some(ordered::NAME_KEY), ..item };
        seed.deserialize(item).map_err(|error| error.under(|| index.to_string()))
    }
}

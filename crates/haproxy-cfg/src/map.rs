//! A map of the tree while it is being written: by paths, the last one counts.

use plimsoll_config::{Key, Node, Span, Value};

use crate::directive::key;

/// Keys and values, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(Vec<(Key, Node)>);

impl Map {
    /// What the names of notes begin with: they are for other directives of the section, and stay out of the tree.
    pub const NOTE: &'static str = "\u{0}";

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Node> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let (_, node) = self.0.iter().find(|(key, _)| key.text == first)?;
        match rest {
            None => Some(node),
            Some(rest) => rest.split('.').try_fold(node, |node, part| node.get(part)),
        }
    }

    /// Gives a path its value.
    pub fn set(&mut self, path: &str, at: Span, value: Node) {
        *place(&mut self.0, path, at) = value;
    }

    /// Adds a value to the list at a path.
    pub fn push(&mut self, path: &str, at: Span, value: Node) {
        let node = place(&mut self.0, path, at);
        node.span = if matches!(node.value, Value::List(_)) { node.span.to(value.span) } else { value.span };
        match &mut node.value {
            Value::List(items) => items.push(value),
            _ => node.value = Value::List(vec![value]),
        }
    }

    /// Gives an entry of the map at a path its value, whatever characters its name has.
    pub fn set_in(&mut self, path: &str, name: &str, at: Span, value: Node) {
        let entries = inside(place(&mut self.0, path, at));
        match entries.iter_mut().find(|(key, _)| key.text == name) {
            Some((_, node)) => *node = value,
            None => entries.push((key(name, at), value)),
        }
    }

    /// Adds a value to the list of an entry of the map at a path.
    pub fn push_in(&mut self, path: &str, name: &str, at: Span, value: Node) {
        let entries = inside(place(&mut self.0, path, at));
        match entries.iter_mut().find(|(key, _)| key.text == name) {
            Some((_, Node { value: Value::List(items), .. })) => items.push(value),
            Some((_, node)) => *node = Node::new(Value::List(vec![value]), at),
            None => entries.push((key(name, at), Node::new(Value::List(vec![value]), at))),
        }
    }

    /// Adds an entry under a path to a map of names, even if the name is there: the tree says that it is twice.
    pub fn add(&mut self, path: &str, name: &str, at: Span, value: Node) {
        inside(place(&mut self.0, path, at)).push((key(name, at), value));
    }

    /// The entries of the map under a key.
    pub(crate) fn entries_mut(&mut self, key: &str) -> impl Iterator<Item = (&Key, &mut Node)> {
        let node = self.0.iter_mut().find(|(own, _)| own.text == key).map(|(_, node)| &mut node.value);
        let entries: &mut [(Key, Node)] = match node {
            Some(Value::Map(entries)) => entries,
            _ => &mut [],
        };
        entries.iter_mut().map(|(key, node)| (&*key, node))
    }

    /// Takes all that is in another one.
    pub fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// The items of the list under a key.
    pub fn items_mut(&mut self, key: &str) -> impl Iterator<Item = &mut Node> {
        let node = self.0.iter_mut().find(|(own, _)| own.text == key).map(|(_, node)| &mut node.value);
        let items: &mut [Node] = match node {
            Some(Value::List(items)) => items,
            _ => &mut [],
        };
        items.iter_mut()
    }

    /// Gives a path below a node its value.
    pub fn set_of(node: &mut Node, path: &str, at: Span, value: Node) {
        *place(inside(node), path, at) = value;
    }

    /// Takes a key out.
    pub(crate) fn take(&mut self, key: &str) -> Option<(Key, Node)> {
        let at = self.0.iter().position(|(own, _)| own.text == key)?;
        Some(self.0.remove(at))
    }

    /// Takes a path away.
    pub fn remove(&mut self, path: &str) {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        match rest {
            None => self.0.retain(|(key, _)| key.text != first),
            Some(rest) => {
                let node = self.0.iter_mut().find(|(key, _)| key.text == first).map(|(_, node)| node);
                if let Some(Node { value: Value::Map(entries), .. }) = node {
                    let mut inner = Self(std::mem::take(entries));
                    inner.remove(rest);
                    *entries = inner.0;
                }
            }
        }
    }

    /// As a value of the tree.
    #[must_use]
    pub fn into_node(mut self, span: Span) -> Node {
        self.0.retain(|(key, _)| !key.text.starts_with(Self::NOTE));
        Node::new(Value::Map(self.0), span)
    }
}

impl From<Vec<(Key, Node)>> for Map {
    fn from(entries: Vec<(Key, Node)>) -> Self {
        Self(entries)
    }
}

fn place<'m>(entries: &'m mut Vec<(Key, Node)>, path: &str, at: Span) -> &'m mut Node {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let index = entries.iter().position(|(key, _)| key.text == first).unwrap_or_else(|| {
        entries.push((key(first, at), Node::new(Value::Null, at)));
        entries.len() - 1
    });
    let node = &mut entries[index].1;
    match rest {
        None => node,
        Some(rest) => place(inside(node), rest, at),
    }
}

/// The entries of a map, which it becomes if it is none.
fn inside(node: &mut Node) -> &mut Vec<(Key, Node)> {
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Vec::new());
    }
    match &mut node.value {
        Value::Map(entries) => entries,
        _ => unreachable!("it was made a map above"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_and_lists_grow() {
        let mut map = Map::default();
        let text = |text: &str| Node::text(text, Span::NONE);
        map.set("timeouts.client", Span::NONE, text("1s"));
        map.set("timeouts.server", Span::NONE, text("2s"));
        map.set("timeouts.client", Span::NONE, text("3s"));
        map.push("bind", Span::NONE, text("a"));
        map.push("bind", Span::NONE, text("b"));
        assert_eq!(map.get("timeouts.client").and_then(Node::as_str), Some("3s"));
        assert!(matches!(&map.get("bind").unwrap().value, Value::List(items) if items.len() == 2));
        map.remove("timeouts.client");
        assert!(map.get("timeouts.client").is_none() && map.get("timeouts.server").is_some());
    }
}

//! What holds in `haproxy.cfg` without being written, where YAML has another default: written out, so that everything behind knows one language.

use plimsoll_config::{Node, Span, Value};

use crate::map::Map;
use crate::values::string;

/// A key, what HAProxy does without it, and what YAML does.
#[derive(Clone, Copy, Debug)]
pub struct Lenient {
    /// The section of the tree: `global` or `defaults`.
    pub section: &'static str,
    /// The key in it.
    pub path: &'static str,
    /// What is written.
    pub value: Written,
    /// What holds in YAML without the key.
    pub yaml: &'static str,
    /// Why they differ.
    pub why: &'static str,
}

/// A value of a row.
#[derive(Clone, Copy, Debug)]
pub enum Written {
    /// `true` or `false`
    Flag(bool),
    /// A text.
    Text(&'static str),
    /// An empty list.
    Nothing,
}

/// Every default that differs.
pub const LENIENT: &[Lenient] = &[
    Lenient {
        section: "global",
        path: "log",
        value: Written::Nothing,
        yaml: "one to `stdout`",
        why: "HAProxy is silent until `log` says where to",
    },
    Lenient {
        section: "defaults",
        path: "mode",
        value: Written::Text("tcp"),
        yaml: "`http`",
        why: "HAProxy's oldest default",
    },
    Lenient {
        section: "defaults",
        path: "log",
        value: Written::Nothing,
        yaml: "as `global.log`",
        why: "HAProxy's proxies are silent until `log` says where to",
    },
    Lenient {
        section: "defaults",
        path: "log-format",
        value: Written::Text("default"),
        yaml: "`httplog` or `tcplog`, by the mode",
        why: "HAProxy tells of the connection only, unless `option httplog` or its likes are set",
    },
    Lenient {
        section: "defaults",
        path: "dontlognull",
        value: Written::Flag(false),
        yaml: "`true` for HTTP",
        why: "HAProxy logs clients that send nothing unless `option dontlognull` is set",
    },
    Lenient {
        section: "defaults",
        path: "redispatch",
        value: Written::Flag(false),
        yaml: "`true`",
        why: "HAProxy stays with the server unless `option redispatch` is set",
    },
    Lenient {
        section: "defaults",
        path: "splice-auto",
        value: Written::Flag(false),
        yaml: "`true`",
        why: "HAProxy splices only if told to",
    },
    Lenient {
        section: "defaults",
        path: "timeouts.client",
        value: Written::Text("0s"),
        yaml: "10 s and a pace, for HTTP",
        why: "HAProxy waits for ever, and warns",
    },
    Lenient {
        section: "defaults",
        path: "timeouts.http-request",
        value: Written::Text("0s"),
        yaml: "10 s",
        why: "HAProxy has `timeout client` only",
    },
    Lenient {
        section: "defaults",
        path: "timeouts.client-handshake",
        value: Written::Text("0s"),
        yaml: "10 s",
        why: "HAProxy has `timeout client` only",
    },
];

/// Writes what proxies do not say: a frontend may listen nowhere, and servers are checked only if their lines say so.
pub(crate) fn proxies(tree: &mut Map) {
    let checked: Vec<String> = with_checks(tree);
    for section in ["frontends", "listens", "backends"] {
        for (_, proxy) in tree.entries_mut(section) {
            let span = proxy.span;
            let Value::Map(keys) = &mut proxy.value else { continue };
            let mut map = Map::from(std::mem::take(keys));
            if section != "backends" && map.get("bind").is_none() {
                map.set("bind", span, Node::new(Value::List(Vec::new()), span));
            }
            let base = map.get("from").and_then(Node::as_str).is_some_and(|base| checked.iter().any(|one| one == base));
            if section != "frontends" && (base || map.get("health-check").is_some()) {
                map.entries_mut("servers").for_each(|(_, server)| unchecked(server));
            }
            proxy.value = map.into_node(span).value;
        }
    }
}

/// The defaults that say how servers are checked, by themselves or by what they are based on.
fn with_checks(tree: &mut Map) -> Vec<String> {
    let mut checked: Vec<String> = Vec::new();
    // In the file's order: what one is based on comes before it.
    for (name, defaults) in tree.entries_mut("named-defaults") {
        let base =
            defaults.get("from").and_then(Node::as_str).is_some_and(|base| checked.iter().any(|one| one == base));
        if base || defaults.get("health-check").is_some() {
            checked.push(name.text.clone());
        }
    }
    checked
}

fn unchecked(server: &mut Node) {
    let span = server.span;
    let mut map = match &mut server.value {
        Value::Map(keys) => Map::from(std::mem::take(keys)),
        _ => {
            let mut map = Map::default();
            map.set("address", span, server.clone());
            map
        }
    };
    if map.get("check").is_none() {
        map.set("check", span, Node::new(Value::Bool(false), span));
    }
    server.value = map.into_node(span).value;
}

/// Writes what `global` does not say.
pub(crate) fn global(map: &mut Map) {
    write("global", map);
}

/// Writes the defaults of defaults.
pub(crate) fn defaults(map: &mut Map) {
    write("defaults", map);
}

fn write(section: &str, map: &mut Map) {
    for row in LENIENT.iter().filter(|row| row.section == section) {
        if map.get(row.path).is_none() {
            let value = match row.value {
                Written::Flag(value) => Value::Bool(value),
                Written::Text(text) => string(text.to_owned()),
                Written::Nothing => Value::List(Vec::new()),
            };
            map.set(row.path, Span::NONE, Node::new(value, Span::NONE));
        }
    }
}

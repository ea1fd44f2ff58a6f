//! What HAProxy's directives about HTTP heads and about users become.

use plimsoll_config::{Node, Value};
use plimsoll_haproxy_cfg::Becomes::{By, Value as One};
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Mood, Out, Sections};

const ANY: Sections = Sections::ANY_PROXY;

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line("option forwardfor", ANY, By(address, &["forwardfor"])),
    Directive::line("option originalto", ANY, By(address, &["originalto"])),
    Directive::line("option forwarded", Sections::BACK, By(forwarded, &["forwarded"])),
    Directive::line("option http-restrict-req-hdr-names", ANY, One("http-restrict-req-hdr-names", Kind::Word)),
    Directive::line("http-send-name-header", Sections::BACK, One("http-send-name-header", Kind::Word)),
    Directive::line("option accept-invalid-http-response", Sections::BACK, By(tolerate, &[])),
    Directive::line("option accept-unsafe-violations-in-http-response", Sections::BACK, By(tolerate, &[])),
    Directive::line("group", Sections::USERLIST, By(group, &["groups"])),
    Directive::line("user", Sections::USERLIST, By(user, &["users"])),
];

/// `option forwardfor [except NETWORK] [header NAME] [if-none]`, and `originalto`
fn address(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let name = line.name();
    let path = name.strip_prefix("option ").unwrap_or(&name);
    if line.mood != Mood::Plain {
        return out.set_flag(line, path, false);
    }
    out.set_flag(line, path, true);
    let mut rest = line.arguments;
    while let [word, more @ ..] = rest {
        rest = match (word.text.as_str(), more) {
            (key @ ("except" | "header"), [value, more @ ..]) => {
                let value = Node::text(value.text.as_str(), value.span);
                out.map.set(&format!("{path}.{key}"), word.span, value);
                more
            }
            ("if-none", more) => {
                out.map.set(&format!("{path}.if-none"), word.span, Node::new(Value::Bool(true), word.span));
                more
            }
            (key @ ("except" | "header"), []) => {
                return out.wrong(
                    word.span,
                    format!("`{key}` takes an argument"),
                    "`except 127.0.0.0/8 header X-Client`",
                );
            }
            (key, _) => {
                return out.wrong(
                    word.span,
                    format!("`{name}` has no `{key}`"),
                    "`except`, `header` and `if-none` may stand here",
                );
            }
        };
    }
}

/// `option forwarded [proto] [host|host-expr E] [by|by-expr E] [by_port|by_port-expr E] [for|for-expr E] [for_port|for_port-expr E]`
fn forwarded(line: &Line<'_>, out: &mut Out<'_, '_>) {
    if line.mood != Mood::Plain {
        return out.set_flag(line, "forwarded", false);
    }
    out.set_flag(line, "forwarded", true);
    let mut rest = line.arguments;
    while let [word, more @ ..] = rest {
        let (part, by_expression) = match word.text.strip_suffix("-expr") {
            Some(part) => (part, true),
            None => (word.text.as_str(), false),
        };
        let known =
            matches!(part, "host" | "by" | "by_port" | "for" | "for_port") || (part == "proto" && !by_expression);
        let path = format!("forwarded.{}", part.replace('_', "-"));
        rest = match more {
            _ if !known => {
                let help = "`proto`, `host`, `by`, `by_port`, `for` and `for_port` may stand here";
                return out.wrong(word.span, format!("`option forwarded` has no `{}`", word.text), help);
            }
            [value, more @ ..] if by_expression => {
                out.map.set(&path, word.span, Node::text(value.text.as_str(), value.span));
                more
            }
            [] if by_expression => {
                return out.wrong(word.span, format!("`{}` takes an expression", word.text), "`for-expr src`");
            }
            more => {
                out.map.set(&path, word.span, Node::new(Value::Bool(true), word.span));
                more
            }
        };
    }
}

/// What HAProxy lets pass in responses.
fn tolerate(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 0);
    out.unsupported(
        line,
        "servers of this backend would be forgiven malformed responses: `tolerate` of a server does part of it",
    );
}

/// `group NAME [users A,B]`
fn group(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let Some(name) = line.arguments.first() else {
        return out.wrong(line.place(), "a group has a name", "`group admins users alice,bob`");
    };
    let members = match &line.arguments[1..] {
        [] => Vec::new(),
        [users, list] if users.text == "users" => {
            list.text.split(',').map(|user| Node::text(user, list.span)).collect()
        }
        [word, ..] => {
            return out.wrong(word.span, format!("`group` has no `{}`", word.text), "`users alice,bob` may stand here");
        }
    };
    out.map.set_in("groups", &name.text, name.span, Node::new(Value::List(members), name.span));
}

/// `user NAME [password P | insecure-password P] [groups A,B]`
fn user(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let Some(name) = line.arguments.first() else {
        return out.wrong(line.place(), "a user has a name", "`user alice insecure-password secret`");
    };
    let mut entries = plimsoll_haproxy_cfg::Map::default();
    let mut rest = &line.arguments[1..];
    while let [key, more @ ..] = rest {
        let Some((value, more)) = more.split_first() else {
            return out.wrong(key.span, format!("`{}` takes an argument", key.text), "`user alice password $6$…`");
        };
        match key.text.as_str() {
            word @ ("password" | "insecure-password") => {
                entries.set(word, key.span, Node::text(value.text.as_str(), value.span));
            }
            "groups" => {
                let groups = value.text.split(',').map(|group| Node::text(group, value.span)).collect();
                entries.set("groups", key.span, Node::new(Value::List(groups), value.span));
            }
            word => {
                let help = "`password`, `insecure-password` and `groups` may stand here";
                return out.wrong(key.span, format!("`user` has no `{word}`"), help);
            }
        }
        rest = more;
    }
    out.map.set_in("users", &name.text, name.span, entries.into_node(name.span));
}

//! What HAProxy's directives about logs become.

use plimsoll_config::{self as config, Node};
use plimsoll_haproxy_cfg::Becomes::{By, Flag, Value};
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Map, Mood, Out, Sections};

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line(
        "log",
        Sections::GLOBAL,
        By(log, &["log.to", "log.len", "log.framing", "log.facility", "log.level", "log.min-level", "log.sample"]),
    ),
    Directive::line("log", Sections::ANY_PROXY, By(log_of_proxy, &["log"])),
    Directive::line("log-tag", Sections::GLOBAL.and(Sections::ANY_PROXY), Value("log-tag", Kind::Word)),
    Directive::line("log-send-hostname", Sections::GLOBAL, By(hostname, &["log-send-hostname"])),
    Directive::line("option httplog", Sections::ANY_PROXY, By(httplog, &["log-format"])),
    Directive::line("option tcplog", Sections::ANY_PROXY, By(tcplog, &["log-format"])),
    Directive::line("option dontlognull", Sections::FRONT, Flag("dontlognull")),
    Directive::line("option dontlog-normal", Sections::FRONT, Flag("dontlog-normal")),
    Directive::line("option log-separate-errors", Sections::FRONT, Flag("log-separate-errors")),
];

/// `log ADDRESS [len N] [format F] [sample …] FACILITY [LEVEL [MINLEVEL]]`, as an entry of a list.
pub fn target(line: &Line<'_>, out: &mut Out<'_, '_>) -> Option<Node> {
    let address = out.value(line, 0, Kind::Address)?;
    let mut map = Map::default();
    map.set("to", address.span, Node::text(place(address.as_str().unwrap_or_default()), address.span));
    let mut rest = &line.arguments[1..];
    while let [key, value, more @ ..] = rest {
        match key.text.as_str() {
            "len" => {
                let length = out.read(value, Kind::Count)?;
                map.set("len", key.span, length);
            }
            "format" => map.set("framing", key.span, Node::text(value.text.as_str(), value.span)),
            "sample" => map.set("sample", key.span, Node::text(value.text.as_str(), value.span)),
            "profile" => out.unsupported(line, "it would write lines there in a shape of their own"),
            _ => break,
        }
        rest = more;
    }
    for (key, word) in ["facility", "level", "min-level"].iter().zip(rest) {
        map.set(key, word.span, Node::text(word.text.as_str(), word.span));
    }
    if rest.is_empty() {
        out.wrong(line.place(), "`log` takes a facility behind the address", "`log /dev/log local0`");
        return None;
    }
    if let Some(word) = rest.get(3) {
        out.wrong(word.span, format!("`log` takes no `{}`", word.text), "a facility and two levels may stand here");
    }
    Some(map.into_node(line.place()))
}

/// An address of HAProxy's as a place.
fn place(address: &str) -> String {
    match address {
        "stdout" | "stderr" => address.to_owned(),
        path if path.starts_with('/') => format!("unix:{path}"),
        other => {
            let other = other.strip_prefix("udp@").or(other.strip_prefix("ipv4@")).unwrap_or(other);
            if let Some(path) = other.strip_prefix("unix@") {
                return format!("unix:{path}");
            }
            // The port of syslog is 514.
            let has_port = other.rsplit_once(':').is_some_and(|(host, port)| {
                port.bytes().all(|byte| byte.is_ascii_digit()) && (!host.contains(':') || host.ends_with(']'))
            });
            if has_port { format!("udp:{other}") } else { format!("udp:{other}:514") }
        }
    }
}

fn log(line: &Line<'_>, out: &mut Out<'_, '_>) {
    if line.mood != Mood::Plain {
        return out.map.remove("log");
    }
    if let Some(target) = target(line, out) {
        out.map.push("log", line.place(), target);
    }
}

/// `log global`, `log ADDRESS …`, `no log`: beside what the defaults give.
fn log_of_proxy(line: &Line<'_>, out: &mut Out<'_, '_>) {
    if line.mood != Mood::Plain {
        return out.map.set("log", line.place(), Node::new(config::Value::List(Vec::new()), line.place()));
    }
    let target = if line.argument(0) == Some("global") {
        out.at_most(line, 1);
        Node::text("global", line.place())
    } else {
        match target(line, out) {
            Some(target) => target,
            None => return,
        }
    };
    if out.map.get("log").is_none() {
        out.map.push("log", line.place(), Node::text("defaults", line.place()));
    }
    out.map.push("log", line.place(), target);
}

/// `log-send-hostname [NAME]`
fn hostname(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 1);
    out.set_text(line, "log-send-hostname", line.argument(0).unwrap_or("system"));
}

/// `option httplog [clf]`: a shape by its name.
fn httplog(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 1);
    let shape = match line.argument(0) {
        None => "httplog",
        Some("clf") => "clf",
        Some(other) => {
            let help = "`option httplog clf` is all there is";
            return out.wrong(line.place(), format!("`option httplog` takes no `{other}`"), help);
        }
    };
    named(line, out, shape);
}

fn tcplog(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 1);
    named(line, out, "tcplog");
}

/// In a backend it says nothing, as in HAProxy.
fn named(line: &Line<'_>, out: &mut Out<'_, '_>, shape: &str) {
    if out.section == Sections::BACKEND {
        return out.note(line.place(), "lines are written by frontends: it does nothing here");
    }
    if line.mood == Mood::Plain {
        out.set_text(line, "log-format", shape);
    } else {
        out.set_text(line, "log-format", "default");
    }
}

//! What HAProxy's directives about logs become.

use plimsoll_config::Node;
use plimsoll_haproxy_cfg::Becomes::By;
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Map, Mood, Out, Sections};

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line(
        "log",
        Sections::GLOBAL,
        By(log, &["log.to", "log.len", "log.framing", "log.facility", "log.level", "log.min-level"]),
    ),
    Directive::line("log-tag", Sections::GLOBAL, By(log_tag, &["log.tag"])),
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
            "sample" | "profile" => out.unsupported(line, "it would send only some of the lines there"),
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

fn log_tag(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.unsupported(line, "lines would carry another name than `lb`");
}

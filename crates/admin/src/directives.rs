//! What HAProxy's directives about statistics and the runtime socket become.

use plimsoll_haproxy_cfg::Becomes::By;
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Map, Out, Sections};

const GLOBAL: Sections = Sections::GLOBAL;

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line("stats socket", GLOBAL, By(socket, &["runtime-api.bind", "runtime-api.level", "runtime-api.mode"])),
    Directive::line("stats timeout", GLOBAL, By(timeout, &["runtime-api.timeout"])),
];

/// For every socket, before and behind.
fn timeout(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 1);
    let Some(value) = out.value(line, 0, Kind::Seconds) else { return };
    for socket in out.map.items_mut("runtime-api") {
        Map::set_of(socket, "timeout", line.place(), value.clone());
    }
    out.map.set(&noted(), line.place(), value);
}

fn noted() -> String {
    format!("{}timeout", Map::NOTE)
}

/// `stats socket ADDRESS [mode M] [level L] …`
fn socket(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let Some(address) = out.value(line, 0, Kind::Address) else { return };
    let mut map = Map::default();
    map.set("bind", address.span, address);
    let mut rest = &line.arguments[1..];
    while let [word, more @ ..] = rest {
        rest = match (word.text.as_str(), more) {
            (key @ ("level" | "mode"), [value, more @ ..]) => {
                let node = plimsoll_config::Node::text(value.text.as_str(), value.span);
                map.set(key, word.span, node);
                more
            }
            // Workers share one socket, and every one of them is passed on at a takeover.
            ("process" | "expose-fd" | "severity-output" | "thread", [_, more @ ..]) => more,
            ("user" | "group" | "uid" | "gid", [_, more @ ..]) => {
                out.unsupported(line, "the socket's file would belong to someone else");
                more
            }
            (key, _) => {
                let help = "`mode`, `level`, `user` and `group` may stand here";
                return out.wrong(word.span, format!("`stats socket` has no `{key}`"), help);
            }
        };
    }
    if let Some(timeout) = out.map.get(&noted()).cloned() {
        map.set("timeout", timeout.span, timeout);
    }
    out.map.push("runtime-api", line.place(), map.into_node(line.place()));
}

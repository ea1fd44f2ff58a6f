//! What HAProxy's directives about sockets become.

use plimsoll_config::{Node, Value};
use plimsoll_haproxy_cfg::Becomes::{By, Flag, Text, Value as One};
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Map, Mood, Out, Sections, Takes, Word};

const GLOBAL: Sections = Sections::GLOBAL;
const FRONT: Sections = Sections::FRONT;
const BACK: Sections = Sections::BACK;
const ANY: Sections = Sections::ANY_PROXY;
const BIND: Sections = Sections::BIND;
const SERVER: Sections = Sections::SERVER;

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line("maxpipes", GLOBAL, One("maxpipes", Kind::Count)),
    Directive::line("nosplice", GLOBAL, By(no_splice, &["maxpipes"])),
    Directive::line("ulimit-n", GLOBAL, One("ulimit-n", Kind::Count)),
    Directive::line("fd-hard-limit", GLOBAL, One("fd-hard-limit", Kind::Count)),
    Directive::line("strict-limits", GLOBAL, Flag("strict-limits")),
    Directive::line("tune.pipesize", GLOBAL, One("tune.pipesize", Kind::Size)),
    Directive::line("option clitcpka", FRONT, By(client_keepalive, &["client-keepalive"])),
    Directive::line("clitcpka-cnt", FRONT, By(client_probes, &["client-keepalive"])),
    Directive::line("clitcpka-idle", FRONT, By(client_probes, &["client-keepalive"])),
    Directive::line("clitcpka-intvl", FRONT, By(client_probes, &["client-keepalive"])),
    Directive::line("option srvtcpka", BACK, By(server_keepalive, &["server-keepalive"])),
    Directive::line("srvtcpka-cnt", BACK, By(server_probes, &["server-keepalive"])),
    Directive::line("srvtcpka-idle", BACK, By(server_probes, &["server-keepalive"])),
    Directive::line("srvtcpka-intvl", BACK, By(server_probes, &["server-keepalive"])),
    Directive::line("option tcpka", ANY, By(both_keepalives, &["client-keepalive", "server-keepalive"])),
    Directive::line("option tcp-smart-accept", FRONT, Flag("tcp-smart-accept")),
    Directive::line("option nolinger", ANY, Flag("nolinger")),
    Directive::line("option splice-auto", ANY, Flag("splice-auto")),
    Directive::line("option splice-request", ANY, Flag("splice-request")),
    Directive::line("option splice-response", ANY, Flag("splice-response")),
    Directive::line("source", BACK, By(source, &["source.address", "source.usesrc", "source.interface"])),
    Directive::option("backlog", BIND, 1, One("backlog", Kind::Count)),
    Directive::option("interface", BIND, 1, One("interface", Kind::Word)),
    Directive::option("namespace", BIND, 1, One("namespace", Kind::Word)),
    Directive::option("v6only", BIND, 0, Flag("v6only")),
    Directive::option("v4v6", BIND, 0, Flag("v4v6")),
    Directive::option("transparent", BIND, 0, Flag("transparent")),
    Directive::option("mss", BIND, 1, One("mss", Kind::Number)),
    Directive::option("tfo", BIND, 0, By(fast_open, &["tfo"])),
    Directive::option("defer-accept", BIND, 0, Flag("defer-accept")),
    Directive::option("tcp-ut", BIND.and(SERVER), 1, One("tcp-ut", Kind::Millis)),
    Directive::option("tfo", SERVER, 0, Flag("tfo")),
    Directive::option("no-tfo", SERVER, 0, By(no_fast_open, &["tfo"])),
    Directive::option("namespace", SERVER, 1, Text("namespace")),
    Directive {
        words: "source",
        sections: SERVER,
        takes: Takes::Count(source_words),
        becomes: By(source, &["source.address", "source.usesrc", "source.interface"]),
    },
];

fn no_splice(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 0);
    out.map.set("maxpipes", line.place(), Node::new(Value::Int(0), line.place()));
}

/// So many clients as the backlog holds.
fn fast_open(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.map.set("tfo", line.place(), Node::new(Value::Int(4096), line.place()));
}

fn no_fast_open(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.set_flag(line, "tfo", false);
}

fn client_keepalive(line: &Line<'_>, out: &mut Out<'_, '_>) {
    keepalive(line, out, "client-keepalive");
}

fn server_keepalive(line: &Line<'_>, out: &mut Out<'_, '_>) {
    keepalive(line, out, "server-keepalive");
}

fn both_keepalives(line: &Line<'_>, out: &mut Out<'_, '_>) {
    for (side, path) in [(Sections::FRONTEND, "client-keepalive"), (Sections::BACKEND, "server-keepalive")] {
        if out.section.meets(side.and(Sections::DEFAULTS)) {
            keepalive(line, out, path);
        }
    }
}

/// What is noted of probes until it is known that there are any.
fn noted(path: &str) -> String {
    format!("{}{path}", Map::NOTE)
}

fn keepalive(line: &Line<'_>, out: &mut Out<'_, '_>, path: &str) {
    out.at_most(line, 0);
    match (line.mood, out.map.get(&noted(path)).cloned()) {
        (Mood::Default, _) => out.map.remove(path),
        (Mood::Plain, Some(how)) => out.map.set(path, line.place(), how),
        (mood, _) => out.set_flag(line, path, mood == Mood::Plain),
    }
}

fn client_probes(line: &Line<'_>, out: &mut Out<'_, '_>) {
    probes(line, out, "client-keepalive");
}

fn server_probes(line: &Line<'_>, out: &mut Out<'_, '_>) {
    probes(line, out, "server-keepalive");
}

/// They count wherever the option is, before or behind.
fn probes(line: &Line<'_>, out: &mut Out<'_, '_>, path: &str) {
    out.at_most(line, 1);
    let name = line.name();
    let (key, kind) = match name.rsplit_once('-').map(|(_, end)| end) {
        Some("cnt") => ("count", Kind::Count),
        Some("idle") => ("idle", Kind::Seconds),
        _ => ("interval", Kind::Seconds),
    };
    let Some(value) = out.value(line, 0, kind) else { return };
    let (place, note) = (line.place(), noted(path));
    out.map.set(&format!("{note}.{key}"), place, value);
    let on = out.map.get(path).is_some_and(|node| node.value != Value::Bool(false));
    if let Some(how) = out.map.get(&note).filter(|_| on).cloned() {
        out.map.set(path, place, how);
    }
}

fn source_words(follow: &[Word]) -> usize {
    let mut count = 1;
    while follow.get(count).is_some_and(|word| matches!(word.text.as_str(), "usesrc" | "interface")) {
        count += 2;
    }
    count
}

/// `source ADDRESS[:PORTS] [usesrc WHAT] [interface NAME]`
fn source(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let Some(address) = out.value(line, 0, Kind::Address) else { return };
    let place = line.place();
    out.map.remove("source");
    // `0.0.0.0` and `*` are any address.
    out.map.set("source.address", place, address);
    let mut rest = &line.arguments[1..];
    while let [word, more @ ..] = rest {
        let key = word.text.as_str();
        if !matches!(key, "usesrc" | "interface") {
            out.wrong(word.span, format!("`source` has no `{key}`"), "`usesrc` and `interface` may stand here");
            return;
        }
        let Some((value, more)) = more.split_first() else {
            out.wrong(word.span, format!("`{key}` takes an argument"), "`usesrc clientip`, `interface eth0`");
            return;
        };
        out.map.set(&format!("source.{key}"), word.span, Node::text(value.text.as_str(), value.span));
        rest = more;
    }
}

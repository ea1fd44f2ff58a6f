//! What HAProxy's directives about health checks become.

use plimsoll_config::Node;
use plimsoll_haproxy_cfg::Becomes::{By, Flag, Value};
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Mood, Out, Sections, Word};

const BACK: Sections = Sections::BACK;
const SERVER: Sections = Sections::SERVER;
/// What `http-check` does not do yet.
const EXPECTS: &str = "`http-check expect status 200-399` is understood";

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line(
        "option httpchk",
        BACK,
        By(httpchk, &["health-check.type", "health-check.method", "health-check.path", "health-check.version"]),
    ),
    Directive::line("http-check expect", BACK, By(expect, &["health-check.expect"])),
    Directive::line(
        "http-check send",
        BACK,
        By(send, &["health-check.method", "health-check.path", "health-check.version", "health-check.host"]),
    ),
    Directive::option("check", SERVER, 0, Flag("check")),
    Directive::option("no-check", SERVER, 0, By(no_check, &["check"])),
    Directive::option("inter", SERVER, 1, Value("health-check.interval", Kind::Millis)),
    Directive::option("fastinter", SERVER, 1, Value("health-check.fast-interval", Kind::Millis)),
    Directive::option("downinter", SERVER, 1, Value("health-check.down-interval", Kind::Millis)),
    Directive::option("rise", SERVER, 1, Value("health-check.rise", Kind::Count)),
    Directive::option("fall", SERVER, 1, Value("health-check.fall", Kind::Count)),
    Directive::option("port", SERVER, 1, Value("health-check.port", Kind::Count)),
    Directive::option("addr", SERVER, 1, Value("health-check.address", Kind::Address)),
    Directive::option("check-send-proxy", SERVER, 0, Flag("health-check.send-proxy")),
    Directive::option("no-check-send-proxy", SERVER, 0, By(no_send_proxy, &["health-check.send-proxy"])),
];

fn no_check(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.set_flag(line, "check", false);
}

fn no_send_proxy(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.set_flag(line, "health-check.send-proxy", false);
}

/// `option httpchk [METHOD] [URI] [VERSION]`; one argument is the URI.
fn httpchk(line: &Line<'_>, out: &mut Out<'_, '_>) {
    if line.mood != Mood::Plain {
        return out.set_text(line, "health-check.type", "tcp");
    }
    out.set_text(line, "health-check.type", "http");
    let keys: &[&str] = if line.arguments.len() == 1 { &["path"] } else { &["method", "path", "version"] };
    if line.arguments.is_empty() {
        out.set_text(line, "health-check.method", "OPTIONS");
        out.set_text(line, "health-check.path", "/");
    } else if line.arguments.len() == 1 {
        out.set_text(line, "health-check.method", "OPTIONS");
    }
    for (key, word) in keys.iter().zip(line.arguments) {
        set(out, key, word);
    }
    // Field lines used to be smuggled in behind the version: `HTTP/1.1\r\nHost:\ www`.
    let version = line.arguments.get(2).and_then(|word| word.text.split_once("\r\n").map(|parts| (word, parts)));
    if let Some((word, (version, fields))) = version {
        out.map.set("health-check.version", word.span, Node::text(version, word.span));
        match fields.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("host") && !value.contains("\r\n") => {
                out.map.set("health-check.host", word.span, Node::text(value.trim(), word.span));
            }
            _ => out.wrong(word.span, "header fields cannot stand here", "use `http-check send hdr NAME VALUE`"),
        }
    }
    if let Some(word) = line.arguments.get(3) {
        out.wrong(
            word.span,
            format!("`option httpchk` takes no `{}`", word.text),
            "a method, a path and a version may stand here",
        );
    }
}

fn set(out: &mut Out<'_, '_>, key: &str, word: &Word) {
    out.map.set(&format!("health-check.{key}"), word.span, Node::text(word.text.as_str(), word.span));
}

/// `http-check expect status LIST`
fn expect(line: &Line<'_>, out: &mut Out<'_, '_>) {
    match line.arguments {
        [status, codes] if matches!(status.text.as_str(), "status") => {
            let text = format!("status {}", codes.text.replace(',', ", "));
            out.map.set("health-check.expect", line.place(), Node::text(text, status.span.to(codes.span)));
        }
        _ => out.unsupported(line, EXPECTS),
    }
}

/// `http-check send [meth M] [uri U] [ver V] [hdr Host H]…`
fn send(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let mut rest = line.arguments;
    loop {
        rest = match rest {
            [] => return,
            [key, value, more @ ..] if matches!(key.text.as_str(), "meth" | "uri" | "ver") => {
                let name = match key.text.as_str() {
                    "meth" => "method",
                    "uri" => "path",
                    _ => "version",
                };
                set(out, name, value);
                more
            }
            [key, name, value, more @ ..] if key.text == "hdr" && name.text.eq_ignore_ascii_case("host") => {
                set(out, "host", value);
                more
            }
            _ => return out.unsupported(line, "`meth`, `uri`, `ver` and `hdr Host` are understood"),
        };
    }
}

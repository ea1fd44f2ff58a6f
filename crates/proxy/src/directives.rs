//! What HAProxy's directives about proxies, rules and time become.

use plimsoll_config::{Node, Span, Value};
use plimsoll_haproxy_cfg::Becomes::{By, Flag, Line as Rule, Tuning, Unsupported, Value as One};
use plimsoll_haproxy_cfg::Weight::Light;
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Map, Mood, Out, Sections};

const GLOBAL: Sections = Sections::GLOBAL;
const FRONT: Sections = Sections::FRONT;
const BACK: Sections = Sections::BACK;
const ANY: Sections = Sections::ANY_PROXY;
const BIND: Sections = Sections::BIND;
const SERVER: Sections = Sections::SERVER;

/// Every directive whose key is ours, or belongs to the rules.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line("mode", ANY, One("mode", Kind::Word)),
    Directive::line("maxconnrate", GLOBAL, One("maxconnrate", Kind::Count)),
    Directive::line("maxsessrate", GLOBAL, One("maxsessrate", Kind::Count)),
    Directive::line("close-spread-time", GLOBAL, By(spread, &["close-spread-time"])),
    Directive::line("tune.vars.global-max-size", GLOBAL, One("tune.vars.global-max-size", Kind::Size)),
    Directive::line("tune.vars.proc-max-size", GLOBAL, One("tune.vars.proc-max-size", Kind::Size)),
    Directive::line("tune.vars.sess-max-size", GLOBAL, One("tune.vars.sess-max-size", Kind::Size)),
    Directive::line("tune.vars.txn-max-size", GLOBAL, One("tune.vars.txn-max-size", Kind::Size)),
    Directive::line("tune.vars.reqres-max-size", GLOBAL, One("tune.vars.reqres-max-size", Kind::Size)),
    Directive::line("set-var", GLOBAL, By(set_var, &["set-var"])),
    Directive::line("set-var-fmt", GLOBAL, By(set_var, &["set-var-fmt"])),
    Directive::line("timeout client", FRONT, One("timeouts.client", Kind::Millis)),
    Directive::line("timeout client-hs", FRONT, One("timeouts.client-handshake", Kind::Millis)),
    Directive::line("timeout client-fin", FRONT, One("timeouts.client-fin", Kind::Millis)),
    Directive::line("timeout http-request", ANY, One("timeouts.http-request", Kind::Millis)),
    Directive::line("timeout http-keep-alive", ANY, One("timeouts.http-keep-alive", Kind::Millis)),
    Directive::line("timeout tarpit", ANY, One("timeouts.tarpit", Kind::Millis)),
    Directive::line("timeout connect", BACK, One("timeouts.connect", Kind::Millis)),
    Directive::line("timeout server", BACK, One("timeouts.server", Kind::Millis)),
    Directive::line("timeout server-fin", BACK, One("timeouts.server-fin", Kind::Millis)),
    Directive::line("timeout tunnel", BACK, One("timeouts.tunnel", Kind::Millis)),
    Directive::line("timeout check", BACK, One("timeouts.check", Kind::Millis)),
    Directive::line("log-format", FRONT, One("log-format", Kind::Word)),
    Directive::line("log-format-sd", FRONT, One("log-format-sd", Kind::Word)),
    Directive::line("error-log-format", FRONT, One("error-log-format", Kind::Word)),
    Directive::line("unique-id-format", FRONT, One("unique-id-format", Kind::Word)),
    Directive::line("unique-id-header", FRONT, One("unique-id-header", Kind::Word)),
    Directive::line("rate-limit sessions", FRONT, One("rate-limit-sessions", Kind::Count)),
    Directive::line("option http-server-close", ANY, Flag("http-server-close")),
    Directive::line("option httpclose", ANY, Flag("httpclose")),
    Directive::line("option http-keep-alive", ANY, Flag("http-keep-alive")),
    Directive::line("option abortonclose", BACK, Flag("abortonclose")),
    Directive::line("option redispatch", BACK, By(redispatch, &["redispatch"])),
    Directive::line("retries", BACK, One("retries", Kind::Count)),
    Directive::line("acl", ANY, By(acl, &["acls"])),
    Directive::line("tcp-request connection", FRONT, Rule("tcp-request.connection")),
    Directive::line("tcp-request session", FRONT, Rule("tcp-request.session")),
    Directive::line("tcp-request content", ANY, Rule("tcp-request.content")),
    Directive::line("tcp-request inspect-delay", ANY, One("tcp-request.inspect-delay", Kind::Millis)),
    Directive::line("tcp-response content", BACK, Rule("tcp-response.content")),
    Directive::line("tcp-response inspect-delay", BACK, One("tcp-response.inspect-delay", Kind::Millis)),
    Directive::line("http-request", ANY, Rule("http-request")),
    Directive::line("http-response", ANY, Rule("http-response")),
    Directive::line("http-after-response", ANY, Rule("http-after-response")),
    Directive::line("redirect", Sections::PROXY, By(redirect, &["http-request"])),
    Directive::line("use_backend", Sections::FRONTEND, Rule("use-backend")),
    Directive::line("use-server", Sections::BACKEND, Rule("use-server")),
    Directive::line("default_backend", FRONT, One("default-backend", Kind::Word)),
    Directive::line("monitor-uri", FRONT, One("monitor-uri", Kind::Word)),
    Directive::line("monitor fail", Sections::FRONTEND, Rule("monitor-fail")),
    Directive::line("capture", Sections::FRONTEND, Rule("capture")),
    Directive::line("declare capture", Sections::FRONTEND, By(declare, &["declare-capture"])),
    Directive::line("http-error", ANY, Rule("http-error")),
    Directive::line("errorfile", ANY, By(page, &["errorfiles"])),
    Directive::line("errorfile", Sections::HTTP_ERRORS, By(page_of_set, &[])),
    Directive::line("errorfiles", ANY, By(pages, &["errorfiles"])),
    Directive::line("errorloc", ANY, By(page, &["errorloc"])),
    Directive::line("errorloc302", ANY, By(page, &["errorloc302"])),
    Directive::line("errorloc303", ANY, By(page, &["errorloc303"])),
    Directive::line("stats enable", ANY, By(stats_enable, &["stats"])),
    Directive::line("stats uri", ANY, One("stats.uri", Kind::Word)),
    Directive::line("stats auth", ANY, Rule("stats.auth")),
    Directive::line("stats realm", ANY, One("stats.realm", Kind::Word)),
    Directive::line("stats refresh", ANY, One("stats.refresh", Kind::Seconds)),
    Directive::line("stats hide-version", ANY, Flag("stats.hide-version")),
    Directive::line("stats show-node", ANY, By(stats_node, &["stats.show-node"])),
    Directive::line("stats show-desc", ANY, By(stats_text, &["stats.show-desc"])),
    Directive::line("stats scope", ANY, Rule("stats.scope")),
    Directive::line("stats http-request", ANY, Rule("stats.http-request")),
    Directive::line("stats admin", ANY, Unsupported(Light, "the page would change the state of servers")),
    Directive::line("stats show-legends", ANY, Tuning("the page shows what it knows")),
    Directive::line("stats show-modules", ANY, Tuning("the page shows what it knows")),
    Directive::option("name", BIND, 1, One("name", Kind::Word)),
    Directive::option("accept-proxy", BIND, 0, Flag("accept-proxy")),
    Directive::option("maxconn", BIND, 1, One("maxconn", Kind::Count)),
    Directive::option("send-proxy", SERVER, 0, Flag("send-proxy")),
    Directive::option("send-proxy-v2", SERVER, 0, Flag("send-proxy-v2")),
    Directive::option("no-send-proxy", SERVER, 0, By(no_send_proxy, &["send-proxy"])),
    Directive::option("no-send-proxy-v2", SERVER, 0, By(no_send_proxy, &["send-proxy-v2"])),
    Directive::option("proxy-v2-options", SERVER, 1, By(proxy_options, &["proxy-v2-options"])),
];

fn spread(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 1);
    let endless = line.argument(0) == Some("infinite");
    let kind = if endless { Kind::Word } else { Kind::Millis };
    if let Some(value) = out.value(line, 0, kind) {
        out.map.set("close-spread-time", line.place(), value);
    }
}

/// `set-var NAME EXPRESSION`
fn set_var(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let (Some(name), true) = (line.arguments.first(), line.arguments.len() > 1) else {
        let help = "`set-var proc.limit int(10)`";
        return out.wrong(line.place(), format!("`{}` takes the name of a variable and its value", line.name()), help);
    };
    out.map.set_in(&line.name(), &name.text, name.span, line.rest(1));
}

/// `option redispatch [INTERVAL]`
fn redispatch(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 1);
    match line.mood {
        Mood::Default => return out.map.remove("redispatch"),
        mood => out.set_flag(line, "redispatch", mood == Mood::Plain),
    }
    if let Some(interval) = line.arguments.first() {
        match interval.text.parse::<i64>() {
            Err(_) => out.wrong(interval.span, format!("`{}` is not a number", interval.text), "`option redispatch 1`"),
            Ok(1 | 0) => {}
            Ok(_) => out.unsupported(line, "only some of the retries would go to another server: each does"),
        }
    }
}

/// `acl NAME EXPRESSION …`: several of one name are one condition.
fn acl(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let (Some(name), true) = (line.arguments.first(), line.arguments.len() > 1) else {
        return out.wrong(line.place(), "`acl` takes a name and a condition", "`acl is_api path_beg /api`");
    };
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | ':');
    if let Some(bad) = name.text.chars().find(|character| !fits(*character)) {
        return out.wrong(
            name.span,
            format!("a name cannot hold `{bad}`"),
            "letters, digits, `-`, `_`, `.` and `:` can",
        );
    }
    if out.section == Sections::DEFAULTS && !out.is_named() {
        let help = "give the defaults a name, or move it to the proxies";
        return out.wrong(line.place(), "anonymous defaults hold no `acl`", help);
    }
    out.map.push_in("acls", &name.text, name.span, line.rest(1));
}

/// `declare capture`: a slot among those of `capture`, in the order of the file.
fn declare(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.map.push("capture", line.place(), line.rest(0));
}

/// As `http-request redirect`.
fn redirect(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let mut rule = line.whole();
    if let Value::String { text, .. } = &mut rule.value {
        // Here addresses are plain texts; behind `http-request` they are formats.
        let options = line.arguments.iter().take_while(|word| !matches!(word.text.as_str(), "if" | "unless"));
        let options: Vec<&str> = options.map(|word| word.text.as_str()).collect();
        for pair in options.windows(2) {
            if matches!(pair[0], "location" | "prefix" | "scheme") && pair[1].contains('%') {
                *text = text.replacen(pair[1], &pair[1].replace('%', "%%"), 1);
            }
        }
    }
    out.map.push("http-request", line.place(), rule);
}

/// `errorfile CODE PATH`, `errorloc CODE URL`
fn page(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 2);
    let Some((code, text)) = code_and_text(line, out) else { return };
    let key = if line.name() == "errorfile" { String::from("errorfiles") } else { line.name() };
    out.map.set_in(&key, &code.0, code.1, text);
}

fn page_of_set(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 2);
    let Some((code, text)) = code_and_text(line, out) else { return };
    out.map.set(&code.0, code.1, text);
}

fn code_and_text(line: &Line<'_>, out: &mut Out<'_, '_>) -> Option<((String, Span), Node)> {
    match line.arguments {
        [code, text, ..] => {
            let text = Node::text(text.text.as_str(), text.span);
            Some(((code.text.clone(), code.span), text))
        }
        _ => {
            let name = line.name();
            let help =
                if name == "errorfile" { "`errorfile 503 /etc/pages/503.http`" } else { "`errorloc 503 /sorry`" };
            out.wrong(line.place(), format!("`{name}` takes a status and what stands for it"), help);
            None
        }
    }
}

/// `errorfiles SET [CODE…]`
fn pages(line: &Line<'_>, out: &mut Out<'_, '_>) {
    match line.arguments {
        [] => out.wrong(line.place(), "`errorfiles` takes the name of a section `http-errors`", "`errorfiles site`"),
        [set] => out.map.set("errorfiles", line.place(), Node::text(set.text.as_str(), set.span)),
        _ => out.unsupported(line, "only some pages of the set would be taken"),
    }
}

fn stats_enable(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 0);
    if out.map.get("stats").is_none() {
        out.map.set("stats", line.place(), Map::default().into_node(line.place()));
    }
}

/// `stats show-node [NAME]`
fn stats_node(line: &Line<'_>, out: &mut Out<'_, '_>) {
    match line.argument(0) {
        None => out.set_flag(line, "stats.show-node", true),
        Some(name) => out.set_text(line, "stats.show-node", name),
    }
}

/// `stats show-desc [TEXT…]`
fn stats_text(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let words: Vec<_> = line.arguments.iter().map(|word| word.text.as_str()).collect();
    match words[..] {
        [] => out.unsupported(line, "it would show the description of the process"),
        _ => out.set_text(line, "stats.show-desc", &words.join(" ")),
    }
}

fn no_send_proxy(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let name = line.name();
    out.set_flag(line, name.strip_prefix("no-").unwrap_or(&name), false);
}

fn proxy_options(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let Some(word) = line.arguments.first() else {
        return out.wrong(line.place(), "`proxy-v2-options` takes a list", "`proxy-v2-options crc32c`");
    };
    let items = word.text.split(',').map(|option| Node::text(option, word.span)).collect();
    out.map.set("proxy-v2-options", line.place(), Node::new(Value::List(items), word.span));
}

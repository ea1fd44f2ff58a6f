//! The tables of HAProxy's directives of every crate, and the rows of those keys that hold the others together.

use std::sync::LazyLock;

use plimsoll_config::Node;
use plimsoll_haproxy_cfg::Becomes::{By, Value as One};
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Map, Out, Program, Sections, Tables, UNSUPPORTED, Word};

const GLOBAL: Sections = Sections::GLOBAL;

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line("nbthread", GLOBAL, One("threads", Kind::Count)),
    Directive::line("maxconn", GLOBAL, One("maxconn", Kind::Count)),
    Directive::line("maxconn", Sections::FRONT, One("maxconn", Kind::Count)),
    Directive::line("hard-stop-after", GLOBAL, One("hard-stop-after", Kind::Millis)),
    Directive::line("grace", GLOBAL, One("grace", Kind::Millis)),
    Directive::line("setenv", GLOBAL, By(set_env, &[])),
    Directive::line("presetenv", GLOBAL, By(set_env, &[])),
    Directive::line("unsetenv", GLOBAL, By(unset_env, &[])),
    Directive::line("resetenv", GLOBAL, By(reset_env, &[])),
    Directive::line("bind", Sections::FRONTEND, By(bind, &["bind", "address"])),
    Directive::line("server", Sections::BACKEND, By(server, &["servers", "address"])),
    Directive::line("server-template", Sections::BACKEND, By(server_template, &["servers", "address"])),
    Directive::line("default-server", Sections::BACK, By(default_server, &[])),
    Directive::option("nice", Sections::BIND, 1, One("nice", Kind::Number)),
];

/// Every crate's rows, by the crate's folder.
pub const TABLES: &[(&str, &[Directive])] = &[
    ("net", plimsoll_net::DIRECTIVES),
    ("http", plimsoll_http::DIRECTIVES),
    ("server", plimsoll_server::DIRECTIVES),
    ("observe", plimsoll_observe::DIRECTIVES),
    ("process", plimsoll_process::DIRECTIVES),
    ("lb", plimsoll_lb::DIRECTIVES),
    ("upstream", plimsoll_upstream::DIRECTIVES),
    ("checks", plimsoll_checks::DIRECTIVES),
    ("proxy", plimsoll_proxy::DIRECTIVES),
    ("admin", plimsoll_admin::DIRECTIVES),
    ("engine", DIRECTIVES),
];

/// Every directive that is read.
pub static DIRECTIVE_TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let tables: Vec<_> = TABLES.iter().map(|(_, rows)| *rows).chain(UNSUPPORTED.iter().copied()).collect();
    Tables::new(&tables)
});

/// What conditions of a `haproxy.cfg` are answered. A feature is named once all of it works.
pub const PROGRAM: Program = Program {
    version: "3.5",
    features: &["EPOLL", "GETADDRINFO", "LINUX_SPLICE", "LINUX_TPROXY", "NS", "PROMEX", "TFO", "THREAD", "ACCEPT4"],
    enabled: &["EPOLL", "GETADDRINFO", "SPLICE"],
};

/// `setenv NAME VALUE`, and `presetenv`, which leaves what is there.
fn set_env(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let [name, value] = line.arguments else {
        let help = "`setenv NAME VALUE`";
        return out.wrong(line.place(), format!("`{}` takes a name and a value", line.name()), help);
    };
    if line.name() == "setenv" || out.environment.get(&name.text).is_none() {
        out.environment.set(&name.text, Some(value.text.clone()));
    }
}

fn unset_env(line: &Line<'_>, out: &mut Out<'_, '_>) {
    line.arguments.iter().for_each(|name| out.environment.set(&name.text, None));
}

fn reset_env(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.environment.keep_only(line.arguments.iter().map(|name| name.text.clone()).collect());
}

/// `bind ADDRESS[,ADDRESS…] [OPTIONS]`
fn bind(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let Some(addresses) = out.value(line, 0, Kind::Address) else { return };
    let mut options = Map::default();
    out.options(&line.arguments[1..], Sections::BIND, &mut options);
    let text = addresses.as_str().unwrap_or_default().to_owned();
    for address in text.split(',') {
        let mut map = options.clone();
        map.set("address", addresses.span, Node::text(anywhere(address), addresses.span));
        let short = options.is_empty();
        let node = if short { Node::text(anywhere(address), addresses.span) } else { map.into_node(line.place()) };
        out.map.push("bind", line.place(), node);
    }
}

/// `:80` is every address.
fn anywhere(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((family, port)) if port.starts_with(':') => format!("{family}@*{port}"),
        None if address.starts_with(':') && !address.starts_with("::") => format!("*{address}"),
        _ => address.to_owned(),
    }
}

/// `server NAME ADDRESS [OPTIONS]`
fn server(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let (Some(name), Some(_)) = (line.arguments.first(), line.arguments.get(1)) else {
        return out.wrong(line.place(), "`server` takes a name and an address", "`server app1 10.0.0.1:8080 check`");
    };
    let Some(address) = out.value(line, 1, Kind::Address) else { return };
    let options = own_options(&line.arguments[2..], out);
    add(line, &name.text, name, &address, options, out);
}

/// What `default-server` has said, and what the line says.
fn own_options(words: &[Word], out: &mut Out<'_, '_>) -> Map {
    let mut options = out.servers.clone();
    out.options(words, Sections::SERVER, &mut options);
    options
}

fn add(line: &Line<'_>, name: &str, at: &Word, address: &Node, mut options: Map, out: &mut Out<'_, '_>) {
    if out.map.get("servers").is_some_and(|servers| servers.get(name).is_some()) {
        let help = "names of servers differ; the runtime commands go by them";
        return out.wrong(at.span, format!("there is a server `{name}` already"), help);
    }
    // A server is checked only if it says so.
    let node = if options.is_empty() {
        address.clone()
    } else {
        let mut map = Map::default();
        map.set("address", address.span, address.clone());
        map.append(&mut options);
        map.into_node(line.place())
    };
    out.map.set_in("servers", name, at.span, node);
}

/// `server-template PREFIX COUNT ADDRESS [OPTIONS]`
fn server_template(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let [prefix, range, address, ..] = line.arguments else {
        let help = "`server-template web 5 web.example:80 check`";
        return out.wrong(line.place(), "`server-template` takes a prefix, a count and an address", help);
    };
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| (1..=100_000).contains(number));
    let ends = match range.text.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)),
        None => number(&range.text).map(|last| (1, last)),
    };
    let Some((first, last)) = ends.filter(|(first, last)| first <= last) else {
        return out.wrong(range.span, format!("`{}` is neither a count nor a range", range.text), "`5`, or `3-7`");
    };
    let Some(address) = out.read(address, Kind::Address) else { return };
    let options = own_options(&line.arguments[3..], out);
    for number in first..=last {
        add(line, &format!("{}{number}", prefix.text), prefix, &address, options.clone(), out);
    }
}

/// `default-server OPTIONS`: for the servers that follow.
fn default_server(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let mut options = std::mem::take(out.servers);
    out.options(line.arguments, Sections::SERVER, &mut options);
    *out.servers = options;
}

//! Keys that HAProxy's users know and that a later version will read: each is named with what it would do. To ignore one, even
//! with a warning, could open what a rule should close, so each is an error.

use plimsoll_config::{Diagnostic, Diagnostics, Node, Value};

/// Where a key may stand; a set of places is their sum.
type Places = u16;

const TOP: Places = 1;
const GLOBAL: Places = 1 << 1;
const FRONTEND: Places = 1 << 2;
const BACKEND: Places = 1 << 3;
const BIND: Places = 1 << 4;
const SERVER: Places = 1 << 5;
const CHECK: Places = 1 << 6;
const TIMEOUTS: Places = 1 << 7;
const STATS: Places = 1 << 8;
const PROXY: Places = FRONTEND | BACKEND;

/// Places, key, and what it would do: the end of "would …".
const LATER: &[(Places, &str, &str)] = &[
    (TOP, "resolvers", "ask name servers of their own for the addresses of servers"),
    (TOP, "peers", "share stick tables between processes"),
    (TOP, "caches", "keep small responses in memory"),
    (TOP, "mailers", "send mail when a server goes up or down"),
    (TOP, "rings", "keep log lines in memory"),
    (TOP, "certificates", "hold certificates by name"),
    (GLOBAL, "node", "name this process in its statistics"),
    (GLOBAL, "description", "describe this process in its statistics"),
    (GLOBAL, "maxsslconn", "limit TLS connections"),
    (GLOBAL, "maxsslrate", "limit TLS handshakes per second"),
    (GLOBAL, "tls", "set what holds for every TLS connection"),
    (GLOBAL, "buffer-size", "set the size of buffers"),
    (GLOBAL, "spread-checks", "spread health checks in time"),
    (GLOBAL, "lua", "load Lua scripts"),
    (PROXY, "stick-table", "count and remember things by key, such as a client's address"),
    (BACKEND, "stick", "send a client to the server that it had before"),
    (BACKEND, "cookie", "send a client to the server that its cookie names"),
    (PROXY, "compression", "compress responses"),
    (PROXY, "filters", "let modules look at the stream"),
    (PROXY, "email-alert", "send mail when a server goes up or down"),
    (PROXY, "disabled", "leave this proxy out"),
    (PROXY, "id", "give this proxy a number of its own"),
    (PROXY, "guid", "give this proxy a name that survives a renaming"),
    (PROXY, "description", "describe this proxy in the statistics"),
    (FRONTEND, "backlog", "set the kernel's queue for every bind; today it is a key of a `bind`"),
    (PROXY, "http-buffer-request", "wait for a request's body before choosing"),
    (BACKEND, "default-server", "set keys for every server of the backend"),
    (BACKEND, "server-template", "define many servers at once"),
    (BACKEND, "load-server-state-from-file", "start with the state that an earlier process left"),
    (BACKEND, "hash-type", "say how hashes choose servers"),
    (BACKEND, "hash-balance-factor", "keep a hashed server from too much load"),
    (BACKEND, "http-check", "define steps of a health check; `health-check` has the common ones"),
    (BACKEND, "tcp-check", "define steps of a health check"),
    (BACKEND, "external-check", "check by running a program"),
    (BACKEND, "retry-on", "choose what is tried again"),
    (BACKEND, "fullconn", "say at which load servers reach their maxconn"),
    (BACKEND, "dispatch", "send everything to one address"),
    (BACKEND, "persist", "use a server although it is down, if a client belongs to it"),
    (BACKEND, "force-persist", "use a server that is down, by conditions"),
    (BACKEND, "max-session-srv-conns", "limit the server connections that a client keeps"),
    (BIND, "tls", "speak TLS with clients"),
    (BIND, "alpn", "offer protocols in the TLS handshake"),
    (BIND, "proto", "speak one protocol only"),
    (BIND, "mode", "set the permissions of a UNIX socket"),
    (BIND, "user", "set the owner of a UNIX socket"),
    (BIND, "group", "set the group of a UNIX socket"),
    (BIND, "thread", "choose the threads that listen"),
    (SERVER, "tls", "speak TLS with the server"),
    (SERVER, "alpn", "offer protocols in the TLS handshake"),
    (SERVER, "proto", "speak one protocol with the server"),
    (SERVER, "maxconn", "limit the server's requests; others wait in a queue"),
    (SERVER, "minconn", "let the limit grow with the load"),
    (SERVER, "maxqueue", "limit the queue"),
    (SERVER, "slowstart", "raise a server's share slowly after it came up"),
    (SERVER, "cookie", "name this server in the client's cookie"),
    (SERVER, "send-proxy-v2-ssl", "tell the server of the client's TLS in the PROXY header"),
    (SERVER, "send-proxy-v2-ssl-cn", "tell the server the name in the client's certificate"),
    (SERVER, "set-proxy-v2-tlv-fmt", "put values of your own into the PROXY header"),
    (SERVER, "observe", "judge a server by its traffic"),
    (SERVER, "on-error", "say what a failure does to a server"),
    (SERVER, "on-marked-down", "end sessions when a server goes down"),
    (SERVER, "on-marked-up", "end sessions on backups when a server comes up"),
    (SERVER, "error-limit", "say how many failures count"),
    (SERVER, "agent-check", "ask an agent for the server's weight and state"),
    (SERVER, "track", "follow another server's health"),
    (SERVER, "resolvers", "ask name servers for the address"),
    (SERVER, "resolve-prefer", "prefer a family of addresses"),
    (SERVER, "init-addr", "say which address to begin with"),
    (SERVER, "pool-max-conn", "limit idle connections"),
    (SERVER, "pool-purge-delay", "say when idle connections are closed"),
    (SERVER, "max-reuse", "limit the uses of a connection"),
    (SERVER, "id", "give the server a number of its own"),
    (SERVER, "guid", "give the server a name that survives a renaming"),
    (SERVER, "redir", "redirect to this server instead of forwarding"),
    (CHECK, "tls", "check by TLS"),
    (CHECK, "headers", "send header fields"),
    (CHECK, "send", "send bytes"),
    (CHECK, "body", "send a body"),
    (CHECK, "disable-on-404", "drain a server that answers 404"),
    (CHECK, "send-state", "tell the server how it is seen"),
    (STATS, "admin", "let the page change servers"),
    (STATS, "show-legends", "tell more of proxies and servers"),
    (STATS, "show-modules", "show the figures of modules"),
    (TIMEOUTS, "queue", "limit the wait for a free server"),
];

/// HAProxy's word, and ours for the same thing.
const NAMED_OTHERWISE: &[(Places, &str, &str)] = &[
    (GLOBAL, "nbthread", "threads"),
    (GLOBAL, "uid", "user"),
    (GLOBAL, "gid", "group"),
    (FRONTEND, "httplog", "access-log"),
    (FRONTEND, "tcplog", "access-log"),
    (FRONTEND, "default_backend", "default-backend"),
    (BACKEND, "httpchk", "health-check"),
    (PROXY, "splice", "splice-auto"),
    (GLOBAL, "nosplice", "maxpipes: 0"),
    (PROXY, "errorfile", "errorfiles: { 503: … }"),
    (BACKEND, "server", "servers"),
    (PROXY, "timeout", "timeouts"),
    (BIND, "clitcpka", "keepalive"),
    (SERVER, "srvtcpka", "keepalive"),
    (SERVER, "check-send-proxy", "health-check: { send-proxy: true }"),
    (TIMEOUTS, "client-hs", "client-handshake"),
    (FRONTEND, "rate-limit", "rate-limit-sessions"),
    (FRONTEND, "clitcpka", "client-keepalive"),
    (FRONTEND, "clitcpka-cnt", "client-keepalive: { count: … }"),
    (FRONTEND, "clitcpka-idle", "client-keepalive: { idle: … }"),
    (FRONTEND, "clitcpka-intvl", "client-keepalive: { interval: … }"),
    (BACKEND, "srvtcpka", "server-keepalive"),
    (BACKEND, "srvtcpka-cnt", "server-keepalive: { count: … }"),
    (BACKEND, "srvtcpka-idle", "server-keepalive: { idle: … }"),
    (BACKEND, "srvtcpka-intvl", "server-keepalive: { interval: … }"),
    (PROXY, "tcpka", "client-keepalive` and `server-keepalive"),
    (CHECK, "inter", "interval"),
    (CHECK, "fastinter", "fast-interval"),
    (CHECK, "downinter", "down-interval"),
    (CHECK, "addr", "address"),
];

/// Takes every such key out of the tree, and says so.
pub(super) fn take(tree: &mut Node, found: &mut Diagnostics) {
    take_at(tree, TOP, found);
    let Value::Map(sections) = &mut tree.value else { return };
    for (key, node) in sections {
        match key.text.as_str() {
            "global" => take_at(node, GLOBAL, found),
            "defaults" => {
                rules(node, found);
                proxy(node, PROXY, found);
            }
            "named-defaults" => each(node, &mut |node| proxy(node, PROXY, found)),
            "frontends" => each(node, &mut |node| proxy(node, FRONTEND, found)),
            "backends" => each(node, &mut |node| proxy(node, BACKEND, found)),
            "listens" => each(node, &mut |node| proxy(node, PROXY, found)),
            _ => {}
        }
    }
}

/// Lists of rules, which only proxies and `named-defaults` have.
const RULES: [&str; 6] =
    ["acls", "tcp-request", "tcp-response", "http-request", "http-response", "http-after-response"];

/// Takes rules out of `defaults`: everything would go through them that does not even know of them, as in HAProxy.
fn rules(node: &mut Node, found: &mut Diagnostics) {
    let Value::Map(entries) = &mut node.value else { return };
    entries.retain(|(key, _)| {
        if !RULES.contains(&key.text.as_str()) {
            return true;
        }
        let told = Diagnostic::error(plimsoll_config::code::UNKNOWN_KEY, key.span, "`defaults` hold no rules");
        found.push(
            told.help("put them under a name in `named-defaults`, and that name as `from` in the proxies they are for"),
        );
        false
    });
}

fn proxy(node: &mut Node, place: Places, found: &mut Diagnostics) {
    take_at(node, place, found);
    let Value::Map(entries) = &mut node.value else { return };
    for (key, node) in entries {
        match key.text.as_str() {
            "timeouts" => take_at(node, TIMEOUTS, found),
            "stats" => take_at(node, STATS, found),
            "health-check" => take_at(node, CHECK, found),
            "bind" => match &node.value {
                Value::Map(_) => take_at(node, BIND, found),
                _ => each(node, &mut |node| take_at(node, BIND, found)),
            },
            "servers" => each(node, &mut |node| take_at(node, SERVER, found)),
            _ => {}
        }
    }
}

fn each(node: &mut Node, visit: &mut dyn FnMut(&mut Node)) {
    match &mut node.value {
        Value::Map(entries) => entries.iter_mut().for_each(|(_, node)| visit(node)),
        Value::List(items) => items.iter_mut().for_each(visit),
        _ => {}
    }
}

fn take_at(node: &mut Node, place: Places, found: &mut Diagnostics) {
    let Value::Map(entries) = &mut node.value else { return };
    entries.retain(|(key, _)| {
        if let Some((.., does)) = LATER.iter().find(|(places, name, _)| places & place != 0 && *name == key.text) {
            let text = format!("`{}` is not supported yet: it would {does}", key.text);
            let told = Diagnostic::error("config.not-yet", key.span, text);
            found.push(told.help("take the line out; nothing here does this"));
            return false;
        }
        let other = NAMED_OTHERWISE.iter().find(|(places, name, _)| places & place != 0 && *name == key.text);
        if let Some((.., ours)) = other {
            let text = format!("unknown key `{}`", key.text);
            let told = Diagnostic::error(plimsoll_config::code::UNKNOWN_KEY, key.span, text);
            found.push(told.help(format!("here it is called `{ours}`")));
        }
        other.is_none()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_of_today_is_in_the_tables_and_none_stands_twice() {
        let schema = crate::model::schema();
        let rows = || LATER.iter().chain(NAMED_OTHERWISE);
        for (at, (places, key, _)) in rows().enumerate() {
            assert!(!rows().take(at).any(|(others, other, _)| other == key && others & places != 0), "`{key}` twice");
        }
        let keys = |name: &str| -> Vec<String> {
            let object = if name.is_empty() { &schema } else { &schema["$defs"][name] };
            object["properties"].as_object().expect(name).keys().cloned().collect()
        };
        let of: [(Places, &str); 10] = [
            (TOP, ""),
            (GLOBAL, "Global"),
            (PROXY, "Defaults"),
            (FRONTEND, "Frontend"),
            (BACKEND, "Backend"),
            (BIND, "BindLine"),
            (SERVER, "ServerLine"),
            (CHECK, "HealthCheck"),
            (TIMEOUTS, "Timeouts"),
            (STATS, "StatsOptions"),
        ];
        for (place, name) in of {
            let known = keys(name);
            for (places, key, _) in rows() {
                assert!(places & place == 0 || !known.iter().any(|known| known == key), "`{key}` exists in {name}");
            }
        }
    }
}

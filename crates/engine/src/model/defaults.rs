//! `defaults` and `named-defaults`.

use super::{
    AddressOptions, Balance, Deserialize, ErrorFiles, FieldName, ForwardedOptions, HealthCheck, JsonSchema, Keepalive,
    Mode, NamedMap, OneOrMany, ProxyLog, RestrictNames, Reuse, ShortForm, Source, Spanned, StatsOptions, Switch,
    TcpRequest, TcpResponse, Timeouts,
};

/// What holds for every proxy that does not say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Defaults {
    /// What is understood of the bytes: `http` if not given.
    pub(crate) mode: Option<Mode>,
    /// How long things may take. Each key counts on its own: a proxy overrides single ones.
    pub(crate) timeouts: Timeouts,
    /// Client connections at once, for each frontend on its own; as `global.maxconn` if not given.
    pub(crate) maxconn: Option<u32>,
    /// For frontends: a line per request (HTTP) or connection (TCP); true if not given.
    pub(crate) access_log: Option<bool>,
    /// Where its lines go: one or many, each `global` or a target as under `global.log`, or `defaults`; `[]` writes none.
    pub(crate) log: Option<OneOrMany<ShortForm<ProxyLog>>>,
    /// The name that syslog shows for its lines.
    pub(crate) log_tag: Option<String>,
    /// For frontends: no line for clients that send nothing.
    pub(crate) dontlognull: Option<bool>,
    /// For frontends: no line for what went well.
    pub(crate) dontlog_normal: Option<bool>,
    /// For frontends: what did not go well has the level `err`.
    pub(crate) log_separate_errors: Option<bool>,
    /// For frontends: how lines of the log are written to targets of text: `%ci:%cp [%tr] %ft %b/%s %ST %B`.
    pub(crate) log_format: Option<Spanned<String>>,
    /// For frontends: the structured data of lines to targets that are framed as RFC 5424: `[id@32473 path="%{+E}HP"]`.
    pub(crate) log_format_sd: Option<Spanned<String>>,
    /// For frontends: the same for connections that end before their protocol begins.
    pub(crate) error_log_format: Option<Spanned<String>>,
    /// For frontends: what every request is named by: `%[uuid]`.
    pub(crate) unique_id_format: Option<Spanned<String>>,
    /// For frontends: the field that tells the server the request's name.
    pub(crate) unique_id_header: Option<Spanned<String>>,
    /// For frontends: add `X-Forwarded-For`; false if not given.
    pub(crate) forwardfor: Option<Switch<AddressOptions>>,
    /// One response per server connection; false if not given.
    pub(crate) http_server_close: Option<bool>,
    /// Close both sides' connections after each response; false if not given.
    pub(crate) httpclose: Option<bool>,
    /// Keep both sides' connections, which is the default.
    pub(crate) http_keep_alive: Option<bool>,
    /// For frontends: TCP keep-alive probes to clients: true, false, or a map.
    pub(crate) client_keepalive: Option<Keepalive>,
    /// For frontends: save a packet for each connection; false if not given.
    pub(crate) tcp_smart_accept: Option<bool>,
    /// For frontends: new connections a second; further ones wait in the kernel's queue.
    pub(crate) rate_limit_sessions: Option<u32>,
    /// For backends: TCP keep-alive probes to servers: true, false, or a map.
    pub(crate) server_keepalive: Option<Keepalive>,
    /// Close by RST at once, what is still to be sent is lost; false if not given.
    pub(crate) nolinger: Option<bool>,
    /// For backends: from where connections to servers come: an address, or a map.
    pub(crate) source: Option<Spanned<ShortForm<Source>>>,
    /// For backends: which server is next; `roundrobin` if not given.
    pub(crate) balance: Option<Balance>,
    /// For backends: which requests may use an idle server connection; `safe` if not given.
    pub(crate) http_reuse: Option<Reuse>,
    /// For backends: give a request up whose client closes its side while it waits; false if not given.
    pub(crate) abortonclose: Option<bool>,
    /// For backends: attempts after the first; 3 if not given.
    pub(crate) retries: Option<u32>,
    /// For backends: a retry goes to another server if there is one; true if not given.
    pub(crate) redispatch: Option<bool>,
    /// Large clear-text transfers stay inside the kernel, both ways; true if not given.
    pub(crate) splice_auto: Option<bool>,
    /// What clients send stays inside the kernel wherever it can; false if not given.
    pub(crate) splice_request: Option<bool>,
    /// What servers send stays inside the kernel wherever it can; false if not given.
    pub(crate) splice_response: Option<bool>,
    /// For backends: how servers are checked; not at all if not given.
    pub(crate) health_check: Option<Spanned<HealthCheck>>,
    /// Whole responses out of files instead of our own, by status; or the name of a set of `http-errors`.
    pub(crate) errorfiles: Option<Spanned<ShortForm<ErrorFiles>>>,
    /// Addresses to go to instead of our own answers, by status; as `errorloc302`.
    pub(crate) errorloc: NamedMap<Spanned<String>>,
    /// Addresses to go to instead of our own answers, by status: by 302.
    pub(crate) errorloc302: NamedMap<Spanned<String>>,
    /// Addresses to go to instead of our own answers, by status: by 303.
    pub(crate) errorloc303: NamedMap<Spanned<String>>,
    /// Responses instead of our own: `status 503 content-type text/plain string Sorry`.
    pub(crate) http_error: OneOrMany<Spanned<String>>,
    /// A page of figures inside each proxy: an address, or a map.
    pub(crate) stats: Option<Spanned<ShortForm<StatsOptions>>>,
    /// Add `X-Original-To` with the address that the client connected to: true, false, or a map.
    pub(crate) originalto: Option<Switch<AddressOptions>>,
    /// Names of request fields with other characters than letters, digits and hyphens: `preserve`, `delete` or `reject`.
    pub(crate) http_restrict_req_hdr_names: Option<RestrictNames>,
    /// Add `Forwarded` (RFC 7239): true, false, or a map of what it tells.
    pub(crate) forwarded: Option<Switch<ForwardedOptions>>,
    /// The field by which a server is told its own name.
    pub(crate) http_send_name_header: Option<FieldName>,
}

/// Defaults with a name, for proxies that ask for them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct NamedDefaults {
    /// Other named defaults, for what is not given here; `defaults` come last.
    pub(crate) from: Option<Spanned<String>>,
    /// What is understood of the bytes.
    pub(crate) mode: Option<Mode>,
    /// How long things may take; each key counts on its own.
    pub(crate) timeouts: Timeouts,
    /// Client connections at once, for each frontend on its own.
    pub(crate) maxconn: Option<u32>,
    /// For frontends: a line per request (HTTP) or connection (TCP).
    pub(crate) access_log: Option<bool>,
    /// Where its lines go: one or many, each `global` or a target as under `global.log`, or `defaults`; `[]` writes none.
    pub(crate) log: Option<OneOrMany<ShortForm<ProxyLog>>>,
    /// The name that syslog shows for its lines.
    pub(crate) log_tag: Option<String>,
    /// For frontends: no line for clients that send nothing.
    pub(crate) dontlognull: Option<bool>,
    /// For frontends: no line for what went well.
    pub(crate) dontlog_normal: Option<bool>,
    /// For frontends: what did not go well has the level `err`.
    pub(crate) log_separate_errors: Option<bool>,
    /// For frontends: how lines of the log are written to targets of text: `%ci:%cp [%tr] %ft %b/%s %ST %B`.
    pub(crate) log_format: Option<Spanned<String>>,
    /// For frontends: the structured data of lines to targets that are framed as RFC 5424: `[id@32473 path="%{+E}HP"]`.
    pub(crate) log_format_sd: Option<Spanned<String>>,
    /// For frontends: the same for connections that end before their protocol begins.
    pub(crate) error_log_format: Option<Spanned<String>>,
    /// For frontends: what every request is named by: `%[uuid]`.
    pub(crate) unique_id_format: Option<Spanned<String>>,
    /// For frontends: the field that tells the server the request's name.
    pub(crate) unique_id_header: Option<Spanned<String>>,
    /// For frontends: add `X-Forwarded-For`.
    pub(crate) forwardfor: Option<Switch<AddressOptions>>,
    /// One response per server connection.
    pub(crate) http_server_close: Option<bool>,
    /// Close both sides' connections after each response.
    pub(crate) httpclose: Option<bool>,
    /// Keep both sides' connections, whatever these are based on says.
    pub(crate) http_keep_alive: Option<bool>,
    /// For frontends: TCP keep-alive probes to clients: true, false, or a map.
    pub(crate) client_keepalive: Option<Keepalive>,
    /// For frontends: save a packet for each connection; false if not given.
    pub(crate) tcp_smart_accept: Option<bool>,
    /// For frontends: new connections a second; further ones wait in the kernel's queue.
    pub(crate) rate_limit_sessions: Option<u32>,
    /// For backends: TCP keep-alive probes to servers: true, false, or a map.
    pub(crate) server_keepalive: Option<Keepalive>,
    /// Close by RST at once, what is still to be sent is lost; false if not given.
    pub(crate) nolinger: Option<bool>,
    /// For backends: from where connections to servers come: an address, or a map.
    pub(crate) source: Option<Spanned<ShortForm<Source>>>,
    /// For backends: which server is next.
    pub(crate) balance: Option<Balance>,
    /// For backends: which requests may use an idle server connection.
    pub(crate) http_reuse: Option<Reuse>,
    /// For backends: give a request up whose client closes its side while it waits; false if not given.
    pub(crate) abortonclose: Option<bool>,
    /// For backends: attempts after the first.
    pub(crate) retries: Option<u32>,
    /// For backends: a retry goes to another server if there is one.
    pub(crate) redispatch: Option<bool>,
    /// Large clear-text transfers stay inside the kernel, both ways.
    pub(crate) splice_auto: Option<bool>,
    /// What clients send stays inside the kernel wherever it can.
    pub(crate) splice_request: Option<bool>,
    /// What servers send stays inside the kernel wherever it can.
    pub(crate) splice_response: Option<bool>,
    /// For backends: how servers are checked.
    pub(crate) health_check: Option<Spanned<HealthCheck>>,
    /// Whole responses out of files instead of our own, by status; or the name of a set of `http-errors`.
    pub(crate) errorfiles: Option<Spanned<ShortForm<ErrorFiles>>>,
    /// Addresses to go to instead of our own answers, by status; as `errorloc302`.
    pub(crate) errorloc: NamedMap<Spanned<String>>,
    /// Addresses to go to instead of our own answers, by status: by 302.
    pub(crate) errorloc302: NamedMap<Spanned<String>>,
    /// Addresses to go to instead of our own answers, by status: by 303.
    pub(crate) errorloc303: NamedMap<Spanned<String>>,
    /// Responses instead of our own: `status 503 content-type text/plain string Sorry`.
    pub(crate) http_error: OneOrMany<Spanned<String>>,
    /// Conditions by name, for the rules given here.
    pub(crate) acls: NamedMap<OneOrMany<Spanned<String>>>,
    /// Rules about connections and their first bytes, before the proxies' own.
    pub(crate) tcp_request: TcpRequest,
    /// Rules about the first bytes of servers, before the backends' own.
    pub(crate) tcp_response: TcpResponse,
    /// Rules about requests, before the proxies' own.
    pub(crate) http_request: OneOrMany<Spanned<String>>,
    /// Rules about responses of servers, before the proxies' own.
    pub(crate) http_response: OneOrMany<Spanned<String>>,
    /// Rules about every response, before the proxies' own.
    pub(crate) http_after_response: OneOrMany<Spanned<String>>,
    /// A page of figures inside each proxy: an address, or a map.
    pub(crate) stats: Option<Spanned<ShortForm<StatsOptions>>>,
    /// Add `X-Original-To` with the address that the client connected to: true, false, or a map.
    pub(crate) originalto: Option<Switch<AddressOptions>>,
    /// Names of request fields with other characters than letters, digits and hyphens: `preserve`, `delete` or `reject`.
    pub(crate) http_restrict_req_hdr_names: Option<RestrictNames>,
    /// Add `Forwarded` (RFC 7239): true, false, or a map of what it tells.
    pub(crate) forwarded: Option<Switch<ForwardedOptions>>,
    /// The field by which a server is told its own name.
    pub(crate) http_send_name_header: Option<FieldName>,
}

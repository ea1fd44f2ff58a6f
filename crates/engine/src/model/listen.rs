//! `listens`.

use super::{
    AddressOptions, Balance, BindLine, Deserialize, ErrorFiles, FieldName, ForwardedOptions, HealthCheck, JsonSchema,
    Keepalive, Mode, NamedMap, OneOrMany, ProxyLog, RestrictNames, Reuse, ServerLine, ShortForm, Source, Spanned,
    StatsOptions, Switch, TcpRequest, TcpResponse, Timeouts,
};

/// A frontend and a backend of one name: the keys of both, but for `default-backend`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Listen {
    /// Where to listen: one or many addresses, or maps with an `address`.
    pub(crate) bind: OneOrMany<Spanned<ShortForm<BindLine>>>,
    /// Named defaults, for what is not given here.
    pub(crate) from: Option<Spanned<String>>,
    /// What is understood of the bytes.
    pub(crate) mode: Option<Spanned<Mode>>,
    /// How long things may take.
    #[serde(default)]
    pub(crate) timeouts: Timeouts,
    /// Client connections at once; further ones wait in the kernel's queue.
    pub(crate) maxconn: Option<u32>,
    /// A line per request (HTTP) or connection (TCP).
    pub(crate) access_log: Option<bool>,
    /// Where its lines go: one or many, each `global` or a target as under `global.log`, or `defaults`; `[]` writes none.
    pub(crate) log: Option<OneOrMany<ShortForm<ProxyLog>>>,
    /// The name that syslog shows for its lines.
    pub(crate) log_tag: Option<String>,
    /// No line for clients that send nothing.
    pub(crate) dontlognull: Option<bool>,
    /// No line for what went well.
    pub(crate) dontlog_normal: Option<bool>,
    /// What did not go well has the level `err`.
    pub(crate) log_separate_errors: Option<bool>,
    /// How lines of the log are written to targets of text: `%ci:%cp [%tr] %ft %b/%s %ST %B`.
    pub(crate) log_format: Option<Spanned<String>>,
    /// The structured data of lines to targets that are framed as RFC 5424: `[id@32473 path="%{+E}HP"]`.
    pub(crate) log_format_sd: Option<Spanned<String>>,
    /// The same for connections that end before their protocol begins.
    pub(crate) error_log_format: Option<Spanned<String>>,
    /// What every request is named by: `%[uuid]`.
    pub(crate) unique_id_format: Option<Spanned<String>>,
    /// The field that tells the server the request's name.
    pub(crate) unique_id_header: Option<Spanned<String>>,
    /// Add `X-Forwarded-For` with the client's address behind those that are there.
    pub(crate) forwardfor: Option<Switch<AddressOptions>>,
    /// Close the server's connection after each response.
    pub(crate) http_server_close: Option<bool>,
    /// Close the client's and the server's connection after each response.
    pub(crate) httpclose: Option<bool>,
    /// Keep both, whatever the defaults say.
    pub(crate) http_keep_alive: Option<bool>,
    /// TCP keep-alive probes to clients: true, false, or a map.
    pub(crate) client_keepalive: Option<Keepalive>,
    /// Save a packet for each connection; false if not given.
    pub(crate) tcp_smart_accept: Option<bool>,
    /// New connections a second; further ones wait in the kernel's queue.
    pub(crate) rate_limit_sessions: Option<u32>,
    /// TCP keep-alive probes to servers: true, false, or a map.
    pub(crate) server_keepalive: Option<Keepalive>,
    /// Close by RST at once, what is still to be sent is lost; false if not given.
    pub(crate) nolinger: Option<bool>,
    /// From where connections to its servers come: an address with ports or without, or a map.
    pub(crate) source: Option<Spanned<ShortForm<Source>>>,
    /// Which server is next.
    pub(crate) balance: Option<Balance>,
    /// When only backups are usable, balance over all of them instead of using the first.
    #[serde(default)]
    pub(crate) allbackups: bool,
    /// Which requests may use an idle server connection.
    pub(crate) http_reuse: Option<Reuse>,
    /// Give a request up whose client closes its side while it waits; false if not given.
    pub(crate) abortonclose: Option<bool>,
    /// Attempts after the first.
    pub(crate) retries: Option<u32>,
    /// A retry goes to another server if there is one.
    pub(crate) redispatch: Option<bool>,
    /// Large clear-text transfers stay inside the kernel, both ways. Set here or on the other side: either counts.
    pub(crate) splice_auto: Option<bool>,
    /// What clients send stays inside the kernel wherever it can. Set here or on the other side: either counts.
    pub(crate) splice_request: Option<bool>,
    /// What servers send stays inside the kernel wherever it can. Set here or on the other side: either counts.
    pub(crate) splice_response: Option<bool>,
    /// Conditions by name, for rules: an expression and patterns each, or several, one of which must match.
    #[serde(default)]
    pub(crate) acls: NamedMap<OneOrMany<Spanned<String>>>,
    /// Rules about connections and their first bytes.
    #[serde(default)]
    pub(crate) tcp_request: TcpRequest,
    /// Rules about requests, in this order: `set-header X-Forwarded-Proto https if secure`.
    #[serde(default)]
    pub(crate) http_request: OneOrMany<Spanned<String>>,
    /// A page of figures inside this proxy: an address, or a map.
    pub(crate) stats: Option<Spanned<ShortForm<StatsOptions>>>,
    /// Rules about responses of servers.
    #[serde(default)]
    pub(crate) http_response: OneOrMany<Spanned<String>>,
    /// Rules about every response, our own included.
    #[serde(default)]
    pub(crate) http_after_response: OneOrMany<Spanned<String>>,
    /// Which backend, by conditions: `NAME if CONDITION`; the first that holds counts.
    #[serde(default)]
    pub(crate) use_backend: OneOrMany<Spanned<String>>,
    /// A path that is answered 200 without a log line, for other balancers' checks.
    pub(crate) monitor_uri: Option<Spanned<String>>,
    /// Conditions on which the monitor's path is answered 503.
    #[serde(default)]
    pub(crate) monitor_fail: OneOrMany<Spanned<String>>,
    /// Rules about the first bytes of servers.
    #[serde(default)]
    pub(crate) tcp_response: TcpResponse,
    /// Which server, by conditions: `NAME if CONDITION`; the first that holds and is usable counts.
    #[serde(default)]
    pub(crate) use_server: OneOrMany<Spanned<String>>,
    /// How its servers are checked; not at all if given neither here nor in the defaults.
    pub(crate) health_check: Option<Spanned<HealthCheck>>,
    /// Its servers, in this order: an address each, or a map with an `address`.
    #[serde(default)]
    pub(crate) servers: NamedMap<Spanned<ShortForm<ServerLine>>>,
    /// Whole responses out of files instead of our own, by status; or the name of a set of `http-errors`.
    pub(crate) errorfiles: Option<Spanned<ShortForm<ErrorFiles>>>,
    /// Addresses to go to instead of our own answers, by status; as `errorloc302`.
    #[serde(default)]
    pub(crate) errorloc: NamedMap<Spanned<String>>,
    /// Addresses to go to instead of our own answers, by status: by 302.
    #[serde(default)]
    pub(crate) errorloc302: NamedMap<Spanned<String>>,
    /// Addresses to go to instead of our own answers, by status: by 303.
    #[serde(default)]
    pub(crate) errorloc303: NamedMap<Spanned<String>>,
    /// Responses instead of our own: `status 503 content-type text/plain string Sorry`.
    #[serde(default)]
    pub(crate) http_error: OneOrMany<Spanned<String>>,
    /// Fields and cookies that are kept for the log: `request header Host len 20`, `response header Location len 40`, `cookie SID= len 32`.
    #[serde(default)]
    pub(crate) capture: OneOrMany<Spanned<String>>,
    /// Slots that rules fill: `request len 40`, `response len 20`.
    #[serde(default)]
    pub(crate) declare_capture: OneOrMany<Spanned<String>>,
    /// Add `X-Original-To` with the address that the client connected to: true, false, or a map.
    pub(crate) originalto: Option<Switch<AddressOptions>>,
    /// Names of request fields with other characters than letters, digits and hyphens: `preserve`, `delete` or `reject`.
    pub(crate) http_restrict_req_hdr_names: Option<RestrictNames>,
    /// Add `Forwarded` (RFC 7239): true, false, or a map of what it tells.
    pub(crate) forwarded: Option<Switch<ForwardedOptions>>,
    /// The field by which a server is told its own name.
    pub(crate) http_send_name_header: Option<FieldName>,
}

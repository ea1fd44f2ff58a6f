//! The file, as it is written: names of keys and the owners' types, nothing else. `docs/keys.md` lists them.
//!
//! The sentences on the fields are what `lb schema` shows in an editor.

mod defaults;
mod listen;
mod pages;
mod removed;
mod short;
mod tcp_rules;
mod threads;

use std::path::PathBuf;

use plimsoll_admin::{AdminOptions, RuntimeApi};
use plimsoll_checks::HealthCheck;
use plimsoll_config::{Duration, NamedMap, OneOrMany, ShortForm, Size, Spanned};
use plimsoll_http::{AddressOptions, FieldName, ForwardedOptions, RestrictNames, Switch, UserlistOptions};
use plimsoll_lb::Balance;
use plimsoll_net::{AddressSpec, BindSpec, Keepalive, Source};
use plimsoll_observe::{LogTarget, ProxyLog};
use plimsoll_process::{Capability, CpuMap, Who};
use plimsoll_proxy::services::StatsOptions;
use plimsoll_proxy::{Mode, ProxyV2Option, Spread, Timeouts};
use plimsoll_upstream::Reuse;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::route::Test;

pub(crate) use defaults::{Defaults, NamedDefaults};
pub(crate) use listen::Listen;
pub(crate) use pages::ErrorFiles;
pub(crate) use removed::Removed;
pub(crate) use tcp_rules::{TcpRequest, TcpResponse};
pub(crate) use threads::Threads;

/// The JSON Schema of a configuration, as an editor reads it.
#[must_use]
pub fn schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<File>().to_value()
}

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(title = "Plimsoll configuration")]
pub(crate) struct File {
    /// Other files that belong to this one: paths and patterns such as `sites/*.yaml`, relative to this file.
    pub(crate) include: OneOrMany<String>,
    /// The process.
    pub(crate) global: Global,
    /// Values for every proxy that does not give its own.
    pub(crate) defaults: Defaults,
    /// More such values, for the proxies that name them with `from`.
    pub(crate) named_defaults: NamedMap<NamedDefaults>,
    /// Where clients come in.
    pub(crate) frontends: NamedMap<Frontend>,
    /// Where requests go.
    pub(crate) backends: NamedMap<Backend>,
    /// Users and passwords, by the name of the list, for rules that ask who somebody is.
    pub(crate) userlists: NamedMap<UserlistOptions>,
    /// Sets of error pages that proxies name in `errorfiles`: whole responses out of files, by status.
    pub(crate) http_errors: NamedMap<NamedMap<Spanned<String>>>,
    /// A frontend and a backend of one name, in one place.
    pub(crate) listens: NamedMap<Listen>,
    /// Requests on paper, by name, with what is expected of the rules: `lb check` tries them.
    pub(crate) tests: NamedMap<Test>,
}

/// The process.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Global {
    /// Workers: `auto`, or how many. `auto`: the CPUs that affinity and the cgroup's quota allow.
    pub(crate) threads: Option<Spanned<Threads>>,
    /// Client connections at once, over all frontends; what the descriptor limit holds if not given.
    pub(crate) maxconn: Option<Spanned<u32>>,
    /// Pipes at once, for transfers that stay inside the kernel; a quarter of `maxconn` if not given.
    pub(crate) maxpipes: Option<Spanned<u32>>,
    /// New connections a second, over all frontends; no limit if not given.
    pub(crate) maxconnrate: Option<u32>,
    /// New sessions a second, over all frontends; no limit if not given.
    pub(crate) maxsessrate: Option<u32>,
    /// Where access-log lines go; standard output if not given, nowhere if empty.
    pub(crate) log: Option<OneOrMany<ShortForm<LogTarget>>>,
    /// The name that syslog shows, for targets without one of their own: `lb`.
    pub(crate) log_tag: Option<String>,
    /// The host's name in lines to syslog, or `system` for its own; where the framing is not given it becomes one that has it.
    pub(crate) log_send_hostname: Option<String>,
    /// Sockets for runtime commands; none if not given.
    pub(crate) runtime_api: Option<OneOrMany<ShortForm<RuntimeApi>>>,
    /// Listeners for the stats page and the metrics; none if not given.
    pub(crate) admin: Option<OneOrMany<ShortForm<AdminOptions>>>,
    /// Ends what a drain leaves over after so long; never if not given.
    pub(crate) hard_stop_after: Option<Duration>,
    /// The user to run as: a name or a number. Ports below 1024 stay open to it.
    pub(crate) user: Option<Who>,
    /// The group to run as; the user's own if not given.
    pub(crate) group: Option<Who>,
    /// The folder that becomes the root of the file system.
    pub(crate) chroot: Option<PathBuf>,
    /// Rights of root that are kept beside the one to bind ports below 1024.
    pub(crate) setcap: Option<OneOrMany<Capability>>,
    /// Cores may be dumped after a change of user; false if not given.
    pub(crate) set_dumpable: Option<bool>,
    /// A file for the process's number.
    pub(crate) pidfile: Option<PathBuf>,
    /// Goes to the background once it serves; false if not given.
    pub(crate) daemon: Option<bool>,
    /// The limit on descriptors; what the process may have at most if not given.
    pub(crate) ulimit_n: Option<Spanned<u32>>,
    /// No more descriptors than this, whatever the limit is.
    pub(crate) fd_hard_limit: Option<u32>,
    /// A limit that cannot be set ends the start; true if not given.
    pub(crate) strict_limits: Option<bool>,
    /// Which worker runs on which CPUs: `auto:1/1-4 0-3`.
    pub(crate) cpu_map: Option<OneOrMany<CpuMap>>,
    /// After the order to stop it goes on for so long, but says that it is not ready.
    pub(crate) grace: Option<Duration>,
    /// A drain closes idle clients over so long, or `infinite`; at once if not given.
    pub(crate) close_spread_time: Option<Spread>,
    /// What becomes of the tunnels of servers that a reload removed or changed: `keep`, `close` or `drain TIME`.
    pub(crate) removed_servers: Option<Removed>,
    /// Variables of the process as it starts: a scope and name, and an expression.
    pub(crate) set_var: NamedMap<Spanned<String>>,
    /// The same, and a format.
    pub(crate) set_var_fmt: NamedMap<Spanned<String>>,
    /// What is set for performance, or for the lack of memory.
    pub(crate) tune: Tune,
}

/// What is set for performance, or for the lack of memory.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Tune {
    /// How much room variables may take.
    pub(crate) vars: Vars,
    /// Room of a pipe for transfers that stay inside the kernel, 4KiB to 1GiB; as much as a stalled one may hold.
    pub(crate) pipesize: Option<Spanned<Size>>,
}

/// How much room variables may take: their bytes, and 48 for each. Without a limit if not given.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Vars {
    /// All of one connection together, and those of the process.
    pub(crate) global_max_size: Option<Size>,
    /// `proc`
    pub(crate) proc_max_size: Option<Size>,
    /// `sess`
    pub(crate) sess_max_size: Option<Size>,
    /// `txn`
    pub(crate) txn_max_size: Option<Size>,
    /// `req` and `res`, each.
    pub(crate) reqres_max_size: Option<Size>,
}

impl Vars {
    /// As the rules take it.
    pub(crate) fn limits(&self) -> plimsoll_rules::variables::Limits {
        let bytes = |size: Option<Size>| size.map(|size| usize::try_from(size.bytes()).unwrap_or(usize::MAX));
        plimsoll_rules::variables::Limits {
            global: bytes(self.global_max_size),
            proc: bytes(self.proc_max_size),
            sess: bytes(self.sess_max_size),
            txn: bytes(self.txn_max_size),
            reqres: bytes(self.reqres_max_size),
        }
    }
}

/// Where clients come in.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Frontend {
    /// Where to listen: one or many addresses, or maps with an `address`.
    pub(crate) bind: OneOrMany<Spanned<ShortForm<BindLine>>>,
    /// Named defaults, for what is not given here.
    pub(crate) from: Option<Spanned<String>>,
    /// What is understood of the bytes; must be the mode of the backend.
    pub(crate) mode: Option<Spanned<Mode>>,
    /// How long things may take: `client`, `client-handshake`, `http-request`, `http-keep-alive`, `client-fin` and `tunnel` count here.
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
    /// Close the server's connection after each response. Set here or in the backend: either counts.
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
    /// Close by RST at once, what is still to be sent is lost; false if not given.
    pub(crate) nolinger: Option<bool>,
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
    /// The backend of its requests. Without: 503, or a reset in TCP mode.
    pub(crate) default_backend: Option<Spanned<String>>,
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
}

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct BindLine {
    /// Where: `*:80`, `127.0.0.1:80`, `[::1]:80`, `*:8000-8010`, `unix@/path`, `abns@name`, `fd@3`, `mptcp@*:80`.
    pub(crate) address: Spanned<BindSpec>,
    /// A name of its own, which rules see as `so_name`.
    pub(crate) name: Option<String>,
    /// Connections that the kernel queues, 4096 if not given; capped by net.core.somaxconn.
    pub(crate) backlog: Option<u32>,
    /// Every connection begins with a PROXY header, version 1 or 2, whose addresses stand for the real ones.
    #[serde(default)]
    pub(crate) accept_proxy: bool,
    /// TCP keep-alive probes to clients: true, false, or a map; as `client-keepalive` if not given.
    pub(crate) keepalive: Option<Keepalive>,
    /// Client connections at once by each address of this line; no limit of its own if not given.
    pub(crate) maxconn: Option<u32>,
    /// Take only what comes in by this network interface.
    pub(crate) interface: Option<String>,
    /// Listen in this network namespace, by its name in `ip netns`.
    pub(crate) namespace: Option<String>,
    /// On an IPv6 address, take no IPv4.
    #[serde(default)]
    pub(crate) v6only: bool,
    /// On an IPv6 address, take IPv4 as well, whatever the system's default.
    #[serde(default)]
    pub(crate) v4v6: bool,
    /// Take connections to addresses that are not this machine's.
    #[serde(default)]
    pub(crate) transparent: bool,
    /// The largest segment that is announced to clients, 88 to 32767 bytes.
    pub(crate) mss: Option<Spanned<u16>>,
    /// TCP Fast Open: so many clients may wait for the end of their handshake.
    pub(crate) tfo: Option<u32>,
    /// Take a connection only when its client has spoken, or after about a second.
    #[serde(default)]
    pub(crate) defer_accept: bool,
    /// Give a connection up whose bytes are not acknowledged for so long.
    pub(crate) tcp_ut: Option<Duration>,
    /// Read and passed over, with a warning: all connections are served in turn.
    pub(crate) nice: Option<Spanned<i32>>,
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Backend {
    /// Named defaults, for what is not given here.
    pub(crate) from: Option<Spanned<String>>,
    /// What is understood of the bytes; must be the mode of its frontends.
    pub(crate) mode: Option<Spanned<Mode>>,
    /// How long things may take: `connect`, `server`, `server-fin`, `tunnel` and `check` count here.
    #[serde(default)]
    pub(crate) timeouts: Timeouts,
    /// Where events about its servers go: one or many, each `global` or a target as under `global.log`, or `defaults`; `[]` tells none.
    pub(crate) log: Option<OneOrMany<ShortForm<ProxyLog>>>,
    /// The name that syslog shows for them.
    pub(crate) log_tag: Option<String>,
    /// From where connections to its servers come: an address with ports or without, or a map.
    pub(crate) source: Option<Spanned<ShortForm<Source>>>,
    /// Which server is next.
    pub(crate) balance: Option<Balance>,
    /// When only backups are usable, balance over all of them instead of using the first.
    #[serde(default)]
    pub(crate) allbackups: bool,
    /// Which requests may use an idle server connection.
    pub(crate) http_reuse: Option<Reuse>,
    /// Close the server's connection after each response.
    pub(crate) http_server_close: Option<bool>,
    /// Close the server's connection after each response, as `http-server-close`; the client's is the frontend's affair.
    pub(crate) httpclose: Option<bool>,
    /// Keep the server's connection, whatever the defaults say.
    pub(crate) http_keep_alive: Option<bool>,
    /// Add `X-Forwarded-For`. Set here or in the frontend: either counts.
    pub(crate) forwardfor: Option<Switch<AddressOptions>>,
    /// TCP keep-alive probes to servers: true, false, or a map.
    pub(crate) server_keepalive: Option<Keepalive>,
    /// Close by RST at once, what is still to be sent is lost; false if not given.
    pub(crate) nolinger: Option<bool>,
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
    /// Add `X-Original-To` with the address that the client connected to: true, false, or a map.
    pub(crate) originalto: Option<Switch<AddressOptions>>,
    /// Names of request fields with other characters than letters, digits and hyphens: `preserve`, `delete` or `reject`.
    pub(crate) http_restrict_req_hdr_names: Option<RestrictNames>,
    /// Add `Forwarded` (RFC 7239): true, false, or a map of what it tells.
    pub(crate) forwarded: Option<Switch<ForwardedOptions>>,
    /// The field by which a server is told its own name.
    pub(crate) http_send_name_header: Option<FieldName>,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ServerLine {
    /// Where: `127.0.0.1:80`, `[::1]:80`, `name:80`, `unix@/path`, `abns@name`.
    pub(crate) address: Spanned<AddressSpec>,
    /// Share relative to the others, 0 to 256, 1 if not given. 0 gets no new work.
    #[schemars(range(max = 256))]
    pub(crate) weight: Option<Spanned<u16>>,
    /// Used only while no other server is usable.
    #[serde(default)]
    pub(crate) backup: bool,
    /// Starts in maintenance: gets nothing.
    #[serde(default)]
    pub(crate) disabled: bool,
    /// Whether this server is checked; true if not given and the backend has `health-check`.
    pub(crate) check: Option<bool>,
    /// How this server is checked, where that differs from its backend's `health-check`.
    pub(crate) health_check: Option<Spanned<HealthCheck>>,
    /// Tell the server the client's addresses in a PROXY header, version 1.
    #[serde(default)]
    pub(crate) send_proxy: bool,
    /// The same, version 2.
    #[serde(default)]
    pub(crate) send_proxy_v2: bool,
    /// What the header of version 2 tells beyond addresses.
    #[serde(default)]
    pub(crate) proxy_v2_options: OneOrMany<Spanned<ProxyV2Option>>,
    /// TCP keep-alive probes to the server: true, false, or a map; as `server-keepalive` if not given.
    pub(crate) keepalive: Option<Keepalive>,
    /// Give a connection up whose bytes are not acknowledged for so long.
    pub(crate) tcp_ut: Option<Duration>,
    /// TCP Fast Open: the first bytes go with the SYN.
    #[serde(default)]
    pub(crate) tfo: bool,
    /// Connect in this network namespace, by its name in `ip netns`.
    pub(crate) namespace: Option<String>,
    /// From where connections to it come: an address with ports or without, or a map; as the backend's if not given.
    pub(crate) source: Option<Spanned<ShortForm<Source>>>,
    /// Sloppy responses that are repaired instead of answered with 502.
    #[serde(default)]
    pub(crate) tolerate: OneOrMany<Tolerated>,
}

/// Sloppiness that is forgiven to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tolerated {
    /// Lines that end with LF alone.
    BareLf,
    /// Header fields folded over several lines.
    ObsFold,
    /// The same Content-Length twice.
    DuplicateContentLength,
    /// A status line without the blank before its absent reason.
    NoReason,
}

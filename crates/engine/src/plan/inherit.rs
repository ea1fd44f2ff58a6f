//! `listens` become a frontend and a backend, and every proxy gets what its `from` chain gives; what is left is as if written out.

use std::collections::HashMap;

use plimsoll_config::{Diagnostic, Diagnostics, OneOrMany, Span, Spanned};

use super::logs;
use crate::model::{Backend, Defaults, File, Frontend, Listen, NamedDefaults, TcpRequest};

/// Turns `listens` into frontends and backends. A name that is already taken is an error with both places.
pub(super) fn split_listens(file: &mut File, found: &mut Diagnostics) {
    for (name, listen) in std::mem::take(&mut file.listens) {
        let taken = [
            (file.frontends.get_key_value(name.as_str()).map(|(name, _)| name.span()), "frontend"),
            (file.backends.get_key_value(name.as_str()).map(|(name, _)| name.span()), "backend"),
        ];
        for (first, kind) in taken {
            if let Some(first) = first {
                let text = format!("`{name}` is the name of a {kind} already: a listen is a frontend and a backend");
                found.push(Diagnostic::error("config.duplicate-key", name.span(), text).also(first, "first here"));
            }
        }
        let (frontend, backend) = split(&name, listen);
        // The first one stays: what refers to it is checked against what was meant.
        file.frontends.entry(name.clone()).or_insert(frontend);
        file.backends.entry(name).or_insert(backend);
    }
}

fn split(name: &Spanned<String>, listen: Listen) -> (Frontend, Backend) {
    let frontend = Frontend {
        bind: listen.bind,
        from: listen.from.clone(),
        mode: listen.mode,
        timeouts: listen.timeouts.clone(),
        maxconn: listen.maxconn,
        access_log: listen.access_log,
        log: listen.log.clone(),
        log_tag: listen.log_tag.clone(),
        dontlognull: listen.dontlognull,
        dontlog_normal: listen.dontlog_normal,
        log_separate_errors: listen.log_separate_errors,
        log_format: listen.log_format,
        log_format_sd: listen.log_format_sd,
        error_log_format: listen.error_log_format,
        unique_id_format: listen.unique_id_format,
        unique_id_header: listen.unique_id_header,
        forwardfor: listen.forwardfor,
        originalto: listen.originalto,
        http_restrict_req_hdr_names: listen.http_restrict_req_hdr_names,
        http_server_close: listen.http_server_close,
        httpclose: listen.httpclose,
        http_keep_alive: listen.http_keep_alive,
        client_keepalive: listen.client_keepalive,
        tcp_smart_accept: listen.tcp_smart_accept,
        rate_limit_sessions: listen.rate_limit_sessions,
        nolinger: listen.nolinger,
        splice_auto: listen.splice_auto,
        splice_request: listen.splice_request,
        splice_response: listen.splice_response,
        acls: listen.acls.clone(),
        tcp_request: listen.tcp_request,
        http_request: listen.http_request,
        stats: listen.stats,
        http_response: listen.http_response,
        http_after_response: listen.http_after_response,
        use_backend: listen.use_backend,
        monitor_uri: listen.monitor_uri,
        monitor_fail: listen.monitor_fail,
        default_backend: Some(name.clone()),
        errorfiles: listen.errorfiles.clone(),
        errorloc: listen.errorloc.clone(),
        errorloc302: listen.errorloc302.clone(),
        errorloc303: listen.errorloc303.clone(),
        http_error: listen.http_error.clone(),
        capture: listen.capture,
        declare_capture: listen.declare_capture,
    };
    let backend = Backend {
        from: listen.from,
        mode: listen.mode,
        timeouts: listen.timeouts,
        log: listen.log,
        log_tag: listen.log_tag,
        source: listen.source,
        balance: listen.balance,
        allbackups: listen.allbackups,
        http_reuse: listen.http_reuse,
        http_server_close: listen.http_server_close,
        httpclose: listen.httpclose,
        http_keep_alive: listen.http_keep_alive,
        forwardfor: None,
        originalto: None,
        http_restrict_req_hdr_names: None,
        forwarded: listen.forwarded,
        http_send_name_header: listen.http_send_name_header,
        server_keepalive: listen.server_keepalive,
        nolinger: listen.nolinger,
        abortonclose: listen.abortonclose,
        retries: listen.retries,
        redispatch: listen.redispatch,
        splice_auto: listen.splice_auto,
        splice_request: listen.splice_request,
        splice_response: listen.splice_response,
        acls: listen.acls,
        // Once is enough: the frontend has them.
        tcp_request: TcpRequest::default(),
        http_request: OneOrMany::default(),
        stats: None,
        http_response: OneOrMany::default(),
        http_after_response: OneOrMany::default(),
        tcp_response: listen.tcp_response,
        use_server: listen.use_server,
        health_check: listen.health_check,
        servers: listen.servers,
        errorfiles: listen.errorfiles,
        errorloc: listen.errorloc,
        errorloc302: listen.errorloc302,
        errorloc303: listen.errorloc303,
        http_error: listen.http_error,
    };
    (frontend, backend)
}

/// Fills every proxy with what its `from` gives. `defaults` themselves are left to those who read the plan.
pub(super) fn fill(file: &mut File, written: &Names<'_>, found: &mut Diagnostics) {
    replace_closes(file);
    let resolved = resolve(file, written, found);
    let mut of = |from: &Option<Spanned<String>>| -> Option<&Defaults> {
        let from = from.as_ref()?;
        let known = resolved.get(from.as_str());
        // A listen asks twice with one word.
        if known.is_none() && !found.iter().any(|said| said.primary.span == from.span()) {
            unknown(from, file.named_defaults.names(), written, found);
        }
        known
    };
    for frontend in file.frontends.values_mut() {
        let Some(from) = of(&frontend.from) else { continue };
        frontend.mode = frontend.mode.or(from.mode.map(Spanned::detached));
        frontend.timeouts = frontend.timeouts.or(&from.timeouts);
        frontend.maxconn = frontend.maxconn.or(from.maxconn);
        frontend.access_log = frontend.access_log.or(from.access_log);
        logs::inherit(&mut frontend.log, &from.log);
        inherit(&mut frontend.log_tag, &from.log_tag);
        frontend.dontlognull = frontend.dontlognull.or(from.dontlognull);
        frontend.dontlog_normal = frontend.dontlog_normal.or(from.dontlog_normal);
        frontend.log_separate_errors = frontend.log_separate_errors.or(from.log_separate_errors);
        for (own, from) in [
            (&mut frontend.log_format, &from.log_format),
            (&mut frontend.log_format_sd, &from.log_format_sd),
            (&mut frontend.error_log_format, &from.error_log_format),
            (&mut frontend.unique_id_format, &from.unique_id_format),
            (&mut frontend.unique_id_header, &from.unique_id_header),
        ] {
            inherit(own, from);
        }
        inherit(&mut frontend.forwardfor, &from.forwardfor);
        inherit(&mut frontend.stats, &from.stats);
        inherit(&mut frontend.originalto, &from.originalto);
        inherit(&mut frontend.http_restrict_req_hdr_names, &from.http_restrict_req_hdr_names);
        frontend.http_server_close = frontend.http_server_close.or(from.http_server_close);
        frontend.httpclose = frontend.httpclose.or(from.httpclose);
        frontend.client_keepalive = frontend.client_keepalive.or(from.client_keepalive);
        frontend.tcp_smart_accept = frontend.tcp_smart_accept.or(from.tcp_smart_accept);
        frontend.rate_limit_sessions = frontend.rate_limit_sessions.or(from.rate_limit_sessions);
        frontend.nolinger = frontend.nolinger.or(from.nolinger);
        frontend.splice_auto = frontend.splice_auto.or(from.splice_auto);
        frontend.splice_request = frontend.splice_request.or(from.splice_request);
        frontend.splice_response = frontend.splice_response.or(from.splice_response);
        frontend.inherit_pages(from);
    }
    for backend in file.backends.values_mut() {
        let Some(from) = of(&backend.from) else { continue };
        backend.mode = backend.mode.or(from.mode.map(Spanned::detached));
        backend.timeouts = backend.timeouts.or(&from.timeouts);
        logs::inherit(&mut backend.log, &from.log);
        inherit(&mut backend.log_tag, &from.log_tag);
        if backend.source.is_none() {
            backend.source.clone_from(&from.source);
        }
        backend.balance = backend.balance.or(from.balance);
        backend.http_reuse = backend.http_reuse.or(from.http_reuse);
        backend.http_server_close = backend.http_server_close.or(from.http_server_close);
        backend.httpclose = backend.httpclose.or(from.httpclose);
        backend.server_keepalive = backend.server_keepalive.or(from.server_keepalive);
        backend.nolinger = backend.nolinger.or(from.nolinger);
        backend.abortonclose = backend.abortonclose.or(from.abortonclose);
        backend.retries = backend.retries.or(from.retries);
        backend.redispatch = backend.redispatch.or(from.redispatch);
        backend.splice_auto = backend.splice_auto.or(from.splice_auto);
        backend.splice_request = backend.splice_request.or(from.splice_request);
        backend.splice_response = backend.splice_response.or(from.splice_response);
        backend.inherit_pages(from);
        inherit(&mut backend.forwardfor, &from.forwardfor);
        inherit(&mut backend.originalto, &from.originalto);
        inherit(&mut backend.stats, &from.stats);
        inherit(&mut backend.forwarded, &from.forwarded);
        inherit(&mut backend.http_send_name_header, &from.http_send_name_header);
        inherit(&mut backend.http_restrict_req_hdr_names, &from.http_restrict_req_hdr_names);
        if backend.health_check.is_none() {
            backend.health_check.clone_from(&from.health_check);
        }
    }
}

/// Of `httpclose`, `http-server-close` and `http-keep-alive` the one that is set replaces the others that it would inherit, as HAProxy's
/// options do. Of several in one place the one that closes more counts.
fn replace_closes(file: &mut File) {
    let replace = |close: &mut Option<bool>, server_close: &mut Option<bool>, keep: Option<bool>| {
        if *close == Some(true) {
            *server_close = Some(false);
        } else if *server_close == Some(true) {
            *close = Some(false);
        } else if keep == Some(true) {
            (*close, *server_close) = (Some(false), Some(false));
        }
    };
    for proxy in file.frontends.values_mut() {
        replace(&mut proxy.httpclose, &mut proxy.http_server_close, proxy.http_keep_alive);
    }
    for proxy in file.backends.values_mut() {
        replace(&mut proxy.httpclose, &mut proxy.http_server_close, proxy.http_keep_alive);
    }
    for defaults in file.named_defaults.values_mut() {
        replace(&mut defaults.httpclose, &mut defaults.http_server_close, defaults.http_keep_alive);
    }
    let defaults = &mut file.defaults;
    replace(&mut defaults.httpclose, &mut defaults.http_server_close, defaults.http_keep_alive);
}

/// The names that are written down under `named-defaults`, also of those that could not be read.
pub(super) type Names<'a> = [&'a str];

/// Every named defaults with its chain applied. A chain that comes back to itself is an error, told once.
fn resolve(file: &File, written: &Names<'_>, found: &mut Diagnostics) -> HashMap<String, Defaults> {
    let named = &file.named_defaults;
    let mut resolved: HashMap<String, Defaults> = HashMap::new();
    for start in named.names() {
        let mut chain: Vec<(&str, &NamedDefaults)> = Vec::new();
        let mut next = named.get_key_value(start);
        let mut base = None;
        while let Some((name, defaults)) = next {
            if let Some(known) = resolved.get(name.as_str()) {
                base = Some(known.clone());
                break;
            }
            if let Some(at) = chain.iter().position(|(before, _)| *before == name.as_str()) {
                cycle(&chain[at..], found);
                break;
            }
            chain.push((name.as_str(), defaults));
            next = defaults.from.as_ref().and_then(|from| {
                let target = named.get_key_value(from.as_str());
                if target.is_none() {
                    unknown(from, named.names(), written, found);
                }
                target
            });
        }
        for (name, defaults) in chain.into_iter().rev() {
            let mut all = Defaults::from(defaults);
            if let Some(base) = &base {
                all.inherit(base);
            }
            resolved.insert(name.to_owned(), all.clone());
            base = Some(all);
        }
    }
    resolved
}

fn cycle(chain: &[(&str, &NamedDefaults)], found: &mut Diagnostics) {
    let span = |defaults: &NamedDefaults| defaults.from.as_ref().map_or(Span::NONE, Spanned::span);
    let Some((first, rest)) = chain.split_first() else { return };
    let names: Vec<&str> = chain.iter().map(|(name, _)| *name).chain([first.0]).collect();
    let text = format!("`from` comes back to where it began: {}", names.join(" → "));
    let diagnostic = Diagnostic::error("config.circular", span(first.1), text).help("take one of these `from` away");
    found.push(rest.iter().fold(diagnostic, |told, (_, defaults)| told.also(span(defaults), "and on from here")));
}

fn unknown<'n>(
    from: &Spanned<String>,
    read: impl Iterator<Item = &'n str>,
    written: &Names<'n>,
    found: &mut Diagnostics,
) {
    if written.contains(&from.as_str()) {
        return;
    }
    let names: Vec<&str> = read.chain(written.iter().copied()).collect();
    let error = Diagnostic::error("config.unknown-defaults", from.span(), format!("no named defaults `{from}`"));
    let told = error.suggest(from, names.iter().copied());
    let told = if told.help.is_none() { told.help("define them under `named-defaults`") } else { told };
    found.push(told);
}

impl From<&NamedDefaults> for Defaults {
    fn from(named: &NamedDefaults) -> Self {
        Self {
            mode: named.mode,
            timeouts: named.timeouts.clone(),
            maxconn: named.maxconn,
            access_log: named.access_log,
            log: named.log.clone(),
            log_tag: named.log_tag.clone(),
            dontlognull: named.dontlognull,
            dontlog_normal: named.dontlog_normal,
            log_separate_errors: named.log_separate_errors,
            log_format: named.log_format.clone(),
            log_format_sd: named.log_format_sd.clone(),
            error_log_format: named.error_log_format.clone(),
            unique_id_format: named.unique_id_format.clone(),
            unique_id_header: named.unique_id_header.clone(),
            forwardfor: named.forwardfor.clone(),
            originalto: named.originalto.clone(),
            http_restrict_req_hdr_names: named.http_restrict_req_hdr_names,
            forwarded: named.forwarded.clone(),
            stats: named.stats.clone(),
            http_send_name_header: named.http_send_name_header.clone(),
            source: named.source.clone(),
            http_server_close: named.http_server_close,
            httpclose: named.httpclose,
            http_keep_alive: named.http_keep_alive,
            balance: named.balance,
            http_reuse: named.http_reuse,
            client_keepalive: named.client_keepalive,
            tcp_smart_accept: named.tcp_smart_accept,
            rate_limit_sessions: named.rate_limit_sessions,
            server_keepalive: named.server_keepalive,
            nolinger: named.nolinger,
            abortonclose: named.abortonclose,
            retries: named.retries,
            redispatch: named.redispatch,
            splice_auto: named.splice_auto,
            splice_request: named.splice_request,
            splice_response: named.splice_response,
            health_check: named.health_check.clone(),
            errorfiles: named.errorfiles.clone(),
            errorloc: named.errorloc.clone(),
            errorloc302: named.errorloc302.clone(),
            errorloc303: named.errorloc303.clone(),
            http_error: named.http_error.clone(),
        }
    }
}

impl Defaults {
    /// Takes from `base` what is not given here.
    fn inherit(&mut self, base: &Self) {
        self.mode = self.mode.or(base.mode);
        self.timeouts = self.timeouts.or(&base.timeouts);
        self.maxconn = self.maxconn.or(base.maxconn);
        self.access_log = self.access_log.or(base.access_log);
        logs::inherit(&mut self.log, &base.log);
        inherit(&mut self.log_tag, &base.log_tag);
        self.dontlognull = self.dontlognull.or(base.dontlognull);
        self.dontlog_normal = self.dontlog_normal.or(base.dontlog_normal);
        self.log_separate_errors = self.log_separate_errors.or(base.log_separate_errors);
        for (own, base) in [
            (&mut self.log_format, &base.log_format),
            (&mut self.log_format_sd, &base.log_format_sd),
            (&mut self.error_log_format, &base.error_log_format),
            (&mut self.unique_id_format, &base.unique_id_format),
            (&mut self.unique_id_header, &base.unique_id_header),
        ] {
            inherit(own, base);
        }
        inherit(&mut self.forwardfor, &base.forwardfor);
        inherit(&mut self.originalto, &base.originalto);
        inherit(&mut self.http_restrict_req_hdr_names, &base.http_restrict_req_hdr_names);
        inherit(&mut self.stats, &base.stats);
        inherit(&mut self.forwarded, &base.forwarded);
        inherit(&mut self.http_send_name_header, &base.http_send_name_header);
        self.http_server_close = self.http_server_close.or(base.http_server_close);
        self.httpclose = self.httpclose.or(base.httpclose);
        if self.source.is_none() {
            self.source.clone_from(&base.source);
        }
        self.balance = self.balance.or(base.balance);
        self.http_reuse = self.http_reuse.or(base.http_reuse);
        self.client_keepalive = self.client_keepalive.or(base.client_keepalive);
        self.tcp_smart_accept = self.tcp_smart_accept.or(base.tcp_smart_accept);
        self.rate_limit_sessions = self.rate_limit_sessions.or(base.rate_limit_sessions);
        self.server_keepalive = self.server_keepalive.or(base.server_keepalive);
        self.nolinger = self.nolinger.or(base.nolinger);
        self.abortonclose = self.abortonclose.or(base.abortonclose);
        self.retries = self.retries.or(base.retries);
        self.redispatch = self.redispatch.or(base.redispatch);
        self.splice_auto = self.splice_auto.or(base.splice_auto);
        self.splice_request = self.splice_request.or(base.splice_request);
        self.splice_response = self.splice_response.or(base.splice_response);
        if self.health_check.is_none() {
            self.health_check.clone_from(&base.health_check);
        }
        self.inherit_pages(base);
    }
}

/// What is not given is taken from the base.
fn inherit<T: Clone>(own: &mut Option<T>, base: &Option<T>) {
    if own.is_none() {
        own.clone_from(base);
    }
}

/// Error pages: each status counts on its own.
macro_rules! pages {
    ($type:ty) => {
        impl $type {
            fn inherit_pages(&mut self, base: &Defaults) {
                if self.errorfiles.is_none() {
                    self.errorfiles.clone_from(&base.errorfiles);
                }
                for (own, base) in [
                    (&mut self.errorloc, &base.errorloc),
                    (&mut self.errorloc302, &base.errorloc302),
                    (&mut self.errorloc303, &base.errorloc303),
                ] {
                    for (status, url) in base.iter() {
                        own.entry(status.clone()).or_insert(url.clone());
                    }
                }
                // Those of the base come first: later ones replace them.
                let all = base.http_error.iter().chain(self.http_error.iter()).cloned().collect();
                self.http_error = OneOrMany(all);
            }
        }
    };
}

pages!(Frontend);
pages!(Backend);
pages!(Defaults);

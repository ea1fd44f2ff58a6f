//! The rules of every proxy, compiled, or what is wrong with them.

mod formats;

use std::any::Any;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_config::{Diagnostic, Diagnostics, NamedMap, OneOrMany, Sources, Span, Spanned};
use plimsoll_http::{Forwarded, Userlist};
use plimsoll_proxy::Mode;
use plimsoll_proxy::rules::{
    BackendRef, BackendRules, Captures, Formats, FrontendRef, FrontendRules, Kept, NEW_SLOT, Pages, ServerRef, Switch,
    UseBackend, UseServer,
};
use plimsoll_proxy::services::ServiceRef;
use plimsoll_rules::variables::{Name, Scope, Shared};
use plimsoll_rules::{
    Acl, Acls, Act, Arena, Compiler, Condition, Context, Expr, Format, Loading, Names, Origin, Outside, Place, Purpose,
    Regexes, Rule, Rules, Text, Value, Variables, Word,
};

use crate::language::{LANGUAGE, services};
use crate::load::{Ask, Surroundings};
use crate::model::{Backend, Defaults, File, Frontend, NamedDefaults};
use crate::plan::pages::{Given, Sets};
use crate::plan::{captures, pages};

/// What the process begins with.
#[derive(Debug, Default)]
pub(crate) struct Start {
    values: Vec<(Name, Initial)>,
}

#[derive(Debug)]
enum Initial {
    Expr(Expr),
    Format(Format),
}

impl Start {
    /// Sets what is not set yet: what rules have made of a variable stays over reloads.
    pub(crate) fn apply(&self, process: &Arc<Shared>, outside: &dyn Outside) {
        for (name, initial) in &self.values {
            let (arena, mut variables) =
                (Arena::new(), Variables { process: Arc::clone(process), ..Variables::default() });
            if variables.has(*name) {
                continue;
            }
            let cx = Context::new(Place::Start, &arena, outside, &mut variables);
            let value = match initial {
                Initial::Expr(expr) => expr.eval(&cx),
                Initial::Format(format) => Some(Value::Str(format.render(&cx))),
            };
            if let Some(value) = value {
                cx.variables(|variables| variables.set(*name, &value));
            }
        }
    }
}

/// What the rules of a configuration became, in the order of its proxies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compiled {
    pub(crate) frontends: Vec<Option<Arc<FrontendRules>>>,
    pub(crate) formats: Vec<Option<Arc<Formats>>>,
    pub(crate) backends: Vec<Option<Arc<BackendRules>>>,
    /// `forwarded` of the backends
    pub(crate) forwarded: Vec<Option<Arc<Forwarded>>>,
    /// `global.set-var`
    pub(crate) start: Arc<Start>,
    /// The lists of patterns that they use: in force once the configuration is.
    patterns: Arc<Mutex<Option<Loading>>>,
}

impl Compiled {
    /// The configuration is in force from now on.
    pub(crate) fn commit(&self) {
        if let Some(loading) = self.patterns.lock().unwrap_or_else(PoisonError::into_inner).take() {
            loading.commit();
        }
    }
}

/// The rules of all proxies.
pub(super) fn compile(
    file: &File,
    sources: &Sources,
    surroundings: &Surroundings<'_>,
    found: &mut Diagnostics,
) -> Compiled {
    let mut regexes = Regexes::default();
    let default_mode = file.defaults.mode.unwrap_or_default();
    let mut told = Diagnostics::new();
    let known = Known::of(file, surroundings, &mut told);
    let patterns = surroundings.patterns.load();
    let mut bench = Bench {
        acls: HashMap::new(),
        known,
        patterns: &patterns,
        sources,
        regexes: &mut regexes,
        defaults: Pages::default(),
        found: &mut told,
    };
    bench.defaults = bench.pages(&(&file.defaults).into(), &Acls::default());
    let start = Arc::new(bench.start(file));
    let forwarded = file.backends.values().map(|backend| bench.forwarded(backend)).collect();
    let mode = |own: &Option<Spanned<Mode>>| own.as_deref().copied().unwrap_or(default_mode);
    let each = file
        .frontends
        .iter()
        .map(|(name, frontend)| bench.frontend(name, frontend, &file.defaults, mode(&frontend.mode)));
    let (frontends, formats) = each.unzip();
    let backends =
        file.backends.iter().map(|(name, backend)| bench.backend(name, backend, mode(&backend.mode))).collect();
    let mut unused: Vec<_> = bench.acls.into_iter().filter(|(_, (_, used))| !used).collect();
    unused.sort_by_key(|(span, _)| (span.file, span.start));
    for (span, (name, _)) in unused {
        told.push(Diagnostic::warning("rule.unused-acl", span, format!("no rule uses the ACL `{name}`")));
    }
    // A listen is a frontend and a backend: what is wrong with its ACLs is found twice.
    let mut known = HashSet::new();
    found.extend(told.into_iter().filter(|told| known.insert((told.primary.span, told.code, told.message.clone()))));
    Compiled { frontends, formats, backends, forwarded, start, patterns: Arc::new(Mutex::new(Some(patterns))) }
}

/// What all proxies' rules are compiled with.
pub(super) struct Bench<'b> {
    pub(super) known: Known<'b>,
    /// Every ACL by its place: its name, and whether a rule uses it.
    acls: HashMap<Span, (Box<str>, bool)>,
    patterns: &'b Loading,
    pub(super) sources: &'b Sources,
    regexes: &'b mut Regexes,
    /// The error pages of `defaults`.
    defaults: Pages,
    pub(super) found: &'b mut Diagnostics,
}

impl<'b> Bench<'b> {
    fn frontend(
        &mut self,
        name: &str,
        frontend: &Frontend,
        defaults: &Defaults,
        mode: Mode,
    ) -> (Option<Arc<FrontendRules>>, Option<Arc<Formats>>) {
        self.known.backend = frontend.default_backend.as_ref().map(|name| name.as_str().to_owned());
        let acls = self.acls(&frontend.acls);
        let based_on = self.based_on(&frontend.from);
        let captures = captures::read(frontend, self.sources, self.found);
        self.known.captures.replace(Some(captures));
        let [content, route] = match mode {
            Mode::Http => [Place::TcpContentOfHttp, Place::HttpRoute],
            Mode::Tcp => [Place::TcpContent, Place::TcpRoute],
        };
        let tcp = &frontend.tcp_request;
        let rules = FrontendRules {
            connection: self.lists(
                &based_on,
                |from| &from.tcp_request.connection,
                &tcp.connection,
                Place::TcpConnection,
                &acls,
            ),
            session: self.lists(&based_on, |from| &from.tcp_request.session, &tcp.session, Place::TcpSession, &acls),
            content: self.lists(&based_on, |from| &from.tcp_request.content, &tcp.content, content, &acls),
            inspect_delay: tcp.inspect_delay.map(plimsoll_config::Duration::as_std),
            http_request: self.lists(
                &based_on,
                |from| &from.http_request,
                &frontend.http_request,
                Place::HttpRequest,
                &acls,
            ),
            stats: self.stats(name, frontend.stats.as_ref(), mode, &acls),
            http_response: self.lists(
                &based_on,
                |from| &from.http_response,
                &frontend.http_response,
                Place::HttpResponse,
                &acls,
            ),
            after_response: self.lists(
                &based_on,
                |from| &from.http_after_response,
                &frontend.http_after_response,
                Place::AfterResponse,
                &acls,
            ),
            use_backend: self.targets(&frontend.use_backend, route, &acls, use_backend),
            monitor_uri: frontend.monitor_uri.as_ref().map(|uri| uri.as_bytes().into()),
            monitor_fail: self.conditions(&frontend.monitor_fail, route, &acls),
            pages: self.pages_with_defaults(&frontend.into(), &acls),
            captures: Captures::default(),
        };
        // The rules may have made some more.
        let rules = FrontendRules { captures: self.known.captures.take().unwrap_or_default(), ..rules };
        let formats = self.formats(frontend, defaults, mode, &acls, !rules.captures.is_empty());
        self.note_use(&acls);
        let empty = rules.connection.is_empty()
            && rules.session.is_empty()
            && rules.content.is_empty()
            && rules.http_request.is_empty()
            && rules.http_response.is_empty()
            && rules.after_response.is_empty()
            && rules.use_backend.is_empty()
            && rules.stats.is_none()
            && rules.monitor_uri.is_none()
            && rules.captures.is_empty()
            && rules.pages.is_empty();
        ((!empty).then(|| Arc::new(rules)), formats)
    }

    fn backend(&mut self, name: &str, backend: &Backend, mode: Mode) -> Option<Arc<BackendRules>> {
        self.known.backend = Some(name.to_owned());
        let acls = self.acls(&backend.acls);
        let based_on = self.based_on(&backend.from);
        let [content, response, route] = match mode {
            Mode::Http => [Place::TcpContentOfHttp, Place::TcpResponseOfHttp, Place::HttpRoute],
            Mode::Tcp => [Place::TcpContent, Place::TcpResponse, Place::TcpRoute],
        };
        let rules = BackendRules {
            content: self.lists(&[], |from| &from.tcp_request.content, &backend.tcp_request.content, content, &acls),
            inspect_delay: backend.tcp_request.inspect_delay.map(plimsoll_config::Duration::as_std),
            response_content: self.lists(
                &based_on,
                |from| &from.tcp_response.content,
                &backend.tcp_response.content,
                response,
                &acls,
            ),
            response_delay: backend.tcp_response.inspect_delay.map(plimsoll_config::Duration::as_std),
            http_request: self.lists(
                &based_on,
                |from| &from.http_request,
                &backend.http_request,
                Place::HttpRequest,
                &acls,
            ),
            stats: self.stats(name, backend.stats.as_ref(), mode, &acls),
            http_response: self.lists(
                &based_on,
                |from| &from.http_response,
                &backend.http_response,
                Place::HttpResponse,
                &acls,
            ),
            after_response: self.lists(
                &based_on,
                |from| &from.http_after_response,
                &backend.http_after_response,
                Place::AfterResponse,
                &acls,
            ),
            use_server: self.targets(&backend.use_server, route, &acls, use_server),
            pages: self.pages_with_defaults(&backend.into(), &acls),
        };
        self.note_use(&acls);
        let empty = rules.content.is_empty()
            && rules.response_content.is_empty()
            && rules.http_request.is_empty()
            && rules.http_response.is_empty()
            && rules.after_response.is_empty()
            && rules.stats.is_none()
            && rules.use_server.is_empty()
            && rules.pages.is_empty();
        (!empty).then(|| Arc::new(rules))
    }

    /// The named defaults that a proxy is based on, the farthest first, with their own ACLs.
    fn based_on(&mut self, from: &Option<Spanned<String>>) -> Vec<(&'b NamedDefaults, Acls)> {
        let (file, mut next) = (self.known.file, from.as_ref());
        let mut chain: Vec<&'b NamedDefaults> = Vec::new();
        while let Some(defaults) = next.and_then(|name| file.named_defaults.get(name.as_str())) {
            // A chain that comes back to itself is told elsewhere.
            if chain.iter().any(|known| std::ptr::eq(*known, defaults)) {
                break;
            }
            chain.push(defaults);
            next = defaults.from.as_ref();
        }
        chain.into_iter().rev().map(|defaults| (defaults, self.acls(&defaults.acls))).collect()
    }

    /// The rules of named defaults, then the proxy's own.
    fn lists(
        &mut self,
        based_on: &[(&'b NamedDefaults, Acls)],
        of: fn(&NamedDefaults) -> &OneOrMany<Spanned<String>>,
        own: &[Spanned<String>],
        place: Place,
        acls: &Acls,
    ) -> Rules {
        let mut all = Vec::new();
        for (defaults, acls) in based_on {
            all.extend(self.rules(of(defaults), place, acls));
        }
        all.extend(self.rules(own, place, acls));
        Rules::new(all)
    }

    fn pages_with_defaults(&mut self, given: &Given<'_>, acls: &Acls) -> Pages {
        let mut pages = self.pages(given, acls);
        pages.or(&self.defaults);
        pages
    }

    fn pages(&mut self, given: &Given<'_>, acls: &Acls) -> Pages {
        let mut pages = pages::plain(given, &self.known.errors, self.known.surroundings, self.found);
        for spanned in given.http_error.iter() {
            let text = Text::new(spanned, self.sources);
            let mut compiler = self.compiler(Some(Place::HttpRequest), acls);
            let Some(mut words) = text.words(compiler.found) else { continue };
            if let Some((status, page)) = plimsoll_proxy::rules::http_error(&mut words, text.span(), &mut compiler) {
                pages.set(status, Arc::new(page));
            }
        }
        pages
    }

    fn forwarded(&mut self, backend: &Backend) -> Option<Arc<Forwarded>> {
        let options = backend.forwarded.as_ref().or(self.known.file.defaults.forwarded.as_ref())?.on()?;
        let (sources, none) = (self.sources, Acls::default());
        let mut compiler = self.compiler(Some(Place::HttpRequest), &none);
        Forwarded::compile(options, sources, &mut compiler).map(Arc::new)
    }

    /// `global.set-var` and `set-var-fmt`.
    fn start(&mut self, file: &File) -> Start {
        let (mut start, none) = (Start::default(), Acls::default());
        let global = &file.global;
        let all = global.set_var.iter().map(|one| (one, false)).chain(global.set_var_fmt.iter().map(|one| (one, true)));
        for ((name, text), format) in all {
            let known = match Name::parse(name) {
                Ok(known) if known.scope == Scope::Proc => known,
                Ok(_) => {
                    let told = Diagnostic::error("rule.argument", name.span(), "only variables of `proc` live here");
                    self.found
                        .push(told.help(format!("write `proc.{}`", name.split_once('.').map_or("", |(_, rest)| rest))));
                    continue;
                }
                Err(wrong) => {
                    self.found.push(Diagnostic::error("rule.argument", name.span(), wrong));
                    continue;
                }
            };
            let text = Text::new(text, self.sources);
            let mut compiler = self.compiler(Some(Place::Start), &none);
            let value = if format {
                Format::compile_for(Purpose::Plain, &text.word(), &mut compiler).map(Initial::Format)
            } else {
                Expr::compile(&text.word(), &mut compiler).map(Initial::Expr)
            };
            start.values.extend(value.map(|value| (known, value)));
        }
        start
    }

    pub(super) fn compiler<'c>(&'c mut self, place: Option<Place>, acls: &'c Acls) -> Compiler<'c> {
        Compiler {
            language: &LANGUAGE,
            names: &self.known,
            acls,
            patterns: self.patterns,
            place,
            regexes: self.regexes,
            found: self.found,
        }
    }

    fn acls(&mut self, written: &NamedMap<OneOrMany<Spanned<String>>>) -> Acls {
        let (mut acls, none) = (Acls::default(), Acls::default());
        for (name, lines) in written.iter() {
            for text in lines.iter() {
                let text = Text::new(text, self.sources);
                let mut compiler = self.compiler(None, &none);
                let line = text.words(compiler.found).and_then(|mut words| Acl::line(&mut words, &mut compiler));
                acls.add(name, name.span(), line);
            }
        }
        acls
    }

    pub(super) fn rules(&mut self, texts: &[Spanned<String>], place: Place, acls: &Acls) -> Vec<Rule> {
        let sources = self.sources;
        let mut compiler = self.compiler(Some(place), acls);
        let rules = texts.iter().filter_map(|text| Rule::compile(Text::new(text, sources), sources, &mut compiler));
        rules.collect()
    }

    /// `NAME if CONDITION`
    fn targets(
        &mut self,
        texts: &[Spanned<String>],
        place: Place,
        acls: &Acls,
        target: fn(&Word, &mut Compiler<'_>) -> Option<Box<dyn Act>>,
    ) -> Rules {
        let sources = self.sources;
        let mut compiler = self.compiler(Some(place), acls);
        let mut rules = Vec::new();
        for spanned in texts {
            let text = Text::new(spanned, sources);
            let Some(mut words) = text.words(compiler.found) else { continue };
            let Some(name) = words.take() else {
                compiler.error("rule.syntax", text.span(), "an empty rule");
                continue;
            };
            let action = target(&name, &mut compiler);
            let condition = Condition::compile(&mut words, &mut compiler);
            if let (Some(action), Some(condition)) = (action, condition) {
                let origin = Origin::of(text.span(), sources);
                rules.push(Rule { condition, action, text: text.text.into(), span: text.span(), origin });
            }
        }
        Rules::new(rules)
    }

    /// Conditions alone, with `if` before them or not.
    fn conditions(&mut self, texts: &[Spanned<String>], place: Place, acls: &Acls) -> Rules {
        let sources = self.sources;
        let mut compiler = self.compiler(Some(place), acls);
        let mut rules = Vec::new();
        for spanned in texts {
            let text = Text::new(spanned, sources);
            let Some(mut words) = text.words(compiler.found) else { continue };
            let condition = if words.at_condition() {
                Condition::compile(&mut words, &mut compiler).flatten()
            } else {
                Condition::terms(&mut words, false, "monitor-fail", &mut compiler)
            };
            if let Some(condition) = condition {
                let origin = Origin::of(text.span(), sources);
                let (condition, action) = (Some(condition), Box::new(Switch));
                rules.push(Rule { condition, action, text: text.text.into(), span: text.span(), origin });
            }
        }
        Rules::new(rules)
    }

    /// Notes which ACLs were used by the rules of a proxy.
    fn note_use(&mut self, acls: &Acls) {
        for acl in acls.own() {
            let (_, used) = self.acls.entry(acl.span).or_insert_with(|| (acl.name.clone(), false));
            *used |= acl.is_used();
        }
    }
}

fn use_backend(name: &Word, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    if name.as_str().contains('%') {
        return Some(Box::new(UseBackend::Named(Format::compile_for(Purpose::Plain, name, compiler)?)));
    }
    match compiler.names.find("backend", name.as_str()).and_then(|found| found.downcast_ref::<BackendRef>().copied()) {
        Some(BackendRef(place)) => Some(Box::new(UseBackend::Known(place))),
        None => {
            let all = compiler.names.all("backend");
            let told = Diagnostic::error(
                "config.unknown-backend",
                name.span(),
                format!("unknown backend `{}`", name.as_str()),
            );
            compiler.found.push(told.suggest(name.as_str(), all.iter().map(String::as_str)));
            None
        }
    }
}

fn use_server(name: &Word, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    if name.as_str().contains('%') {
        return Some(Box::new(UseServer::Named(Format::compile_for(Purpose::Plain, name, compiler)?)));
    }
    match compiler.object("server", name.as_str()) {
        Ok(found) => {
            found.downcast_ref::<ServerRef>().map(|server| Box::new(UseServer::Known(server.server)) as Box<dyn Act>)
        }
        Err(text) => {
            compiler.error("rule.argument", name.span(), text);
            None
        }
    }
}

/// The names of a configuration.
pub(super) struct Known<'k> {
    pub(super) file: &'k File,
    backends: HashMap<&'k str, u32>,
    frontends: HashMap<&'k str, u32>,
    surroundings: &'k Surroundings<'k>,
    /// The backend whose servers need not be named with it.
    backend: Option<String>,
    /// `http-errors`
    errors: Sets,
    pub(super) userlists: HashMap<String, Arc<Userlist>>,
    /// The slots of the frontend that is read now.
    captures: RefCell<Option<Captures>>,
}

impl<'k> Known<'k> {
    fn of(file: &'k File, surroundings: &'k Surroundings<'k>, found: &mut Diagnostics) -> Self {
        let places = |names: &mut dyn Iterator<Item = &'k str>| names.zip(0..).collect();
        Self {
            file,
            backends: places(&mut file.backends.names()),
            frontends: places(&mut file.frontends.names()),
            surroundings,
            backend: None,
            errors: pages::sets(file, surroundings, found),
            userlists: file
                .userlists
                .iter()
                .map(|(name, list)| (name.as_str().to_owned(), Arc::new(Userlist::build(list, found))))
                .collect(),
            captures: RefCell::default(),
        }
    }

    fn server(&self, name: &str) -> Option<ServerRef> {
        let (backend, server) = match name.split_once('/') {
            Some(both) => both,
            None => (self.backend.as_deref()?, name),
        };
        let place = *self.backends.get(backend)?;
        let servers = &self.file.backends.get(backend)?.servers;
        let server = servers.names().position(|have| have == server)?;
        Some(ServerRef { backend: BackendRef(place), server: server as u32 })
    }
}

impl Known<'_> {
    /// A new slot for a capture of so many bytes; only frontends have some.
    fn slot(&self, response: bool, len: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        let (mut captures, len) = (self.captures.borrow_mut(), len.parse().ok()?);
        let captures = captures.as_mut()?;
        let slots = if response { &mut captures.response } else { &mut captures.request };
        slots.push(Kept { name: Box::default(), len });
        Some(Arc::new(slots.len() - 1))
    }
}

impl Names for Known<'_> {
    fn find(&self, kind: &str, name: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        match kind {
            "backend" => self.backends.get(name).map(|place| Arc::new(BackendRef(*place)) as _),
            "frontend" => self.frontends.get(name).map(|place| Arc::new(FrontendRef(*place)) as _),
            "server" => self.server(name).map(|server| Arc::new(server) as _),
            "userlist" => self.userlists.get(name).map(|list| Arc::clone(list) as _),
            "http-errors" => self.errors.get(name).map(|pages| Arc::clone(pages) as _),
            "service" => services().find(|have| *have == name).map(|name| Arc::new(ServiceRef(name)) as _),
            kind if NEW_SLOT.contains(&kind) => self.slot(kind == NEW_SLOT[1], name),
            _ => None,
        }
    }

    fn all(&self, kind: &str) -> Vec<String> {
        match kind {
            "backend" => self.file.backends.names().map(str::to_owned).collect(),
            "frontend" => self.file.frontends.names().map(str::to_owned).collect(),
            "userlist" => self.userlists.keys().filter(|name| !name.starts_with('.')).cloned().collect(),
            "service" => services().map(str::to_owned).collect(),
            "http-errors" => self.errors.keys().cloned().collect(),
            "server" => {
                let servers = self.file.backends.iter().flat_map(|(backend, options)| {
                    options.servers.names().map(move |server| format!("{backend}/{server}"))
                });
                servers.collect()
            }
            _ => Vec::new(),
        }
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut contents = self.surroundings.files.ask(Ask::Contents, Path::new(path))?;
        contents.pop().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

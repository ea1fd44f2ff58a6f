//! ACLs: an expression and patterns, one of which must match one of its values.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_config::{Diagnostic, Span};

use crate::condition::Truth;
use crate::expr::{Expr, call};
use crate::pattern::{Match, Patterns};
use crate::words::{Word, Words};
use crate::{Compiler, Context};

/// One line of an ACL.
#[derive(Debug)]
pub struct Line {
    /// What is looked at.
    pub expr: Expr,
    /// What it may be.
    pub patterns: Patterns,
    /// As it is written.
    pub text: Box<str>,
}

/// A named or anonymous ACL: it holds if one of its lines does.
#[derive(Debug, Default)]
pub struct Acl {
    /// Empty: it has none.
    pub name: Box<str>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Where it is written.
    pub span: Span,
    used: AtomicBool,
}

impl Acl {
    /// A line, `expression [flags] pattern…`, up to the end of the words or to a `}`.
    pub fn line(words: &mut Words, compiler: &mut Compiler<'_>) -> Option<Line> {
        let Some(word) = words.take() else {
            compiler.error("rule.condition", words.place(), "an ACL begins with what it looks at");
            return None;
        };
        let (name, args, mut at) = call(&word, 0, compiler)?;
        let text = &word.as_str()[name.clone()];
        let (fetch, how) = match (compiler.language.fetch(text), suffixed(text, compiler)) {
            (Some(fetch), _) => (fetch, None),
            (None, Some((fetch, how))) => (fetch, Some(how)),
            (None, None) => return Expr::compile(&word, compiler).and(None),
        };
        let expr = Expr::behind(&word, name, fetch, args, &mut at, compiler)?;
        let behind = words.taken();
        let patterns = Patterns::compile(&expr, how, words, compiler)?;
        let text = format!("{}{}", expr.text(), words.text_since(behind));
        Some(Line { expr, patterns, text: text.into() })
    }

    /// `{ … }`: the opening brace is taken already.
    pub(crate) fn anonymous(open: &Word, words: &mut Words, compiler: &mut Compiler<'_>) -> Option<Arc<Self>> {
        let line = Self::line(words, compiler);
        if line.is_none() {
            while words.peek().is_some_and(|word| word.as_str() != "}") {
                words.take();
            }
        }
        let Some(close) = words.take() else {
            if line.is_some() {
                compiler.error("rule.condition", open.span(), "this { is never closed");
            }
            return None;
        };
        let span = open.span().to(close.span());
        Some(Arc::new(Self { lines: vec![line?], span, ..Self::default() }))
    }

    /// A named one; whether it may be used here is looked at.
    pub(crate) fn named(name: &Word, compiler: &mut Compiler<'_>) -> Option<Arc<Self>> {
        let Some(acl) = compiler.acls.get(name.as_str(), compiler.language) else {
            if !compiler.acls.is_known(name.as_str()) {
                let error =
                    Diagnostic::error("rule.unknown-acl", name.span(), format!("no ACL is called `{}`", name.as_str()));
                compiler.found.push(error.suggest(name.as_str(), compiler.acls.names()));
            }
            return None;
        };
        acl.used.store(true, Ordering::Relaxed);
        if let Some(place) = compiler.place {
            for line in &acl.lines {
                line.expr.usable(place, name.span(), compiler)?;
            }
        }
        Some(acl)
    }

    /// A named one that an expression asks for. `None`: there is none, or it looks at what is not there, which is reported.
    pub(crate) fn used_as_value(name: &str, compiler: &mut Compiler<'_>) -> Option<Arc<Self>> {
        let acl = compiler.acls.get(name, compiler.language)?;
        acl.used.store(true, Ordering::Relaxed);
        if let Some(place) = compiler.place {
            for line in &acl.lines {
                line.expr.usable(place, line.expr.span(), compiler)?;
            }
        }
        Some(acl)
    }

    /// Was it used by anything?
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Does it hold?
    #[inline]
    pub fn holds(&self, cx: &Context<'_>) -> Truth {
        let mut unknown = false;
        for line in &self.lines {
            if line.expr.any(cx, |value| line.patterns.matches(value, cx)) {
                // What another value waited for is not needed any more.
                cx.take_wait();
                return Truth::Yes;
            }
            unknown |= cx.waits();
        }
        if unknown { Truth::Unknown } else { Truth::No }
    }
}

/// `path_beg` is `path -m beg`.
fn suffixed(text: &str, compiler: &Compiler<'_>) -> Option<(&'static crate::Fetch, Match)> {
    let (fetch, suffix) = text.rsplit_once('_')?;
    let how = Match::suffix(suffix)?;
    compiler.language.fetch(fetch).filter(|fetch| fetch.suffixes).map(|fetch| (fetch, how))
}

/// The ACLs that the rules of a proxy may name.
#[derive(Debug, Default)]
pub struct Acls {
    own: HashMap<String, Option<Arc<Acl>>>,
    predefined: std::sync::Mutex<HashMap<&'static str, Arc<Acl>>>,
}

/// ACLs that are always there (configuration manual, section 7.4): name, line.
pub const PREDEFINED: &[(&str, &str)] = &[
    ("TRUE", "always_true"),
    ("FALSE", "always_false"),
    ("HTTP", "req.proto_http"),
    ("HTTP_1.0", "req.ver 1.0"),
    ("HTTP_1.1", "req.ver 1.1"),
    ("HTTP_2.0", "req.ver 2.0"),
    ("HTTP_3.0", "req.ver 3.0"),
    ("HTTP_CONTENT", "req.hdr_val(content-length) gt 0"),
    ("HTTP_URL_ABS", "url_reg ^[^/:]*://"),
    ("HTTP_URL_SLASH", "url_beg /"),
    ("HTTP_URL_STAR", "url *"),
    ("LOCALHOST", "src 127.0.0.1/8 ::1"),
    ("METH_CONNECT", "method CONNECT"),
    ("METH_DELETE", "method DELETE"),
    ("METH_GET", "method GET HEAD"),
    ("METH_HEAD", "method HEAD"),
    ("METH_OPTIONS", "method OPTIONS"),
    ("METH_POST", "method POST"),
    ("METH_PUT", "method PUT"),
    ("METH_TRACE", "method TRACE"),
    ("RDP_COOKIE", "req.rdp_cookie_cnt gt 0"),
    ("REQ_CONTENT", "req.len gt 0"),
    ("WAIT_END", "wait_end"),
];

impl Acls {
    /// Adds a line to one; `None`: it is wrong, which was told.
    pub fn add(&mut self, name: &str, span: Span, line: Option<Line>) {
        let Some(line) = line else {
            self.own.insert(name.to_owned(), None);
            return;
        };
        match self.own.get_mut(name) {
            Some(Some(acl)) => {
                if let Some(acl) = Arc::get_mut(acl) {
                    acl.lines.push(line);
                }
            }
            Some(None) => {}
            None => {
                let acl = Acl { name: name.into(), lines: vec![line], span, ..Acl::default() };
                self.own.insert(name.to_owned(), Some(Arc::new(acl)));
            }
        }
    }

    /// Those of the configuration.
    pub fn own(&self) -> impl Iterator<Item = &Arc<Acl>> {
        self.own.values().flatten()
    }

    fn get(&self, name: &str, language: &crate::Language) -> Option<Arc<Acl>> {
        if let Some(own) = self.own.get(name) {
            return own.clone();
        }
        let (name, text) = PREDEFINED.iter().find(|(have, _)| *have == name)?;
        let mut predefined = self.predefined.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(acl) = predefined.get(name) {
            return Some(Arc::clone(acl));
        }
        let (mut found, mut regexes) = (plimsoll_config::Diagnostics::new(), crate::compiler::Regexes::default());
        let (none, patterns) = (Self::default(), crate::Loading::default());
        let mut compiler = Compiler {
            language,
            names: &crate::NoNames,
            acls: &none,
            patterns: &patterns,
            place: None,
            regexes: &mut regexes,
            found: &mut found,
        };
        let mut words = crate::Text::detached(text).words(compiler.found)?;
        let line = Acl::line(&mut words, &mut compiler)?;
        let acl = Arc::new(Acl { name: (*name).into(), lines: vec![line], ..Acl::default() });
        predefined.insert(name, Arc::clone(&acl));
        Some(acl)
    }

    fn is_known(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.own.keys().map(String::as_str).chain(PREDEFINED.iter().map(|(name, _)| *name))
    }
}

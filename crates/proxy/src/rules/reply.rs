//! Answers that rules give: a status, fields and a body, or a page of the configuration.

use std::sync::Arc;

use plimsoll_config::{Diagnostic, Span};
use plimsoll_http::reason;
use plimsoll_rules::{Action, Call, Compiler, Context, Format, Places, Word, Words};

use crate::rules::{Page, Pages, Proxies};

/// The most bytes of a body out of a file.
const MOST: usize = 1 << 20;

/// An answer, ready but for what its connection needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) reason: Box<str>,
    /// Lines, each with its CRLF, without those of framing.
    pub(crate) fields: Vec<u8>,
    pub(crate) body: Arc<[u8]>,
    /// Not a word: the connection just ends.
    pub(crate) nothing: bool,
}

/// What is written in a rule: how its answer is made.
#[derive(Debug)]
pub struct Recipe {
    status: u16,
    content_type: Option<Box<str>>,
    body: Content,
    fields: Vec<(Box<str>, Format)>,
    /// What our own page says.
    pub(crate) text: &'static str,
    /// The client is asked who it is.
    pub(crate) asks: bool,
    /// For what; the proxy's name if not given.
    pub(crate) realm: Option<Box<str>>,
}

#[derive(Debug)]
enum Content {
    /// The page of the proxy for this status, or our own; whether that was asked for by name.
    Default(bool),
    Page(Arc<Page>),
    Fixed(Arc<[u8]>),
    Format(Format),
    /// Nothing.
    Empty,
}

impl Recipe {
    /// Without words: what the proxy answers with this status.
    pub(crate) fn plain(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            body: Content::Default(false),
            fields: Vec::new(),
            text: "",
            asks: false,
            realm: None,
        }
    }

    /// Reads `[status N] [content-type T] [errorfile F | file F | lf-file F | string S | lf-string S] [hdr NAME FORMAT]…`.
    pub(crate) fn parse(call: &mut Call<'_>, status: u16, empty: bool, compiler: &mut Compiler<'_>) -> Option<Self> {
        let mut recipe = Self::plain(status);
        if empty {
            recipe.body = Content::Empty;
        }
        let mut set = None;
        while !call.words.at_condition() {
            let Some(word) = call.words.take() else { break };
            match word.as_str() {
                "status" | "deny_status" | "code" => {
                    let value = call.word("a status", compiler)?;
                    match value.as_str().parse() {
                        Ok(status @ 200..=599) => {
                            recipe.status = status;
                            // As in HAProxy, `deny_status` keeps the page, and any other word asks for an answer of its own.
                            if word.as_str() == "status" && matches!(recipe.body, Content::Default(false)) {
                                recipe.body = Content::Empty;
                            }
                        }
                        _ => {
                            let text = format!("`{}` is not a status between 200 and 599", value.as_str());
                            compiler.error("rule.argument", value.span(), text);
                            return None;
                        }
                    }
                }
                "content-type" => recipe.content_type = Some(call.word("a content type", compiler)?.as_str().into()),
                "default-errorfiles" => recipe.body = Content::Default(true),
                "errorfile" => {
                    let path = call.word("a file", compiler)?;
                    let page = Page::read(&contents(&path, compiler)?);
                    match page {
                        Ok(page) => recipe.body = Content::Page(page.into()),
                        Err(text) => return wrong(&path, &text, compiler),
                    }
                }
                "errorfiles" => {
                    let name = call.word("the name of http-errors", compiler)?;
                    match compiler.object("http-errors", name.as_str()) {
                        Ok(found) => {
                            // The status may still follow.
                            set = found.downcast_ref::<Pages>().cloned();
                            recipe.body = Content::Default(true);
                        }
                        Err(text) => {
                            compiler.error("rule.argument", name.span(), text);
                            return None;
                        }
                    }
                }
                "file" => {
                    let path = call.word("a file", compiler)?;
                    recipe.body = Content::Fixed(contents(&path, compiler)?.into());
                }
                "lf-file" => {
                    let path = call.word("a file", compiler)?;
                    let text = contents(&path, compiler)?;
                    let Ok(text) = String::from_utf8(text) else { return wrong(&path, "it is not UTF-8", compiler) };
                    let format = Format::compile(&plimsoll_rules::Text::detached(&text).word(), compiler)?;
                    recipe.body = Content::Format(format);
                }
                "string" => recipe.body = Content::Fixed(call.word("a text", compiler)?.as_str().as_bytes().into()),
                "lf-string" => {
                    recipe.body = Content::Format(Format::compile(&call.word("a format", compiler)?, compiler)?);
                }
                "hdr" => {
                    let name = call.word("the name of a field", compiler)?;
                    if !plimsoll_http::is_token(name.as_str().as_bytes()) {
                        compiler.error(
                            "rule.argument",
                            name.span(),
                            format!("`{}` is not the name of a field", name.as_str()),
                        );
                        return None;
                    }
                    let value = Format::compile(&call.word("the value of the field", compiler)?, compiler)?;
                    recipe.fields.push((name.as_str().into(), value));
                }
                other => {
                    let text = format!("`{other}` is not expected here");
                    let told = Diagnostic::error("rule.syntax", word.span(), text);
                    compiler.found.push(told.help(format!("it is written `{}`", call.action.usage)));
                    return None;
                }
            }
        }
        if let Some(page) = set.as_ref().and_then(|set| set.get(recipe.status)) {
            recipe.body = Content::Page(Arc::clone(page));
        }
        if !recipe.fields.is_empty() && matches!(recipe.body, Content::Default(false)) {
            recipe.body = Content::Empty;
        }
        let has_body = match &recipe.body {
            Content::Fixed(body) => !body.is_empty(),
            Content::Format(_) => true,
            _ => false,
        };
        if has_body && recipe.content_type.is_none() {
            compiler.error("rule.argument", call.name.span(), "a body needs its `content-type`");
            return None;
        }
        Some(recipe)
    }

    /// The answer to this request.
    pub(crate) fn make(&self, cx: &Context<'_>) -> Reply {
        let reply = match &self.body {
            Content::Default(_) => return self.finish(own_or_page(cx, self.status, self.text), cx, false),
            Content::Page(page) => {
                let reply = page.reply(cx).unwrap_or_else(|| own_or_page(cx, self.status, self.text));
                return self.finish(reply, cx, false);
            }
            Content::Fixed(body) => self.with_body(Arc::clone(body)),
            Content::Format(format) => self.with_body(format.render(cx).into()),
            Content::Empty => self.with_body(Arc::default()),
        };
        self.finish(reply, cx, true)
    }

    /// With the fields of the rule; pages have their own.
    fn finish(&self, mut reply: Reply, cx: &Context<'_>, fields: bool) -> Reply {
        for (name, value) in self.fields.iter().filter(|_| fields) {
            reply.add(name.as_bytes(), value.render(cx));
        }
        if self.asks {
            let field: &[u8] = if reply.status == 407 { b"Proxy-Authenticate" } else { b"WWW-Authenticate" };
            let realm = self.realm.as_deref().map_or_else(|| proxy_name(cx), str::as_bytes);
            let mut value = b"Basic realm=\"".to_vec();
            value.extend(realm.iter().filter(|byte| !matches!(byte, b'"' | b'\\')));
            value.push(b'"');
            reply.add(field, &value);
        }
        reply
    }

    fn with_body(&self, body: Arc<[u8]>) -> Reply {
        let mut reply =
            Reply { status: self.status, reason: reason(self.status).into(), fields: Vec::new(), body, nothing: false };
        if let Some(content_type) = self.content_type.as_ref().filter(|_| !reply.body.is_empty()) {
            reply.add(b"Content-Type", content_type.as_bytes());
        }
        reply
    }
}

/// A row of its own, for messages: it is no action of a rule.
static HTTP_ERROR: Action = Action {
    name: "http-error",
    places: Places::of(&[]),
    usage: "status CODE [content-type TYPE] [string TEXT | lf-string FORMAT | file PATH | lf-file PATH | errorfile PATH | errorfiles NAME | default-errorfiles] [hdr NAME FORMAT]…",
    parse: |_, _| None,
    doc: "",
};

/// Reads `http-error`: which status, and what is said instead.
pub fn http_error(words: &mut Words, span: Span, compiler: &mut Compiler<'_>) -> Option<(u16, Page)> {
    let name = words.peek().cloned()?;
    if name.as_str() != "status" {
        let told = Diagnostic::error("rule.syntax", span, "it begins with the `status` that it is for");
        compiler.found.push(told.help(format!("it is written `{}`", HTTP_ERROR.usage)));
        return None;
    }
    let mut call = Call { action: &HTTP_ERROR, name, args: Vec::new(), words };
    let recipe = Recipe::parse(&mut call, 0, false, compiler)?;
    let status = recipe.status;
    let page = match recipe.body {
        Content::Default(_) => Page::Own,
        _ => Page::Made(Box::new(recipe)),
    };
    Some((status, page))
}

impl Reply {
    /// Our own page for a status.
    pub(crate) fn own(status: u16, text: &str) -> Self {
        let reason = reason(status);
        let body = format!("<html><body><h1>{status} {reason}</h1>\n{text}\n</body></html>\n");
        let fields = b"Cache-Control: no-cache\r\nContent-Type: text/html\r\n".to_vec();
        Self { status, reason: reason.into(), fields, body: body.into_bytes().into(), nothing: false }
    }

    /// A field more. What cannot stand in a field is left out of it.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        self.fields.extend_from_slice(name);
        self.fields.extend_from_slice(b": ");
        self.fields.extend(value.iter().filter(|byte| **byte >= b' ' && **byte != 0x7f || **byte == b'\t'));
        self.fields.extend_from_slice(b"\r\n");
    }

    /// The head alone, without what frames its body.
    pub(crate) fn head_of_pieces(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("HTTP/1.1 {} {}\r\n", self.status, self.reason).as_bytes());
        out.extend_from_slice(&self.fields);
        out.extend_from_slice(b"\r\n");
    }

    /// The head, with what its connection needs, up to and with the empty line.
    pub(crate) fn head(&self, close: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("HTTP/1.1 {} {}\r\n", self.status, self.reason).as_bytes());
        if self.status != 204 && self.status != 304 {
            out.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        out.extend_from_slice(&self.fields);
        out.extend_from_slice(if close { b"Connection: close\r\n\r\n" } else { b"\r\n" });
    }
}

/// The page that the backend or the frontend has for a status, or our own.
pub(crate) fn own_or_page(cx: &Context<'_>, status: u16, text: &str) -> Reply {
    page_of(cx, status).unwrap_or_else(|| Reply::own(status, text))
}

fn page_of(cx: &Context<'_>, status: u16) -> Option<Reply> {
    let proxies = cx.fact::<Proxies>()?;
    let of_backend = || proxies.site.as_ref()?.backend.rules.as_ref()?.pages.get(status);
    let of_frontend = || proxies.route.frontend.rules.as_ref()?.pages.get(status);
    of_backend().and_then(|page| page.reply(cx)).or_else(|| of_frontend()?.reply(cx))
}

/// The name of the proxy whose rule this is, as far as that is known.
fn proxy_name<'c>(cx: &'c Context<'_>) -> &'c [u8] {
    let Some(proxies) = cx.fact::<Proxies>() else { return b"" };
    let name = proxies.site.as_ref().map_or(&proxies.route.frontend.name, |site| &site.backend.name);
    name.as_bytes()
}

fn contents(path: &Word, compiler: &mut Compiler<'_>) -> Option<Vec<u8>> {
    match compiler.names.read(path.as_str()) {
        Ok(bytes) if bytes.len() <= MOST => Some(bytes),
        Ok(_) => wrong(path, "it is larger than 1 MiB", compiler),
        Err(error) => wrong(path, &error.to_string(), compiler),
    }
}

fn wrong<T>(path: &Word, text: &str, compiler: &mut Compiler<'_>) -> Option<T> {
    compiler.error("rule.file", path.span(), format!("cannot use {}: {text}", path.as_str()));
    None
}

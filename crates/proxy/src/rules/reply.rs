//! Answers that rules give: a status, fields and a body, or a page of the configuration.

use std::sync::Arc;

use plimsoll_config::Diagnostic;
use plimsoll_http::reason;
use plimsoll_rules::{Call, Compiler, Context, Format, Word};

use crate::rules::Proxies;

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
}

/// An error page: a whole answer out of a file, or an address to go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    status: u16,
    reason: Box<str>,
    fields: Box<[u8]>,
    body: Arc<[u8]>,
}

impl Page {
    /// Out of a file that holds a whole response, as HAProxy's error files do. Nothing at all: no answer is given, the connection just ends.
    /// The error says what is wrong with it.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let end = memchr::memmem::find(text, b"\r\n\r\n").map(|at| (at, at + 4));
        let loose = memchr::memmem::find(text, b"\n\n").map(|at| (at, at + 2));
        let Some((head, body)) = end.or(loose) else { return Err("it has no empty line behind its head".into()) };
        let head = std::str::from_utf8(&text[..head]).map_err(|_| String::from("its head is not text"))?;
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let mut parts = first.splitn(3, ' ');
        let (version, status) =
            (parts.next().unwrap_or_default(), parts.next().and_then(|code| code.parse::<u16>().ok()));
        let status = status.filter(|code| version.starts_with("HTTP/1.") && (200..=599).contains(code));
        let Some(status) = status else { return Err(format!("`{first}` is not the first line of a response")) };
        let mut fields = Vec::new();
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                return Err(format!("`{line}` is not a header field"));
            };
            if ["content-length", "transfer-encoding", "connection", "keep-alive"]
                .iter()
                .any(|own| name.eq_ignore_ascii_case(own))
            {
                continue;
            }
            fields.extend_from_slice(format!("{name}: {}\r\n", value.trim()).as_bytes());
        }
        let reason = parts.next().unwrap_or_default().into();
        Ok(Self { status, reason, fields: fields.into(), body: text[body..].into() })
    }

    /// Sends the client elsewhere: `errorloc302`, `errorloc303`.
    #[must_use]
    pub fn elsewhere(status: u16, url: &str) -> Self {
        let fields = format!("Cache-Control: no-cache\r\nLocation: {url}\r\n");
        Self { status, reason: reason(status).into(), fields: fields.into_bytes().into(), body: Arc::default() }
    }

    /// A body of a type.
    #[must_use]
    pub fn of(status: u16, content_type: &str, body: &[u8]) -> Self {
        let fields = format!("Content-Type: {content_type}\r\n");
        Self { status, reason: reason(status).into(), fields: fields.into_bytes().into(), body: body.into() }
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply {
            status: self.status,
            reason: self.reason.clone(),
            fields: self.fields.to_vec(),
            body: Arc::clone(&self.body),
        }
    }
}

/// Pages by the status that they replace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages(Vec<(u16, Arc<Page>)>);

impl Pages {
    /// Of these.
    #[must_use]
    pub fn new(pages: Vec<(u16, Arc<Page>)>) -> Self {
        Self(pages)
    }

    /// Are there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Instead of our own answer with this status.
    #[must_use]
    pub fn get(&self, status: u16) -> Option<&Page> {
        self.0.iter().find(|(have, _)| *have == status).map(|(_, page)| &**page)
    }
}

/// What is written in a rule: how its answer is made.
#[derive(Debug)]
pub(crate) struct Recipe {
    status: u16,
    content_type: Option<Box<str>>,
    body: Content,
    fields: Vec<(Box<str>, Format)>,
    /// Added whatever the content is: `WWW-Authenticate`.
    pub(crate) more: Vec<u8>,
}

#[derive(Debug)]
enum Content {
    /// The page of the proxy for this status, or our own.
    Default,
    Page(Arc<Page>),
    Fixed(Arc<[u8]>),
    Format(Format),
    /// Nothing.
    Empty,
}

impl Recipe {
    /// Without words: what the proxy answers with this status.
    pub(crate) fn plain(status: u16) -> Self {
        Self { status, content_type: None, body: Content::Default, fields: Vec::new(), more: Vec::new() }
    }

    /// Reads `[status N] [content-type T] [errorfile F | file F | lf-file F | string S | lf-string S] [hdr NAME FORMAT]…`.
    pub(crate) fn parse(call: &mut Call<'_>, status: u16, empty: bool, compiler: &mut Compiler<'_>) -> Option<Self> {
        let mut recipe = Self::plain(status);
        if empty {
            recipe.body = Content::Empty;
        }
        while !call.words.at_condition() {
            let Some(word) = call.words.take() else { break };
            match word.as_str() {
                "status" | "deny_status" | "code" => {
                    let value = call.word("a status", compiler)?;
                    match value.as_str().parse() {
                        Ok(status @ 200..=599) => recipe.status = status,
                        _ => {
                            let text = format!("`{}` is not a status between 200 and 599", value.as_str());
                            compiler.error("rule.argument", value.span(), text);
                            return None;
                        }
                    }
                }
                "content-type" => recipe.content_type = Some(call.word("a content type", compiler)?.as_str().into()),
                "default-errorfiles" => recipe.body = Content::Default,
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
                            let page = found
                                .downcast_ref::<Pages>()
                                .and_then(|pages| pages.0.iter().find(|(status, _)| *status == recipe.status));
                            recipe.body = page.map_or(Content::Default, |(_, page)| Content::Page(Arc::clone(page)));
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
                    recipe.body = Content::Format(Format::compile(&call.word("a format", compiler)?, compiler)?)
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
        if matches!(recipe.body, Content::Fixed(_) | Content::Format(_)) && recipe.content_type.is_none() {
            compiler.error("rule.argument", call.name.span(), "a body needs its `content-type`");
            return None;
        }
        Some(recipe)
    }

    /// The answer to this request.
    pub(crate) fn make(&self, cx: &Context<'_>) -> Reply {
        let mut reply = match &self.body {
            Content::Default => page_of(cx, self.status).unwrap_or_else(|| Reply::own(self.status, "")),
            Content::Page(page) => page.reply(),
            Content::Fixed(body) => self.with_body(Arc::clone(body)),
            Content::Format(format) => self.with_body(format.render(cx).into()),
            Content::Empty => self.with_body(Arc::default()),
        };
        for (name, value) in &self.fields {
            reply.add(name.as_bytes(), value.render(cx));
        }
        reply.fields.extend_from_slice(&self.more);
        reply
    }

    fn with_body(&self, body: Arc<[u8]>) -> Reply {
        let mut reply = Reply { status: self.status, reason: reason(self.status).into(), fields: Vec::new(), body };
        if let Some(content_type) = self.content_type.as_ref().filter(|_| !reply.body.is_empty()) {
            reply.add(b"Content-Type", content_type.as_bytes());
        }
        reply
    }
}

impl Reply {
    /// Our own page for a status.
    pub(crate) fn own(status: u16, text: &str) -> Self {
        let reason = reason(status);
        let body = format!("<html><body><h1>{status} {reason}</h1>\n{text}\n</body></html>\n");
        let fields = b"Cache-Control: no-cache\r\nContent-Type: text/html\r\n".to_vec();
        Self { status, reason: reason.into(), fields, body: body.into_bytes().into() }
    }

    /// A field more. What cannot stand in a field is left out of it.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        self.fields.extend_from_slice(name);
        self.fields.extend_from_slice(b": ");
        self.fields.extend(value.iter().filter(|byte| **byte >= b' ' && **byte != 0x7f || **byte == b'\t'));
        self.fields.extend_from_slice(b"\r\n");
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

/// The page that the backend or the frontend has for a status.
fn page_of(cx: &Context<'_>, status: u16) -> Option<Reply> {
    let proxies = cx.fact::<Proxies>()?;
    let of_backend = proxies.site.as_ref().and_then(|site| site.backend.rules.as_ref()?.pages.get(status));
    let page = of_backend.or_else(|| proxies.route.frontend.rules.as_ref()?.pages.get(status));
    page.map(Page::reply)
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

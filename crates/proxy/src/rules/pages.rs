//! Error pages: whole answers out of files, addresses to go to, or answers that are made as a rule's are.

use std::sync::Arc;

use plimsoll_http::reason;
use plimsoll_rules::Context;

use crate::rules::Reply;
use crate::rules::reply::Recipe;

/// What takes the place of our own answer.
#[derive(Debug)]
pub enum Page {
    /// Nothing is said at all: the connection just ends.
    Nothing,
    /// The same for everybody.
    Fixed(Box<Fixed>),
    /// Made for each request.
    Made(Box<Recipe>),
    /// Our own after all: `default-errorfiles`.
    Own,
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    status: u16,
    reason: Box<str>,
    fields: Box<[u8]>,
    body: Arc<[u8]>,
}

impl Page {
    /// Out of a file that holds a whole response, as HAProxy's error files do; an empty file says nothing. The error says what is wrong with it.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Nothing);
        }
        let end = memchr::memmem::find(text, b"\r\n\r\n").map(|at| (at, at + 4));
        let loose = memchr::memmem::find(text, b"\n\n").map(|at| (at, at + 2));
        let first = match (end, loose) {
            (Some(end), Some(loose)) => Some(if end.0 < loose.0 { end } else { loose }),
            (end, loose) => end.or(loose),
        };
        let Some((head, body)) = first else { return Err("it has no empty line behind its head".into()) };
        let head = std::str::from_utf8(&text[..head]).map_err(|_| String::from("its head is not text"))?;
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let mut parts = first.splitn(3, ' ');
        let (version, status) =
            (parts.next().unwrap_or_default(), parts.next().and_then(|code| code.parse::<u16>().ok()));
        let status = status.filter(|code| version.starts_with("HTTP/1.") && (200..=599).contains(code));
        let Some(status) = status else { return Err(format!("`{first}` is not the first line of a response")) };
        let (mut fields, mut length) = (Vec::new(), None);
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                return Err(format!("`{line}` is not a header field"));
            };
            let value = value.trim();
            if !plimsoll_http::is_token(name.as_bytes()) || value.bytes().any(|byte| byte < b' ' && byte != b'\t') {
                return Err(format!("`{line}` is not a header field"));
            }
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse::<usize>().ok();
            }
            if !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                fields.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        let reason = parts.next().unwrap_or_default().into();
        let body = text.get(body..).unwrap_or_default();
        if length.is_some_and(|length| length != body.len()) {
            return Err(format!("its Content-Length is not the {} bytes of its body", body.len()));
        }
        Ok(Self::Fixed(Box::new(Fixed { status, reason, fields: fields.into(), body: body.into() })))
    }

    /// Sends the client elsewhere: `errorloc302`, `errorloc303`.
    #[must_use]
    pub fn elsewhere(status: u16, url: &str) -> Self {
        let fields = format!("Cache-Control: no-cache\r\nLocation: {url}\r\n").into_bytes().into();
        Self::Fixed(Box::new(Fixed { status, reason: reason(status).into(), fields, body: Arc::default() }))
    }

    /// The answer; `None`: our own.
    pub(crate) fn reply(&self, cx: &Context<'_>) -> Option<Reply> {
        match self {
            Self::Nothing => Some(Reply { nothing: true, ..Reply::default() }),
            Self::Fixed(fixed) => Some(fixed.reply()),
            Self::Made(recipe) => Some(recipe.make(cx)),
            Self::Own => None,
        }
    }
}

/// Fields that say how a message is framed, which is our affair.
const OWN: [&str; 4] = ["content-length", "transfer-encoding", "connection", "keep-alive"];

impl Fixed {
    fn reply(&self) -> Reply {
        Reply {
            status: self.status,
            reason: self.reason.clone(),
            fields: self.fields.to_vec(),
            body: Arc::clone(&self.body),
            nothing: false,
        }
    }
}

/// Pages by the status that they replace.
#[derive(Clone, Debug, Default)]
pub struct Pages(Vec<(u16, Arc<Page>)>);

impl Pages {
    /// Are there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Instead of our own answer with this status; what is there already is replaced.
    pub fn set(&mut self, status: u16, page: Arc<Page>) {
        self.0.retain(|(have, _)| *have != status);
        self.0.push((status, page));
    }

    /// Those of `others` too, where there is none yet.
    pub fn or(&mut self, others: &Self) {
        for (status, page) in &others.0 {
            if self.get(*status).is_none() {
                self.0.push((*status, Arc::clone(page)));
            }
        }
    }

    /// Instead of our own answer with this status.
    #[must_use]
    pub fn get(&self, status: u16) -> Option<&Arc<Page>> {
        self.0.iter().find(|(have, _)| *have == status).map(|(_, page)| page)
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &(u16, Arc<Page>)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_whole_response_without_what_frames_it() {
        let text = b"HTTP/1.0 503 Gone Fishing\r\nContent-Type: text/html\r\nConnection: close\r\nX-A:  b \r\nContent-Length: 3\r\n\r\nabc";
        let Ok(Page::Fixed(page)) = Page::read(text) else { panic!("a page") };
        assert_eq!((page.status, &*page.reason, &*page.body), (503, "Gone Fishing", &b"abc"[..]));
        assert_eq!(&*page.fields, b"Content-Type: text/html\r\nX-A: b\r\n");
        let Ok(Page::Fixed(page)) = Page::read(b"HTTP/1.1 404 Not Found\nA: b\n\n\r\n\r\n") else { panic!("a page") };
        assert_eq!((page.status, &*page.body), (404, &b"\r\n\r\n"[..]));
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert!(matches!(Page::read(b""), Ok(Page::Nothing)));
    }

    #[test]
    fn what_is_no_response_is_refused() {
        for (text, wrong) in [
            ("hello", "it has no empty line behind its head"),
            ("HTTP/2 200 OK\r\n\r\n", "`HTTP/2 200 OK` is not the first line of a response"),
            ("HTTP/1.1 abc OK\r\n\r\n", "`HTTP/1.1 abc OK` is not the first line of a response"),
            ("HTTP/1.1 100 Continue\r\n\r\n", "`HTTP/1.1 100 Continue` is not the first line of a response"),
            ("HTTP/1.1 200 OK\r\nbroken\r\n\r\n", "`broken` is not a header field"),
            ("HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "`a b: c` is not a header field"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "its Content-Length is not the 3 bytes of its body"),
        ] {
            assert_eq!(Page::read(text.as_bytes()).err().as_deref(), Some(wrong), "{text}");
        }
    }
}

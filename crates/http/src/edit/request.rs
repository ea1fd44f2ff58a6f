//! Changes of a request: its line, and the fields that its line depends on.

use crate::edit::EditError;
use crate::field::{Known, Span};
use crate::host::Authority;
use crate::request::{MOST_METHOD, Method, Request};
use crate::target::{self, Form};
use crate::token::{self, TARGET};

impl Request {
    /// Adds a field behind the others. There is one `Host` only.
    pub fn add_field(&mut self, name: &[u8], value: &[u8]) -> Result<(), EditError> {
        if Known::of(name) != Known::Host {
            return self.head.append(name, value);
        }
        if self.has_host { Err(EditError::Host) } else { self.set_host(value) }
    }

    /// Adds a field, and takes away those of its name. `Host` and the authority of an absolute target are kept the same.
    pub fn set_field(&mut self, name: &[u8], value: &[u8]) -> Result<(), EditError> {
        if Known::of(name) == Known::Host { self.set_host(value) } else { self.head.set(name, value) }
    }

    /// Takes away the fields whose name is like that. Without `Connection` or `Upgrade` there is no upgrade; without `Host` the server gets its
    /// own name. What frames the message is only hidden.
    pub fn remove_fields(&mut self, like: impl FnMut(&[u8]) -> bool) {
        self.head.remove_where(like);
        self.has_host = self.has_host && self.has(Known::Host);
        if self.upgrade.is_some() {
            let there = |known| self.head.fields.iter().any(|field| field.known == known && !field.gone);
            if !there(Known::Connection) || !there(Known::Upgrade) {
                self.upgrade = None;
            }
        }
    }

    /// Gives a field another value, at its place.
    pub(crate) fn replace_field(&mut self, at: usize, value: &[u8]) -> Result<(), EditError> {
        match self.head.fields.get(at).map(|field| field.known) {
            Some(Known::Host) => self.set_host(value),
            _ => self.head.replace_at(at, value),
        }
    }

    fn set_host(&mut self, value: &[u8]) -> Result<(), EditError> {
        let value = token::trim(value);
        Authority::parse(value).ok_or(EditError::Host)?;
        self.head.set(b"Host", value)?;
        self.has_host = true;
        if self.is_absolute() {
            let scheme = self.head.get(self.target).windows(3).position(|three| three == b"://").map_or(0, |at| at + 3);
            let (from, path) = (self.target.start as usize, self.forwarded.range());
            self.head.room(scheme + value.len() + path.len())?;
            let start = self.head.text.len();
            self.head.text.extend_from_within(from..from + scheme);
            self.head.text.extend_from_slice(value);
            self.head.text.extend_from_within(path);
            self.point(start, scheme + value.len());
        }
        Ok(())
    }

    /// Gives it another method. Not from or to HEAD, whose answers have no body, and not CONNECT.
    pub fn set_method(&mut self, name: &[u8]) -> Result<(), EditError> {
        let method = Method::of(name);
        let asterisk = self.head.get(self.forwarded) == b"*";
        if !token::is_token(name)
            || name.len() > MOST_METHOD
            || method == Method::Connect
            || (method == Method::Head) != (self.method == Method::Head)
            || asterisk && method != Method::Options
        {
            return Err(EditError::Method);
        }
        self.head.room(name.len())?;
        let start = self.head.text.len();
        self.head.text.extend_from_slice(name);
        self.method = method;
        self.method_text = Span::new(start, start + name.len());
        if method != Method::Get {
            self.upgrade = None;
        }
        Ok(())
    }

    /// Gives it another path, and keeps the query.
    pub fn set_path(&mut self, path: &[u8]) -> Result<(), EditError> {
        let rest = self.query_mark()..self.forwarded.range().end;
        self.rewrite(&[Part::Own(self.before_path()), Part::New(path), Part::Own(rest)], self.before_path().len())
    }

    /// Gives it another path and query.
    pub fn set_pathq(&mut self, pathq: &[u8]) -> Result<(), EditError> {
        self.rewrite(&[Part::Own(self.before_path()), Part::New(pathq)], self.before_path().len())
    }

    /// Gives it another query. A `?` that is there stays.
    pub fn set_query(&mut self, query: &[u8]) -> Result<(), EditError> {
        let mark = self.query_mark();
        if query.is_empty() && mark == self.forwarded.range().end {
            return Ok(());
        }
        let before = self.target.range().start..mark;
        self.rewrite(&[Part::Own(before), Part::New(b"?"), Part::New(query)], self.before_path().len())
    }

    /// Gives it another target. If that is absolute, `Host` follows it.
    pub fn set_uri(&mut self, uri: &[u8]) -> Result<(), EditError> {
        if !uri.iter().all(|&byte| TARGET[usize::from(byte)]) {
            return Err(EditError::Target);
        }
        match target::form_of(self.method, uri) {
            Some(Form::Origin) => self.rewrite(&[Part::New(uri)], 0),
            Some(Form::Absolute { text: (start, end), .. }) => {
                self.rewrite(&[Part::New(uri)], end)?;
                self.head.set(b"Host", &uri[start..end])?;
                self.has_host = true;
                Ok(())
            }
            None => Err(EditError::Target),
        }
    }

    /// Does the target name a host?
    pub(crate) fn is_absolute(&self) -> bool {
        self.forwarded.start != self.target.start
    }

    fn before_path(&self) -> std::ops::Range<usize> {
        self.target.range().start..self.forwarded.range().start
    }

    /// Where the `?` stands in the text, or where the target ends. An asterisk is no path: it is replaced as one.
    fn query_mark(&self) -> usize {
        let range = self.forwarded.range();
        range.start + memchr::memchr(b'?', &self.head.text[range.clone()]).unwrap_or(range.len())
    }

    /// Writes a target out of parts; the path begins behind so many bytes.
    fn rewrite(&mut self, parts: &[Part<'_>], path: usize) -> Result<(), EditError> {
        let length = parts.iter().map(Part::len).sum();
        self.head.room(length)?;
        if length > self.most_target {
            return Err(EditError::TooLarge);
        }
        let start = self.head.text.len();
        for part in parts {
            match part {
                Part::Own(range) => self.head.text.extend_from_within(range.clone()),
                Part::New(bytes) if bytes.iter().all(|&byte| TARGET[usize::from(byte)]) => {
                    self.head.text.extend_from_slice(bytes);
                }
                Part::New(_) => {
                    self.head.text.truncate(start);
                    return Err(EditError::Target);
                }
            }
        }
        // Without a path, `/` is written before the query.
        let fits = match &self.head.text[start + path..] {
            [] | [b'/' | b'?', ..] => true,
            rest => rest == b"*" && self.method == Method::Options,
        };
        if !fits {
            self.head.text.truncate(start);
            return Err(EditError::Target);
        }
        self.point(start, path);
        Ok(())
    }

    /// The target is what was written last.
    fn point(&mut self, start: usize, path: usize) {
        let end = self.head.text.len();
        self.target = Span::new(start, end);
        self.forwarded = Span::new(start + path, end);
        self.path_end.set(0);
    }
}

enum Part<'p> {
    /// Of the text.
    Own(std::ops::Range<usize>),
    /// Of a rule.
    New(&'p [u8]),
}

impl Part<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Own(range) => range.len(),
            Self::New(bytes) => bytes.len(),
        }
    }
}

//! Changes of a head that rules ask for. What frames a message is not theirs: it was understood when the head was read, and is written anew.

mod request;
mod response;

use crate::field::{Field, Head, Known};
use crate::{Limits, token};

/// What rules may add beyond the limit of what a peer may send (`tune.maxrewrite` is of this size).
const REWRITE: usize = 1024;

/// Text that was edited away stays until the request is over: not more than so many times the limit.
const MOST_STALE: usize = 4;

/// Why a change was not made. The head is still one that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A field's name is no token.
    #[error("the name of the field is no token")]
    Name,
    /// A value with CR, LF, NUL or another control byte that is no tab.
    #[error("the value holds a control byte")]
    Value,
    /// The header block would exceed its limit.
    #[error("the header block would be larger than the limit")]
    TooLarge,
    /// The field frames the message, or belongs to one connection.
    #[error("the field says where the message ends, or belongs to one connection")]
    Framing,
    /// `Host` is to be no host, or to be there twice.
    #[error("not one host with an optional port")]
    Host,
    /// Not what a request may be sent to.
    #[error("not a target that this request may have")]
    Target,
    /// Not a method, or one that changes what the answer is.
    #[error("not a method that this request may have")]
    Method,
    /// Not a status, or one that says something else about the body.
    #[error("not a status that this response may have")]
    Status,
}

/// Does this field frame a message or belong to one connection? Rules cannot write those.
#[must_use]
pub fn is_framing(name: &[u8]) -> bool {
    match Known::of(name) {
        Known::ContentLength
        | Known::TransferEncoding
        | Known::Connection
        | Known::KeepAlive
        | Known::ProxyConnection
        | Known::Te
        | Known::Upgrade
        | Known::Http2Settings => true,
        Known::Host | Known::Expect => false,
        Known::Other => name.eq_ignore_ascii_case(b"trailer"),
    }
}

/// May this be the value of a field?
#[must_use]
pub fn is_value(value: &[u8]) -> bool {
    !value.iter().any(|&byte| byte < b' ' && byte != b'\t' || byte == 0x7f)
}

impl Head {
    /// The fields as rules see them: with those that are not forwarded, without those that were taken away.
    pub fn seen(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().filter(|field| !field.gone).map(|field| (self.get(field.name), self.get(field.value)))
    }

    /// Adds a field behind the others.
    pub fn append(&mut self, name: &[u8], value: &[u8]) -> Result<(), EditError> {
        writable(name, value)?;
        self.room(name.len() + value.len() + 4)?;
        self.add(name, value);
        Ok(())
    }

    /// The same, with a name that was looked at before.
    pub(crate) fn append_value(&mut self, name: &[u8], value: &[u8]) -> Result<(), EditError> {
        if !is_value(value) {
            return Err(EditError::Value);
        }
        self.room(name.len() + value.len() + 4)?;
        self.add(name, value);
        Ok(())
    }

    /// Adds a field behind the others, and takes away those of its name. They are gone even if the new one cannot be written: what a peer said
    /// does not stay where a rule should have said something else.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), EditError> {
        if is_framing(name) {
            return Err(EditError::Framing);
        }
        self.remove(name);
        self.append(name, value)
    }

    /// Adds a line that was looked at before: `name: value CRLF`.
    pub(crate) fn append_line(&mut self, name: &[u8], line: &[u8]) -> Result<(), EditError> {
        self.room(line.len())?;
        let start = self.text.len();
        self.text.extend_from_slice(line);
        self.fields.push(Field::at(start, name, line.len() - name.len() - 4));
        Ok(())
    }

    /// Takes away the fields whose name is like that.
    pub fn remove_where(&mut self, mut like: impl FnMut(&[u8]) -> bool) {
        let Self { text, fields, .. } = self;
        for field in fields.iter_mut().filter(|field| !field.gone) {
            if like(&text[field.name.range()]) {
                (field.dropped, field.gone) = (true, true);
            }
        }
    }

    /// Takes the fields of a name out of what is forwarded; rules still see them.
    pub(crate) fn drop_field(&mut self, name: &[u8]) {
        let Self { text, fields, .. } = self;
        for field in fields.iter_mut() {
            field.dropped |= text[field.name.range()].eq_ignore_ascii_case(name);
        }
    }

    /// Gives a field another value, at its place in the order.
    pub(crate) fn replace_at(&mut self, at: usize, value: &[u8]) -> Result<(), EditError> {
        let Some(&Field { name, known, dropped, .. }) = self.fields.get(at) else { return Ok(()) };
        if is_framing(self.get(name)) {
            return Err(EditError::Framing);
        }
        if !is_value(value) {
            return Err(EditError::Value);
        }
        self.room(name.len() + value.len() + 4)?;
        let start = self.text.len();
        self.text.extend_from_within(name.range());
        self.text.extend_from_slice(b": ");
        self.text.extend_from_slice(value);
        self.text.extend_from_slice(b"\r\n");
        let spans = Field::at(start, &self.text[start..start + name.len()], value.len());
        self.fields[at] = Field { known, dropped, ..spans };
        Ok(())
    }

    /// Is there room for a line of so many bytes?
    pub(crate) fn room(&self, line: usize) -> Result<(), EditError> {
        let most = match self.most {
            0 => Limits::DEFAULT.header_bytes,
            most => most as usize,
        } + REWRITE;
        if self.text.len() + line <= most { Ok(()) } else { self.room_exactly(line, most) }
    }

    #[cold]
    fn room_exactly(&self, line: usize, most: usize) -> Result<(), EditError> {
        let forwarded = self.fields.iter().filter(|field| !field.dropped);
        let lines: usize = forwarded.map(|field| (field.end - field.name.start) as usize).sum();
        let fits = lines + line <= most && self.text.len() + line <= MOST_STALE * most;
        if fits { Ok(()) } else { Err(EditError::TooLarge) }
    }
}

fn writable(name: &[u8], value: &[u8]) -> Result<(), EditError> {
    if is_framing(name) {
        Err(EditError::Framing)
    } else if !token::is_token(name) {
        Err(EditError::Name)
    } else if !is_value(value) {
        Err(EditError::Value)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;

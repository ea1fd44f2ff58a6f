//! Changes of a response: its status.

use crate::edit::{EditError, is_value};
use crate::field::Span;
use crate::{Framing, Response, reason};

impl Response {
    /// Gives it another status, and the reason that belongs to it if none is given. What the status says about the body must stay true: a
    /// response with a body does not become a 204 or 304, and none becomes a 1xx or was one.
    pub fn set_status(&mut self, status: u16, phrase: Option<&[u8]>) -> Result<(), EditError> {
        let phrase = phrase.unwrap_or_else(|| reason(status).as_bytes());
        let empty = matches!(self.framing, Framing::Empty | Framing::Length(0));
        if !(200..=999).contains(&status) || self.status < 200 || !(has_body(status) || empty) {
            return Err(EditError::Status);
        }
        if !is_value(phrase) {
            return Err(EditError::Value);
        }
        self.head.room(phrase.len())?;
        match (has_body(self.status), has_body(status)) {
            (false, true) => (self.framing, self.told_length) = (Framing::Length(0), None),
            (true, false) => (self.framing, self.told_length) = (Framing::Empty, None),
            (false, false) if status == 204 => self.told_length = None,
            _ => {}
        }
        let start = self.head.text.len();
        self.head.text.extend_from_slice(phrase);
        self.reason = Span::new(start, self.head.text.len());
        self.status = status;
        Ok(())
    }
}

/// May a response of this status have a body (RFC 9112 section 6.3)?
const fn has_body(status: u16) -> bool {
    status >= 200 && status != 204 && status != 304
}

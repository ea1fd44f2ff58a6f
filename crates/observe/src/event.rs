//! What the process has to say of itself: servers that change, listeners, reloads, dropped lines.

use std::time::SystemTime;

use crate::Level;
use crate::json;
use crate::text;
use crate::{DateCache, Format};

/// A process event, in the same stream as the access log.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// When.
    pub time: SystemTime,
    /// How important.
    pub level: Level,
    /// Stable name, as of outcomes and diagnostics.
    pub slug: &'static str,
    /// One line for people; in HAProxy's words where it has some.
    pub text: &'a str,
    /// The same, for machines.
    pub fields: &'a [(&'static str, Value<'a>)],
}

/// A field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Nothing.
    Null,
}

impl Event<'_> {
    /// Appends its line without the line's end. `bare`: nothing else on the line will say when and how important, so text must.
    pub(crate) fn write(&self, format: Format, bare: bool, room: usize, dates: &mut DateCache, out: &mut Vec<u8>) {
        match format {
            Format::Text => {
                let start = out.len();
                if bare {
                    out.push(b'[');
                    dates.write(self.time, out);
                    out.extend_from_slice(b"] ");
                    out.extend_from_slice(self.level.word().as_bytes());
                    out.extend_from_slice(b": ");
                }
                text::message(self.text, out);
                out.truncate(out.len().min(start.saturating_add(room)));
            }
            Format::Json => self.write_json(room, dates, out),
        }
    }

    fn write_json(&self, room: usize, dates: &mut DateCache, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(b"{\"time\":\"");
        dates.write_rfc3339(self.time, out);
        out.extend_from_slice(b"\",\"type\":\"event\",\"level\":\"");
        out.extend_from_slice(self.level.word().as_bytes());
        out.extend_from_slice(b"\",\"event\":");
        json::text(self.slug.as_bytes(), out);
        for (name, value) in self.fields {
            out.push(b',');
            json::text(name.as_bytes(), out);
            out.push(b':');
            match *value {
                Value::Text(text) => json::text(text.as_bytes(), out),
                Value::Number(number) => text::number(number, out),
                Value::Flag(flag) => json::flag(flag, out),
                Value::Null => json::null(out),
            }
        }
        json::last(b",\"message\":", self.text.as_bytes(), start.saturating_add(room), out);
    }
}

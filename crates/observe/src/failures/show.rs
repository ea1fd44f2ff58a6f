//! Failures as people and machines read them. Nothing of what a peer sent comes out raw.

use std::io::Write as _;

use super::{KeptFailure, Message};
use crate::record::{phase, side};
use crate::{DateCache, json, text};

/// Bytes of a line of a dump, escapes counted by their length: so no line is wider than 79 characters.
const WIDTH: usize = 70;

impl KeptFailure {
    /// Appends a paragraph, with the message as HAProxy's `show errors` dumps one: a line per line of it, `offset+` where one goes on.
    pub fn write_text(&self, dates: &mut DateCache, out: &mut Vec<u8>) {
        let outcome = self.outcome;
        out.push(b'[');
        dates.write(self.time, out);
        // Writing into a Vec does not fail.
        let _ = writeln!(
            out,
            "] {} (by {}, phase {}): {}",
            outcome.slug,
            side(outcome.side),
            phase(outcome.phase),
            outcome.text
        );
        out.extend_from_slice(b"  client ");
        match self.client {
            Some(client) => drop(write!(out, "{client}")),
            None => out.extend_from_slice(b"unix"),
        }
        let _ = write!(
            out,
            ", frontend {}, backend {}, server {}, ",
            self.frontend(),
            self.backend().unwrap_or("<NONE>"),
            self.server().unwrap_or("<NONE>")
        );
        let _ = match self.status {
            Some(status) => writeln!(out, "status {status}"),
            None => writeln!(out, "no answer"),
        };
        if let Some(message) = self.word() {
            let _ = write!(out, "  {message} length {} bytes", self.length);
            if let Some(position) = self.position {
                let _ = write!(out, ", error at position {position}");
            }
            out.extend_from_slice(b":\n\n");
            dump(self.bytes(), out);
            if self.length > self.bytes().len() {
                let _ = writeln!(out, "  ... {} bytes more", self.length - self.bytes().len());
            }
        }
        out.push(b'\n');
    }

    /// Appends an object, without a line's end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"time\":\"");
        DateCache::default().write_rfc3339(self.time, out);
        out.extend_from_slice(b"\",\"type\":\"failure\"");
        json::places(self.client, [Some(self.frontend()), self.backend(), self.server()], out);
        json::cause(self.outcome, out);
        out.extend_from_slice(b",\"status\":");
        number(self.status.map(u64::from), out);
        out.extend_from_slice(b",\"message\":");
        match self.word() {
            Some(word) => json::text(word.as_bytes(), out),
            None => json::null(out),
        }
        out.extend_from_slice(b",\"position\":");
        number(self.position.map(|position| position as u64), out);
        out.extend_from_slice(b",\"length\":");
        text::count(self.length as u64, out);
        // Backslash escapes keep every byte, which a JSON string could not.
        let mut bytes = Vec::with_capacity(self.bytes().len());
        self.bytes().iter().for_each(|&byte| escape(byte, &mut bytes));
        out.extend_from_slice(b",\"bytes\":");
        json::text(&bytes, out);
        out.push(b'}');
    }

    const fn word(&self) -> Option<&'static str> {
        match self.message {
            Message::None => None,
            Message::Request => Some("request"),
            Message::Response => Some("response"),
        }
    }
}

fn number(number: Option<u64>, out: &mut Vec<u8>) {
    match number {
        Some(number) => text::count(number, out),
        None => json::null(out),
    }
}

fn dump(bytes: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    let mut goes_on = false;
    while at < bytes.len() {
        let _ = write!(out, "  {at:05}{} ", if goes_on { '+' } else { ' ' });
        let start = out.len();
        goes_on = true;
        while at < bytes.len() {
            let before = out.len();
            escape(bytes[at], out);
            if out.len() - start > WIDTH {
                out.truncate(before);
                break;
            }
            at += 1;
            if bytes[at - 1] == b'\n' {
                goes_on = false;
                break;
            }
        }
        out.push(b'\n');
    }
}

/// `\t \n \r \e \\` and `\xNN`; from them every byte can be had back.
fn escape(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        0x1b => out.extend_from_slice(b"\\e"),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b' '..=b'~' => out.push(byte),
        _ => text::hex(b"\\x", byte, out),
    }
}

//! Fetches for rules that deny: what a request asks for, however it is written. What is forwarded stays as it was received.

use plimsoll_rules::{Arena, Fetch, Needs, Slot, Type, Value};

use super::{line, url};
use crate::token::hex;

const TEXT: Fetch = Fetch { output: Type::Str, needs: Needs::All(&[Slot::Request]), suffixes: true, ..Fetch::PLAIN };

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch {
        name: "path_canonical",
        eval: |_, cx| Some(Value::Str(path(line::path(cx.fact()?)?, cx.arena()))),
        doc: "The path without escapes of printable characters, backslashes, parameters behind `;`, dot segments and doubled slashes.",
        ..TEXT
    },
    Fetch {
        name: "host_canonical",
        eval: |_, cx| Some(Value::Str(host(url::host(cx.fact()?)?, cx.arena()))),
        doc: "The host in lower case, without its port and without a dot at its end.",
        ..TEXT
    },
];

/// How often an escape may hide another one.
const LAYERS: usize = 4;

/// As the most generous server would read it: what it takes for a slash, parts a segment here as well.
fn path<'a>(path: &[u8], arena: &'a Arena) -> &'a [u8] {
    if !path.iter().any(|byte| matches!(byte, b'%' | b'\\' | b';' | b'.'))
        && memchr::memmem::find(path, b"//").is_none()
    {
        return arena.keep(path);
    }
    let mut text = arena.keep(path);
    for _ in 0..LAYERS {
        if memchr::memchr(b'%', text).is_none() {
            break;
        }
        text = arena.built(|out| decode(text, out));
    }
    arena.built(|out| {
        let mut folder = false;
        for segment in text.split(|byte| matches!(byte, b'/' | b'\\')) {
            let segment = &segment[..memchr::memchr(b';', segment).unwrap_or(segment.len())];
            folder = true;
            match segment {
                b"" | b"." => {}
                b".." => {
                    let parent = memchr::memrchr(b'/', out).unwrap_or(0);
                    out.truncate(parent);
                }
                segment => {
                    out.push(b'/');
                    out.extend_from_slice(segment);
                    folder = false;
                }
            }
        }
        if folder || out.is_empty() {
            out.push(b'/');
        }
    })
}

/// Decodes the escapes of what is printable; others are written in upper case.
fn decode(text: &[u8], out: &mut impl Extend<u8>) {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let escaped = match text.get(at + 1..at + 3) {
            Some(&[high, low]) if byte == b'%' => hex(high).zip(hex(low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        match escaped {
            Some(decoded @ 0x21..=0x7e) => out.extend([decoded]),
            Some(_) => out.extend([b'%', text[at + 1].to_ascii_uppercase(), text[at + 2].to_ascii_uppercase()]),
            None => out.extend([byte]),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
}

fn host<'a>(host: &[u8], arena: &'a Arena) -> &'a [u8] {
    let end = if host.first() == Some(&b'[') {
        memchr::memchr(b']', host).map_or(host.len(), |at| at + 1)
    } else {
        memchr::memchr(b':', host).unwrap_or(host.len())
    };
    let host = &host[..end];
    let host = arena.built(|out| decode(host, out));
    let host = host.strip_suffix(b".").unwrap_or(host);
    arena.built(|out| out.extend(host.iter().map(u8::to_ascii_lowercase)))
}

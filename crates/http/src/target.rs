//! What a request target may be: it is forwarded as received or refused, never repaired.

use crate::host::Authority;
use crate::request::Method;
use crate::token::{TARGET, hex};
use crate::{Refusal, TARGET_ENCODING, TARGET_INVALID};

/// The form of a target (RFC 9112 section 3.2), with ranges into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    /// `/path?query`, or `*` for OPTIONS: forwarded as it is.
    Origin,
    /// `http://authority/path?query`: the authority, where the path starts, the scheme's port.
    Absolute { authority: Authority<'a>, text: (usize, usize), port: u16 },
}

/// Judges a target.
pub(crate) fn form<'a>(method: Method, target: &'a [u8]) -> Result<Form<'a>, Refusal> {
    if !target.iter().all(|&byte| TARGET[usize::from(byte)]) {
        return Err(&TARGET_INVALID);
    }
    let (form, path) = match target {
        [b'/', ..] => (Form::Origin, target),
        [b'*'] if method == Method::Options => return Ok(Form::Origin),
        _ => absolute(target).ok_or(&TARGET_INVALID)?,
    };
    if memchr::memchr(b'%', target).is_some() { escapes(path).map(|()| form) } else { Ok(form) }
}

/// A target from its path on, whatever its form: `http://a.example/x?y` is shown as `/x?y`. Without a path it is `/`, and `*` stays.
#[must_use]
pub fn from_path(target: &[u8]) -> &[u8] {
    let Some(scheme) = memchr::memmem::find(target, b"://").filter(|_| !target.starts_with(b"/")) else {
        return target;
    };
    let rest = target.get(scheme + 3..).unwrap_or_default();
    memchr::memchr2(b'/', b'?', rest).and_then(|at| rest.get(at..)).unwrap_or(b"/")
}

/// The path of a target, whatever its form, and its query.
#[must_use]
pub fn path_and_query(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let from = from_path(target);
    let Some(at) = memchr::memchr(b'?', from) else { return (from, None) };
    let path = from.get(..at).filter(|path| !path.is_empty()).unwrap_or(b"/");
    (path, from.get(at + 1..))
}

/// The form of what a rule wrote: its bytes are looked at before, its escapes are the rule's own.
pub(crate) fn form_of(method: Method, target: &[u8]) -> Option<Form<'_>> {
    match target {
        [b'/', ..] => Some(Form::Origin),
        [b'*'] if method == Method::Options => Some(Form::Origin),
        _ => absolute(target).map(|(form, _)| form),
    }
}

fn absolute(target: &[u8]) -> Option<(Form<'_>, &[u8])> {
    let starts = |scheme: &[u8]| target.get(..scheme.len()).is_some_and(|have| have.eq_ignore_ascii_case(scheme));
    let (start, port) = if starts(b"http://") {
        (7, 80)
    } else if starts(b"https://") {
        (8, 443)
    } else {
        return None;
    };
    let end = target[start..].iter().position(|byte| matches!(byte, b'/' | b'?')).map_or(target.len(), |at| start + at);
    let authority = Authority::parse(&target[start..end])?;
    Some((Form::Absolute { authority, text: (start, end), port }, &target[end..]))
}

/// Escapes must be whole; those of the path must not hide NUL, an overlong form or a dot segment. Queries carry any byte in practice.
#[cold]
fn escapes(rest: &[u8]) -> Result<(), Refusal> {
    let whole = |at: usize| escape(rest, at).is_some();
    if !rest.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| whole(at)) {
        return Err(&TARGET_ENCODING);
    }
    let path = &rest[..rest.iter().position(|&byte| byte == b'?').unwrap_or(rest.len())];
    let hidden = path.split(|&byte| byte == b'/').filter(|segment| segment.contains(&b'%')).any(hides);
    if hidden { Err(&TARGET_ENCODING) } else { Ok(()) }
}

/// The byte that an escape at this place stands for.
fn escape(text: &[u8], at: usize) -> Option<u8> {
    match text.get(at..at + 3)? {
        [b'%', high, low] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

/// Does an escaped segment hold what no innocent client writes?
fn hides(segment: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut at = 0;
    while at < segment.len() {
        match escape(segment, at) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(segment[at]);
                at += 1;
            }
        }
    }
    let overlong = decoded
        .windows(2)
        .any(|pair| matches!(pair, [0xc0 | 0xc1, 0x80..=0xbf] | [0xe0, 0x80..=0x9f] | [0xf0, 0x80..=0x8f]));
    // A server may take an escaped slash or backslash for a separator, and drop parameters behind a semicolon.
    let dots = decoded
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .map(|part| part.split(|&byte| byte == b';').next().unwrap_or_default())
        .any(|part| part == b"." || part == b"..");
    overlong || dots || decoded.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_clients_send_passes_as_it_is() {
        for target in [
            "/",
            "//",
            "/a//b",
            "/group%2Fproject",
            "/%2F/",
            "/a?b=%00",
            "/a?h=%c0%80",
            "/../a",
            "/a/./b",
            "/a%20b",
            "/{x}|y",
            "/a;b=c",
            "/%e2%82%ac",
            "/a%2eb",
            "/...%2e",
            "/~u/%7Eu",
            "/a?x=[1]&y=^`'",
        ] {
            assert_eq!(form(Method::Get, target.as_bytes()), Ok(Form::Origin), "{target}");
        }
    }

    #[test]
    fn what_has_no_innocent_use_is_refused() {
        for target in [
            "/%2e%2e/",
            "/%2e",
            "/a/.%2E/b",
            "/%2e%2e%2f",
            "/..%2f",
            "/a%5c..%5cb",
            "/%2e%2e;x/",
            "/%00",
            "/%zz",
            "/%2",
            "/%",
            "/a?%g0",
            "/%c0%ae",
            "/%e0%80%af",
            "/%f0%80%80%af",
        ] {
            assert_eq!(form(Method::Get, target.as_bytes()), Err(&TARGET_ENCODING), "{target}");
        }
        for target in [
            "",
            "*",
            "a",
            "/a b",
            "/a#b",
            "/a\\b",
            "/\u{e4}",
            "/\u{7f}",
            "/\"",
            "ftp://a/",
            "http:///",
            "http://u@h/",
            "a:80",
        ] {
            assert_eq!(form(Method::Get, target.as_bytes()), Err(&TARGET_INVALID), "{target}");
        }
    }

    #[test]
    fn an_asterisk_is_for_options() {
        assert_eq!(form(Method::Options, b"*"), Ok(Form::Origin));
    }

    #[test]
    fn an_absolute_target_tells_authority_and_path() {
        let Ok(Form::Absolute { text, port, .. }) = form(Method::Get, b"HTTPS://a.example:1?x") else { panic!() };
        assert_eq!((text, port), ((8, 19), 443));
    }

    #[test]
    fn a_target_is_shown_from_its_path_on_and_split_at_its_query() {
        for (target, from, path, query) in [
            ("/a?b", "/a?b", "/a", Some("b")),
            ("/a", "/a", "/a", None),
            ("http://x.example/a?b/c?d", "/a?b/c?d", "/a", Some("b/c?d")),
            ("http://x.example", "/", "/", None),
            ("http://x.example?b/c", "?b/c", "/", Some("b/c")),
            ("*", "*", "*", None),
            ("/a://b", "/a://b", "/a://b", None),
            ("/a?u=http://b/c", "/a?u=http://b/c", "/a", Some("u=http://b/c")),
        ] {
            assert_eq!(from_path(target.as_bytes()), from.as_bytes(), "{target}");
            assert_eq!(path_and_query(target.as_bytes()), (path.as_bytes(), query.map(str::as_bytes)), "{target}");
        }
    }
}

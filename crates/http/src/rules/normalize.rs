//! `normalize-uri`: brings a target into one of its equivalent forms (configuration manual, section 4.2).

use plimsoll_rules::{Act, Action, Arena, Call, Compiler, Context, Places, Step};

use super::{line, stepped};
use crate::token::hex;
use crate::{Request, TARGET_ENCODING};

/// The rows.
pub(super) const ACTIONS: &[Action] = &[Action {
    name: "normalize-uri",
    places: Places::HTTP_REQUEST,
    usage: "normalize-uri NORMALIZER [full|strict]",
    parse: normalize,
    doc: "Normalizes the target: fragment-encode, fragment-strip, path-merge-slashes, path-strip-dot, path-strip-dotdot [full], \
          percent-decode-unreserved [strict], percent-to-uppercase [strict], query-sort-by-name. With `strict` a wrong escape is answered by 400.",
}];

/// Which part of the target a normalizer works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Path,
    PathAndQuery,
    Query,
}

/// A normalizer: its name, the word that may follow, what it works on, and what it makes of that. `None`: an escape is wrong.
struct Row {
    name: &'static str,
    option: Option<&'static str>,
    of: Of,
    make: for<'a> fn(&[u8], bool, &'a Arena) -> Option<&'a [u8]>,
}

const ROWS: &[Row] = &[
    Row { name: "fragment-encode", option: None, of: Of::PathAndQuery, make: encode_fragment },
    Row { name: "fragment-strip", option: None, of: Of::PathAndQuery, make: strip_fragment },
    Row { name: "path-merge-slashes", option: None, of: Of::Path, make: merge_slashes },
    Row { name: "path-strip-dot", option: None, of: Of::Path, make: strip_dot },
    Row { name: "path-strip-dotdot", option: Some("full"), of: Of::Path, make: strip_dotdot },
    Row { name: "percent-decode-unreserved", option: Some("strict"), of: Of::PathAndQuery, make: decode_unreserved },
    Row { name: "percent-to-uppercase", option: Some("strict"), of: Of::PathAndQuery, make: uppercase },
    Row { name: "query-sort-by-name", option: None, of: Of::Query, make: sort },
];

struct Normalize(&'static Row, bool);

impl std::fmt::Debug for Normalize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Normalize").field(&self.0.name).field(&self.1).finish()
    }
}

fn normalize(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("a normalizer", compiler)?;
    let Some(row) = ROWS.iter().find(|row| row.name == word.as_str()) else {
        let text = format!("no normalizer is called `{}`", word.as_str());
        let error = plimsoll_config::Diagnostic::error("rule.argument", word.span(), text);
        compiler.found.push(error.suggest(word.as_str(), ROWS.iter().map(|row| row.name)));
        return None;
    };
    let option = row.option.is_some_and(|option| call.words.take_if(option).is_some());
    Some(Box::new(Normalize(row, option)))
}

impl Act for Normalize {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let arena = cx.arena();
        let Some(request) = cx.fact_mut::<Request>() else { return Step::Next };
        let part = match self.0.of {
            Of::Path => line::path(request),
            Of::PathAndQuery => line::pathq(request),
            Of::Query => line::query(request),
        };
        let Some(part) = part else { return Step::Next };
        match (self.0.make)(part, self.1, arena) {
            None => {
                request.refused = Some(&TARGET_ENCODING);
                Step::Final
            }
            Some(made) if made == part => Step::Next,
            Some(made) => stepped(Some(match self.0.of {
                Of::Path => request.set_path(made),
                Of::PathAndQuery => request.set_pathq(made),
                Of::Query => request.set_query(made),
            })),
        }
    }
}

fn encode_fragment<'a>(text: &[u8], _: bool, arena: &'a Arena) -> Option<&'a [u8]> {
    Some(arena.built(|out| {
        for &byte in text {
            if byte == b'#' { out.extend_from_slice(b"%23") } else { out.push(byte) }
        }
    }))
}

fn strip_fragment<'a>(text: &[u8], _: bool, arena: &'a Arena) -> Option<&'a [u8]> {
    Some(arena.keep(&text[..memchr::memchr(b'#', text).unwrap_or(text.len())]))
}

fn merge_slashes<'a>(path: &[u8], _: bool, arena: &'a Arena) -> Option<&'a [u8]> {
    Some(arena.built(|out| {
        for &byte in path {
            if byte != b'/' || out.last() != Some(&b'/') {
                out.push(byte);
            }
        }
    }))
}

/// The segments behind the slash that a path begins with.
fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.strip_prefix(b"/").unwrap_or(path).split(|&byte| byte == b'/')
}

fn strip_dot<'a>(path: &[u8], _: bool, arena: &'a Arena) -> Option<&'a [u8]> {
    let last_is_dot = path.ends_with(b"/.");
    Some(arena.built(|out| {
        for segment in segments(path).filter(|segment| *segment != b".") {
            out.push(b'/');
            out.extend_from_slice(segment);
        }
        if last_is_dot {
            out.push(b'/');
        }
    }))
}

fn strip_dotdot<'a>(path: &[u8], full: bool, arena: &'a Arena) -> Option<&'a [u8]> {
    let last_is_up = path.ends_with(b"/..");
    Some(arena.built(|out| {
        // How many segments can be taken away again: those behind the `..` that stay.
        let mut depth = 0_usize;
        for segment in segments(path) {
            if segment != b".." {
                depth += 1;
            } else if depth > 0 {
                depth -= 1;
                out.truncate(memchr::memrchr(b'/', out).unwrap_or(0));
                continue;
            } else if full {
                continue;
            }
            out.push(b'/');
            out.extend_from_slice(segment);
        }
        if last_is_up || out.is_empty() {
            out.push(b'/');
        }
    }))
}

/// Writes what `make` says for each escape; with `strict`, what is no escape is wrong.
fn escapes<'a>(text: &[u8], strict: bool, arena: &'a Arena, make: fn(u8) -> Option<u8>) -> Option<&'a [u8]> {
    let mut right = true;
    let made = arena.built(|out| {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let escape = match text.get(at + 1..at + 3) {
                Some(&[high, low]) if byte == b'%' => hex(high).zip(hex(low)).map(|(h, l)| (h << 4 | l, high, low)),
                _ => None,
            };
            match escape {
                Some((decoded, high, low)) => {
                    match make(decoded) {
                        Some(byte) => out.push(byte),
                        None => out.extend_from_slice(&[b'%', high, low]),
                    }
                    at += 3;
                }
                None => {
                    right &= byte != b'%';
                    out.push(byte);
                    at += 1;
                }
            }
        }
    });
    (right || !strict).then_some(made)
}

fn decode_unreserved<'a>(text: &[u8], strict: bool, arena: &'a Arena) -> Option<&'a [u8]> {
    escapes(text, strict, arena, |byte| {
        (byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')).then_some(byte)
    })
}

fn uppercase<'a>(text: &[u8], strict: bool, arena: &'a Arena) -> Option<&'a [u8]> {
    escapes(text, strict, arena, |_| None)?;
    Some(arena.built(|out| {
        out.extend_from_slice(text);
        let mut at = 0;
        while at + 2 < out.len() {
            let whole = out[at] == b'%' && hex(out[at + 1]).is_some() && hex(out[at + 2]).is_some();
            if whole {
                out[at + 1..at + 3].make_ascii_uppercase();
            }
            at += if whole { 3 } else { 1 };
        }
    }))
}

fn sort<'a>(query: &[u8], _: bool, arena: &'a Arena) -> Option<&'a [u8]> {
    let name = |parameter: &[u8]| memchr::memchr(b'=', parameter).unwrap_or(parameter.len());
    let mut parameters: Vec<&[u8]> = query.split(|&byte| byte == b'&').collect();
    parameters.sort_by(|a, b| a[..name(a)].cmp(&b[..name(b)]));
    Some(arena.built(|out| {
        for (at, parameter) in parameters.into_iter().enumerate() {
            if at > 0 {
                out.push(b'&');
            }
            out.extend_from_slice(parameter);
        }
    }))
}

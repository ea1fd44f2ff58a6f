//! What a regular expression matched, put into a text by `\1`.

use bumpalo::collections::Vec as ArenaVec;
use plimsoll_rules::Arena;
use regex::bytes::Regex;

/// The text with the parts of the match in it; `None` if there is no match. `Err`: the text ends with a backslash, or in the middle of `\x41`.
pub(super) fn substituted<'a>(
    regex: &Regex,
    value: &[u8],
    text: &[u8],
    arena: &'a Arena,
) -> Option<Result<&'a [u8], ()>> {
    // Most values do not match, and looking costs no memory.
    if !regex.is_match(value) {
        return None;
    }
    let captures = regex.captures(value)?;
    let mut right = Ok(());
    let made = arena.built(|out: &mut ArenaVec<'_, u8>| {
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            out.extend_from_slice(&rest[..at]);
            rest = match &rest[at + 1..] {
                [digit @ b'0'..=b'9', rest @ ..] => {
                    if let Some(part) = captures.get(usize::from(digit - b'0')) {
                        out.extend_from_slice(part.as_bytes());
                    }
                    rest
                }
                [b'x', high, low, rest @ ..] => match (crate::token::hex(*high), crate::token::hex(*low)) {
                    (Some(high), Some(low)) => {
                        out.push(high << 4 | low);
                        rest
                    }
                    _ => {
                        right = Err(());
                        rest
                    }
                },
                [] | [b'x', ..] => {
                    right = Err(());
                    &[]
                }
                [byte, rest @ ..] => {
                    out.push(*byte);
                    rest
                }
            };
        }
        out.extend_from_slice(rest);
    });
    Some(right.map(|()| made))
}

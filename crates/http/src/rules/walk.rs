//! Goes through the values of a field: line by line, or part by part between commas, from a mark on.

use crate::field::Field;
use crate::{Head, token};

/// Where the next value is looked for: which field, and from which byte of its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    field: u32,
    byte: u32,
}

impl Mark {
    /// As a fetch keeps it between two values.
    pub(super) fn packed(self) -> u64 {
        u64::from(self.field) << 32 | u64::from(self.byte)
    }

    pub(super) fn unpacked(packed: u64) -> Self {
        Self { field: (packed >> 32) as u32, byte: packed as u32 }
    }
}

/// Which values are meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'n> {
    /// Of every field, if there is none.
    pub(super) name: Option<&'n [u8]>,
    /// Commas part values.
    pub(super) split: bool,
}

/// One value.
pub(super) struct Found<'h> {
    pub(super) value: &'h [u8],
    pub(super) next: Mark,
}

impl<'n> Of<'n> {
    /// The first one from a mark on.
    pub(super) fn next<'h>(&self, head: &'h Head, from: Mark) -> Option<Found<'h>> {
        let mut byte = from.byte as usize;
        for (field, at) in head.fields.get(from.field as usize..)?.iter().zip(from.field..) {
            if !self.is_of(field, head) {
                byte = 0;
                continue;
            }
            let value = head.get(field.value);
            let behind = Mark { field: at + 1, byte: 0 };
            if !self.split {
                return Some(Found { value, next: behind });
            }
            let rest = value.get(byte..)?;
            let length = part(rest);
            let next = if length < rest.len() { Mark { field: at, byte: (byte + length + 1) as u32 } } else { behind };
            return Some(Found { value: token::trim(&rest[..length]), next });
        }
        None
    }

    /// The mark itself, if there is a value from there on.
    pub(super) fn more(&self, head: &Head, from: Mark) -> Option<Mark> {
        if from.byte > 0 {
            return Some(from);
        }
        let behind = head.fields.get(from.field as usize..)?;
        behind.iter().any(|field| self.is_of(field, head)).then_some(from)
    }

    #[inline]
    fn is_of(&self, field: &Field, head: &Head) -> bool {
        let named = |name: &[u8]| field.name.len() == name.len() && head.get(field.name).eq_ignore_ascii_case(name);
        !field.gone && self.name.is_none_or(named)
    }

    /// All of them.
    pub(super) fn all<'h>(self, head: &'h Head) -> impl Iterator<Item = &'h [u8]> + use<'h, 'n> {
        let mut from = Mark::default();
        std::iter::from_fn(move || {
            let found = self.next(head, from)?;
            from = found.next;
            Some(found.value)
        })
    }

    /// The one at a position: from 1 on, or from -1 backwards.
    pub(super) fn pick(self, head: &Head, position: i64) -> Option<&[u8]> {
        match position {
            0 => None,
            -1 => self.all(head).last(),
            1.. => self.all(head).nth(usize::try_from(position - 1).ok()?),
            _ => {
                let count = self.all(head).count();
                self.all(head).nth(count.checked_sub(usize::try_from(position.unsigned_abs()).ok()?)?)
            }
        }
    }
}

/// How long the first part of a list is: up to a comma that is not quoted.
pub(super) fn part(value: &[u8]) -> usize {
    match memchr::memchr2(b'"', b',', value) {
        None => value.len(),
        Some(at) if value.get(at) == Some(&b',') => at,
        Some(_) => until(value, |byte| byte == b','),
    }
}

/// How far it is to a byte of a kind, outside of quotes. In quotes a `\` takes the next byte as it is.
pub(super) fn until(value: &[u8], ends: impl Fn(u8) -> bool) -> usize {
    let (mut quoted, mut at) = (false, 0);
    while let Some(&byte) = value.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            _ if !quoted && ends(byte) => return at,
            _ => {}
        }
        at += 1;
    }
    value.len()
}

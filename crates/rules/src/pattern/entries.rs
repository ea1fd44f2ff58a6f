//! The entries of a list: key and maybe value, packed into one text.

use std::ops::Range;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Columns {
    /// A line is a pattern.
    One,
    /// A line is a pattern, blanks, and a value.
    Two,
}

/// An entry of a list, on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// It is this as long as it is there.
    pub id: u64,
    /// What is compared with.
    pub key: Box<[u8]>,
    /// What a map gives.
    pub value: Box<[u8]>,
}

/// Where in the text. Of 16 bytes, so that none lies across two lines of a cache.
#[derive(Clone, Debug)]
struct Row {
    key: Range<u32>,
    value: Range<u32>,
}

/// Entries by position.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    text: Box<[u8]>,
    rows: Vec<Row>,
    ids: Ids,
}

/// Their ids ascend.
#[derive(Clone, Debug)]
enum Ids {
    /// One after another from this one on.
    From(u64),
    Each(Vec<u64>),
}

impl Default for Ids {
    fn default() -> Self {
        Self::From(0)
    }
}

impl Ids {
    fn of(ids: Vec<u64>) -> Self {
        let first = ids.first().copied().unwrap_or_default();
        if ids.iter().zip(first..).all(|(id, next)| *id == next) { Self::From(first) } else { Self::Each(ids) }
    }
}

/// A list takes files up to this many bytes.
const MOST_BYTES: usize = u32::MAX as usize;

impl Entries {
    /// Out of a file, with ids from `first` on. `None`: it is larger than 4 GiB.
    pub(crate) fn read(text: Vec<u8>, columns: Columns, first: u64) -> Option<Self> {
        if text.len() > MOST_BYTES {
            return None;
        }
        let mut rows = Vec::with_capacity(text.len() / 24);
        let mut start = 0;
        while start < text.len() {
            let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
            if let Some((key, value)) = line(&text, start..end, columns) {
                rows.push(Row { key, value });
            }
            start = end + 1;
        }
        rows.shrink_to_fit();
        Some(Self { text: text.into(), rows, ids: Ids::From(first) })
    }

    /// Of these, whose ids ascend.
    pub(crate) fn of<'e>(entries: impl Iterator<Item = (u64, &'e [u8], &'e [u8])>) -> Option<Self> {
        let (mut text, mut rows, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (id, key, value) in entries {
            let start = text.len();
            text.extend_from_slice(key);
            let middle = text.len();
            text.extend_from_slice(value);
            if text.len() > MOST_BYTES {
                return None;
            }
            rows.push(Row { key: start as u32..middle as u32, value: middle as u32..text.len() as u32 });
            ids.push(id);
        }
        Some(Self { text: text.into(), rows, ids: Ids::of(ids) })
    }

    /// Has any of them a value?
    pub(crate) fn has_values(&self) -> bool {
        self.rows.iter().any(|row| !row.value.is_empty())
    }

    pub(crate) const fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn key(&self, at: u32) -> &[u8] {
        self.rows.get(at as usize).and_then(|row| self.slice(&row.key)).unwrap_or_default()
    }

    pub(crate) fn value(&self, at: u32) -> &[u8] {
        self.rows.get(at as usize).and_then(|row| self.slice(&row.value)).unwrap_or_default()
    }

    pub(crate) fn id(&self, at: u32) -> u64 {
        match &self.ids {
            Ids::From(first) => first + u64::from(at),
            Ids::Each(ids) => ids.get(at as usize).copied().unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len() as u32).map(|at| self.key(at))
    }

    /// Which one has an id.
    pub(crate) fn with_id(&self, id: u64) -> Option<u32> {
        let at = match &self.ids {
            Ids::From(first) => id.checked_sub(*first).filter(|at| *at < self.rows.len() as u64),
            Ids::Each(ids) => ids.binary_search(&id).ok().map(|at| at as u64),
        };
        at.map(|at| at as u32)
    }

    /// The line of the file on which one stands, if they came from one.
    pub(crate) fn line(&self, at: u32) -> usize {
        let until = self.rows.get(at as usize).map_or(0, |row| row.key.start as usize);
        1 + self.text.get(..until).map_or(0, |before| memchr::memchr_iter(b'\n', before).count())
    }

    pub(crate) fn key_start(&self, at: u32) -> u32 {
        self.rows.get(at as usize).map_or(0, |row| row.key.start)
    }

    /// Keys, values and what is between them.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    fn slice(&self, range: &Range<u32>) -> Option<&[u8]> {
        self.text.get(range.start as usize..range.end as usize)
    }
}

/// Key and value of a line, or nothing if it is blank or a comment. As HAProxy: blanks before are passed over, those behind a lone pattern
/// belong to it, and only a `#` in the first column begins a comment.
fn line(text: &[u8], mut at: Range<usize>, columns: Columns) -> Option<(Range<u32>, Range<u32>)> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    if text.get(at.start) == Some(&b'#') {
        return None;
    }
    while at.end > at.start && text[at.end - 1] == b'\r' {
        at.end -= 1;
    }
    while at.start < at.end && blank(&text[at.start]) {
        at.start += 1;
    }
    if at.is_empty() {
        return None;
    }
    let end = at.end as u32;
    if columns == Columns::One {
        return Some((at.start as u32..end, end..end));
    }
    let line = &text[at.clone()];
    let key = line.iter().position(blank).unwrap_or(line.len());
    let rest = &line[key..];
    let value = key + rest.iter().position(|byte| !blank(byte)).unwrap_or(rest.len());
    let last = line.iter().rposition(|byte| !blank(byte)).map_or(value, |last| last + 1).max(value);
    let place = |at_in_line: usize| (at.start + at_in_line) as u32;
    Some((at.start as u32..place(key), place(value)..place(last)))
}

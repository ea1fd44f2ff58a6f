//! The files that were read, and places in them: knows bytes, lines and columns, not what the text means.

/// One file in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A stretch of one file, in bytes; 12 bytes, copied freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// No place at all: a default, or a value that some other reader made.
    pub const NONE: Self = Self { file: FileId(u32::MAX), start: 0, end: 0 };

    /// The bytes from `start` to `end` of `file`.
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// Whether there is no place.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// From the beginning of this span to the end of `other`, which lies in the same file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: self.end.max(other.end), ..self }
    }

    pub(crate) fn file_number(self) -> u32 {
        self.file.0
    }

    pub(crate) fn from_numbers(file: u32, start: u32, end: u32) -> Self {
        Self { file: FileId(file), start, end }
    }
}

/// Not derived: the default place is no place.
impl Default for Span {
    fn default() -> Self {
        Self::NONE
    }
}

/// Where a span begins, as a person counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position<'s> {
    /// The file's name as it was given.
    pub file: &'s str,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

#[derive(Debug)]
struct File {
    name: String,
    text: String,
    /// The first byte of every line.
    lines: Vec<u32>,
}

/// All files of one load; hands out the [`FileId`]s that spans carry.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<File>,
}

impl Sources {
    /// No file yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps `text` under `name`. A byte order mark at its beginning is dropped, so that columns count what is seen.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let mut text: String = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| offset(at + 1));
        let lines = std::iter::once(0).chain(breaks).collect();
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(File { name: name.into(), text, lines });
        id
    }

    /// Every file, in the order in which they were added.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        (0..self.files.len()).map(|number| FileId(offset(number)))
    }

    /// The name of a file.
    pub fn name(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.name)
    }

    /// The whole text of a file.
    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.text)
    }

    /// The text under a span; empty when the span has no place or lies outside its file.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Where a span begins; `None` when it has no place.
    pub fn position(&self, span: Span) -> Option<Position<'_>> {
        let file = self.file(span.file)?;
        let line = file.lines.partition_point(|first| *first <= span.start).max(1);
        let first = file.lines[line - 1] as usize;
        let start = (span.start as usize).min(file.text.len());
        let column = file.text.get(first..start).map_or(1, |before| before.chars().count() + 1);
        Some(Position { file: &file.name, line, column })
    }

    /// The part of a span that lies on its first line, without trailing blanks: what carets can underline.
    #[must_use]
    pub fn first_line(&self, span: Span) -> Span {
        let text = self.slice(span);
        let line = text.lines().next().unwrap_or("").trim_end();
        if line.len() == text.len() { span } else { Span { end: span.start + offset(line.len()), ..span } }
    }

    /// From the beginning of a span to the end of its line, without trailing blanks.
    pub(crate) fn rest_of_line(&self, span: Span) -> &str {
        let rest = self.text(span.file).get(span.start as usize..).unwrap_or("");
        rest.lines().next().unwrap_or("").trim_end()
    }

    fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize)
    }
}

/// Offsets are 32 bits: files are capped far below (see [`crate::tree::MAX_BYTES`]).
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_from_one_and_a_byte_order_mark_is_not_one() {
        let mut sources = Sources::new();
        let file = sources.add("f.yaml", "\u{feff}a: é: x\n\nb");
        let at = |start| sources.position(Span::new(file, start, start)).map(|p| (p.line, p.column)).unwrap();
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(5), (1, 5), "after the two bytes of é");
        assert_eq!(at(9), (2, 1));
        assert_eq!(at(10), (3, 1));
        assert_eq!(at(11), (3, 2), "the end of the file");
    }

    #[test]
    fn a_span_without_a_place_has_no_position_and_no_text() {
        let sources = Sources::new();
        assert_eq!(sources.position(Span::NONE), None);
        assert_eq!(sources.slice(Span::NONE), "");
    }

    #[test]
    fn a_span_is_cut_to_its_first_line() {
        let mut sources = Sources::new();
        let file = sources.add("f", "a: 1  \r\nb: 2\n");
        assert_eq!(sources.slice(sources.first_line(Span::new(file, 0, 12))), "a: 1");
    }
}

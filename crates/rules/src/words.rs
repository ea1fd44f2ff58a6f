//! A text of a configuration into words, each of which remembers where its bytes are written.
//!
//! Blanks part words. `\` takes the next blank, quote, `#` or `\` as it is, and `\n`, `\r`, `\t`, `\xHH` are what they are in C; before anything else it
//! stays, so that regular expressions need no second one. Inside `"` the same holds; inside `'` nothing is special
//! (configuration manual, section 2.2).

use std::ops::Range;

use plimsoll_config::{Diagnostic, Diagnostics, Sources, Span, Spanned};

/// A text and the place it was read from.
#[derive(Clone, Copy, Debug)]
pub struct Text<'t> {
    /// What it says.
    pub text: &'t str,
    span: Span,
    /// How far behind the beginning of the span its first byte is written; `None`: escapes hide that.
    offset: Option<u32>,
}

impl<'t> Text<'t> {
    /// A scalar of a file.
    #[must_use]
    pub fn new(text: &'t Spanned<String>, sources: &Sources) -> Self {
        Self::at(text.as_str(), text.span(), sources)
    }

    /// A text that a span holds.
    #[must_use]
    pub fn at(text: &'t str, span: Span, sources: &Sources) -> Self {
        let written = sources.slice(span);
        let quoted = written.len() == text.len() + 2 && written.get(1..1 + text.len()) == Some(text);
        let offset = if written == text {
            Some(0)
        } else if quoted {
            Some(1)
        } else {
            None
        };
        Self { text, span, offset }
    }

    /// A text without a place.
    #[must_use]
    pub const fn detached(text: &'t str) -> Self {
        Self { text, span: Span::NONE, offset: None }
    }

    /// All of it.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Its words. What is wrong with the quotes is reported; there are no words then.
    pub fn words(&self, found: &mut Diagnostics) -> Option<Words> {
        let mut words = Vec::new();
        let mut lexer = Lexer { text: self, bytes: self.text.as_bytes(), at: 0 };
        loop {
            match lexer.next() {
                Ok(Some(word)) => words.push(word),
                Ok(None) => return Some(Words { words, next: 0, end: self.place(self.text.len()), whole: self.span }),
                Err((range, what)) => {
                    let span = self.part(range);
                    found.push(Diagnostic::error("rule.quotes", span, what));
                    return None;
                }
            }
        }
    }

    /// The whole text as one word, taken as it is.
    #[must_use]
    pub fn word(&self) -> Word {
        let places = (0..=self.text.len()).map(|at| self.place(at)).collect();
        Word { text: self.text.to_owned(), places, span: self.span, exact: self.offset.is_some(), quoted: false }
    }

    fn place(&self, at: usize) -> u32 {
        self.offset.map_or(self.span.start, |offset| self.span.start + offset + at as u32)
    }

    fn part(&self, range: Range<usize>) -> Span {
        if self.offset.is_none() {
            return self.span;
        }
        Span::new(self.span.file, self.place(range.start), self.place(range.end))
    }
}

/// A word, without its quotes and escapes.
#[derive(Clone, Debug)]
pub struct Word {
    text: String,
    /// Where each byte is written, and where the word ends.
    places: Vec<u32>,
    span: Span,
    exact: bool,
    quoted: bool,
}

impl Word {
    /// What it says.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it is written.
    #[must_use]
    pub fn span(&self) -> Span {
        self.part(0..self.text.len())
    }

    /// Whether any of it was quoted or escaped: then it is never a keyword.
    #[must_use]
    pub const fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// Where a part of it is written.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Span {
        if !self.exact || self.places.is_empty() {
            return self.span;
        }
        let end = range.end.min(self.places.len() - 1);
        let start = range.start.min(end);
        // Behind the last byte, not before the next one: a closing quote is not part of it.
        let last = if end > start { self.places[end - 1] + 1 } else { self.places[end] };
        Span::new(self.span.file, self.places[start], last)
    }

    /// Other text at the same place: parts of it have the place of all.
    pub(crate) fn replace(&mut self, text: String) {
        self.span = self.span();
        (self.text, self.exact) = (text, false);
    }

    /// A part of it as a word of its own.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self {
            text: self.text[range.clone()].to_owned(),
            places: self.places[range.start..=range.end].to_vec(),
            span: self.span,
            exact: self.exact,
            quoted: self.quoted,
        }
    }
}

/// Words, taken one after another.
#[derive(Clone, Debug)]
pub struct Words {
    words: Vec<Word>,
    next: usize,
    end: u32,
    whole: Span,
}

impl Words {
    /// The next one, which stays.
    #[must_use]
    pub fn peek(&self) -> Option<&Word> {
        self.words.get(self.next)
    }

    /// The one behind the next one.
    #[must_use]
    pub fn peek_second(&self) -> Option<&Word> {
        self.words.get(self.next + 1)
    }

    /// The next one.
    pub fn take(&mut self) -> Option<Word> {
        let word = self.words.get(self.next).cloned()?;
        self.next += 1;
        Some(word)
    }

    /// The next one, if it is this keyword.
    pub fn take_if(&mut self, keyword: &str) -> Option<Word> {
        self.peek().filter(|word| word.as_str() == keyword && !word.is_quoted())?;
        self.take()
    }

    /// What is left, up to a condition.
    #[must_use]
    pub fn before_condition(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        while self.peek().is_some_and(|word| !is_condition(word)) {
            words.extend(self.take());
        }
        words
    }

    /// Does a condition come next?
    #[must_use]
    pub fn at_condition(&self) -> bool {
        self.peek().is_some_and(is_condition)
    }

    /// Is nothing left?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.next >= self.words.len()
    }

    /// How many were taken.
    pub(crate) const fn taken(&self) -> usize {
        self.next
    }

    /// Those that were taken since, each behind a blank.
    pub(crate) fn text_since(&self, taken: usize) -> String {
        let quotes = |word: &Word| word.text.is_empty() || word.text.contains([' ', '\t']);
        let words = self.words.get(taken..self.next).unwrap_or_default();
        words
            .iter()
            .map(|word| if quotes(word) { format!(" \"{}\"", word.text) } else { format!(" {}", word.text) })
            .collect()
    }

    /// Where the next word is, or the place behind the last one.
    #[must_use]
    pub fn place(&self) -> Span {
        match self.peek() {
            Some(word) => word.span(),
            None if self.whole.is_none() => self.whole,
            None => match self.words.last() {
                Some(last) => last.span(),
                None => Span::new(self.whole.file, self.whole.start, self.end),
            },
        }
    }

    /// All of them.
    #[must_use]
    pub const fn whole(&self) -> Span {
        self.whole
    }
}

fn is_condition(word: &Word) -> bool {
    !word.is_quoted() && matches!(word.as_str(), "if" | "unless")
}

struct Lexer<'l> {
    text: &'l Text<'l>,
    bytes: &'l [u8],
    at: usize,
}

type Wrong = (Range<usize>, String);

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Word>, Wrong> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let first = self.at;
        let (mut out, mut places, mut quote, mut quoted) = (Vec::new(), Vec::new(), None, false);
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            let taken = match (byte, quote) {
                (b' ' | b'\t' | b'\n' | b'\r', None) => break,
                (b'"' | b'\'', None) => {
                    (quote, quoted) = (Some((byte, self.at)), true);
                    self.at += 1;
                    continue;
                }
                (_, Some((open, _))) if byte == open => {
                    quote = None;
                    self.at += 1;
                    continue;
                }
                (b'\\', None | Some((b'"', _))) => self.escaped(&mut quoted)?,
                _ => {
                    self.at += 1;
                    byte
                }
            };
            out.push(taken);
            places.push(self.text.place(start));
        }
        if let Some((open, at)) = quote {
            return Err((at..at + 1, format!("this {} is never closed", char::from(open))));
        }
        places.push(self.text.place(self.at));
        let text = String::from_utf8(out)
            .map_err(|_| (first..self.at, String::from("an escape makes this word something that is not UTF-8")))?;
        Ok(Some(Word { text, places, span: self.text.span, exact: self.text.offset.is_some(), quoted }))
    }

    fn escaped(&mut self, quoted: &mut bool) -> Result<u8, Wrong> {
        let start = self.at;
        self.at += 1;
        let taken = match self.bytes.get(self.at) {
            None => return Err((start..start + 1, String::from("nothing follows this backslash"))),
            Some(byte @ (b' ' | b'\\' | b'"' | b'\'' | b'#')) => *byte,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => {
                let digits = self.bytes.get(self.at + 1..self.at + 3).and_then(|two| std::str::from_utf8(two).ok());
                let Some(byte) = digits.and_then(|two| u8::from_str_radix(two, 16).ok()) else {
                    return Err((start..self.at + 1, String::from("two hexadecimal digits follow `\\x`")));
                };
                self.at += 2;
                byte
            }
            // It stays: regular expressions are full of them.
            Some(_) => return Ok(b'\\'),
        };
        *quoted = true;
        self.at += 1;
        Ok(taken)
    }
}

//! A line into words, as HAProxy cuts it: quotes, escapes, comments, and variables inside double quotes.

use plimsoll_config::Span;

use crate::environment::Environment;

/// The most words of a line; HAProxy's limit.
pub const MAX_WORDS: usize = 64;

/// What a part of a line says, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Without quotes and escapes, variables put in.
    pub text: String,
    /// Where it is written, quotes included.
    pub span: Span,
    /// It was written with quotes or escapes.
    pub quoted: bool,
    /// What is written cannot be read again as it stands: a variable was put in, or a dollar escaped.
    pub(crate) expanded: bool,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub span: Span,
    /// What.
    pub what: String,
    /// How it would be right.
    pub help: &'static str,
}

/// The words of a line that is written at `line`, whose text is `text`. A comment ends it.
pub fn words(text: &str, line: Span, environment: &Environment<'_>) -> Result<Vec<Word>, Wrong> {
    Lexer { bytes: text.as_bytes(), text, line, at: 0, environment, words: Vec::new(), word: None }.run()
}

struct Lexer<'l> {
    bytes: &'l [u8],
    text: &'l str,
    line: Span,
    at: usize,
    environment: &'l Environment<'l>,
    words: Vec<Word>,
    word: Option<Open>,
}

/// A word that is being read.
#[derive(Default)]
struct Open {
    bytes: Vec<u8>,
    start: usize,
    quoted: bool,
    expanded: bool,
    /// Nothing came of it but a list without members: then it is no word at all.
    vanished: bool,
}

impl Lexer<'_> {
    fn run(mut self) -> Result<Vec<Word>, Wrong> {
        let mut quote: Option<(u8, usize)> = None;
        while let Some(&byte) = self.bytes.get(self.at) {
            match (byte, quote.map(|(quote, _)| quote)) {
                (b'#', None) => break,
                (b' ' | b'\t' | b'\r', None) => {
                    self.end()?;
                    self.at += 1;
                }
                (b'"' | b'\'', None) => {
                    quote = Some((byte, self.at));
                    self.open().quoted = true;
                    self.at += 1;
                }
                (_, Some(open)) if byte == open => {
                    quote = None;
                    self.at += 1;
                }
                (b'\\', open @ (None | Some(b'"'))) => self.escape(open.is_some())?,
                (b'$', Some(b'"')) => self.variable()?,
                _ => {
                    self.put(byte);
                    self.at += 1;
                }
            }
        }
        if let Some((quote, at)) = quote {
            let help = "close it on the same line; a quote that is meant as such is written `\\\"` or `\\'`";
            return Err(self.wrong(at, at + 1, format!("this {} is never closed", char::from(quote)), help));
        }
        self.end()?;
        Ok(self.words)
    }

    fn open(&mut self) -> &mut Open {
        let start = self.at;
        self.word.get_or_insert_with(|| Open { start, ..Open::default() })
    }

    fn put(&mut self, byte: u8) {
        let word = self.open();
        word.vanished = false;
        word.bytes.push(byte);
    }

    /// A word ends here, if one was begun.
    fn end(&mut self) -> Result<(), Wrong> {
        let Some(word) = self.word.take() else { return Ok(()) };
        if word.vanished && word.bytes.is_empty() {
            return Ok(());
        }
        let span = self.span(word.start, self.at);
        if self.words.len() == MAX_WORDS {
            let help = "HAProxy reads no more either: cut the line, or name the parts";
            return Err(Wrong { span, what: format!("more than {MAX_WORDS} words in a line"), help });
        }
        let Ok(text) = String::from_utf8(word.bytes) else {
            let help = "names and texts are UTF-8 here";
            return Err(Wrong {
                span,
                what: String::from("an escape makes this word something that is not UTF-8"),
                help,
            });
        };
        self.words.push(Word { text, span, quoted: word.quoted, expanded: word.expanded });
        Ok(())
    }

    fn escape(&mut self, in_quotes: bool) -> Result<(), Wrong> {
        let start = self.at;
        self.open();
        let taken = match self.bytes.get(start + 1) {
            Some(byte @ (b' ' | b'\\' | b'"' | b'\'' | b'#')) => *byte,
            Some(b'$') if in_quotes => b'$',
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => {
                let digits = self.bytes.get(start + 2..start + 4).filter(|two| two.iter().all(u8::is_ascii_hexdigit));
                let byte = digits.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
                let Some(byte) = byte else {
                    let end = (start + 4).min(self.bytes.len());
                    let help = "a backslash that is meant as such is written `\\\\`";
                    return Err(self.wrong(start, end, "two hexadecimal digits follow `\\x`", help));
                };
                self.at += 2;
                byte
            }
            // It stays: regular expressions are full of them.
            _ => {
                self.put(b'\\');
                self.at += 1;
                return Ok(());
            }
        };
        let word = self.open();
        word.quoted = true;
        word.expanded |= taken == b'$';
        self.put(taken);
        self.at += 2;
        Ok(())
    }

    /// `$NAME`, `${NAME}`, `${NAME-instead}`, `${NAME[*]}`.
    fn variable(&mut self) -> Result<(), Wrong> {
        let start = self.at;
        let braces = self.bytes.get(start + 1) == Some(&b'{');
        let first = start + 1 + usize::from(braces);
        let begins = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.');
        if !self.bytes.get(first).is_some_and(begins) {
            let help = "a dollar that is meant as such is written `\\$`, or stands in 'single quotes'";
            return Err(self.wrong(start, first + 1, "the name of a variable begins with a letter or `_`", help));
        }
        let rest = &self.bytes[first..];
        let length = 1 + rest[1..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let name = &self.text[first..first + length];
        let mut end = first + length;
        let (mut list, mut instead) = (false, None);
        if braces {
            if self.text[end..].starts_with("[*]") {
                list = true;
                end += 3;
            }
            if self.bytes.get(end) == Some(&b'-') {
                let length = self.text[end + 1..].find(['}', '"']).unwrap_or(self.text.len() - end - 1);
                instead = Some(&self.text[end + 1..end + 1 + length]);
                end += 1 + length;
            }
            if self.bytes.get(end) != Some(&b'}') {
                return Err(self.wrong(start, end, "this brace is never closed", "write `${NAME}` or `${NAME-value}`"));
            }
            end += 1;
        }
        let value = self.environment.get(name).or_else(|| instead.map(str::to_owned)).unwrap_or_default();
        let open = self.open();
        open.expanded = true;
        if list {
            let mut parts = value.split_ascii_whitespace().peekable();
            open.vanished = open.bytes.is_empty() && parts.peek().is_none();
            while let Some(part) = parts.next() {
                part.bytes().for_each(|byte| self.put(byte));
                if parts.peek().is_some() {
                    self.end()?;
                    let open = self.open();
                    (open.quoted, open.expanded) = (true, true);
                }
            }
        } else {
            value.bytes().for_each(|byte| self.put(byte));
        }
        self.at = end;
        Ok(())
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let end = end.min(self.bytes.len());
        Span::new(self.line.file, self.line.start + start as u32, self.line.start + end.max(start) as u32)
    }

    fn wrong(&self, start: usize, end: usize, what: impl Into<String>, help: &'static str) -> Wrong {
        Wrong { span: self.span(start, end), what: what.into(), help }
    }
}

/// Words as a text that reads as them again: what needs quotes gets some.
pub(crate) fn joined(words: &[Word]) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push(' ');
        }
        quote(&word.text, word.quoted, &mut text);
    }
    text
}

fn quote(word: &str, quoted: bool, out: &mut String) {
    let plain = |byte: u8| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'\\' | b'#' | b'$');
    if !quoted && !word.is_empty() && word.bytes().all(plain) {
        return out.push_str(word);
    }
    out.push('"');
    for character in word.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            _ => out.push(character),
        }
    }
    out.push('"');
}

//! The text of a format into its parts.

use std::ops::Range;

use plimsoll_config::Diagnostic;

use super::flags::{Cast, Flags};
use super::{Alias, Format, Item, Part, Purpose, What};
use crate::Compiler;
use crate::expr::{Expr, list, lookable};
use crate::words::Word;

const PERCENT: &str = "a percent sign of its own is written %%";

pub(super) fn format(purpose: Purpose, word: &Word, compiler: &mut Compiler<'_>) -> Option<Format> {
    let flags = Flags { mandatory: purpose == Purpose::Log, ..Flags::default() };
    let mut reader =
        Reader { word, bytes: word.as_str().as_bytes(), at: 0, purpose, flags, parts: Vec::new(), plain: Vec::new() };
    while let Some(&byte) = reader.bytes.get(reader.at) {
        match byte {
            b'%' => reader.percent(compiler)?,
            b' ' | b'\t' if purpose.merges_blanks() => {
                let blanks = reader.run(|byte| matches!(byte, b' ' | b'\t'));
                reader.at += blanks;
                reader.part(Part::Blank);
            }
            byte => {
                reader.plain.push(byte);
                reader.at += 1;
            }
        }
    }
    reader.finish(compiler)
}

struct Reader<'r> {
    word: &'r Word,
    bytes: &'r [u8],
    at: usize,
    purpose: Purpose,
    /// What `%o` said.
    flags: Flags,
    parts: Vec<Part>,
    /// Text that is not among the parts yet.
    plain: Vec<u8>,
}

/// `%(name:type)`
#[derive(Default)]
struct Named {
    name: Box<str>,
    cast: Option<Cast>,
}

impl Reader<'_> {
    fn part(&mut self, part: Part) {
        if !self.plain.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.plain).into()));
        }
        self.parts.push(part);
    }

    /// How many bytes from here are so.
    fn run(&self, is: impl Fn(u8) -> bool) -> usize {
        self.bytes[self.at..].iter().take_while(|byte| is(**byte)).count()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn text(&self, range: Range<usize>) -> &str {
        self.word.as_str().get(range).unwrap_or_default()
    }

    fn wrong<T>(
        &self,
        range: Range<usize>,
        text: String,
        help: Option<String>,
        compiler: &mut Compiler<'_>,
    ) -> Option<T> {
        let mut error = Diagnostic::error("rule.format", self.word.part(range), text);
        if let Some(help) = help {
            error = error.help(help);
        }
        compiler.found.push(error);
        None
    }

    /// What stands between here, an opening bracket, and its end; goes behind it.
    fn enclosed(&mut self, close: u8, compiler: &mut Compiler<'_>) -> Option<Range<usize>> {
        let open = self.at;
        let Some(length) = memchr::memchr(close, &self.bytes[open..]) else {
            let bracket = char::from(self.bytes[open]);
            return self.wrong(open..open + 1, format!("this {bracket} is never closed"), None, compiler);
        };
        self.at = open + length + 1;
        Some(open + 1..open + length)
    }

    fn percent(&mut self, compiler: &mut Compiler<'_>) -> Option<()> {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some(b'%') {
            self.plain.push(b'%');
            self.at += 1;
            return Some(());
        }
        let named = if self.peek() == Some(b'(') { self.named(compiler)? } else { Named::default() };
        let mut flags = self.flags;
        if self.peek() == Some(b'{') {
            self.flags(&mut flags, compiler)?;
        }
        let Named { name, cast } = named;
        let braces = self.at;
        match self.peek() {
            Some(b'[') => {
                let Some(end) = closing(self.bytes, self.at + 1) else {
                    return self.wrong(self.at..self.at + 1, String::from("this [ is never closed"), None, compiler);
                };
                self.binary_is_of_the_whole(flags, start..braces, compiler);
                let expr = Expr::compile(&self.word.slice(self.at + 1..end), compiler)?;
                self.at = end + 1;
                self.part(Part::Item(Item { what: What::Expr(Box::new(expr)), flags, name, cast }));
            }
            Some(byte) if byte.is_ascii_alphabetic() => {
                let found = self.at..self.at + self.run(|byte| byte.is_ascii_alphanumeric());
                self.at = found.end;
                if self.text(found.clone()) == "o" {
                    self.flags = flags;
                    return Some(());
                }
                self.binary_is_of_the_whole(flags, start..braces, compiler);
                let alias = self.alias(found, compiler)?;
                self.part(Part::Item(Item { what: What::Alias(alias), flags, name, cast }));
            }
            Some(b'(') => {
                let text = String::from("the name comes before the flags");
                return self.wrong(
                    self.at..self.at + 1,
                    text,
                    Some(String::from("it is written %(name){flags}alias")),
                    compiler,
                );
            }
            _ => {
                let told = match self.at - start {
                    1 => String::from("neither an alias nor a [ follows this percent sign"),
                    _ => format!("neither an alias nor a [ follows `{}`", self.text(start..self.at)),
                };
                return self.wrong(start..self.at, told, Some(PERCENT.to_owned()), compiler);
            }
        }
        Some(())
    }

    fn alias(&mut self, found: Range<usize>, compiler: &mut Compiler<'_>) -> Option<&'static Alias> {
        let name = self.text(found.clone());
        let span = self.word.part(found.start.saturating_sub(1)..found.end);
        let Some(alias) = compiler.language.alias(name) else {
            let told = Diagnostic::error("rule.format", span, format!("no alias is called `%{name}`"));
            let near = plimsoll_config::suggest(name, compiler.language.aliases().map(|row| row.name));
            let help = near.map_or_else(|| PERCENT.to_owned(), |near| format!("did you mean `%{near}`? {PERCENT}"));
            compiler.found.push(told.help(help));
            return None;
        };
        if let Some(place) = compiler.place {
            lookable(&format!("%{name}"), alias.needs, place, span, None, compiler)?;
        }
        Some(alias)
    }

    fn flags(&mut self, flags: &mut Flags, compiler: &mut Compiler<'_>) -> Option<()> {
        let all = self.enclosed(b'}', compiler)?;
        let mut from = all.start;
        if all.is_empty() {
            return Some(());
        }
        for text in self.text(all.clone()).split(',') {
            let range = from..from + text.len();
            from = range.end + 1;
            if let Err((told, help)) = flags.switch(text) {
                return self.wrong(range, told, Some(help), compiler);
            }
        }
        if flags.json && flags.cbor {
            let text = String::from("a value is JSON or CBOR, not both");
            return self.wrong(all.start - 1..all.end + 1, text, None, compiler);
        }
        Some(())
    }

    fn binary_is_of_the_whole(&self, flags: Flags, written: Range<usize>, compiler: &mut Compiler<'_>) {
        if flags.binary && !self.flags.binary {
            let text = "`bin` counts for nothing here: it is a matter of the whole format";
            let warning = Diagnostic::warning("rule.format", self.word.part(written), text);
            compiler.found.push(warning.help("it is written at the beginning: %{+bin}o"));
        }
    }

    fn named(&mut self, compiler: &mut Compiler<'_>) -> Option<Named> {
        let all = self.enclosed(b')', compiler)?;
        let text = self.text(all.clone()).to_owned();
        let (name, cast) = match text.split_once(':') {
            Some((name, cast)) => (name, Some(cast)),
            None => (text.as_str(), None),
        };
        let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if let Some((at, wrong)) = name.char_indices().find(|(_, c)| !ok(*c)) {
            let range = all.start + at..all.start + at + wrong.len_utf8();
            let text = format!("an item's name has letters, digits, `_` and `-`, not `{wrong}`");
            return self.wrong(range, text, None, compiler);
        }
        let cast = match cast {
            None => None,
            Some(text) => {
                let Some((_, cast)) = Cast::ALL.into_iter().find(|(known, _)| *known == text) else {
                    let range = all.start + name.len() + 1..all.end;
                    let help = format!("it is one of {}", list(&Cast::ALL.map(|(name, _)| name)));
                    return self.wrong(range, format!("`{text}` is no type of an item"), Some(help), compiler);
                };
                Some(cast)
            }
        };
        Some(Named { name: name.into(), cast })
    }

    fn finish(mut self, compiler: &mut Compiler<'_>) -> Option<Format> {
        if !self.plain.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.plain).into()));
        }
        let encoding = self.flags.encoding();
        let named = |part: &Part| matches!(part, Part::Item(item) if !item.name.is_empty());
        if encoding.is_some() && !self.parts.iter().any(named) {
            let text = "nothing in this format has a name, so the object that it makes is always empty";
            let warning = Diagnostic::warning("rule.format", self.word.span(), text);
            compiler.found.push(warning.help("a name stands behind the percent sign: %(client)ci"));
        }
        if self.parts.iter().all(|part| !matches!(part, Part::Item(_))) {
            self.parts = one_text(self.parts);
        }
        Some(Format { parts: self.parts.into(), purpose: self.purpose, encoding, binary: self.flags.binary })
    }
}

/// Text and blanks as one text.
fn one_text(parts: Vec<Part>) -> Vec<Part> {
    let (mut all, mut blank) = (Vec::new(), true);
    for part in parts {
        match part {
            Part::Text(text) => {
                all.extend_from_slice(&text);
                blank = false;
            }
            Part::Blank if !blank => {
                all.push(b' ');
                blank = true;
            }
            Part::Blank | Part::Item(_) => {}
        }
    }
    if all.is_empty() { Vec::new() } else { vec![Part::Text(all.into())] }
}

/// The `]` that ends an expression: not one in quotes or parentheses.
fn closing(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match (byte, quote) {
            (b'\\', None | Some(b'"')) => at += 1,
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (_, Some(_)) => {}
            (b'(', None) => depth += 1,
            (b')', None) => depth = depth.saturating_sub(1),
            (b']', None) if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

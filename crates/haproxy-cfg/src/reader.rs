//! Files into one tree: conditions, sections, and each line by its directive's row.

use std::collections::HashMap;

use plimsoll_config::{Diagnostic, Diagnostics, FileId, Node, Sources, Span};

use crate::condition::{self, Program};
use crate::directive::{Becomes, Directive, Line, Mood, Out, Sections, Weight};
use crate::environment::Environment;
use crate::lexer::{self, Word};
use crate::sections::{Book, Open};

/// All directives, found by the words that they begin with.
#[derive(Debug)]
pub struct Tables {
    rows: HashMap<&'static str, Vec<Directive>>,
}

impl Tables {
    /// The rows of every crate that has some. What is in two of them counts where it was first.
    pub fn new(tables: &[&[Directive]]) -> Self {
        let mut rows: HashMap<&'static str, Vec<Directive>> = HashMap::new();
        for row in tables.iter().flat_map(|table| table.iter()) {
            rows.entry(row.words).or_default().push(*row);
        }
        Self { rows }
    }

    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = &Directive> {
        self.rows.values().flatten()
    }

    /// The row whose words are the most that a line begins with, in a section or, failing that, anywhere; and how many words they are.
    fn find(&self, words: &[Word], section: Sections) -> Option<(&Directive, usize)> {
        let longest = words.len().min(3);
        let mut elsewhere = None;
        for length in (1..=longest).rev() {
            let name = words[..length].iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            let Some(rows) = self.rows.get(name.as_str()) else { continue };
            if let Some(row) = rows.iter().find(|row| row.sections.meets(section)) {
                return Some((row, length));
            }
            // A word of both kinds of section is meant as that of this kind.
            let kind = |row: &&Directive| row.sections.meets(Sections::ANY_PROXY) == section.meets(Sections::ANY_PROXY);
            let near = rows.iter().find(kind).or(rows.first());
            elsewhere = elsewhere.or_else(|| near.map(|row| (row, length)));
        }
        // A knob that no row knows is a knob all the same.
        let knob = words[0].text.starts_with(KNOBS) && section == Sections::GLOBAL;
        elsewhere.or_else(|| self.rows.get(KNOBS).filter(|_| knob)?.first().map(|row| (row, 1)))
    }

    /// What can be written in a section, for advice.
    fn names(&self, section: Sections) -> impl Iterator<Item = &'static str> {
        self.rows.values().flatten().filter(move |row| row.sections.meets(section)).map(|row| row.words)
    }

    /// The first option of a line, and what is behind it.
    pub(crate) fn option<'w>(&self, words: &'w [Word], of: Sections, text: &str, out: &mut Out<'_, '_>) -> &'w [Word] {
        let Some((row, _)) = self.find(&words[..1], of).filter(|(row, _)| row.sections.meets(of)) else {
            let word = &words[0];
            let kind = if of == Sections::BIND { "bind" } else { "server" };
            let told = Diagnostic::error(
                "config.unknown-directive",
                word.span,
                format!("a {kind} line has no `{}`", word.text),
            );
            out.found.push(told.suggest(&word.text, self.names(of)));
            return &[];
        };
        let arguments = row.arguments(&words[1..]);
        let end = 1 + arguments.len();
        let line = Line { head: &words[..1], arguments, mood: Mood::Plain, text };
        apply(row, &line, out);
        &words[end..]
    }
}

/// What every setting of HAProxy's insides begins with.
const KNOBS: &str = "tune.";

/// Does what a row says.
fn apply(row: &Directive, line: &Line<'_>, out: &mut Out<'_, '_>) {
    let place = line.place();
    match row.becomes {
        Becomes::Flag(path) => {
            out.at_most(line, 0);
            match line.mood {
                Mood::Default => out.map.remove(path),
                mood => out.set_flag(line, path, mood == Mood::Plain),
            }
        }
        _ if line.mood != Mood::Plain
            && !matches!(
                row.becomes,
                Becomes::By(..) | Becomes::Unsupported(..) | Becomes::Tuning(_) | Becomes::Gone(_)
            ) =>
        {
            let what = format!("`{}` has no `no` and no `default`", line.name());
            out.wrong(place, what, "they stand before options that are on or off");
        }
        Becomes::Value(path, kind) => {
            out.at_most(line, 1);
            if let Some(value) = out.value(line, 0, kind) {
                out.map.set(path, place, value);
            }
        }
        Becomes::Text(path) => {
            if line.arguments.is_empty() {
                out.wrong(place, format!("`{}` takes an argument", line.name()), "something stands behind it");
            } else {
                out.map.set(path, place, line.rest(0));
            }
        }
        Becomes::Line(path) => {
            if line.arguments.is_empty() {
                out.wrong(place, format!("`{}` takes an argument", line.name()), "something stands behind it");
            } else {
                out.map.push(path, place, line.rest(0));
            }
        }
        Becomes::By(does, _) => does(line, out),
        Becomes::Tuning(why) => out.note(place, format!("`{}` is read and passed over: {why}", line.name())),
        Becomes::Gone(instead) => {
            let text = format!("`{}` is gone from HAProxy: {instead}", line.name());
            out.found.push(Diagnostic::error("config.unknown-directive", place, text));
        }
        // What is taken back was never there.
        Becomes::Unsupported(..) if line.mood != Mood::Plain => {}
        Becomes::Unsupported(weight, what) => {
            let text = format!("`{}` is not supported yet: {what}", line.name());
            let told = match weight {
                Weight::Light => Diagnostic::warning("config.unsupported", place, text),
                Weight::Heavy => Diagnostic::error("config.unsupported", place, text),
            };
            out.found.push(told);
        }
    }
}

/// Reads files as HAProxy does: one after the other, defaults hold on from file to file.
#[derive(Debug)]
pub struct Reader<'r> {
    tables: &'r Tables,
    program: &'r Program,
    environment: Environment<'r>,
    book: Book,
    section: Option<Open>,
    /// Where lines that say something begin.
    lines: Vec<Span>,
}

/// A block between `.if` and `.endif`.
struct Block {
    place: Span,
    /// Its lines count.
    active: bool,
    /// One of its conditions held, or the block around it does not count.
    done: bool,
    in_else: bool,
}

/// How deep blocks may nest; HAProxy's limit.
const MAX_BLOCKS: usize = 16;

impl<'r> Reader<'r> {
    /// Nothing read yet.
    #[must_use]
    pub fn new(tables: &'r Tables, program: &'r Program, environment: Environment<'r>) -> Self {
        Self { tables, program, environment, book: Book::default(), section: None, lines: Vec::new() }
    }

    /// Reads a file that is in `sources`.
    pub fn file(&mut self, sources: &Sources, file: FileId, found: &mut Diagnostics) {
        let (text, name) = (sources.text(file), sources.name(file));
        let mut blocks: Vec<Block> = Vec::new();
        let mut start = 0;
        for (number, line) in text.split('\n').enumerate() {
            let span = Span::new(file, start as u32, (start + line.len()) as u32);
            start += line.len() + 1;
            let first = line.trim_start();
            if first.is_empty() || first.starts_with('#') {
                continue;
            }
            let inactive = blocks.last().is_some_and(|block| !block.active);
            // What does not count need not be right.
            if inactive && !first.starts_with('.') {
                continue;
            }
            let title = self.section.as_ref().map_or("", Open::title);
            self.environment.at(name, number + 1, title);
            match lexer::words(line, span, &self.environment) {
                Err(_) if inactive => {}
                Err(wrong) => found.push(Diagnostic::error("config.words", wrong.span, wrong.what).help(wrong.help)),
                Ok(words) => match words.first() {
                    None => {}
                    Some(word) if word.text.starts_with('.') => self.macros(&words, text, &mut blocks, found),
                    Some(word) => {
                        self.lines.push(word.span);
                        self.line(&words, text, found);
                    }
                },
            }
        }
        self.close();
        if let Some(block) = blocks.first() {
            let told = Diagnostic::error("config.condition", block.place, "this block is never closed");
            found.push(told.help("close it with `.endif`, in the same file"));
        }
    }

    /// Where lines that say something begin: titles and directives of blocks that count.
    #[must_use]
    pub fn lines(&self) -> &[Span] {
        &self.lines
    }

    /// The tree of all that was read; `None`: that was nothing.
    #[must_use]
    pub fn finish(self) -> Option<Node> {
        let Self { lines, book, .. } = self;
        (!lines.is_empty()).then(|| book.finish())
    }

    fn macros(&mut self, words: &[Word], text: &str, blocks: &mut Vec<Block>, found: &mut Diagnostics) {
        let (word, rest) = (&words[0], &words[1..]);
        let outer = |blocks: &[Block]| blocks.last().is_none_or(|block| block.active);
        match word.text.as_str() {
            ".if" => {
                let counts = outer(blocks);
                let held = counts && self.condition(rest, text, found);
                if blocks.len() == MAX_BLOCKS {
                    let what = format!("more than {MAX_BLOCKS} blocks in each other");
                    found.push(Diagnostic::error("config.condition", word.span, what));
                }
                blocks.push(Block { place: word.span, active: held, done: held || !counts, in_else: false });
            }
            name @ (".elif" | ".else") => {
                let Some(block) = blocks.last_mut() else {
                    let told = Diagnostic::error("config.condition", word.span, format!("`{name}` without `.if`"));
                    return found.push(told);
                };
                if block.in_else {
                    let told = Diagnostic::error("config.condition", word.span, format!("`{name}` behind `.else`"));
                    return found.push(told.also(block.place, "the block begins here"));
                }
                block.in_else = name == ".else";
                let undecided = !block.done;
                let held = undecided && (name == ".else" || self.condition(rest, text, found));
                if let Some(block) = blocks.last_mut() {
                    block.active = held;
                    block.done |= held;
                }
            }
            ".endif" => {
                if blocks.pop().is_none() {
                    found.push(Diagnostic::error("config.condition", word.span, "`.endif` without `.if`"));
                }
            }
            ".notice" | ".warning" | ".alert" | ".diag" if !outer(blocks) => {}
            name @ (".notice" | ".warning" | ".alert" | ".diag") => {
                let message = rest.first().map_or("", |word| word.text.as_str());
                match name {
                    ".alert" => found.push(Diagnostic::error("config.told", word.span, message.to_owned())),
                    ".diag" => {}
                    _ => found.push(Diagnostic::warning("config.told", word.span, message.to_owned())),
                }
            }
            _ if !outer(blocks) => {}
            name => {
                let known = [".if", ".elif", ".else", ".endif", ".notice", ".warning", ".alert", ".diag"];
                let told = Diagnostic::error("config.unknown-directive", word.span, format!("there is no `{name}`"));
                found.push(told.suggest(name, known));
            }
        }
    }

    fn condition(&self, words: &[Word], text: &str, found: &mut Diagnostics) -> bool {
        let asked: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
        let asked = asked.join(" ");
        condition::holds(&asked, self.program, &self.environment).unwrap_or_else(|wrong| {
            let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
            let whole = first.span.to(last.span);
            let written = text.get(whole.start as usize..whole.end as usize);
            let span = if written == Some(asked.as_str()) {
                let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                let length = asked.as_bytes()[wrong.at..].iter().take_while(|byte| word(byte)).count().max(1);
                let at = whole.start + wrong.at as u32;
                Span::new(whole.file, at, at + length as u32)
            } else {
                whole
            };
            found.push(Diagnostic::error("config.condition", span, wrong.what));
            false
        })
    }

    fn line(&mut self, words: &[Word], text: &str, found: &mut Diagnostics) {
        if crate::sections::is_title(words) {
            self.close();
            self.section = self.book.open(words, found);
            return;
        }
        let Some(section) = &mut self.section else {
            let word = &words[0];
            let told = Diagnostic::error(
                "config.unknown-directive",
                word.span,
                format!("`{}` stands in no section", word.text),
            );
            let help = match crate::sections::near(&word.text) {
                Some(near) => format!("did you mean `{near}`?"),
                None => String::from(
                    "a section begins first: `global`, `defaults`, `frontend NAME`, `backend NAME` or `listen NAME`",
                ),
            };
            return found.push(told.help(help));
        };
        if section.is_passed_over() {
            return;
        }
        let (mood, words) = match words[0].text.as_str() {
            "no" if words.len() > 1 => (Mood::No, &words[1..]),
            "default" if words.len() > 1 => (Mood::Default, &words[1..]),
            _ => (Mood::Plain, words),
        };
        let Some((row, length)) = self.tables.find(words, section.kind) else {
            return unknown(self.tables, words, section, found);
        };
        if !row.sections.meets(section.kind) {
            return elsewhere(row, words, length, section, found);
        }
        let line = Line { head: &words[..length], arguments: &words[length..], mood, text };
        let named = section.is_named();
        let Open { map, servers, kind, .. } = section;
        let mut out = Out {
            map,
            found,
            environment: &mut self.environment,
            tables: self.tables,
            section: *kind,
            named,
            servers,
            text,
        };
        apply(row, &line, &mut out);
    }

    fn close(&mut self) {
        if let Some(section) = self.section.take() {
            self.book.close(section);
        }
    }
}

fn unknown(tables: &Tables, words: &[Word], section: &Open, found: &mut Diagnostics) {
    // `option x`, `timeout x`: what is unknown is the second word.
    let group =
        |row: &Directive| row.words.strip_prefix(words[0].text.as_str()).is_some_and(|rest| rest.starts_with(' '));
    let (name, span) = match words.get(1) {
        Some(second) if tables.rows().any(group) => {
            (format!("{} {}", words[0].text, second.text), words[0].span.to(second.span))
        }
        _ => (words[0].text.clone(), words[0].span),
    };
    let text = format!("there is no `{name}` in {}", section.described());
    found.push(Diagnostic::error("config.unknown-directive", span, text).suggest(&name, tables.names(section.kind)));
}

fn elsewhere(row: &Directive, words: &[Word], length: usize, section: &Open, found: &mut Diagnostics) {
    let span = words[0].span.to(words[length - 1].span);
    let text = format!("`{}` means nothing in {}", row.words, section.described());
    let side = |sections: Sections| row.sections.meets(sections);
    // A directive of the other side is passed over, as HAProxy does it, unless others may count on it.
    let harmless = section.kind.meets(Sections::ANY_PROXY)
        && side(Sections::DEFAULTS)
        && (side(Sections::FRONTEND) || side(Sections::BACKEND));
    let told = if harmless {
        Diagnostic::warning("config.passed-over", span, format!("{text}: it is passed over"))
    } else {
        Diagnostic::error("config.unknown-directive", span, text)
    };
    let names = [
        (Sections::GLOBAL, "global"),
        (Sections::DEFAULTS, "defaults"),
        (Sections::FRONTEND, "frontend"),
        (Sections::BACKEND, "backend"),
    ];
    let places: Vec<_> = names.iter().filter(|(one, _)| side(*one)).map(|(_, name)| format!("`{name}`")).collect();
    found.push(if places.is_empty() { told } else { told.help(format!("it belongs in {}", places.join(", "))) });
}

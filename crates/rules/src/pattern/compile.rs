//! The patterns of an ACL: flags, files and words, up to the end of the condition or of the braces.

use std::sync::Arc;

use plimsoll_config::{Diagnostic, Span};

use super::engine::{Engine, Seek};
use super::entries::{Columns, Entries};
use super::list::List;
use super::parse;
use super::way::{Input, Match, Way};
use crate::expr::Expr;
use crate::words::{Word, Words};
use crate::{Compiler, Context, Type, Value};

/// Patterns, ready to be compared with.
#[derive(Clone, Debug)]
pub struct Patterns {
    how: Match,
    lists: Box<[Used]>,
}

/// A list as one ACL looks at it.
#[derive(Clone, Debug)]
struct Used {
    list: Arc<List>,
    view: usize,
    /// The engine of patterns that stand in the rule, as long as nobody changed them.
    fixed: Option<Arc<Engine>>,
}

/// ACLs of their own that compare otherwise than their values would be (configuration manual, section 7.3).
const OF_THEIR_OWN: &[(&str, Way)] = &[
    ("payload", Way::of(Match::Bin)),
    ("payload_lv", Way::of(Match::Bin)),
    ("req.ssl_ver", Way { dotted: true, ..Way::of(Match::Int) }),
    ("req_ssl_ver", Way { dotted: true, ..Way::of(Match::Int) }),
];

const FLAGS: &str = "-f FILE, -i, -m METHOD, -M, -n, -u ID and --";

/// What the flags say.
#[derive(Debug, Default)]
struct Flags {
    caseless: bool,
    values: bool,
    id: Option<(u32, Span)>,
    /// Files, with what the flags before them say.
    files: Vec<(Word, bool, Columns)>,
    /// No pattern is wanted.
    ended: bool,
}

impl Patterns {
    /// Reads flags and patterns up to the end of the words or a `}`. `how`: what the name of the ACL says.
    pub(crate) fn compile(
        expr: &Expr,
        how: Option<Match>,
        words: &mut Words,
        compiler: &mut Compiler<'_>,
    ) -> Option<Self> {
        let (flags, said) = Flags::read(words, compiler)?;
        let mut way = Self::way(expr, how, said, compiler)?;
        let mut lists = Vec::new();
        for (word, caseless, columns) in flags.files {
            let way = Way { caseless, ..way };
            let list = compiler.patterns.list(word.as_str(), columns, compiler.names);
            let used = list.and_then(|list| {
                let view = compiler.patterns.view(&list, way, compiler.regexes)?;
                Ok(Used { list, view, fixed: None })
            });
            match used {
                Ok(used) => lists.push(used),
                Err(text) => {
                    compiler.error("rule.file", word.span(), text);
                    return None;
                }
            }
        }
        way.caseless = flags.caseless;
        let keys = keys(way, words, compiler)?;
        if keys.is_empty() && lists.is_empty() && way.how.has_patterns() && !flags.ended {
            let text = format!("nothing is given that `{}` could match", expr.text());
            let help = "add patterns or -f FILE; to ask whether there is a value, write -m found; for no patterns on purpose, write --";
            compiler.found.push(Diagnostic::warning("rule.no-patterns", expr.span(), text).help(help));
        }
        if let Some((_, span)) = keys.first().filter(|_| !way.how.has_patterns()) {
            let text = format!("`{}` compares with nothing: this pattern has no effect", way.how.name());
            let help = "patterns need another method, as -m int or -m str";
            compiler.found.push(Diagnostic::warning("rule.pattern", *span, text).help(help));
        } else if way.how.has_patterns() {
            lists.push(Self::inline(expr, way, &keys, flags.id, compiler)?);
        }
        Some(Self { how: way.how, lists: lists.into() })
    }

    /// The method that the flags, the ACL's name or the type of the value asks for.
    fn way(expr: &Expr, how: Option<Match>, said: Option<Match>, compiler: &mut Compiler<'_>) -> Option<Way> {
        let alone = expr.converters().next().is_none();
        let own = OF_THEIR_OWN.iter().find(|(name, _)| alone && *name == expr.fetch().name).map(|(_, way)| *way);
        let natural = match expr.output() {
            Type::Bool => Some(Match::Bool),
            Type::Int => Some(Match::Int),
            Type::Addr | Type::Ipv4 | Type::Ipv6 => Some(Match::Ip),
            Type::Str | Type::Method => Some(Match::Str),
            Type::Any | Type::Bin => None,
        };
        let way = match said.or(how.filter(|_| alone)) {
            Some(how) => own.filter(|own| own.how == how).or(Some(Way::of(how))),
            None => own.or(natural.map(Way::of)),
        };
        let Some(way) = way else {
            let text = format!("`{}` gives {}, which may be compared in several ways", expr.text(), a(expr.output()));
            let help = "say which one with -m: -m str, -m bin, -m int, -m ip, -m found, …";
            compiler.found.push(Diagnostic::error("rule.type", expr.span(), text).help(help));
            return None;
        };
        if !expr.output().casts_to(way.how.input()) {
            let (have, want) = (a(expr.output()), a(way.how.input()));
            let text = format!("`{}` gives {have}, and `-m {}` compares {want}", expr.text(), way.how.name());
            compiler.error("rule.type", expr.span(), text);
            return None;
        }
        Some(way)
    }

    fn inline(
        expr: &Expr,
        way: Way,
        keys: &[(String, Span)],
        id: Option<(u32, Span)>,
        compiler: &mut Compiler<'_>,
    ) -> Option<Used> {
        // Each is looked at by itself, so that all that are wrong are told.
        let mut fine = true;
        for (key, span) in keys {
            if let Err(text) = parse::pattern(way, key.as_bytes(), compiler.regexes) {
                compiler.error("rule.pattern", *span, text);
                fine = false;
            }
        }
        if !fine {
            return None;
        }
        let rows = keys.iter().enumerate().map(|(at, (key, _))| (at as u64, key.as_bytes(), &b""[..]));
        let made = Entries::of(rows).ok_or_else(|| String::from("more than 4 GiB of patterns")).and_then(|entries| {
            let list = compiler.patterns.inline(expr.text(), entries, id.map(|(id, _)| id))?;
            let view = compiler.patterns.view(&list, way, compiler.regexes)?;
            Ok(Used { fixed: list.fixed(view), list, view })
        });
        let span = id.map_or(expr.span(), |(_, span)| span);
        made.map_err(|text| compiler.error("rule.pattern", span, text)).ok()
    }

    /// Does one of them match?
    #[inline]
    pub fn matches(&self, value: Value<'_>, cx: &Context<'_>) -> bool {
        match (self.how, value) {
            (Match::Found, _) => return true,
            (Match::Bool, Value::Bool(yes)) => return yes,
            _ => {}
        }
        let Some(input) = Input::of(value, self.how, cx.arena()) else { return false };
        if let (Match::Bool, Input::Int(number)) = (self.how, input) {
            return number != 0;
        }
        self.lists.iter().any(|used| used.any(input))
    }

    /// How it compares.
    #[must_use]
    pub const fn how(&self) -> Match {
        self.how
    }

    /// The lists that it looks at.
    pub fn lists(&self) -> impl Iterator<Item = &Arc<List>> {
        self.lists.iter().map(|used| &used.list)
    }
}

impl Used {
    #[inline]
    fn any(&self, input: Input<'_>) -> bool {
        if let Some(engine) = self.fixed.as_deref().filter(|_| !self.list.is_touched()) {
            let mut seek = Seek::any(None);
            engine.seek(input, &mut seek);
            return seek.found().is_some();
        }
        self.list.any(self.view, input)
    }
}

/// A type with its article.
fn a(kind: Type) -> String {
    let name = kind.name();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    match kind {
        Type::Any => String::from("any type"),
        Type::Bin => String::from("binary data"),
        _ => format!("{article} {name}"),
    }
}

fn ends(words: &Words) -> bool {
    words.peek().is_none_or(|word| word.as_str() == "}" && !word.is_quoted())
}

impl Flags {
    /// Reads them, and the method that they name.
    fn read(words: &mut Words, compiler: &mut Compiler<'_>) -> Option<(Self, Option<Match>)> {
        let (mut flags, mut how) = (Self::default(), None);
        while !ends(words) && words.peek().is_some_and(|word| word.as_str().starts_with('-')) {
            let flag = words.take()?;
            match flag.as_str() {
                "-i" => flags.caseless = true,
                // Names of hosts are never looked up.
                "-n" => {}
                "-M" => flags.values = true,
                "--" => {
                    flags.ended = true;
                    break;
                }
                "-f" => {
                    let word = argument(&flag, "the name of a file", words, compiler)?;
                    let columns = if flags.values { Columns::Two } else { Columns::One };
                    flags.files.push((word, flags.caseless, columns));
                }
                "-m" if !flags.files.is_empty() => {
                    let error = Diagnostic::error(
                        "rule.flag",
                        flag.span(),
                        "`-m` stands behind a file that it should apply to",
                    );
                    compiler.found.push(error.help("write -m before the first -f"));
                    return None;
                }
                "-m" => {
                    let word = argument(&flag, "a method", words, compiler)?;
                    let Some(known) = Match::parse(word.as_str()) else {
                        let text = format!("no method of comparing is called `{}`", word.as_str());
                        let names = Match::ALL.into_iter().map(Match::name);
                        let error = Diagnostic::error("rule.flag", word.span(), text).suggest(word.as_str(), names);
                        let all: Vec<&str> = Match::ALL.into_iter().map(Match::name).collect();
                        let error = if error.help.is_some() {
                            error
                        } else {
                            error.help(format!("they are {}", crate::expr::list(&all)))
                        };
                        compiler.found.push(error);
                        return None;
                    };
                    how = Some(known);
                }
                "-u" => {
                    let word = argument(&flag, "a number", words, compiler)?;
                    let Ok(id) = word.as_str().parse() else {
                        let text = format!("`{}` is not the number of a list", word.as_str());
                        compiler.error("rule.flag", word.span(), text);
                        return None;
                    };
                    flags.id = Some((id, word.span()));
                }
                other => {
                    let number = other.len() > 1 && other.bytes().skip(1).all(|byte| byte.is_ascii_digit());
                    let text = format!("no flag is called `{other}`");
                    let help = match number {
                        true => String::from("a negative number stands behind `--`, or behind eq, ge, gt, le or lt"),
                        false => format!("the flags are {FLAGS}; a pattern that begins with `-` stands behind `--`"),
                    };
                    compiler.found.push(Diagnostic::error("rule.flag", flag.span(), text).help(help));
                    return None;
                }
            }
        }
        Some((flags, how))
    }
}

fn argument(flag: &Word, what: &str, words: &mut Words, compiler: &mut Compiler<'_>) -> Option<Word> {
    if ends(words) {
        compiler.error("rule.flag", flag.span(), format!("{what} follows `{}`", flag.as_str()));
        return None;
    }
    words.take()
}

/// The patterns; those with an operator as the range that they mean.
fn keys(way: Way, words: &mut Words, compiler: &mut Compiler<'_>) -> Option<Vec<(String, Span)>> {
    let numbers = matches!(way.how, Match::Int | Match::Len);
    let (mut keys, mut operator) = (Vec::new(), None::<Word>);
    let (mut waiting, mut fine) = (false, true);
    while !ends(words) {
        let word = words.take()?;
        let text = word.as_str();
        match text {
            "eq" | "ge" | "gt" | "le" | "lt" if numbers => {
                (operator, waiting) = (Some(word), true);
                continue;
            }
            "ne" if numbers => {
                let error = Diagnostic::error("rule.pattern", word.span(), "there is no operator `ne`");
                compiler.found.push(error.help("write `eq`, and `!` before the ACL"));
                fine = false;
                continue;
            }
            _ => waiting = false,
        }
        let key = match &operator {
            Some(operator) if text.contains(':') => {
                let text = format!("`{}` has no effect on a range", operator.as_str());
                let warning = Diagnostic::warning("rule.pattern", operator.span().to(word.span()), text);
                compiler.found.push(warning.help("write either the range or one number"));
                text_of(&word)
            }
            Some(operator) => match compared(operator.as_str(), text, way) {
                Ok(key) => key,
                Err(text) => {
                    compiler.error("rule.pattern", word.span(), text);
                    fine = false;
                    continue;
                }
            },
            None => text_of(&word),
        };
        keys.push((key, word.span()));
    }
    if let Some(operator) = operator.filter(|_| waiting) {
        compiler.error("rule.pattern", operator.span(), format!("no number follows `{}`", operator.as_str()));
        return None;
    }
    fine.then_some(keys)
}

fn text_of(word: &Word) -> String {
    word.as_str().to_owned()
}

/// `gt 5` is `6:`.
fn compared(operator: &str, text: &str, way: Way) -> Result<String, String> {
    let what = if way.dotted { "a version" } else { "a number" };
    let number = parse::number(text, way.dotted).ok_or_else(|| format!("`{text}` is not {what}"))?;
    let beside = match operator {
        "gt" => number.checked_add(1),
        "lt" => number.checked_sub(1).filter(|below| !way.dotted || *below >= 0),
        _ => Some(number),
    };
    let Some(beside) = beside else { return Err(format!("no number is `{operator} {text}`")) };
    let beside = if way.dotted { format!("{}.{}", beside >> 16, beside & 0xffff) } else { beside.to_string() };
    Ok(match operator {
        "ge" | "gt" => format!("{beside}:"),
        "le" | "lt" => format!(":{beside}"),
        _ => beside,
    })
}

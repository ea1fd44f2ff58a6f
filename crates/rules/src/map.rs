//! Maps: a list of patterns, each with the value that it stands for.

use std::sync::Arc;

use crate::pattern::{Columns, Input, List, Match, Out, Way};
use crate::{Arena, Compiler, Stored, Value};

/// One use of a map by a converter.
#[derive(Debug)]
pub struct Map {
    list: Arc<List>,
    view: usize,
    how: Match,
    out: Out,
    /// Back references in values are filled in.
    fills: bool,
    default: Option<Stored>,
}

impl Map {
    /// The map of a file. The error says what is wrong.
    pub(crate) fn load(
        file: &str,
        default: Option<Stored>,
        (how, out, fills): (Match, Out, bool),
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, String> {
        let list = compiler.patterns.list(file, Columns::Two, compiler.names)?;
        let view = compiler.patterns.view(&list, Way::of(how), compiler.regexes)?;
        compiler.patterns.gives(&list, out)?;
        Ok(Self { list, view, how, out, fills, default })
    }

    /// The value of the entry that matches best, or the default.
    pub(crate) fn get<'c>(&'c self, value: Value<'c>, arena: &'c Arena) -> Option<Value<'c>> {
        let input = Input::of(value, self.how, arena)?;
        let found = self.list.best(self.view, input, |part, at| match self.out {
            Out::Key => Some(Value::Str(arena.keep(part.entries.key(at)))),
            _ => match (self.fills, input, part.engine(self.view).and_then(|engine| engine.regex(at))) {
                (true, Input::Text(text), Some(regex)) => {
                    Some(Value::Str(filled(regex, text, part.entries.value(at), arena)))
                }
                _ => match self.out.read(part.entries.value(at))? {
                    Value::Str(text) => Some(Value::Str(arena.keep(text))),
                    Value::Int(number) => Some(Value::Int(number)),
                    Value::Ipv4(address) => Some(Value::Ipv4(address)),
                    Value::Ipv6(address) => Some(Value::Ipv6(address)),
                    _ => None,
                },
            },
        });
        found.flatten().or_else(|| self.default.as_ref().map(Stored::value))
    }
}

/// A value with what its `\0` to `\9` refer to. `\\` is one backslash, `\xHH` a byte.
fn filled<'a>(regex: &regex::bytes::Regex, text: &[u8], value: &[u8], arena: &'a Arena) -> &'a [u8] {
    // Captures are the one thing here that allocates, and only where something matches and refers to it.
    let captures = memchr::memchr(b'\\', value).and_then(|_| regex.captures(text));
    arena.built(|out| {
        let mut rest = value;
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            let next = if *first == b'\\' { behind.split_first() } else { None };
            let Some((next, behind)) = next else {
                out.push(*first);
                continue;
            };
            rest = behind;
            match next {
                b'0'..=b'9' => {
                    let group = captures.as_ref().and_then(|captures| captures.get(usize::from(next - b'0')));
                    out.extend_from_slice(group.map_or(b"", |group| group.as_bytes()));
                }
                b'x' => match byte(behind) {
                    Some(byte) => {
                        out.push(byte);
                        rest = behind.get(2..).unwrap_or_default();
                    }
                    None => out.extend_from_slice(b"\\x"),
                },
                other => out.push(*other),
            }
        }
    })
}

fn byte(hex: &[u8]) -> Option<u8> {
    let digit = |at: usize| hex.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    Some((digit(0)? << 4 | digit(1)?) as u8)
}

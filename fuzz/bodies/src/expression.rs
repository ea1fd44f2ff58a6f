//! A text of the rules' language and an input: it compiles or it is told why not, and what compiles is evaluated.

use std::sync::LazyLock;
use std::time::Duration;

use plimsoll_config::{Diagnostics, Sources, Span};
use plimsoll_rules::pattern::Loading;
use plimsoll_rules::{
    Acls, Arena, Compiler, Context, Expr, Format, Language, Name, NoNames, Outside, Place, Regexes, Rule, Rules, Text,
    Value, Variables,
};

/// Making it costs more than what is tried here.
static LANGUAGE: LazyLock<Language> = LazyLock::new(|| Language::new(&[]));

struct Still;

impl Outside for Still {
    fn wall(&self) -> Duration {
        Duration::new(1_795_176_000, 123_456_789)
    }

    fn random(&self) -> u64 {
        0x0123_4567_89ab_cdef
    }
}

/// The text ends at the first NUL; the rest is the input, in `txn.in`. A text that begins with `%` is a format, one that begins with `!` a rule, any
/// other an expression. What it gives is no longer than the input or a buffer.
pub fn expression(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (text, input) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut sources = Sources::new();
    let file = sources.add("fuzz", text);
    let place = Text::at(text, Span::new(file, 0, text.len() as u32), &sources);
    let (mut found, mut regexes) = (Diagnostics::new(), Regexes::default());
    let (acls, patterns) = (Acls::default(), Loading::default());
    let mut compiler = Compiler {
        language: &LANGUAGE,
        names: &NoNames,
        acls: &acls,
        patterns: &patterns,
        place: Some(Place::HttpRequest),
        regexes: &mut regexes,
        found: &mut found,
    };
    let (arena, mut variables) = (Arena::new(), Variables::default());
    if let Ok(name) = Name::parse("txn.in") {
        variables.set(name, &Value::Str(input));
    }
    let right = match text.as_bytes().first() {
        Some(b'%') => Format::compile(&place.word(), &mut compiler).map(|format| {
            format.render(&Context::new(Place::HttpRequest, &arena, &Still, &mut variables));
        }),
        Some(b'!') => {
            let rest = Text::detached(&text[1..]);
            Rule::compile(rest, &sources, &mut compiler).map(|rule| {
                Rules::new(vec![rule]).run(0, &mut Context::new(Place::HttpRequest, &arena, &Still, &mut variables));
            })
        }
        _ => Expr::compile(&place.word(), &mut compiler).map(|expression| evaluate(&expression, input, &mut variables)),
    };
    assert!(right.is_some() || found.has_errors(), "nothing is made of it, and nobody says why: {text:?}");
    found.sort();
    let _ = found.render(&sources, false);
}

fn evaluate(expression: &Expr, input: &[u8], variables: &mut Variables) {
    let arena = Arena::new();
    let cx = Context::new(Place::HttpRequest, &arena, &Still, variables);
    let most = input.len().max(expression.text().len()).max(16 << 10);
    if let Some(bytes) = expression.eval(&cx).and_then(|value| value.bytes()) {
        assert!(bytes.len() <= most, "{} of {} bytes became {}", expression.text(), input.len(), bytes.len());
    }
}

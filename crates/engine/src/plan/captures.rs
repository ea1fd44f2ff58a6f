//! What a frontend captures: `capture` and `declare-capture`.

use plimsoll_config::{Diagnostic, Diagnostics, Sources, Spanned};
use plimsoll_proxy::rules::{Captures, Kept};
use plimsoll_rules::{Text, Word};

use crate::model::Frontend;

/// Reads both; what is wrong is reported.
pub(super) fn read(frontend: &Frontend, sources: &Sources, found: &mut Diagnostics) -> Captures {
    let mut captures = Captures::default();
    for text in frontend.capture.iter() {
        let words = words(text, sources, found);
        let words: Vec<&str> = words.iter().map(Word::as_str).collect();
        match (&*words, words.last().copied().and_then(length)) {
            (["request", "header", name, "len", _], Some(len)) => {
                captures.request.push(Kept { name: (*name).into(), len });
            }
            (["response", "header", name, "len", _], Some(len)) => {
                captures.response.push(Kept { name: (*name).into(), len });
            }
            // As `declare-capture`, in the order of slots that `haproxy.cfg` gives them.
            (["request", "len", _], Some(len)) => captures.request.push(Kept { name: Box::default(), len }),
            (["response", "len", _], Some(len)) => captures.response.push(Kept { name: Box::default(), len }),
            (["cookie", name, "len", _], Some(len)) => captures.cookie = Some(Kept { name: (*name).into(), len }),
            _ => wrong(text, "`request header NAME len N`, `response header NAME len N` or `cookie NAME len N`", found),
        }
    }
    for text in frontend.declare_capture.iter() {
        let words = words(text, sources, found);
        let words: Vec<&str> = words.iter().map(Word::as_str).collect();
        match (&*words, words.last().copied().and_then(length)) {
            (["request", "len", _], Some(len)) => captures.request.push(Kept { name: Box::default(), len }),
            (["response", "len", _], Some(len)) => captures.response.push(Kept { name: Box::default(), len }),
            _ => wrong(text, "`request len N` or `response len N`", found),
        }
    }
    captures
}

fn words(text: &Spanned<String>, sources: &Sources, found: &mut Diagnostics) -> Vec<Word> {
    let Some(mut words) = Text::new(text, sources).words(found) else { return Vec::new() };
    std::iter::from_fn(|| words.take()).collect()
}

fn length(text: &str) -> Option<usize> {
    text.parse().ok().filter(|len| (1..=64 << 10).contains(len))
}

fn wrong(text: &Spanned<String>, usage: &str, found: &mut Diagnostics) {
    let told = Diagnostic::error("rule.syntax", text.span(), format!("`{}` captures nothing", text.as_str()));
    found.push(told.help(format!("it is written {usage}, with N from 1 to 65536")));
}

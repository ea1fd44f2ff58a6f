//! Conditions: `if a !b or { path /x }`. Terms beside each other must all hold; `or` and `||` part alternatives.

use std::sync::Arc;

use plimsoll_config::Diagnostic;

use crate::acl::Acl;
use crate::words::Words;
use crate::{Compiler, Context};

/// What became of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It does not hold.
    No,
    /// It holds.
    Yes,
    /// It cannot be told yet.
    Unknown,
}

impl Truth {
    /// Of a known answer.
    #[must_use]
    pub const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    const fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Yes => Self::No,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// One ACL of a condition.
#[derive(Clone, Debug)]
pub struct Term {
    /// The ACL, named or not.
    pub acl: Arc<Acl>,
    /// It must not hold.
    pub negated: bool,
}

/// A condition.
#[derive(Clone, Debug)]
pub struct Condition {
    unless: bool,
    /// Alternatives of terms.
    any: Box<[Box<[Term]>]>,
}

impl Condition {
    /// Reads `if …` or `unless …` up to the end of the words, or nothing if there are none. The outer `None`: something is wrong, and is reported.
    pub fn compile(words: &mut Words, compiler: &mut Compiler<'_>) -> Option<Option<Self>> {
        let Some(word) = words.peek().cloned() else { return Some(None) };
        if !words.at_condition() {
            let text = format!("`{}` is not expected here", word.as_str());
            let error = Diagnostic::error("rule.syntax", word.span(), text);
            compiler.found.push(error.help("a rule ends with its arguments, or with `if` or `unless` and a condition"));
            return None;
        }
        words.take();
        let unless = word.as_str() == "unless";
        Self::terms(words, unless, word.as_str(), compiler).map(Some)
    }

    /// The terms behind `if`.
    pub fn terms(words: &mut Words, unless: bool, keyword: &str, compiler: &mut Compiler<'_>) -> Option<Self> {
        let (mut any, mut all, mut wrong) = (Vec::new(), Vec::new(), false);
        loop {
            let mut negated = false;
            while words.take_if("!").is_some() {
                negated = !negated;
            }
            let Some(word) = words.take() else {
                if all.is_empty() {
                    let what = if any.is_empty() { keyword } else { "or" };
                    compiler.error("rule.condition", words.place(), format!("no ACL follows `{what}`"));
                    return None;
                }
                any.push(std::mem::take(&mut all).into_boxed_slice());
                break;
            };
            if matches!(word.as_str(), "or" | "||") && !word.is_quoted() {
                if all.is_empty() {
                    compiler.error("rule.condition", word.span(), format!("no ACL before `{}`", word.as_str()));
                    return None;
                }
                any.push(std::mem::take(&mut all).into_boxed_slice());
                continue;
            }
            let bangs = word.as_str().bytes().take_while(|byte| *byte == b'!').count();
            negated ^= bangs % 2 == 1;
            let name = word.slice(bangs..word.as_str().len());
            let acl =
                if name.as_str() == "{" { Acl::anonymous(&name, words, compiler) } else { Acl::named(&name, compiler) };
            match acl {
                Some(acl) => all.push(Term { acl, negated }),
                None => {
                    // The others may be wrong as well: they are read on, and what is left counts for nothing.
                    wrong = true;
                    all.push(Term { acl: Arc::new(Acl::default()), negated });
                }
            }
        }
        (!wrong).then(|| Self { unless, any: any.into() })
    }

    /// Does it hold? Alternatives are tried in order until one does, terms until one does not.
    #[inline]
    pub fn holds(&self, cx: &Context<'_>) -> Truth {
        // Most conditions are one ACL.
        let [all] = &*self.any else { return self.several(cx) };
        let [Term { acl, negated }] = &**all else { return self.several(cx) };
        let truth = acl.holds(cx);
        if *negated != self.unless { truth.not() } else { truth }
    }

    #[inline(never)]
    fn several(&self, cx: &Context<'_>) -> Truth {
        let mut unknown = false;
        for all in &self.any {
            let mut this = Truth::Yes;
            for term in all {
                let truth = term.acl.holds(cx);
                match if term.negated { truth.not() } else { truth } {
                    Truth::Yes => {}
                    Truth::No => {
                        this = Truth::No;
                        break;
                    }
                    Truth::Unknown => this = Truth::Unknown,
                }
            }
            match this {
                Truth::Yes => return Truth::of(!self.unless),
                Truth::Unknown => unknown = true,
                Truth::No => {}
            }
        }
        if unknown { Truth::Unknown } else { Truth::of(self.unless) }
    }

    /// Is it `unless`?
    #[must_use]
    pub const fn is_unless(&self) -> bool {
        self.unless
    }

    /// Its alternatives.
    pub fn alternatives(&self) -> impl Iterator<Item = &[Term]> {
        self.any.iter().map(|all| &**all)
    }
}

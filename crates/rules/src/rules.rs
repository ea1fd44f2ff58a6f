//! Lists of rules: each is an action and maybe a condition; they are gone through in order.

use std::sync::Arc;

use plimsoll_config::{Diagnostic, Sources, Span};

use crate::action::{Act, Call, Step};
use crate::condition::{Condition, Truth};
use crate::expr::call;
use crate::words::Text;
use crate::{Compiler, Context, Wait};

/// Where a rule is written, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file's name as it was given.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: u32,
}

impl Origin {
    /// Of a place.
    #[must_use]
    pub fn of(span: Span, sources: &Sources) -> Self {
        sources
            .position(span)
            .map_or_else(Self::default, |position| Self { file: position.file.into(), line: position.line as u32 })
    }
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// When; always, if there is none.
    pub condition: Option<Condition>,
    /// What.
    pub action: Box<dyn Act>,
    /// Its text.
    pub text: Box<str>,
    /// Where it is written.
    pub span: Span,
    /// The same, for people.
    pub origin: Origin,
}

impl Rule {
    /// Reads one. What is wrong is reported.
    pub fn compile(text: Text<'_>, sources: &Sources, compiler: &mut Compiler<'_>) -> Option<Self> {
        let mut words = text.words(compiler.found)?;
        let Some(word) = words.take() else {
            compiler.error("rule.syntax", text.span(), "an empty rule");
            return None;
        };
        let (name, args, end) = call(&word, 0, compiler)?;
        let known = &word.as_str()[name.clone()];
        let place = compiler.place?;
        let rows = compiler.language.action(known);
        let Some(action) = rows.iter().find(|row| row.places.has(place)) else {
            let span = word.part(name.clone());
            let error = match rows.first() {
                Some(_) => {
                    let mut names: Vec<&str> = rows.iter().flat_map(|row| row.places.names()).collect();
                    names.dedup();
                    Diagnostic::error("rule.not-here", span, format!("`{known}` is no action of {}", place.name()))
                        .help(format!("it can be used in {}", crate::expr::list(&names)))
                }
                None if let Some(does) = crate::later::action(known) => {
                    let text = format!("`{known}` is not supported yet: it would {does}");
                    Diagnostic::error("rule.not-yet", span, text)
                }
                None => {
                    let names = compiler.language.actions().filter(|row| row.places.has(place)).map(|row| row.name);
                    Diagnostic::error("rule.unknown-action", span, format!("no action is called `{known}`"))
                        .suggest(known, names)
                }
            };
            compiler.found.push(error);
            return None;
        };
        if end != word.as_str().len() {
            compiler.error("rule.syntax", word.part(end..word.as_str().len()), "nothing may follow the parenthesis");
            return None;
        }
        let mut call = Call { action, name: word.slice(name), args, words: &mut words };
        let act = (action.parse)(&mut call, compiler);
        if act.is_none() {
            // The condition is read for what may be wrong with it.
            while !words.at_condition() && words.take().is_some() {}
        }
        let condition = Condition::compile(&mut words, compiler);
        let (action, condition) = (act?, condition?);
        Some(Self {
            condition,
            action,
            text: text.text.into(),
            span: text.span(),
            origin: Origin::of(text.span(), sources),
        })
    }
}

/// How a list of rules ended.
#[derive(Debug)]
pub enum End {
    /// It was gone through.
    Passed,
    /// A rule stopped it: the rest counts as passed.
    Stopped {
        /// Which rule.
        rule: usize,
    },
    /// A rule decided; how, stands in a fact.
    Final {
        /// Which rule.
        rule: usize,
    },
    /// Something has to happen first.
    Wait {
        /// Where to go on.
        rule: usize,
        /// For what.
        wait: Wait,
    },
    /// A rewrite failed where all must succeed: the request ends with an error of our own.
    Failed {
        /// Which rule.
        rule: usize,
    },
}

/// Who is told what rules do. It may evaluate parts of the rule again, as long as it takes away what those wait for.
pub trait Watch {
    /// This rule was looked at, and its condition came out so.
    fn saw(&mut self, rule: &Rule, truth: Truth, cx: &Context<'_>);
    /// Its action was done, with this result.
    fn did(&mut self, rule: &Rule, step: &Step, cx: &Context<'_>);
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    #[inline]
    fn saw(&mut self, _: &Rule, _: Truth, _: &Context<'_>) {}

    #[inline]
    fn did(&mut self, _: &Rule, _: &Step, _: &Context<'_>) {}
}

/// A list of rules.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Box<[Rule]>,
}

impl Rules {
    /// Of these.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules: rules.into() }
    }

    /// Are there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Rule> {
        self.rules.get(at)
    }

    /// All.
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.rules.iter()
    }

    /// Goes through them, from a place on.
    pub fn run(&self, from: usize, cx: &mut Context<'_>) -> End {
        self.run_watched(from, cx, &mut Unwatched)
    }

    /// The same, and tells what happens.
    pub fn run_watched<W: Watch>(&self, from: usize, cx: &mut Context<'_>, watch: &mut W) -> End {
        if from == 0 {
            // Each list begins strict (configuration manual, `strict-mode`).
            cx.set_lenient(false);
        }
        for (rule, this) in self.rules.iter().enumerate().skip(from) {
            if let Some(condition) = &this.condition {
                let truth = condition.holds(cx);
                watch.saw(this, truth, cx);
                if truth == Truth::No && !cx.waits() {
                    continue;
                }
                match (truth, cx.take_wait()) {
                    (Truth::Yes, _) => {}
                    (Truth::Unknown, Some(wait)) => return End::Wait { rule, wait },
                    (Truth::No | Truth::Unknown, _) => continue,
                }
            } else {
                watch.saw(this, Truth::Yes, cx);
            }
            let step = this.action.act(cx);
            watch.did(this, &step, cx);
            match step {
                // A value that may still change was good enough for it: the next rule does not wait for that.
                Step::Next => drop(cx.take_wait()),
                Step::Stop => return End::Stopped { rule },
                Step::Final => return End::Final { rule },
                Step::Wait(wait @ Wait::Pause(_)) => return End::Wait { rule: rule + 1, wait },
                Step::Wait(wait) => return End::Wait { rule, wait },
                Step::Failed if cx.is_lenient() => {}
                Step::Failed => return End::Failed { rule },
            }
        }
        End::Passed
    }
}

impl<'r> IntoIterator for &'r Rules {
    type Item = &'r Rule;
    type IntoIter = std::slice::Iter<'r, Rule>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

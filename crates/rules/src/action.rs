//! The row of an action: what a rule does.

use std::fmt;

use crate::place::Places;
use crate::words::{Word, Words};
use crate::{Compiler, Context, Wait};

/// What comes after an action.
#[derive(Debug)]
pub enum Step {
    /// The next rule.
    Next,
    /// No more rules of this list: it goes on as if they had all been passed.
    Stop,
    /// It is decided; how, stands in a fact.
    Final,
    /// Something has to happen first; then the same rule again, or, after a pause, the next one.
    Wait(Wait),
    /// A rewrite could not be done: the list ends with that, unless it was made lenient ([`crate::Variables::lenient`]).
    Failed,
}

/// An action, compiled.
pub trait Act: Send + Sync + fmt::Debug {
    /// Does it.
    fn act(&self, cx: &mut Context<'_>) -> Step;

    /// It always ends the list: what follows it without a condition is never reached.
    fn ends(&self) -> bool {
        false
    }
}

/// An action, as a row of its owner's table.
#[derive(Debug)]
pub struct Action {
    /// Its name, HAProxy's, without arguments in parentheses.
    pub name: &'static str,
    /// Where it may stand.
    pub places: Places,
    /// How it is written, for the reference: `set-header NAME FORMAT`.
    pub usage: &'static str,
    /// Reads its arguments, up to a condition. What is wrong is reported.
    pub parse: fn(&mut Call<'_>, &mut Compiler<'_>) -> Option<Box<dyn Act>>,
    /// One or two sentences for the reference.
    pub doc: &'static str,
}

/// One use of an action: its name as it is written, what stands in parentheses behind it, and the words that follow.
#[derive(Debug)]
pub struct Call<'w> {
    /// The row.
    pub action: &'static Action,
    /// The name.
    pub name: Word,
    /// Arguments in parentheses.
    pub args: Vec<Word>,
    /// What follows.
    pub words: &'w mut Words,
}

impl Call<'_> {
    /// The next word, if there is one before the condition. What is missing is reported.
    pub fn word(&mut self, what: &str, compiler: &mut Compiler<'_>) -> Option<Word> {
        if self.words.at_condition() || self.words.is_empty() {
            let text = format!("`{}` lacks {what}", self.action.name);
            let error = plimsoll_config::Diagnostic::error("rule.argument", self.name.span(), text);
            compiler.found.push(error.help(format!("it is written `{}`", self.action.usage)));
            return None;
        }
        self.words.take()
    }

    /// The one argument in parentheses. What is missing is reported.
    pub fn arg(&mut self, what: &str, compiler: &mut Compiler<'_>) -> Option<Word> {
        if let [arg] = &*self.args {
            return Some(arg.clone());
        }
        let text = format!("`{}` takes {what} in parentheses", self.action.name);
        let error = plimsoll_config::Diagnostic::error("rule.argument", self.name.span(), text);
        compiler.found.push(error.help(format!("it is written `{}`", self.action.usage)));
        None
    }
}

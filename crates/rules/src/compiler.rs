//! What every text goes through: the words that are known, the names of the configuration, and what was found wrong.

use std::any::Any;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use plimsoll_config::{Diagnostic, Diagnostics, Span};
use regex::bytes::{Regex, RegexBuilder};

use crate::acl::Acls;
use crate::language::Language;
use crate::pattern::Loading;
use crate::place::Place;

/// The most memory that a compiled regular expression may take.
const REGEX_BYTES: usize = 4 << 20;

/// The names of a configuration, and its files.
pub trait Names {
    /// Something of a kind (`backend`, `server`, `userlist`, …) by its name.
    fn find(&self, kind: &str, name: &str) -> Option<Arc<dyn Any + Send + Sync>>;
    /// All names of a kind, for suggestions.
    fn all(&self, kind: &str) -> Vec<String>;
    /// The contents of a file that rules name.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
}

/// Nothing has a name and there are no files.
#[derive(Clone, Copy, Debug)]
pub struct NoNames;

impl Names for NoNames {
    fn find(&self, _: &str, _: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    fn all(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Regular expressions of a configuration: each is compiled once.
#[derive(Debug, Default)]
pub struct Regexes(HashMap<(String, bool), Regex>);

impl Regexes {
    pub(crate) fn get(&mut self, text: &str, caseless: bool) -> Result<Regex, String> {
        let key = (text.to_owned(), caseless);
        if let Some(regex) = self.0.get(&key) {
            return Ok(regex.clone());
        }
        let built = RegexBuilder::new(text).unicode(false).case_insensitive(caseless).size_limit(REGEX_BYTES).build();
        let regex = built.map_err(|error| wrong_regex(text, &error))?;
        self.0.insert(key, regex.clone());
        Ok(regex)
    }
}

/// In one line, and with what to write instead of what only a backtracking engine has.
fn wrong_regex(text: &str, error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => format!("the regular expression `{text}` needs more than 4 MiB"),
        _ if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| text.contains(look)) => {
            format!(
                "the regular expression `{text}` looks around, which takes no linear time: write two ACLs, one with `!`"
            )
        }
        error => {
            let told = error.to_string();
            let last = told.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            format!("the regular expression `{text}` is wrong: {last}")
        }
    }
}

/// Texts become expressions, conditions and rules here.
pub struct Compiler<'c> {
    /// The words that are known.
    pub language: &'c Language,
    /// The names of the configuration.
    pub names: &'c dyn Names,
    /// The ACLs that may be used.
    pub acls: &'c Acls,
    /// The lists of patterns that it uses.
    pub patterns: &'c Loading,
    /// Where the text stands; `None`: in an ACL, which is looked at again where it is used.
    pub place: Option<Place>,
    /// Regular expressions that were compiled already.
    pub regexes: &'c mut Regexes,
    /// What is wrong.
    pub found: &'c mut Diagnostics,
}

impl Compiler<'_> {
    /// Reports an error.
    pub fn error(&mut self, code: &'static str, span: Span, text: impl Into<String>) {
        self.found.push(Diagnostic::error(code, span, text));
    }

    /// A regular expression. The error says what is wrong with it.
    pub fn regex(&mut self, text: &str, caseless: bool) -> Result<Regex, String> {
        self.regexes.get(text, caseless)
    }

    /// Something of the configuration. The error says what is missing.
    pub fn object(&self, kind: &str, name: &str) -> Result<Arc<dyn Any + Send + Sync>, String> {
        self.names.find(kind, name).ok_or_else(|| {
            let all = self.names.all(kind);
            match plimsoll_config::suggest(name, all.iter().map(String::as_str)) {
                Some(near) => format!("no {kind} `{name}`; did you mean `{near}`?"),
                None => format!("no {kind} `{name}`"),
            }
        })
    }

    /// Compiles in another place.
    pub fn at(&mut self, place: Option<Place>) -> Compiler<'_> {
        Compiler {
            language: self.language,
            names: self.names,
            acls: self.acls,
            patterns: self.patterns,
            place,
            regexes: self.regexes,
            found: self.found,
        }
    }
}
